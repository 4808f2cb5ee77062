"""Queues of different manners: each group takes what those before it left."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from moonraker_netqueue.model.command import (
    ContentHeld,
    JobAdd,
    PrinterUpdate,
    QueuePause,
    QueueSet,
)
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.printer import PrinterState
from moonraker_netqueue.printer.board import Board, build_board
from moonraker_netqueue.printer.joint_plan import plan_jointly
from moonraker_netqueue.scheduler.planner import Plan
from moonraker_netqueue.sim.host import InlineSolver
from tests.printer.test_board import NOW, PART, READY, A, B, Talk
from tests.printer.workshop import InlineWorker

FIFO = QueueSet(strategy="fifo")


class Farm:
    """Queues by name, each with the printers that serve it."""

    def __init__(self, **served: str) -> None:
        self.talks = {queue: Talk() for queue in served}
        for queue, letters in served.items():
            self.talks[queue].printers(**dict.fromkeys(letters, READY))

    def job(self, queue: str, name: str, count: int = 1, age: int = 0) -> None:
        talk = self.talks[queue]
        talk.say(A, ContentHeld(PART))
        spec = ItemSpec(name, count, (PART,), estimate_s=600)
        talk.say(A, JobAdd(f"job-{name}-1234", Wishes(name), (spec,)), NOW - age)

    def board(self) -> Board:
        states = {queue: talk.state for queue, talk in self.talks.items()}
        up = dict.fromkeys(states, frozenset({A, B}))
        return build_board(states, up, NOW, A, (), ())

    def groups(self) -> list[tuple[str, ...]]:
        return [group.queues for group in self.board().groups]

    def plan(self) -> Plan:
        found = plan_jointly(self.board(), InlineSolver(), InlineWorker())
        return asyncio.run(found).plan

    def idle(self) -> dict[str, str]:
        return {name: why.text for name, why in self.plan().why_idle.items()}


def test_alike_queues_are_one_problem() -> None:
    """A title or a spacing of starts makes no difference to who prints what."""
    farm = Farm(left="ab", right="ab")
    assert farm.groups() == [("left", "right")]
    farm.talks["left"].say(A, QueueSet(title="Left", start_spacing_s=60))
    assert farm.groups() == [("left", "right")]
    farm.talks["left"].say(A, QueueSet(weights={"age": 1.0}))
    assert farm.groups() == [("left",), ("right",)]
    farm.talks["right"].say(A, QueueSet(weights={"age": 1.0}))
    assert farm.groups() == [("left", "right")]


def test_the_group_whose_job_waits_longest_chooses_first() -> None:
    """The other gets what is left, and says who was first."""
    farm = Farm(left="ab", right="ab")
    farm.talks["right"].say(A, FIFO)
    farm.job("left", "young", 2, age=60)
    farm.job("right", "old", 1, age=600)
    assert farm.groups() == [("right",), ("left",)]
    plan = farm.plan()
    assert plan.assignment == {"a": "old", "b": "young"}
    assert plan.why_idle == {}
    farm.talks["left"].say(B, PrinterUpdate(replace(READY, name="b", accept=False)))
    farm.talks["right"].say(B, PrinterUpdate(replace(READY, name="b", accept=False)))
    young = farm.plan().why_waiting["young"]
    assert young.text == "waits: resume taking work on b; else a takes old first"


def test_the_manner_reaches_the_problem() -> None:
    """Strategy, weights and hours; a strategy that is not known here is the usual."""
    farm = Farm(left="a")
    weights = {"age": 1.0, "max_wait": 1.0}
    farm.talks["left"].say(A, QueueSet(strategy="greedy", weights=weights))
    problem = farm.board().groups[0].problem
    assert (problem.strategy, problem.weights.age) == ("greedy", 100)
    assert problem.weights.max_wait == 60
    farm.talks["left"].say(A, QueueSet(strategy="later"))
    assert farm.board().groups[0].problem.strategy == "assignment"


def test_an_idle_printer_speaks_of_its_own_queues() -> None:
    """Not of those that it does not serve."""
    farm = Farm(left="a", right="ab")
    farm.talks["right"].say(A, FIFO)
    farm.job("left", "busy")
    assert farm.idle() == {"b": "no job waits"}
    farm.talks["left"].printers(a=replace(READY, state=PrinterState.OFFLINE))
    assert farm.idle() == {
        "a": "offline: get it going, 1 job waits for it",
        "b": "no job waits",
    }


def test_reasons_of_several_groups_are_told_together() -> None:
    """Each once, and nothing of queues without jobs."""
    farm = Farm(left="a", right="a")
    farm.talks["right"].say(A, FIFO)
    farm.job("left", "held")
    farm.talks["left"].say(A, QueuePause(True))
    assert farm.idle() == {"a": "job is held"}
    farm.job("right", "other")
    farm.talks["right"].say(A, QueuePause(True))
    assert farm.idle() == {"a": "job is held"}


def test_the_objective_counts_an_idle_printer_once() -> None:
    """As if all were one problem, if what the groups start costs nothing else."""
    farm = Farm(left="ab", right="ab")
    alone = farm.plan().objective
    farm.talks["right"].say(A, FIFO)
    assert farm.plan().objective == alone
    farm.job("left", "one")
    farm.talks["right"].say(A, QueueSet(strategy="assignment"))
    together = farm.plan().objective
    farm.talks["right"].say(A, FIFO)
    assert farm.plan().objective == together
