"""A real printer whose queue has lost its majority goes on with what it holds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import (
    jobs,
    sections,
    unshared_reason,
)
from tests.conftest import StartPrinters

_COPIES = 6
_FILE = b"RECORD TEXT=begin-cut\nG28\n" + b"G4 P1000\n" * 25 + b"RECORD TEXT=end-cut\n"


def _until(
    what: str,
    true: Callable[[], object],
    seconds: float = 90.0,
    seen: Callable[[], object] = lambda: "",
) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"never: {what}: {seen()}"
        time.sleep(0.2)


def _states(printer: VirtualPrinter, host_id: str) -> list[str]:
    """What the queue has at a printer, as that printer's own host tells it."""
    entries = printer.client.get("/server/netqueue/printers")["printers"]
    mine = next(entry for entry in entries if entry["printer_id"] == host_id)
    return sorted(print_["state"] for print_ in mine["prints"])


def _begun(printer: VirtualPrinter) -> int:
    """Prints that its Klipper began, by Klipper's own log."""
    logs = (printer.data_path / "logs").glob("klippy.log*")
    return sum(
        log.read_text(errors="replace").count("record: begin-cut") for log in logs
    )


def _quorum(printer: VirtualPrinter) -> bool:
    queues = printer.client.get("/server/netqueue/status")["queues"]
    return bool(queues["cut-off"]["quorum"])


def _story(printer: VirtualPrinter) -> list[str]:
    """What one host knows of all prints, for the words of a failure."""
    entries = printer.client.get("/server/netqueue/printers")["printers"]
    return [
        f"{entry['name']}: {print_['state']} {print_['reason']}"
        for entry in entries
        for print_ in entry["prints"]
    ]


@pytest.mark.timeout(600)
def test_cut_off_it_prints_its_reservation_and_nothing_twice(
    start_printers: StartPrinters,
) -> None:
    """Two of three Moonrakers die while all print; later they are back."""
    farm = start_printers(3, sections("cut-off"))
    _until("one group", lambda: unshared_reason(farm) is None)
    first, *others = farm.printers
    host_id = first.client.get("/server/netqueue/status")["host_id"]
    first.client.upload("part.gcode", _FILE)
    job = {"filename": "part.gcode", "count": _COPIES}
    first.client.post("/server/netqueue/job", job)
    _until(
        "a print and a reservation",
        lambda: _states(first, host_id) == ["printing", "reserved"],
    )
    # Killed just before its print begins, a host cannot tell: the print would be lost.
    _until("all print", lambda: all(map(_begun, farm.printers)))
    for printer in others:
        printer.kill("moonraker")
    _until(
        "no majority",
        lambda: not _quorum(first),
    )
    _until("its second print", lambda: _begun(first) == 2)
    for printer in others:
        printer.start()
    farm.wait_ready()
    _until(
        "all done",
        lambda: jobs(first.client)[0]["state"] == "done",
        240,
        lambda: [_story(printer) for printer in farm.printers],
    )
    assert sum(map(_begun, farm.printers)) == _COPIES
    (item,) = jobs(first.client)[0]["items"]
    assert item["done"] == _COPIES
