"""Printers and jobs as numbers: what stays as it is while the queue is played forward.

Copies, loaded materials and idle times change with every decision; all this does not,
so it is kept between decisions of the same printers and jobs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..feasibility import covers, refusal
from ..hours import WEEK, OperatorPeriod, waits_of_week
from ..problem import CLEARING, JobClass, Printer, Problem
from ..readiness import works

Minutes = tuple[tuple[int | None, ...], ...]
"""Rows: kinds of printers, columns: jobs; None: no printer of that kind can."""

_SAMPLES = 48  # starts in a week whose nights are averaged over


@dataclass(frozen=True, eq=False)
class Kind:
    """Printers that differ in nothing but what is loaded and when they are idle."""

    number: int
    by_hand: bool  # a person clears the bed
    effort: int  # minutes a change is worth, besides its own
    minutes: tuple[int | None, ...]  # of one unit of each job
    effective: tuple[int | None, ...]  # until the next print, on average over starts


@dataclass(frozen=True, eq=False)
class Shop:
    """`kind_of[p]`: the kind of printer p; None: it takes no work as things are."""

    kinds: tuple[Kind, ...]
    kind_of: tuple[int | None, ...]
    materials: tuple[tuple[str, ...], ...]  # of each job
    grams: tuple[float, ...]  # of one unit of each job
    spool_grams: tuple[float | None, ...]  # of each printer
    waits: tuple[int, ...] | None  # for a person, by minute of the week; None: never
    change_minutes: int

    @cached_property
    def size(self) -> tuple[int, ...]:
        """How many printers there are of each kind."""
        return tuple(self.kind_of.count(kind.number) for kind in self.kinds)

    def wait(self, minute: int) -> int:
        """Minutes from a Unix minute until a person is there."""
        return self.waits[minute % WEEK] if self.waits else 0

    def serves(self, loaded: tuple[str, ...]) -> tuple[bool, ...]:
        """By job: whether it prints without a change of what is loaded."""
        known = self._served.get(loaded)
        if known is None:
            known = tuple(covers(loaded, need) for need in self.materials)
            self._served[loaded] = known
        return known

    @cached_property
    def _served(self) -> dict[tuple[str, ...], tuple[bool, ...]]:
        return {}


def shop_of(problem: Problem) -> Shop:
    """The shop of a problem."""
    named = {
        name
        for job in problem.jobs
        for name in (*job.failed_on, *job.unreachable_from, job.together_on)
    }
    return _shop(
        tuple(_bare_printer(printer, named) for printer in problem.printers),
        tuple(map(_bare_job, problem.jobs)),
        problem.operator,
        problem.weights.change_minutes,
    )


def _bare_printer(printer: Printer, named: set[str]) -> Printer | None:
    """Without what changes; without its name if no job names it."""
    if not works(printer):
        return None
    return replace(
        printer,
        name=printer.name if printer.name in named else "",
        materials=tuple(sorted({*printer.materials, *printer.loaded})),
        loaded=(),
        grams_left=None,
        state="idle",
        busy_minutes=0,
        bed_clear=True,
    )


def _bare_job(job: JobClass) -> JobClass:
    return replace(
        job,
        name="",
        added=0,
        copies=job.copies if job.keep_together else 1,
        priority=0,
        due=None,
        owner="",
    )


@functools.lru_cache(maxsize=4)
def _shop(
    printers: tuple[Printer | None, ...],
    jobs: tuple[JobClass, ...],
    operator: tuple[OperatorPeriod, ...],
    change_minutes: int,
) -> Shop:
    waits = waits_of_week(operator) if operator else None
    attended = [minute for minute, wait in enumerate(waits or ()) if not wait]
    starts = attended[:: max(1, len(attended) // _SAMPLES)]
    problem = Problem(now=0)  # somebody is there
    rows: dict[tuple[object, ...], Kind] = {}
    kind_of: list[int | None] = []
    for printer in printers:
        if printer is None:
            kind_of.append(None)
            continue
        minutes = tuple(
            None if refusal(problem, printer, job) else job.duration(printer.model)
            for job in jobs
        )
        by_hand = not printer.self_clearing
        key = (minutes, by_hand, printer.manual_effort_cost)
        if key not in rows:
            effective = _effective(minutes, starts, waits) if by_hand else minutes
            rows[key] = Kind(
                len(rows), by_hand, printer.manual_effort_cost, minutes, effective
            )
        kind_of.append(rows[key].number)
    return Shop(
        kinds=tuple(rows.values()),
        kind_of=tuple(kind_of),
        materials=tuple(job.materials for job in jobs),
        grams=tuple(job.grams * job.copies for job in jobs),
        spool_grams=tuple(printer and printer.spool_grams for printer in printers),
        waits=waits,
        change_minutes=change_minutes,
    )


def _effective(
    minutes: Sequence[int | None], starts: Sequence[int], waits: Sequence[int] | None
) -> tuple[int | None, ...]:
    """Print, clear, and wait for the person who clears: the mean over `starts`."""
    return tuple(
        None if each is None else each + CLEARING + _mean_wait(each, starts, waits)
        for each in minutes
    )


def _mean_wait(
    duration: int, starts: Sequence[int], waits: Sequence[int] | None
) -> int:
    if not starts or waits is None:
        return 0
    ends = ((start + duration) % WEEK for start in starts)
    return sum(waits[end] for end in ends) // len(starts)
