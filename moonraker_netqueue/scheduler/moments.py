"""One problem scored at many moments: what time does not change is kept.

A forecast and a simulated farm ask at each event. The result equals `score` of the
problem as it is then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from .cost import Steady, cost_then, credit_of, steady
from .feasibility import Reason, is_soon_ready, lasting_refusal
from .hours import WEEK, is_limited, week_of_waits
from .problem import JobClass, Printer, Problem
from .scored import Scored

_Names = tuple[str, ...]


class _Pair(NamedTuple):
    refused: Reason | None  # for good, as the printer is set up
    late: bool  # a reason that comes after OPERATOR
    lasting: Steady | None  # None: there is no file


class _Row(NamedTuple):
    """What a printer may take while somebody is there, or while nobody is."""

    reasons: tuple[Reason | None, ...]
    feasible: tuple[tuple[int, Steady], ...]  # with their columns


class Moments:
    """Keeps the lasting part of each pair, by what is loaded on the printer."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._pairs: dict[object, dict[str, _Pair]] = {}
        self._rows: dict[object, _Row] = {}
        self._names: _Names = ()  # of the jobs that `_rows` are about

    def score(self, then: Problem) -> Scored:
        """`score(then)`.

        Printers differ from moment to moment in when they are idle, whether their beds
        are clear and what is loaded, jobs in how many copies wait.
        """
        names = tuple(job.name for job in then.jobs)
        if names != self._names:
            self._names = names
            self._rows.clear()
        earned = [credit_of(then, job) for job in then.jobs]
        reasons: list[tuple[Reason | None, ...]] = []
        costs: list[tuple[int | None, ...]] = []
        never = (None,) * len(names)
        not_ready = (Reason.STATE,) * len(names)
        for printer in then.printers:
            if not is_soon_ready(then, printer):
                reasons.append(not_ready)
                costs.append(never)
                continue
            wait = _waits(then, printer)
            start = then.now // 60 + printer.busy_minutes
            row = self._row(then, printer, attended=wait(start) == 0)
            taken = list(row.reasons)
            costs.append(_costs(then, printer, row, taken, earned, wait))
            reasons.append(tuple(taken))
        return Scored(then, tuple(reasons), tuple(costs))

    def _row(self, then: Problem, printer: Printer, *, attended: bool) -> _Row:
        setup = (
            printer.name,
            printer.loaded,
            printer.materials,
            printer.grams_left,
            printer.bed_clear,
        )
        row = self._rows.get((setup, attended))
        if row is not None:
            return row
        known = self._pairs.setdefault(setup, {})
        reasons: list[Reason | None] = []
        feasible: list[tuple[int, Steady]] = []
        for column, job in enumerate(then.jobs):
            pair = known.get(job.name)
            if pair is None:
                pair = known[job.name] = self._pair(printer, job)
            reason, late, lasting = pair
            changes = lasting is not None and lasting.change
            if changes and not attended and (late or reason is None):
                reason = Reason.OPERATOR
            reasons.append(reason)
            if reason is None and lasting is not None:
                feasible.append((column, lasting))
        row = self._rows[setup, attended] = _Row(tuple(reasons), tuple(feasible))
        return row

    def _pair(self, printer: Printer, job: JobClass) -> _Pair:
        refused, late = lasting_refusal(self._problem, printer, job)
        has_file = job.duration(printer.model) is not None
        lasting = steady(self._problem.weights, printer, job) if has_file else None
        return _Pair(refused, late, lasting)


def _costs(
    then: Problem,
    printer: Printer,
    row: _Row,
    reasons: list[Reason | None],
    earned: list[int],
    wait: Callable[[int], int],
) -> tuple[int | None, ...]:
    """The costs of a row; what copies that are spread forbid goes into `reasons`."""
    weights, jobs = then.weights, then.jobs
    start = then.now // 60 + printer.busy_minutes
    costs: list[int | None] = [None] * len(jobs)
    for column, pair in row.feasible:
        job = jobs[column]
        if job.spread and printer.name in job.held_on:
            reasons[column] = Reason.SPREAD
            continue
        finish = start + pair.minutes
        costs[column] = cost_then(
            weights, printer, job, pair, finish, wait(finish), earned[column]
        )
    return tuple(costs)


def _waits(then: Problem, printer: Printer) -> Callable[[int], int]:
    """Minutes from a Unix minute until somebody can help at a printer."""
    hours = then.hours_of(printer)
    if is_limited(hours):
        return partial(then.help_wait, printer)
    waits = week_of_waits(hours)
    return lambda minute: waits[minute % WEEK]
