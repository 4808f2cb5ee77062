"""Two real printers, the commonest farm: one loses power, the other goes on (R7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason
from tests.cli.desks import Desk
from tests.component.test_component import GCODE, ROOT, exchange, refused, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(600)
_LONG = b"G28\n" + b"G4 P250\n" * 400


@pytest.fixture
def farm(printers_folder: Path) -> Iterator[VirtualFarm]:
    with start_farm(printers_folder, 2, sections("workshop")) as farm:
        wait(lambda: unshared_reason(farm) is None)
        for printer in farm.printers:
            printer.client.upload("part.gcode", GCODE)
            printer.client.upload("long.gcode", _LONG)
            printer.client.upload("spare.gcode", GCODE + b"; spare\n")
            printer.client.post(f"{ROOT}/bed_clear", {"by": "test"})
        yield farm


def queue(printer: VirtualPrinter) -> dict[str, Any]:
    status = printer.client.get(f"{ROOT}/status")
    return dict(status["queues"]["workshop"])


def item(printer: VirtualPrinter, name: str, field: str) -> int:
    """A count of the one item of the job of a file; 0 while the job is pending."""
    found = printer.client.get(f"{ROOT}/jobs")["jobs"]
    items = [one for job in found for one in job["items"] if one["name"] == name]
    return int(items[0][field]) if items else 0


def states(printer: VirtualPrinter) -> list[str]:
    """Of the live prints that the queue knows."""
    printers = printer.client.get(f"{ROOT}/printers")["printers"]
    return [one["state"] for entry in printers for one in entry["prints"]]


def test_one_of_two_printers_loses_power(
    farm: VirtualFarm, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The queue waits and says for whom; a person goes on; what the other one was
    printing stays its own, is lost on its return, and is decided by a person."""
    first, second = farm.printers
    desk = Desk(first, capsys, tmp_path)
    assert "nothing to do" in desk.done("recover").out
    nobody = {"filename": "spare.gcode", "count": 3, "tags": ["nobody has it"]}
    spare = first.client.post(f"{ROOT}/job", nobody)["job_id"]
    first.client.post(f"{ROOT}/printer", {"accept": False})
    first.client.post(f"{ROOT}/job", {"filename": "long.gcode"})
    wait(lambda: "printing" in states(first))
    for process in ("moonraker", "klippy", "mcu"):
        second.kill(process)
    wait(lambda: not queue(first)["quorum"])
    first.client.post(f"{ROOT}/printer", {"accept": True})
    added = exchange(first, "POST", f"{ROOT}/job", {"filename": "part.gcode"})[1]
    assert added["result"]["pending"], added

    shown = first.client.get(f"{ROOT}/recover")
    assert shown["needed"]
    assert [host["name"] for host in shown["missing"]] == [second.name]
    assert not shown["majority_missing"]
    twice = {"job_id": spare, "job": "spare.gcode", "copies": 3}
    assert (shown["twice"], shown["unseen"]) == ([twice], "")
    assert f"if {second.name} is on, only cut off" in shown["twice_if"]
    (held,) = shown["held"]
    assert (held["printer"], held["state"]) == (second.name, "printing")
    assert "twice" in held["choices"]["retry"]
    wait(lambda: "waits for" in str(queue(first)["notices"]))
    assert refused(first, "POST", "recover", {"group": "another"})[0] == 409

    typed = desk.type("recover", "--yes", "--by", "eva")
    assert typed.code == 0, typed
    assert second.name in typed.out
    assert "may be made on both sides" in " ".join(typed.out.split())
    assert re.search(r"spare\.gcode +3", typed.out), typed.out
    assert "generation 2" in typed.out
    founding = queue(first)["founding"]
    assert (founding["by"], founding["without"]) == ("eva", [second.name])
    events = first.client.get(f"{ROOT}/events")["events"]
    act = f"let the queue go on as generation 2 without {second.name}"
    (noted,) = [event for event in events if event["what"] == act]
    assert (noted["who"], bool(noted["address"])) == ("eva", True)
    wait(lambda: item(first, "part.gcode", "done") == 1)
    assert item(first, "long.gcode", "done") == 0

    second.start()
    second.wait_ready()
    wait(lambda: queue(second)["group"] == queue(first)["group"])
    wait(lambda: item(first, "long.gcode", "lost") == 1)
    lost = first.client.get(f"{ROOT}/print", print_id=held["print_id"])["print"]
    assert set(lost["choices"]) == {"wait", "retry", "mark_done"}
    decided = desk.done("print", held["print_id"], "mark_done", "--by", "eva")
    assert "decided by: eva" in decided.out
    wait(lambda: item(second, "long.gcode", "done") == 1)
    assert item(second, "part.gcode", "done") == 1
    assert item(second, "long.gcode", "extra") == 0
    wait(lambda: len([m for m in queue(first)["members"] if m["voter"]]) == 2)
