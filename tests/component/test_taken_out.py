"""A queue is taken out of moonraker.conf by hand: nobody was asked, nothing is lost."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.test_component import (
    GCODE,
    ROOT,
    exchange,
    netqueue_warnings,
    refused,
    serves,
    wait,
)
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(600)
_SECTION = """\
[netqueue]
queues: workshop
bind: 127.0.0.1
discovery: False
"""


@pytest.fixture
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """It alone has a job of queue workshop, and the job's file."""
    with start_farm(printers_folder, 1, _SECTION) as farm:
        (printer,) = farm.printers
        wait(partial(serves, printer))
        client = printer.client
        client.post(f"{ROOT}/pause", {"queue": "workshop"})
        client.upload("part.gcode", GCODE)
        client.post(f"{ROOT}/job", {"queue": "workshop", "filename": "part.gcode"})
        yield printer


def _restart_with(printer: VirtualPrinter, queue: str) -> None:
    printer.kill("moonraker")
    path = printer.data_path / "config/moonraker.conf"
    lines = path.read_text().splitlines()
    changed = [f"queues: {queue}" if "queues:" in line else line for line in lines]
    path.write_text("\n".join(changed) + "\n")
    printer.start()
    printer.wait_ready()
    wait(partial(serves, printer))


def _jobs(printer: VirtualPrinter) -> int:
    return len(printer.client.get(f"{ROOT}/jobs", queue="workshop")["jobs"])


def test_a_queue_that_is_taken_out_of_the_configuration(
    printer: VirtualPrinter,
) -> None:
    """The host says what is left behind and how to have it back, deletes no file that
    it may need, and forgets about it only once a person was asked."""
    (file,) = printer.client.get(f"{ROOT}/files", queue="workshop")["files"]
    content = {"sha256": file["sha256"]}
    _restart_with(printer, "hall")
    (told,) = netqueue_warnings(printer)
    assert "served no more: workshop" in told
    (shown,) = printer.client.get(f"{ROOT}/status")["notices"]  # on the page, too
    assert told == f"netqueue, queues: {shown}"
    assert str(printer.data_path / "netqueue/queues") in told
    code, text = refused(printer, "DELETE", "files", content)
    assert code == http.client.CONFLICT
    assert "queue workshop, which this host serves no more, may need it" in text

    # As the notice says.
    workshop = {"queue": "workshop"}
    printer.client.post(f"{ROOT}/queues", workshop)
    wait(lambda: _jobs(printer) == 1)
    assert netqueue_warnings(printer) == []
    wait(partial(serves, printer))
    code, text = refused(printer, "DELETE", "queues", workshop)
    assert code == http.client.CONFLICT
    assert "no other host has file 'part.gcode'" in text
    left = exchange(printer, "DELETE", f"{ROOT}/queues", workshop | {"anyway": True})
    assert left[0] == http.client.OK
    _restart_with(printer, "hall")
    assert netqueue_warnings(printer) == []

    _restart_with(printer, "workshop")
    wait(lambda: _jobs(printer) == 1)
    (told,) = netqueue_warnings(printer)  # of the other one: it has jobs, or may
    assert "served no more: hall" in told
