"""A workshop on simulated time: arrivals, failures, operators, and a real strategy.

Whenever printers become idle, the scheduler's own mask, score and strategy decide what
they print next, with the durations known and the failures not. What happens within a
minute is decided on together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..scheduler.feasibility import PLANNED_STATES, needs_change
from ..scheduler.hours import operator_wait
from ..scheduler.moments import Moments
from ..scheduler.problem import CLEARING, JobClass, Printer, Problem, Weights
from ..scheduler.solvers.solver import Solver
from ..scheduler.strategies.strategy import Strategy
from .workload import START, Workload

_Steps = Generator[Any, Any, None]


class FarmStuck(Exception):
    """Copies are left that no printer will ever print."""


@dataclass(frozen=True)
class FarmPrint:
    """One print of one copy; Unix minutes.

    `start` is when it was decided on: the material change, if any, comes first.
    `visits`: how often a person had to come, to load before it and to clear after it.
    """

    printer: str
    lot: str
    start: int
    end: int
    change: bool
    failed: bool
    visits: int


def play(
    workload: Workload,
    strategy: Strategy,
    *,
    weights: Weights | None = None,
    whole: bool = False,
    progress: Callable[[], None] = lambda: None,
) -> tuple[FarmPrint, ...]:
    """Print all of a workload by a strategy; prints in order of their end.

    `whole`: the strategy sees all printers, else the idle ones alone, which is quicker
    and the same to a strategy that does not look ahead. `progress` is called after each
    print. Raises FarmStuck if some copies are never printed.
    """
    farm = _Farm(workload, strategy, weights or Weights(), progress, whole=whole)
    return farm.run()


class _Machine:
    """A printer: what is loaded, and what it does."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.order: Any = None  # the event it waits for, while idle
        self.until = 0  # when the present print ends, while it prints
        self.cleared = True  # the bed
        self.left_at = 0  # when a person who cleared the bed was last done


class _Farm:
    def __init__(
        self,
        workload: Workload,
        strategy: Strategy,
        weights: Weights,
        progress: Callable[[], None],
        *,
        whole: bool,
    ) -> None:
        import simpy

        self._workload = workload
        self._choose = strategy.choose
        self._progress = progress
        self._whole = whole
        self._problem = Problem(START * 60, weights=weights, operator=workload.operator)
        self._moments = Moments(self._problem)
        self._waiting: dict[str, JobClass] = {}
        self._started: Counter[str] = Counter()
        self._machines = {p.name: _Machine(p) for p in workload.printers}
        self._unasked: set[str] = set()  # idle, and there is something new to ask
        self._prints: list[FarmPrint] = []
        self._env = simpy.Environment(initial_time=START)
        number = workload.operators
        self._people = simpy.Resource(self._env, number) if number else None
        self._is_deciding = False
        self._morning = START  # when the idle printers are asked again at the latest

    def run(self) -> tuple[FarmPrint, ...]:
        for machine in self._machines.values():
            self._env.process(self._work(machine))
        self._env.process(self._arrivals())
        self._env.run()
        left = {name: lot.copies for name, lot in self._waiting.items() if lot.copies}
        if left:
            raise FarmStuck(
                f"{left}: no printer takes these copies; give the workload a printer"
                " that can, or the strategy a reason to start them"
            )
        return tuple(self._prints)

    @property
    def _now(self) -> int:
        return int(self._env.now)

    def _arrivals(self) -> _Steps:
        for lot in sorted(self._workload.lots, key=lambda lot: (lot.added, lot.name)):
            yield self._env.timeout(lot.added // 60 - self._now)
            self._waiting[lot.name] = lot
            self._ask_all()

    def _work(self, machine: _Machine) -> _Steps:
        while True:
            machine.order = self._env.event()
            self._unasked.add(machine.printer.name)
            self._ask()
            lot = yield machine.order
            machine.order = None
            yield from self._print(machine, lot)

    def _print(self, machine: _Machine, lot: JobClass) -> _Steps:
        start = self._now
        change = needs_change(machine.printer, lot)
        minutes = lot.duration(machine.printer.model) or 0
        share = self._workload.failing_share(lot.name, self._started[lot.name])
        self._started[lot.name] += 1
        change_minutes = self._problem.weights.change_minutes if change else 0
        machine.until = start + change_minutes + minutes
        machine.cleared = False
        if change:
            yield from self._attended(change_minutes)
            machine.printer = replace(machine.printer, loaded=lot.materials)
            machine.until = self._now + minutes
        yield self._env.timeout(
            minutes if share is None else max(1, round(minutes * share))
        )
        by_hand = share is not None or not machine.printer.self_clearing
        # Who has just cleared the bed also loads: one visit.
        loads = change and start != machine.left_at
        self._prints.append(
            FarmPrint(
                machine.printer.name,
                lot.name,
                start,
                self._now,
                change,
                share is not None,
                loads + by_hand,
            )
        )
        self._progress()
        machine.until = self._now
        if share is not None:
            self._give_back(lot.name)
        if by_hand:
            yield from self._attended(CLEARING)
            machine.left_at = self._now
        machine.cleared = True

    def _give_back(self, name: str) -> None:
        lot = self._waiting[name]
        self._waiting[name] = replace(lot, copies=lot.copies + 1)
        self._ask_all()

    def _attended(self, minutes: int) -> _Steps:
        """A person comes, as soon as one is there and free, and needs `minutes`."""
        while True:
            yield self._env.timeout(self._wait_for_people())
            if self._people is None:
                yield self._env.timeout(minutes)
                return
            with self._people.request() as request:
                yield request
                if not self._wait_for_people():
                    yield self._env.timeout(minutes)
                    return

    def _wait_for_people(self) -> int:
        return operator_wait(self._workload.operator, self._now)

    def _ask_all(self) -> None:
        self._unasked.update(
            name for name, machine in self._machines.items() if machine.order
        )
        self._ask()

    def _ask(self) -> None:
        if not self._is_deciding:
            self._is_deciding = True
            self._env.process(self._decide())

    def _decide(self) -> _Steps:
        """Give the idle printers their work once this minute's events are over."""
        yield self._env.timeout(0)
        while self._env.peek() == self._env.now:
            yield self._env.timeout(0)
        self._is_deciding = False
        problem = self._problem_now()
        self._unasked.clear()
        if not problem.jobs or not problem.printers:
            return
        scored = self._moments.score(problem)
        chosen = self._choose(scored, Solver.PURE).vector
        for printer, column in zip(problem.printers, chosen, strict=True):
            order = self._machines[printer.name].order
            if order is None or column == len(problem.jobs):
                continue
            name = problem.jobs[column].name
            lot = self._waiting[name]
            self._waiting[name] = replace(lot, copies=lot.copies - 1)
            order.succeed(lot)
            self._machines[printer.name].order = None
        self._ask_in_the_morning()

    def _ask_in_the_morning(self) -> None:
        wait = self._wait_for_people()
        is_idle = any(machine.order for machine in self._machines.values())
        if wait and is_idle and self._morning < self._now + wait:
            self._morning = self._now + wait
            self._env.process(self._ask_at_opening(wait))

    def _ask_at_opening(self, wait: int) -> _Steps:
        yield self._env.timeout(wait)
        self._ask_all()

    def _problem_now(self) -> Problem:
        return replace(
            self._problem,
            now=self._now * 60,
            printers=tuple(self._seen()),
            jobs=tuple(lot for lot in self._waiting.values() if lot.copies),
        )

    def _seen(self) -> Iterable[Printer]:
        if not self._whole:
            return (self._machines[name].printer for name in self._unasked)
        return (self._as_planned(machine) for machine in self._machines.values())

    def _as_planned(self, machine: _Machine) -> Printer:
        """A printer as the component describes it to the scheduler."""
        if machine.order:
            return machine.printer
        busy = max(0, machine.until - self._now)
        state = PLANNED_STATES[1 if busy else 0]
        return replace(
            machine.printer,
            state=state,
            busy_minutes=busy,
            bed_clear=bool(busy) or machine.cleared,
        )
