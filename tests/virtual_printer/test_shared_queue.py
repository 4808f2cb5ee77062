"""What the demo tells about the queue, from answers as the component gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from moonraker_netqueue.virtual_printer.moonraker_client import (
    MoonrakerClient,
    NoAnswerError,
    RefusedError,
)
from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import QueueWatch, unshared_reason


class ScriptedClient(MoonrakerClient):
    """Answers from a table; an exception in it is raised."""

    def __init__(self) -> None:
        super().__init__(0)
        self.answers: dict[str, Any] = {}

    def get(self, path: str, **arguments: str | int) -> Any:
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VirtualFarm:
    """Two printers that run, it is claimed, and answer as scripted."""
    farm = VirtualFarm(tmp_path, [1, 2])
    monkeypatch.setattr(VirtualPrinter, "pid", lambda *_: 1)
    for printer in farm.printers:
        printer.client = ScriptedClient()
    return farm


def answers(farm: VirtualFarm, index: int) -> dict[str, Any]:
    client = farm.printers[index].client
    assert isinstance(client, ScriptedClient)
    return client.answers


def set_status(farm: VirtualFarm, index: int, **changes: Any) -> None:
    queue = {
        "group": "g1",
        "quorum": True,
        "role": "follower",
        "members": [{"host_id": "h0"}, {"host_id": "h1"}],
    }
    answers(farm, index)["/server/netqueue/status"] = {
        "host_id": f"h{index}",
        "queues": {"demo": queue | changes},
    }


def test_one_group_of_all_with_quorum_is_shared(farm: VirtualFarm) -> None:
    """Nothing is missing then."""
    set_status(farm, 0)
    set_status(farm, 1)
    assert unshared_reason(farm) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"group": "g2"}, "not form one group yet: printer1 | printer2"),
        ({"quorum": False}, "printer2 reaches no majority (it is follower)"),
        ({"members": [{"host_id": "h1"}]}, "printer2 does not know 1 of the members"),
    ],
)
def test_what_is_missing_is_named(
    farm: VirtualFarm, changes: dict[str, Any], reason: str
) -> None:
    """Each condition on its own keeps the demo waiting."""
    set_status(farm, 0)
    set_status(farm, 1, **changes)
    assert reason in str(unshared_reason(farm))


def test_a_member_that_only_others_know_is_missing(farm: VirtualFarm) -> None:
    """The first printer has not heard of the second."""
    set_status(farm, 0, members=[{"host_id": "h0"}])
    set_status(farm, 1)
    assert unshared_reason(farm) == "printer1 does not know 1 of the members"


def test_a_printer_that_does_not_answer_is_waited_for(farm: VirtualFarm) -> None:
    """It may be starting."""
    set_status(farm, 0)
    answers(farm, 1)["/server/netqueue/status"] = NoAnswerError("port 2")
    assert unshared_reason(farm) == "port 2"


def test_a_component_that_did_not_load_is_an_error(farm: VirtualFarm) -> None:
    """Waiting would not help; Moonraker's warning says more."""
    answers(farm, 0)["/server/netqueue/status"] = RefusedError("404", 404)
    answers(farm, 0)["/server/info"] = {
        "warnings": ["Unparsed option in [netqueue]", "netqueue: port is no number"]
    }
    with pytest.raises(VirtualPrinterError, match="load netqueue: netqueue: port is"):
        unshared_reason(farm)


def test_a_component_that_is_still_starting_is_waited_for(farm: VirtualFarm) -> None:
    """On a busy machine Moonraker is ready first; one that failed says so."""
    answers(farm, 0)["/server/netqueue/status"] = RefusedError("it is starting", 503)
    answers(farm, 0)["/server/info"] = {"warnings": []}
    assert unshared_reason(farm) == "it is starting"
    answers(farm, 0)["/server/info"] = {"warnings": ["netqueue: port 7 is in use"]}
    with pytest.raises(VirtualPrinterError, match="load netqueue: netqueue: port 7"):
        unshared_reason(farm)


def set_queue(farm: VirtualFarm, index: int, done: int, prints: list[Any]) -> None:
    answers(farm, index)["/server/netqueue/jobs"] = {
        "jobs": [{"job_id": "j", "items": [{"done": done, "count": 9}]}]
    }
    answers(farm, index)["/server/netqueue/printers"] = {
        "printers": [
            {
                "name": "printer2",
                "state": "printing" if prints else "ready",
                "reason": "",
                "why": "",
                "prints": prints,
            }
        ]
    }


def a_print(state: str) -> dict[str, Any]:
    return {
        "print_id": "p",
        "state": state,
        "file": "plate.gcode",
        "job_id": "j",
        "item": 0,
    }


def test_a_print_is_told_when_it_starts_and_when_it_ends(farm: VirtualFarm) -> None:
    """One line per change, none while nothing changes."""
    watch = QueueWatch(farm)
    set_queue(farm, 0, 2, [a_print("reserved")])
    assert watch.changes() == []
    set_queue(farm, 0, 2, [a_print("printing")])
    assert watch.changes() == ["printer2 prints plate.gcode (2 of 9 done)"]
    assert watch.changes() == []
    set_queue(farm, 0, 3, [])
    answers(farm, 0)["/server/netqueue/print"] = {"print": {"state": "done"}}
    assert watch.changes() == ["printer2: plate.gcode is done"]


def test_another_printer_is_asked_when_one_is_down(farm: VirtualFarm) -> None:
    """Each knows the whole queue."""
    answers(farm, 0)["/server/netqueue/printers"] = NoAnswerError("no answer")
    set_queue(farm, 1, 0, [a_print("printing")])
    assert QueueWatch(farm).changes() == ["printer2 prints plate.gcode (0 of 9 done)"]


def test_a_printer_in_need_is_told_once(farm: VirtualFarm) -> None:
    """With the reason that it gives."""
    watch = QueueWatch(farm)
    set_queue(farm, 0, 0, [])
    (printer,) = answers(farm, 0)["/server/netqueue/printers"]["printers"]
    printer.update(state="needs_attention", reason="MCU shutdown")
    assert watch.changes() == ["printer2 is needs_attention: MCU shutdown"]
    assert watch.changes() == []
