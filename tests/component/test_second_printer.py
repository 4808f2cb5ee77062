"""Two real printers of a queue that asks a person about each newcomer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason
from tests.cli.desks import Desk
from tests.component.klipper import console
from tests.component.test_component import ROOT, exchange, refused, serves, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(600)
_APPROVE = sections("letting-in").replace("admission: open\n", "")


@pytest.fixture
def farm(printers_folder: Path) -> Iterator[VirtualFarm]:
    with start_farm(printers_folder, 2, _APPROVE) as farm:
        for printer in farm.printers:
            wait(partial(serves, printer))
        yield farm


def queue(printer: VirtualPrinter) -> dict[str, Any]:
    status = printer.client.get(f"{ROOT}/status")
    return dict(status["queues"]["letting-in"])


def rows(printer: VirtualPrinter) -> list[dict[str, Any]]:
    """Who waits, either way."""
    return list(printer.client.get(f"{ROOT}/members")["requests"])


def asking(printer: VirtualPrinter) -> dict[str, Any] | None:
    """The one host that asks here to be let in."""
    found = [row for row in rows(printer) if row["asks"]]
    return found[0] if found else None


def voters(printer: VirtualPrinter) -> set[str]:
    """The names of the hosts that have a seat."""
    members = printer.client.get(f"{ROOT}/members")["members"]
    return {row["name"] for row in members if row["voter"]}


def linked(printer: VirtualPrinter) -> list[str]:
    """The names of other hosts that it has a link with, for this queue."""
    rows = printer.client.get(f"{ROOT}/members")["members"]
    return [row["name"] for row in rows if row["connected"] and not row["here"]]


def said(printer: VirtualPrinter) -> list[str]:
    """What became of members, by the audit log, newest first."""
    events = printer.client.get(f"{ROOT}/events")["events"]
    words = [str(event["what"]) for event in events if not event["refused"]]
    return [word for word in words if " host " in word]


def dialog(printer: VirtualPrinter, other: VirtualPrinter) -> list[str]:
    """Lines of the open dialog that asks whether `other` is let in."""
    lines = [line for line in console(printer) if line.startswith("// action:prompt_")]
    begin = f"// action:prompt_begin Let {other.name} into queue letting-in?"
    while begin in lines:
        lines = lines[lines.index(begin) + 1 :]
        if "// action:prompt_end" not in lines and "// action:prompt_show" in lines:
            return lines
    return []


def shows_only(printer: VirtualPrinter, what: str) -> bool:
    """Whether it lists itself, and nobody else."""
    shown = printer.client.get(f"{ROOT}/{what}")[what]
    return [row["name"] for row in shown] == [printer.name]


def test_the_second_printer_is_let_in_and_forgotten(
    farm: VirtualFarm, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """By one click, after which both show one queue; then by one command it is out,
    its seat, too: the first goes on. Who did all that is in the audit log."""
    first, second = farm.printers
    desk = Desk(first, capsys, tmp_path)
    assert wait(lambda: asking(first))["name"] == second.name
    assert wait(lambda: asking(second))["name"] == first.name
    assert queue(first)["admission"] == "approve"
    wait(lambda: queue(first)["group"] and queue(second)["group"])
    assert queue(first)["group"] != queue(second)["group"]
    # Both are new here, so each asks: by a dialog, too, and with one code.
    row = wait(lambda: rows(first)[0]["either"] and rows(first)[0])
    wait(lambda: rows(second)[0]["either"] and rows(second)[0]["code"] == row["code"])
    shown = f"// action:prompt_text It must show the same code: {row['code']}"
    wait(lambda: shown in dialog(first, second) and shown in dialog(second, first))
    assert "here or there" in queue(second)["notices"][0]
    assert row["code"] in desk.done("admit").out
    wrong = {"host_id": row["host_id"], "action": "approve", "code": "no"}
    code, message = refused(first, "POST", "member", wrong)
    assert (code, "somebody else" in message) == (409, True)
    assert "somebody else" in desk.type("admit", second.name, "000").err
    assert "is let in" in desk.done("admit", second.name, row["code"]).out
    wait(lambda: not dialog(first, second) and not dialog(second, first))
    wait(lambda: unshared_reason(farm) is None)
    assert queue(first)["group"] == queue(second)["group"]
    wait(lambda: asking(first) is asking(second) is None)
    wait(lambda: voters(first) == {first.name, second.name})
    desk.done("role", second.name, "viewer")
    wait(lambda: voters(first) == {first.name})
    wait(lambda: refused(second, "POST", "pause", {})[0] == 403)
    assert "viewer" in refused(second, "POST", "pause", {})[1]
    assert "own role" in desk.type("role", first.name, "viewer").err
    desk.done("role", second.name, "printer")
    wait(lambda: voters(first) == {first.name, second.name})
    desk.done("forget", second.name, "--yes")
    wait(lambda: not linked(second) and not linked(first))
    wait(lambda: voters(first) == {first.name} and queue(first)["quorum"])
    first.client.post(f"{ROOT}/pause", {})
    told = [
        f"forgot host '{second.name}'",
        f"made host {row['host_id'][:8]} a printer",
        f"made host {row['host_id'][:8]} a viewer",
    ]
    wait(lambda: said(first)[: len(told)] == told)
    # Noted at once, perhaps in the group that went over: then again in this one.
    wait(lambda: f"let in host '{second.name}'" in said(first))
    members = first.client.get(f"{ROOT}/members")
    assert [row["name"] for row in members["forgotten"]] == [second.name]
    for what in ("members", "printers"):  # nothing is left of it
        wait(partial(shows_only, first, what))
    assert second.name in desk.done("admit").out


def test_a_dialog_asks_and_its_button_answers(farm: VirtualFarm) -> None:
    """On a printer that is no newcomer any more, in the words that screens read."""
    first, second = farm.printers
    second.stop()
    first.stop()
    first.start()
    first.wait_ready()
    wait(partial(serves, first))
    second.start()
    lines = wait(lambda: dialog(first, second))
    code = (asking(first) or {})["code"]
    assert lines[0] == f"// action:prompt_text It must show the same code: {code}"
    assert lines[-1] == "// action:prompt_show"
    button = next(line for line in lines if "Let in" in line).split("|")[1]
    # Of a part of the id another key can be found, by who asks when this is clicked.
    assert (asking(first) or {})["host_id"] in button
    first.client.script(button)
    wait(lambda: not dialog(first, second))
    # The second one is no newcomer any more either: it is asked, too.
    shown = wait(lambda: [row for row in rows(second) if row["lets_in"]])
    assert shown[0]["code"] == code
    answer = {"host_id": shown[0]["host_id"], "code": code}
    second.client.post(f"{ROOT}/member", {**answer, "action": "approve"})
    wait(lambda: unshared_reason(farm) is None)
    wait(lambda: rows(first) == rows(second) == [])


def test_a_token_is_for_one_host(farm: VirtualFarm) -> None:
    """A bad one is refused where it is typed; a wrong call is named."""
    first, _ = farm.printers
    status, answer = exchange(first, "POST", f"{ROOT}/token", {"seconds": 60})
    assert status == 200
    assert len(answer["result"]["token"]) == 55
    code, message = refused(first, "POST", "token", {"seconds": 10**9})
    assert (code, "a week" in message) == (400, True)
    code, message = refused(first, "DELETE", "member", {"host_id": "0" * 64})
    assert (code, "is a member" in message) == (404, True)
