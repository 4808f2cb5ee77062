"""What printing writes to the card: real Moonrakers, real Klipper hosts.

`python3 -m bench.log_growth [COPIES]` at the root of the checkout. Three virtual
printers that share a queue print COPIES (12) copies of a short file; a fourth, whose
Moonraker does not know the component, prints as many as each of them. Bytes that the
kernel was asked to write by each Moonraker, and how the queue's databases grew, for one
print; then the same while everybody prints for 90 seconds and nothing ends.
"""

from __future__ import annotations

import sqlite3
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import jobs

from .compared_farms import sharing_and_alone

_COPIES = 12
_SECONDS = 90.0
_REST_SECONDS = 10.0  # what starting or printing left to do
_SETTLE_SECONDS = 80.0  # how far other hosts are is written once a minute
_BOUND = 12_000  # bytes of a log for each print of the farm, as docs/benchmarks.md says
_SHORT = b"G28\nG4 P3000\n"
_LONG = b"G28\n" + b"G4 P500\n" * 480


class _Reading(NamedTuple):
    written: int  # bytes, as the kernel was asked for by this process
    entries: int  # of the log
    size: int  # bytes of these entries


def _read(printer: VirtualPrinter) -> _Reading:
    io = Path(f"/proc/{printer.pid('moonraker')}/io").read_text().split()
    entries = size = 0
    for file in (printer.data_path / "netqueue").rglob("group.db"):
        connection = sqlite3.connect(file)
        words = "SELECT max(position), sum(length(data)) FROM log"
        last, length = connection.execute(words).fetchone()
        entries, size = entries + (last or 0), size + (length or 0)
        connection.close()
    return _Reading(int(io[io.index("write_bytes:") + 1]), entries, size)


def _differences(
    printers: list[VirtualPrinter], before: list[_Reading]
) -> list[_Reading]:
    return [
        _Reading(*(after - earlier for after, earlier in zip(now, old, strict=True)))
        for now, old in zip(map(_read, printers), before, strict=True)
    ]


def _print(sharing: VirtualFarm, alone: VirtualPrinter, name: str, copies: int) -> None:
    """Return when all have printed."""
    client = sharing.printers[0].client
    client.post("/server/netqueue/job", {"filename": name, "count": copies})
    for _ in range(copies // len(sharing.printers)):
        alone.client.post("/printer/print/start", {"filename": name})
        while _state(alone) != "complete":
            time.sleep(0.2)
    while any(job["state"] != "done" for job in jobs(client)):
        time.sleep(0.5)
    time.sleep(_REST_SECONDS)


def _state(printer: VirtualPrinter) -> str:
    answer = printer.client.get("/printer/objects/query?print_stats=state")
    return str(answer["status"]["print_stats"]["state"])


def main(copies: int) -> None:
    """Print what one print and one hour of printing write."""
    with sharing_and_alone("growth") as (sharing, alone):
        (other,) = alone.printers
        for printer in (sharing.printers[0], other):
            printer.client.upload("short.gcode", _SHORT)
            printer.client.upload("long.gcode", _LONG)
        _print(sharing, other, "short.gcode", len(sharing.printers))  # the files travel
        printers = [*sharing.printers, other]
        before = [_read(printer) for printer in printers]
        _print(sharing, other, "short.gcode", copies)
        *ours, reference = _differences(printers, before)
        each = copies // len(sharing.printers)
        print(f"{copies} prints on three printers, for one print of any of them:")
        written = statistics.median(reading.written for reading in ours)
        entries = statistics.median(reading.entries for reading in ours)
        print(f"  every host's log grows by {entries / copies:.1f} entries")
        size = statistics.median(reading.size for reading in ours) / copies
        print(f"  that is {size:.0f} bytes, {size / _BOUND:.2f} of the stated bound")
        print(f"  each Moonraker writes {written / copies / 1000:.0f} KB")
        print(
            "  without the queue, for its own:"
            f" {reference.written / each / 1000:.0f} KB"
        )
        client = sharing.printers[0].client
        job = {"filename": "long.gcode", "count": len(sharing.printers)}
        client.post("/server/netqueue/job", job)
        other.client.post("/printer/print/start", {"filename": "long.gcode"})
        time.sleep(_SETTLE_SECONDS)
        before = [_read(printer) for printer in printers]
        time.sleep(_SECONDS)
        *ours, reference = _differences(printers, before)
        hours = _SECONDS / 3600
        written = max(reading.written for reading in ours)
        entries = max(reading.entries for reading in ours)
        print(f"while all print and none ends: {entries} entries,")
        print(f"  {written / hours / 1e6:.2f} MB an hour at most;")
        print(f"  without the queue {reference.written / hours / 1e6:.2f} MB an hour")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else _COPIES)
