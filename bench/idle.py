"""What the component costs a Moonraker that has nothing to do.

`python3 -m bench.idle [SECONDS]` at the root of the checkout. Three virtual printers
that share a queue, and one whose Moonraker does not know the component, on one machine.
CPU time, memory (PSS) and bytes written of each Moonraker over the same SECONDS (120):
before any plan was solved, and after two copies were planned and printed.
"""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import jobs

from .compared_farms import sharing_and_alone

_SECONDS = 120.0
_REST_SECONDS = 20.0  # what starting or printing left to do
_TICKS = 100.0  # a second: what /proc counts in


@dataclass(frozen=True)
class _Reading:
    cpu: float  # seconds
    pss: float  # MB
    written: float  # bytes, as the kernel was asked for by this process


def _read(printer: VirtualPrinter) -> _Reading:
    folder = Path(f"/proc/{printer.pid('moonraker')}")
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    memory = (folder / "smaps_rollup").read_text().split()
    io = (folder / "io").read_text().split()
    return _Reading(
        (int(fields[11]) + int(fields[12])) / _TICKS,
        int(memory[memory.index("Pss:") + 1]) / 1000,
        int(io[io.index("write_bytes:") + 1]),
    )


def _report(
    what: str, sharing: VirtualFarm, alone: VirtualFarm, seconds: float
) -> None:
    time.sleep(_REST_SECONDS)
    printers = (*sharing.printers, *alone.printers)
    before = [_read(printer) for printer in printers]
    time.sleep(seconds)
    after = [_read(printer) for printer in printers]
    rows = [
        (
            100 * (end.cpu - start.cpu) / seconds,
            end.pss,
            (end.written - start.written) * 3600 / seconds / 1e6,
        )
        for start, end in zip(before, after, strict=True)
    ]
    ours, (reference,) = rows[:-1], rows[-1:]
    print(f"{what}: of one core, of memory, written")
    for name, row in (
        (
            "with, median of three",
            tuple(map(statistics.median, zip(*ours, strict=True))),
        ),
        ("without", reference),
    ):
        print(f"  {name:22} {row[0]:5.2f} % {row[1]:6.1f} MB {row[2]:6.2f} MB an hour")
    sys.stdout.flush()


def _print_something(farm: VirtualFarm) -> None:
    client = farm.printers[0].client
    client.upload("part.gcode", b"G28\nG4 P3000\n")
    job = {"filename": "part.gcode", "count": 2}
    client.post("/server/netqueue/job", job)
    while any(job["state"] != "done" for job in jobs(client)):
        time.sleep(0.5)


def main(seconds: float) -> None:
    """Print both measurements."""
    with sharing_and_alone("idle") as (sharing, alone):
        _report("before a plan", sharing, alone, seconds)
        _print_something(sharing)
        _report("after a plan", sharing, alone, seconds)


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else _SECONDS)
