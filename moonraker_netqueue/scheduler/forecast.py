"""The known queue played forward: which printer prints what, from when until when.

At each moment at which a printer is ready again or a person comes, the problem's
strategy decides as it would then; what it gives to idle printers starts. Everything
goes to plan: nothing fails, nothing is added, whoever is there clears beds at once. Of
the manual events of a period, a clearing takes one as soon as its print starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .feasibility import PLANNED_STATES, needs_change
from .hours import WEEK, Diary
from .moments import Moments
from .problem import CLEARING, JobClass, Printer, Problem
from .readiness import works
from .scored import Scored
from .solvers.solver import Solver
from .solvers.tableau import Vector
from .strategies import strategy_named

PRINTS_MAX = 1_000
_PATIENCE = 2 * WEEK  # minutes without a start after which there will be none


@dataclass(frozen=True)
class PlannedPrint:
    """Copies that a printer makes in one go; Unix minutes.

    `copies` is 1, or all that are kept together. `change`: a person loads another
    material or spool first, within the time from `start` on. From `ready` on the
    printer can start the next.
    """

    printer: str
    job: str
    copies: int
    start: int
    end: int
    ready: int
    change: bool


@dataclass(frozen=True)
class Forecast:
    """Planned prints in order of start, and the copies without one by job.

    `complete`: as things are, `left` will never print; else the forecast just ends.
    """

    prints: tuple[PlannedPrint, ...]
    left: tuple[tuple[str, int], ...]
    complete: bool


def forecast(
    problem: Problem,
    *,
    until: int | None = None,
    prints_max: int = PRINTS_MAX,
    first: Mapping[str, str | None] | None = None,
) -> Forecast:
    """Play `problem` forward up to Unix minute `until`, or while anything starts.

    `first`: what printers take now, where a plan has said so: printer -> job. Raises
    ProblemError for an unknown strategy.
    """
    strategy = strategy_named(problem.strategy)
    choose = strategy.choose
    farm = _Farm(problem)
    moments = Moments(problem)
    prints: list[PlannedPrint] = []
    minute: int | None = problem.now // 60
    while minute is not None and len(prints) < prints_max:
        if until is not None and minute > until:
            break
        scored = moments.score(farm.problem_at(minute))
        if first is None:
            vector = choose(scored, Solver.PURE).vector
        else:
            vector = _as_planned(scored.problem, first)
        prints += farm.start(minute, scored, vector)
        first = None
        minute = farm.next_moment(minute)
        choose = strategy.choose_later or strategy.choose
    return Forecast(tuple(prints), farm.left(), minute is None)


def _as_planned(problem: Problem, first: Mapping[str, str | None]) -> Vector:
    """A plan's assignment as columns."""
    columns = {job.name: column for column, job in enumerate(problem.jobs)}
    idle = len(columns)
    takes = (first.get(printer.name) for printer in problem.printers)
    return tuple(idle if job is None else columns.get(job, idle) for job in takes)


class _Farm:
    """Printers and waiting copies as they will be."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._jobs = {job.name: job for job in problem.jobs}
        self._diaries: dict[str, Diary] = {}  # by printer with hours of its own, or ""
        self._printers = {p.name: p for p in problem.printers if works(p)}
        self._ready = {
            printer.name: self._first_ready(printer)
            for printer in self._printers.values()
        }

    def problem_at(self, minute: int) -> Problem:
        """The problem as it is at `minute`: printers that are ready, or soon."""
        horizon = minute + self._problem.weights.horizon
        return replace(
            self._problem,
            now=minute * 60 + self._problem.now % 60,
            operator=self._diary(None).periods_at(minute),
            printers=tuple(
                self._printer_at(minute, name)
                for name, ready in self._ready.items()
                if ready <= horizon
            ),
            jobs=tuple(
                self._job_at(minute, job) for job in self._jobs.values() if job.copies
            ),
        )

    def start(
        self, minute: int, scored: Scored, vector: Vector
    ) -> Iterator[PlannedPrint]:
        """Start what a decision gives to the printers that are ready."""
        problem = scored.problem
        chosen = [
            (printer, problem.jobs[column])
            for printer, column in zip(problem.printers, vector, strict=True)
            if column < len(problem.jobs) and not printer.busy_minutes
        ]
        for printer, job in chosen:
            if needs_change(printer, job):
                self._diary(printer).book(minute)
        for printer, job in chosen:
            yield self._start(minute, printer, job)

    def next_moment(self, minute: int) -> int | None:
        """When something may start again; None: never."""
        jobs = any(job.copies for job in self._jobs.values())
        later = [ready for ready in self._ready.values() if ready > minute]
        idle = (name for name, ready in self._ready.items() if ready <= minute)
        waits = (self._diary(self._printers[name]).wait(minute) for name in idle)
        comings = (minute + wait for wait in waits if wait)  # of somebody to it
        # Who has come to all printers in vain will do so for ever.
        end = max(self._ready.values(), default=minute) + _PATIENCE
        later += [coming for coming in comings if coming <= end]
        return min(later) if jobs and later else None

    def left(self) -> tuple[tuple[str, int], ...]:
        """Copies that have not been started, by job."""
        waiting = (job for job in self._jobs.values() if job.copies)
        return tuple((job.name, job.copies) for job in waiting)

    def _printer_at(self, minute: int, name: str) -> Printer:
        busy = max(0, self._ready[name] - minute)
        state = PLANNED_STATES[1 if busy else 0]
        printer = self._printers[name]
        own = self._diary(printer).periods_at(minute) if printer.operator else ()
        return replace(
            printer, state=state, busy_minutes=busy, bed_clear=True, operator=own
        )

    def _job_at(self, minute: int, job: JobClass) -> JobClass:
        if not job.held_on:
            return job
        ready = self._ready
        held = tuple(p for p in job.held_on if p not in ready or ready[p] > minute)
        return replace(job, held_on=held)

    def _start(self, minute: int, printer: Printer, job: JobClass) -> PlannedPrint:
        change = needs_change(printer, job)
        end = minute + (job.duration(printer.model) or 0)
        if change:
            end += self._problem.weights.change_minutes
        ready = self._cleared(printer, end)
        copies = job.copies if job.keep_together else 1
        self._ready[printer.name] = ready
        self._printers[printer.name] = _after(printer, job, copies, change=change)
        self._jobs[job.name] = _less(self._jobs[job.name], copies, printer.name)
        return PlannedPrint(printer.name, job.name, copies, minute, end, ready, change)

    def _first_ready(self, printer: Printer) -> int:
        now = self._problem.now // 60
        if printer.busy_minutes:
            return self._cleared(printer, now + printer.busy_minutes)
        return now if printer.bed_clear else self._with_help(printer, now)

    def _cleared(self, printer: Printer, end: int) -> int:
        return end if printer.self_clearing else self._with_help(printer, end)

    def _with_help(self, printer: Printer, end: int) -> int:
        """When somebody has cleared the bed."""
        diary = self._diary(printer)
        minute = end + diary.wait(end)
        diary.book(minute)
        return minute + CLEARING

    def _diary(self, printer: Printer | None) -> Diary:
        """The manual events of whoever looks after a printer; None: the problem's."""
        own = printer is not None and printer.operator
        key = printer.name if printer is not None and own else ""
        if key not in self._diaries:
            hours = own or self._problem.operator
            self._diaries[key] = Diary(hours, self._problem.now // 60)
        return self._diaries[key]


def _less(job: JobClass, copies: int, printer: str) -> JobClass:
    """The job once so many copies of it have started on a printer."""
    left = job.copies - copies
    if not job.spread:
        return replace(job, copies=left)
    made = tuple(sorted({*job.made_on, printer}))
    held = tuple(sorted({*job.held_on, printer}))
    return replace(job, copies=left, made_on=made, held_on=held)


def _after(printer: Printer, job: JobClass, copies: int, *, change: bool) -> Printer:
    """The printer once it has printed: what is loaded then, and how much of it."""
    grams = job.grams * copies
    if not change:
        left = None if printer.grams_left is None else printer.grams_left - grams
        return replace(printer, grams_left=left)
    spool = printer.spool_grams
    return replace(
        printer,
        loaded=job.materials or printer.loaded,
        # What was loaded stays at hand.
        materials=tuple(dict.fromkeys((*printer.materials, *printer.loaded))),
        grams_left=None if spool is None else spool - grams,
    )
