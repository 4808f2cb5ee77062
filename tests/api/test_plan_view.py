"""The answer of `plan` and what a terminal makes of it, of a real queue state."""

from __future__ import annotations

import asyncio
import io
import textwrap
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.host import Host
from moonraker_netqueue.api.jobs import JobEndpoints
from moonraker_netqueue.api.plan import PlanEndpoint
from moonraker_netqueue.cli import job_pages, plan_pages
from moonraker_netqueue.cli.page import Page
from moonraker_netqueue.cli.screen import Screen
from moonraker_netqueue.model.command import ContentHeld, JobAdd, PrinterUpdate
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.printer import ClearBed, PrinterState
from tests.printer.test_board import NOW, PART, READY, A, B, C, Talk
from tests.printer.test_outlook import Desk

_MANUAL = Path(__file__).parents[2] / "docs" / "cli.md"
_JOBS = (  # name, copies, minutes, material
    ("brackets", 6, 70, "PLA"),
    ("gear", 3, 95, "PETG"),
    ("vase", 2, 540, "PLA"),
    ("lid", 4, 150, "PETG"),
    ("feet", 1, 40, "TPU"),
)


def _workshop() -> Desk:
    """Anton and berta are cleared by hand, carla clears itself; berta is busy."""
    talk = Talk()
    hand = replace(READY, clear_bed=ClearBed.MANUAL, materials_ready=("PLA",))
    hand = replace(hand, materials=("PETG",))
    busy = replace(
        hand,
        name="berta",
        materials_ready=("PETG",),
        materials=("PLA",),
        state=PrinterState.BUSY,
        idle_at=NOW + 45 * 60.0,
    )
    talk.say(A, PrinterUpdate(replace(hand, name="anton")))
    talk.say(B, PrinterUpdate(busy))
    talk.say(C, PrinterUpdate(replace(hand, name="carla", clear_bed=ClearBed.NEVER)))
    talk.say(A, ContentHeld(PART))
    for name, count, minutes, material in _JOBS:
        spec = ItemSpec(
            name, count, (PART,), materials=(material,), estimate_s=60 * minutes
        )
        talk.say(A, JobAdd(f"job-{name}-1234", Wishes(name), (spec,)), NOW - 600)
    return Desk(shop=talk)


async def _at_once(things: Sequence[Any], _size: int) -> AsyncIterator[Sequence[Any]]:
    yield things


class _Api:
    """Endpoints of a host whose queue `shop` is that of a desk."""

    def __init__(self, desk: Desk) -> None:
        state = desk.talks["shop"].state
        queue = SimpleNamespace(name="shop", revision=7, state=state, gone=frozenset)
        agent = SimpleNamespace(explain=desk.planner.explain, outlooks=desk.outlooks)

        async def why_waiting(_queue: object) -> dict[str, str]:
            return dict((await desk.planner.explain("shop")).jobs)

        host = SimpleNamespace(
            queue=lambda _arguments: queue,
            agent=agent,
            why_waiting=why_waiting,
            files=SimpleNamespace(item=None),
            in_slices=_at_once,
        )
        self._plan = PlanEndpoint(cast(Host, host))
        self._jobs = JobEndpoints(cast(Host, host))

    def plan(self, **arguments: Any) -> Any:
        return asyncio.run(self._plan.plan(Arguments(arguments)))

    def job(self, **arguments: Any) -> Any:
        return asyncio.run(self._jobs.read_job(Arguments(arguments)))["job"]


@pytest.fixture
def api() -> _Api:
    return _Api(_workshop())


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A terminal in Greenwich, at the time of the plan."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    yield
    monkeypatch.undo()
    time.tzset()


def _shown(page: Page) -> str:
    file = io.StringIO()
    Screen(file).show(page)
    return file.getvalue()


def test_plan_tells_what_follows_and_what_would_help(api: _Api) -> None:
    """Ids and Unix seconds for programs, beside the words for people."""
    found = api.plan()
    assert [(one["printer"], one["job"]) for one in found["next"]] == [
        ("carla", "brackets"),
        ("anton", "brackets"),
    ]
    assert all(one["score_minutes"] < 100 for one in found["next"])
    waiting = {row["job"]: row for row in found["waiting"]}
    assert waiting["feet"]["starts"] is None
    assert waiting["gear"]["starts"]["printer"] == "berta"
    assert waiting["gear"]["starts"]["at"] == NOW // 60 * 60 + 60 * (46 + 5)
    prints = found["forecast"]["prints"]
    assert sum(one["copies"] for one in prints) == 15
    assert [one["start"] for one in prints] == sorted(one["start"] for one in prints)
    assert found["forecast"]["complete"]
    assert [row["job"] for row in found["forecast"]["never"]] == ["feet"]
    (idle,) = found["idle"]
    assert (idle["printer"], idle["code"]) == ("berta", "busy")


def test_plan_without_its_forecast_comes_at_once(api: _Api) -> None:
    """For programs that ask often."""
    found = api.plan(forecast=False)
    assert "forecast" not in found
    assert "starts" not in found["waiting"][0]


def test_what_if_is_an_answer_beside_the_plan(api: _Api) -> None:
    """The plan itself is that of now."""
    now = api.plan()
    found = api.plan(**{"with": "berta: TPU; brackets: priority 2"})
    assert {k: v for k, v in found.items() if k != "what_if"} == now
    what_if = found["what_if"]
    assert what_if["with"] == ["berta: TPU", "brackets: priority 2"]
    difference = what_if["difference"]
    assert (difference["never_before"], difference["never_after"]) == (1, 0)
    feet = next(job for job in difference["jobs"] if job["job"] == "feet")
    assert feet["start_before"] is None
    assert feet["job_id"] == "job-feet-1234"
    assert "feet will start" in difference["lines"]
    as_list = api.plan(**{"with": ["berta: TPU", "brackets: priority 2"]})
    assert as_list["what_if"] == what_if


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"with": "x: TPU"}, "argument 'with'.*called 'x'"),
        ({"with": 5}, "argument 'with': expected a list of texts"),
        ({"width": 10}, "argument 'width': 320 to 4000, not 10"),
        ({"utc_offset": 5000}, "argument 'utc_offset': -960 to 960"),
        ({"wiht": "x"}, "unknown argument 'wiht'"),
    ],
)
def test_wrong_arguments_are_named(
    api: _Api, arguments: dict[str, Any], message: str
) -> None:
    """With what is possible."""
    with pytest.raises(ApiError, match=message) as caught:
        api.plan(**arguments)
    assert caught.value.status == 400


def test_the_picture_is_of_what_was_asked_for(api: _Api) -> None:
    """As it is, or as it would be."""
    assert "feet on" not in api.plan(svg=True)["svg"]
    assert "feet on berta" in api.plan(svg=True, **{"with": "berta: TPU"})["svg"]


def test_a_job_tells_what_holds_it_on_each_printer(api: _Api) -> None:
    """The most useful first; when it starts only where that is asked for."""
    job = api.job(job_id="job-feet-1234")
    assert [row["code"] for row in job["why_not"]] == ["material"] * 3
    assert {row["use"] for row in job["why_not"]} == {"later"}
    assert "starts" not in job
    gear = api.job(job_id="job-gear-1234", forecast=True)
    assert gear["starts"]["printer"] == "berta"
    assert gear["why_not"][0]["code"] == "busy"


def test_a_terminal_shows_bars_of_letters_and_local_times(api: _Api) -> None:
    """A row for each printer, a letter for each job."""
    shown = _shown(plan_pages.plan_page(api.plan()))
    lines = shown.splitlines()
    (title,) = (line for line in lines if "min a letter" in line)
    bars = dict(line.split() for line in lines[lines.index(title) + 1 :][:3])
    assert bars["anton"].startswith("aaa-aaaa")
    assert bars["berta"].startswith("...bbbb-bbbb")
    assert "a brackets, b gear" in shown
    assert "feet" in shown


def test_a_terminal_shows_what_would_be_gained(api: _Api) -> None:
    """Jobs that move, and the sums that differ."""
    answer = api.plan(**{"with": "berta: TPU"})
    shown = _shown(plan_pages.plan_page(answer))
    assert shown.startswith("if berta: TPU:\n")
    assert "0 copies would never print, not 1" in shown
    assert "all would be done" in shown


def test_a_terminal_shows_why_a_job_waits_and_when_it_starts(api: _Api) -> None:
    """Line, start, and a row for each printer."""
    gear = {"job": api.job(job_id="job-gear-1234", forecast=True)}
    shown = _shown(job_pages.why_page(gear))
    assert "gear: waiting: berta is printing, 46 min left" in shown
    assert "starts about 23:04 on berta" in shown
    feet = {"job": api.job(job_id="job-feet-1234", forecast=True)}
    shown = _shown(job_pages.why_page(feet))
    assert "does not start" in shown
    assert "load TPU on carla" in shown


def test_the_manual_shows_what_a_terminal_does(api: _Api) -> None:
    """docs/cli.md, word for word."""
    manual = _MANUAL.read_text(encoding="utf-8")
    gear = {"job": api.job(job_id="job-gear-1234", forecast=True)}
    would_be = api.plan(**{"with": "berta: TPU"})
    for command, page in (
        ("why gear", job_pages.why_page(gear)),
        ("plan", plan_pages.plan_page(api.plan())),
        ('plan --with "berta: TPU"', plan_pages.plan_page(would_be)),
    ):
        text = f"$ netqueue {command}\n{_shown(page)}"
        assert textwrap.indent(text, "    ") in manual
