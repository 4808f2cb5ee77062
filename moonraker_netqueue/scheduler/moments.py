"""One problem scored at many moments: what time does not change is kept.

A forecast asks at each event. The result equals `score` of the problem as it is then.
"""

from __future__ import annotations

from typing import NamedTuple

from .cost import Steady, cost_then, credit_of, steady
from .feasibility import Reason, lasting_refusal
from .hours import minute_of_week, week_of_waits
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
    feasible: tuple[tuple[int, JobClass, Steady], ...]  # with their columns


class Moments:
    """Keeps the lasting part of each pair, by what is loaded on the printer."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._waits = week_of_waits(problem.operator)
        self._pairs: dict[object, dict[str, _Pair]] = {}
        self._rows: dict[object, _Row] = {}
        self._names: _Names = ()  # of the jobs that `_rows` are about

    def score(self, then: Problem) -> Scored:
        """`score(then)`, for printers that are ready or soon will be.

        The jobs are those of the problem that are not printed yet.
        """
        names = tuple(job.name for job in then.jobs)
        if names != self._names:
            self._names = names
            self._rows.clear()
        earned = [credit_of(then, job) for job in then.jobs]
        reasons: list[tuple[Reason | None, ...]] = []
        costs: list[tuple[int | None, ...]] = []
        for printer in then.printers:
            start = then.now // 60 + printer.busy_minutes
            row = self._row(then, printer, attended=self._wait(start) == 0)
            reasons.append(row.reasons)
            costs.append(self._costs(then, printer, start, row, earned))
        return Scored(then, tuple(reasons), tuple(costs))

    def _costs(
        self,
        then: Problem,
        printer: Printer,
        start: int,
        row: _Row,
        earned: list[int],
    ) -> tuple[int | None, ...]:
        weights, waits = then.weights, self._waits
        costs: list[int | None] = [None] * len(earned)
        for column, job, pair in row.feasible:
            finish = start + pair.minutes
            wait = waits[minute_of_week(finish)]
            credit = earned[column]
            costs[column] = cost_then(weights, printer, job, pair, finish, wait, credit)
        return tuple(costs)

    def _row(self, then: Problem, printer: Printer, *, attended: bool) -> _Row:
        setup = printer.name, printer.loaded, printer.materials, printer.grams_left
        row = self._rows.get((setup, attended))
        if row is not None:
            return row
        known = self._pairs.setdefault(setup, {})
        reasons: list[Reason | None] = []
        feasible: list[tuple[int, JobClass, Steady]] = []
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
                feasible.append((column, job, lasting))
        row = self._rows[setup, attended] = _Row(tuple(reasons), tuple(feasible))
        return row

    def _pair(self, printer: Printer, job: JobClass) -> _Pair:
        refused, late = lasting_refusal(self._problem, printer, job)
        has_file = job.duration(printer.model) is not None
        lasting = steady(self._problem.weights, printer, job) if has_file else None
        return _Pair(refused, late, lasting)

    def _wait(self, minute: int) -> int:
        return self._waits[minute_of_week(minute)]
