"""Queues that come and go while Moonraker runs."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.faults import Fault
from moonraker_netqueue.virtual_printer.printers import (
    VirtualFarm,
    VirtualPrinter,
)
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason
from tests.component.test_component import ROOT, exchange, refused, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(600)
_GCODE = b"G28\nG4 P500\n"


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[VirtualFarm]:
    """Two printers that share a queue of their configuration."""
    with start_farm(printers_folder, 2, sections("configured")) as farm:
        wait(lambda: unshared_reason(farm) is None)
        farm.printers[0].client.upload("part.gcode", _GCODE)
        yield farm


def names(printer: VirtualPrinter) -> dict[str, bool]:
    """The queues that it serves, and whether its configuration names them."""
    answer = printer.client.get(f"{ROOT}/queues")["queues"]
    return {entry["queue"]: entry["configured"] for entry in answer}


def view(printer: VirtualPrinter, queue: str) -> dict[str, Any]:
    answer = printer.client.get(f"{ROOT}/queues")["queues"]
    return next(entry for entry in answer if entry["queue"] == queue)


def shows(printer: VirtualPrinter, queue: str) -> bool:
    """Whether it knows of a job of the queue."""
    return bool(printer.client.get(f"{ROOT}/jobs", queue=queue)["jobs"])


def test_a_queue_that_is_added_is_shared_printed_and_left(farm: VirtualFarm) -> None:
    """Both hosts add it, find each other in it, print from it, restart with it."""
    first, second = farm.printers
    for printer in (first, second):
        added = printer.client.post(f"{ROOT}/queues", {"queue": "extra"})["queue"]
        assert added["queue"] == "extra"
        assert names(printer) == {"configured": True, "extra": False}
    wait(lambda: view(second, "extra")["members"] == 2)
    wait(lambda: view(first, "extra")["quorum"] and view(second, "extra")["quorum"])
    job = {"queue": "extra", "filename": "part.gcode", "count": 2}
    first.client.post(f"{ROOT}/job", job)
    wait(lambda: view(second, "extra")["done"] == 2)
    assert view(second, "configured")["done"] == 0
    second.kill("moonraker")
    second.start()
    second.wait_ready()
    wait(lambda: names(second) == {"configured": True, "extra": False})
    wait(lambda: view(second, "extra")["done"] == 2)
    status, _ = exchange(second, "DELETE", f"{ROOT}/queues", {"queue": "extra"})
    assert status == http.client.OK
    assert names(second) == {"configured": True}

    def left() -> bool:
        printers = first.client.get(f"{ROOT}/printers", queue="extra")["printers"]
        entry = next(entry for entry in printers if entry["name"] == second.name)
        return (entry["accept"], entry["state"]) == (False, "offline")

    wait(left)
    second.client.post(f"{ROOT}/queues", {"queue": "extra"})
    wait(lambda: view(second, "extra")["done"] == 2)


def test_settings_are_the_queues_and_not_the_hosts(farm: VirtualFarm) -> None:
    """Changed at one host they hold at the other, which knows who did it; a restart
    keeps them."""
    first, second = farm.printers
    settings = {
        "title": "The hall",
        "strategy": "greedy",
        "weights": {"clear": 5},
        "operator": [{"days": [0], "start": "08:00", "duration": 60}],
    }
    first.client.post(f"{ROOT}/queues", {"queue": "configured", **settings})
    wait(lambda: view(second, "configured")["title"] == "The hall")
    shown = view(second, "configured")
    assert (shown["strategy"], shown["weights"]["clear"]) == ("greedy", 5)
    events = second.client.get(f"{ROOT}/events", queue="configured")["events"]
    title = "set the queue's title 'The hall'"
    (event,) = [event for event in events if event["what"].startswith(title)]
    assert event["host"] == first.name
    second.kill("moonraker")
    second.start()
    second.wait_ready()
    wait(lambda: view(second, "configured")["operator"] == shown["operator"])
    back = {"operator": [], "strategy": "assignment", "weights": {"clear": None}}
    second.client.post(f"{ROOT}/queues", {"queue": "configured", "title": "", **back})
    wait(lambda: view(first, "configured")["title"] == "")


def test_a_queue_whose_print_is_here_is_not_left(farm: VirtualFarm) -> None:
    """The refusal says what to do."""
    first = farm.printers[0]
    first.client.post(f"{ROOT}/queues", {"queue": "busy"})
    wait(lambda: view(first, "busy")["quorum"])
    first.fault(Fault.FILAMENT_IN)
    first.client.upload("long.gcode", b"G28\n" + b"G4 P250\n" * 200)
    first.client.post(f"{ROOT}/job", {"queue": "busy", "filename": "long.gcode"})
    wait(lambda: view(first, "busy")["printing"] == 1)
    leave = {"queue": "busy", "anyway": True}
    code, text = refused(first, "DELETE", "queues", leave)
    assert code == http.client.CONFLICT
    assert "prints of queue busy" in text
    first.client.post("/printer/print/cancel")


def test_a_queue_that_this_host_alone_has_is_left_only_anyway(
    farm: VirtualFarm,
) -> None:
    """Its jobs, and the file that they need: named, with what to do about each."""
    first, second = farm.printers
    first.client.post(f"{ROOT}/queues", {"queue": "alone"})
    wait(lambda: view(first, "alone")["quorum"])
    job = {"queue": "alone", "filename": "part.gcode", "tags": ["nobody has it"]}
    first.client.post(f"{ROOT}/job", job)
    shown = first.client.get(f"{ROOT}/members", queue="alone")["members"]
    changes, file = shown[0]["losses"][1], shown[0]["losses"][0]
    assert "no other host is known to have the last" in changes
    assert "1 jobs to do: switch another host of it on" in changes
    assert "no other host has file 'part.gcode' of job 'part.gcode'" in file
    code, text = refused(first, "DELETE", "queues", {"queue": "alone"})
    assert code == http.client.CONFLICT
    assert changes in text
    assert file in text
    assert "alone" in names(first)

    # What the texts say to do helps.
    second.client.post(f"{ROOT}/queues", {"queue": "alone"})
    wait(lambda: shows(second, "alone"))
    (content,) = shown[0]["sole_files"]
    fetch = {"queue": "alone", "sha256": content}
    wait(lambda: second.client.post(f"{ROOT}/fetch", fetch)["here"])

    def losses() -> list[str]:
        rows = first.client.get(f"{ROOT}/members", queue="alone")["members"]
        return [loss for row in rows if row["here"] for loss in row["losses"]]

    wait(lambda: losses() == [])
    left = exchange(first, "DELETE", f"{ROOT}/queues", {"queue": "alone"})
    assert left[0] == http.client.OK

    wait(lambda: view(second, "alone")["quorum"])
    anyway = {"queue": "alone", "anyway": True}
    assert exchange(second, "DELETE", f"{ROOT}/queues", anyway)[0] == http.client.OK
    second.client.post(f"{ROOT}/queues", {"queue": "alone"})  # its disk had it
    wait(lambda: shows(second, "alone"))
    exchange(second, "DELETE", f"{ROOT}/queues", anyway)


@pytest.mark.parametrize(
    ("method", "queue", "code", "words"),
    [
        ("POST", "My Queue", 400, "cannot name a queue"),
        ("POST", "", 400, "cannot name a queue"),
        ("POST", "configured", 409, "serves queue 'configured' already"),
        ("DELETE", "configured", 409, "take it out of option 'queues'"),
        ("DELETE", "unknown", 404, "does not serve queue 'unknown'"),
    ],
)
def test_what_cannot_be_is_refused_with_a_reason(
    farm: VirtualFarm, method: str, queue: str, code: int, words: str
) -> None:
    """And changes nothing."""
    first = farm.printers[0]
    before = names(first)
    status, text = refused(first, method, "queues", {"queue": queue})
    assert status == code
    assert words in text
    assert names(first) == before
