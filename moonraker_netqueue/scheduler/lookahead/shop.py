"""Printers and jobs as numbers: what stays as it is while the queue is played forward.

Copies, loaded materials and idle times change with every decision; all this does not,
so it is kept between decisions of the same printers and jobs.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..feasibility import covers, is_silent, refusal
from ..hours import WEEK, OperatorPeriod, week_of_waits
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
    silent: bool  # does not tell its materials: no file's own needs bind it
    effort: int  # minutes a change is worth, besides its own
    waits: tuple[int, ...] | None  # for a person, by minute of the week; None: never
    minutes: tuple[int | None, ...]  # of one unit of each job
    effective: tuple[int | None, ...]  # until the next print, on average over starts

    def wait(self, minute: int) -> int:
        """Minutes from a Unix minute until a person is there."""
        return self.waits[minute % WEEK] if self.waits else 0


@dataclass(frozen=True, eq=False)
class Shop:
    """`kind_of[p]`: the kind of printer p; None: it takes no work as things are."""

    kinds: tuple[Kind, ...]
    kind_of: tuple[int | None, ...]
    materials: tuple[tuple[str, ...], ...]  # of each job
    grams: tuple[float, ...]  # of one unit of each job
    spool_grams: tuple[float | None, ...]  # of each printer
    change_minutes: int

    @cached_property
    def size(self) -> tuple[int, ...]:
        """How many printers there are of each kind."""
        return tuple(self.kind_of.count(kind.number) for kind in self.kinds)

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
        tuple(_bare_printer(problem, printer, named) for printer in problem.printers),
        tuple(map(_bare_job, problem.jobs)),
        problem.weights.change_minutes,
    )


def _bare_printer(
    problem: Problem, printer: Printer, named: set[str]
) -> Printer | None:
    """Without what changes; without its name if no job names it."""
    if not works(printer):
        return None
    hours = problem.hours_of(printer)
    return replace(
        printer,
        name=printer.name if printer.name in named else "",
        materials=tuple(sorted({*printer.materials, *printer.loaded})),
        loaded=(),
        grams_left=None,
        state="idle",
        busy_minutes=0,
        bed_clear=True,
        operator=tuple(replace(period, events_used=0) for period in hours),
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
        made_on=(),
        held_on=(),
    )


@functools.lru_cache(maxsize=4)
def _shop(
    printers: tuple[Printer | None, ...],
    jobs: tuple[JobClass, ...],
    change_minutes: int,
) -> Shop:
    known: dict[tuple[object, ...], Kind] = {}
    kind_of: list[int | None] = []
    for printer in printers:
        if printer is None:
            kind_of.append(None)
            continue
        minutes = _minutes(printer, jobs)
        traits = (
            not printer.self_clearing,
            is_silent(printer),
            printer.manual_effort_cost,
            week_of_waits(printer.operator) if printer.operator else None,
        )
        key = (minutes, printer.operator, *traits[:3])
        if key not in known:
            by_hand, hours = traits[0], printer.operator
            effective = _effective(minutes, hours) if by_hand else minutes
            known[key] = Kind(len(known), *traits, minutes, effective)
        kind_of.append(known[key].number)
    return Shop(
        kinds=tuple(known.values()),
        kind_of=tuple(kind_of),
        materials=tuple(job.materials for job in jobs),
        grams=tuple(job.grams_at_once for job in jobs),
        spool_grams=tuple(p.spool_grams if p is not None else None for p in printers),
        change_minutes=change_minutes,
    )


def _minutes(printer: Printer, jobs: tuple[JobClass, ...]) -> tuple[int | None, ...]:
    attended = replace(printer, operator=())
    problem = Problem(now=0)
    return tuple(
        None if refusal(problem, attended, job) else job.duration(printer.model)
        for job in jobs
    )


def _effective(
    minutes: Sequence[int | None], hours: tuple[OperatorPeriod, ...]
) -> tuple[int | None, ...]:
    """Print, clear, and wait for the person who clears: the mean over starts."""
    return tuple(
        None if each is None else each + CLEARING + _mean_wait(each, hours)
        for each in minutes
    )


@functools.lru_cache(maxsize=1024)
def _mean_wait(duration: int, hours: tuple[OperatorPeriod, ...]) -> int:
    """Of a print that starts while somebody is there."""
    starts = _starts(hours)
    if not starts:
        return 0
    waits = week_of_waits(hours)
    return sum(waits[(start + duration) % WEEK] for start in starts) // len(starts)


@functools.lru_cache(maxsize=8)
def _starts(hours: tuple[OperatorPeriod, ...]) -> Sequence[int]:
    if not hours:
        return ()
    waits = week_of_waits(hours)
    attended = [minute for minute, wait in enumerate(waits) if not wait]
    return attended[:: max(1, len(attended) // _SAMPLES)]
