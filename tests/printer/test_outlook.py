"""The plan at length, of real queue states: obstacles, forecast, what if, picture."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from moonraker_netqueue.model.command import (
    ContentHeld,
    JobAdd,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
    QueuePause,
    QueueSet,
)
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.printer import ClearBed, PrinterState, Profile
from moonraker_netqueue.printer.board import ClassKey
from moonraker_netqueue.printer.explanation import Explanation, IdleWhy
from moonraker_netqueue.printer.outlook import Outlooks
from moonraker_netqueue.printer.planner import Planner
from moonraker_netqueue.printer.queues import Queues
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.explain import Use
from moonraker_netqueue.sim.host import InlineSolver
from moonraker_netqueue.sim.randomness import SimRandom
from tests.printer.test_board import NOW, PART, READY, A, B, C, Talk
from tests.printer.workshop import (
    HostQueue,
    InlineWorker,
    LoopClock,
    SharedQueue,
)

_T = TypeVar("_T")
_VORON = replace(READY, materials_ready=("PLA:red",))
_MINUTE = NOW // 60


class _Clock(LoopClock):
    """Wall time stands, the other is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return NOW


class Desk:
    """Host A asks about queues whose states are `talks`."""

    def __init__(self, **talks: Talk) -> None:
        self.talks = talks
        self.clock, self.worker = _Clock(), InlineWorker()
        self.changes = 0
        ports = {}
        for name, talk in talks.items():
            shared = SharedQueue(name)
            shared.state = talk.state
            ports[name] = HostQueue(shared, A)
            ports[name].reached = {A, B, C}
        self.queues = Queues(A, ports, SimRandom(1), lambda: None)
        self.planner = Planner(self.queues, InlineSolver(), self.clock, self.worker)
        self.outlooks = Outlooks(self.planner, self.queues, self.clock, self.worker)

    def ask(self, question: Callable[[Outlooks], Awaitable[_T]]) -> _T:
        async def whole() -> _T:
            return await question(self.outlooks)

        return asyncio.run(whole())


def _job(talk: Talk, name: str, count: int = 1, materials: tuple[str, ...] = ()) -> str:
    talk.say(A, ContentHeld(PART))
    spec = ItemSpec(name, count, (PART,), materials=materials, estimate_s=3600)
    job_id = f"job-{name}-1234"
    talk.say(A, JobAdd(job_id, Wishes(name), (spec,)), NOW - 60)
    return job_id


def _talk(**profiles: Profile) -> Talk:
    talk = Talk()
    talk.printers(**profiles)
    return talk


def test_what_holds_a_job_is_told_printer_by_printer() -> None:
    """With the ids of hosts; a job that does not wait is held by nothing."""
    bed = replace(READY, materials_ready=("PETG",), state=PrinterState.BED_OCCUPIED)
    talk = _talk(a=_VORON, b=bed)
    job_id = _job(talk, "gear", materials=("PETG",))
    desk = Desk(q=talk)
    first, second = desk.ask(lambda outlooks: outlooks.obstacles("q", job_id))
    assert (first.item, first.host_id, first.obstacle.code) == (0, B, "bed")
    assert first.obstacle.use is Use.REMEDY
    assert (second.host_id, second.obstacle.remedy) == (A, "load PETG on a")
    assert desk.ask(lambda outlooks: outlooks.obstacles("q", "job-none")) == []


def test_a_paused_queue_says_so_for_each_printer() -> None:
    """Not that each of its jobs were on hold."""
    talk = _talk(a=_VORON)
    job_id = _job(talk, "gear")
    talk.say(A, QueuePause(True))
    desk = Desk(q=talk)
    (held,) = desk.ask(lambda outlooks: outlooks.obstacles("q", job_id))
    assert (held.obstacle.text, held.obstacle.remedy) == (
        "the queue is paused",
        "resume the queue",
    )
    told = asyncio.run(desk.planner.explain("q"))
    assert told.idle == {
        A: IdleWhy("queue_paused", "the queue is paused", "resume the queue")
    }


def test_an_idle_printer_names_the_jobs_that_would_come() -> None:
    """By their ids, once for each job."""
    talk = _talk(a=_VORON)
    job_id = _job(talk, "gear", materials=("PETG",))
    told = asyncio.run(Desk(q=talk).planner.explain("q"))
    assert told.idle == {
        A: IdleWhy(
            "material", "load PETG, 1 job waits for it", "load PETG on a", (job_id,)
        )
    }
    assert told.printers == {A: "load PETG, 1 job waits for it"}


def test_the_forecast_begins_with_the_plan_and_tells_the_rest() -> None:
    """Three copies on one printer whose bed clears itself."""
    talk = _talk(a=_VORON)
    _job(talk, "gear", 3)
    found = Desk(q=talk).ask(lambda outlooks: outlooks.look())
    assert [(p.printer, p.start) for p in found.forecast.prints] == [
        ("a", _MINUTE),
        ("a", _MINUTE + 60),
        ("a", _MINUTE + 120),
    ]
    assert found.forecast.complete
    assert found.until == _MINUTE + 48 * 60


def test_a_forecast_is_kept_until_something_changes_or_it_is_old() -> None:
    """Plans are made each half minute, and it takes much longer than one."""
    talk = _talk(a=_VORON)
    _job(talk, "gear")
    desk = Desk(q=talk)
    first = desk.ask(lambda outlooks: outlooks.look())
    desk.clock.now += 200
    assert desk.ask(lambda outlooks: outlooks.look()) is first
    desk.clock.now += 200
    second = desk.ask(lambda outlooks: outlooks.look())
    assert second is not first
    _job(talk, "more")
    desk.queues._note(())
    third = desk.ask(lambda outlooks: outlooks.look())
    assert len(third.forecast.prints) == 2


def test_what_if_tells_both_and_the_difference() -> None:
    """The state itself stays as it is."""
    talk = _talk(a=_VORON, b=replace(READY, accept=False))
    _job(talk, "gear", 2)
    desk = Desk(q=talk)
    found = desk.ask(lambda outlooks: outlooks.what_if(["b: resume"]))
    assert found.outlook.joint.plan.assignment == {"a": "gear", "b": "gear"}
    assert found.difference.before.finish == _MINUTE + 120
    assert found.difference.after.finish == _MINUTE + 60
    now = desk.ask(lambda outlooks: outlooks.look())
    assert now.joint.plan.assignment == {"a": "gear", "b": None}
    with pytest.raises(ProblemError, match="called 'c'"):
        desk.ask(lambda outlooks: outlooks.what_if(["c: resume"]))


def test_queues_of_other_manners_follow_on_the_printers_they_share() -> None:
    """The group that chooses first is played first; nothing prints two at a time."""
    left, right = _talk(a=_VORON), _talk(a=_VORON)
    right.say(A, QueueSet(strategy="fifo"))
    _job(left, "old", 2)
    _job(right, "young")
    desk = Desk(left=left, right=right)
    found = desk.ask(lambda outlooks: outlooks.look())
    assert [(p.job, p.start) for p in found.forecast.prints] == [
        ("old", _MINUTE),
        ("old", _MINUTE + 60),
        ("young", _MINUTE + 120),
    ]
    (held,) = desk.ask(lambda outlooks: outlooks.obstacles("right", "job-young-1234"))
    assert (held.obstacle.code, held.obstacle.text) == ("outbid", "a takes old first")
    scores = desk.ask(lambda outlooks: outlooks.scores())
    assert list(scores) == [A]


def test_the_picture_shows_the_printers_of_one_queue_and_what_they_print() -> None:
    """Not those that serve another queue only."""
    left, right = _talk(a=_VORON), _talk(b=READY)
    job_id = _job(left, "vase", 2)
    _job(right, "other")
    left.say(A, PrintReserve("print-0001", job_id, 0, PART.sha256))
    left.say(A, PrintStarted("print-0001"))
    busy = replace(_VORON, name="a", state=PrinterState.PRINTING, idle_at=NOW + 1800.0)
    left.say(A, PrinterUpdate(busy))
    desk = Desk(left=left, right=right)

    async def draw(outlooks: Outlooks) -> str:
        return await outlooks.picture("left", await outlooks.look(), 0, 400)

    text = desk.ask(draw)
    assert "vase on a: until" in text
    assert "other" not in text


def test_a_bed_that_a_person_clears_is_waited_for() -> None:
    """The forecast goes on once somebody has cleared it."""
    talk = _talk(
        a=replace(_VORON, clear_bed=ClearBed.MANUAL, state=PrinterState.BED_OCCUPIED)
    )
    _job(talk, "gear")
    found = Desk(q=talk).ask(lambda outlooks: outlooks.look())
    assert [p.start for p in found.forecast.prints] == [_MINUTE + 5]


def test_screens_that_ask_every_second_cost_one_explanation() -> None:
    """It is made anew once something is otherwise."""
    talk = _talk(a=_VORON)
    job_id = _job(talk, "gear", materials=("PETG",))
    planner = Desk(q=talk).planner

    async def asked() -> list[Explanation]:
        told = [await planner.explain("q"), await planner.explain("q")]
        planner.decline(ClassKey("q", job_id, 0), 60.0, "its file is on no host")
        return [*told, await planner.explain("q")]

    first, second, third = asyncio.run(asked())
    assert first is second
    assert third is not second
