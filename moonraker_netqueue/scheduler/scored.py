"""A problem with its mask and its costs: what every strategy starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from .cost import Costs, costs
from .feasibility import Mask, mask, needs_change, start_minute
from .problem import Problem
from .solvers.tableau import Limit, Tableau, tableau


@dataclass(frozen=True)
class Scored:
    """Rows are the problem's printers, columns its jobs."""

    problem: Problem
    mask: Mask
    costs: Costs

    @cached_property
    def tableau(self) -> Tableau:
        """The transportation problem."""
        units = (job.units for job in self.problem.jobs)
        model = tableau(self.costs, units, self.problem.weights.idle)
        limits = _limits(self.problem)
        if not limits:
            return model
        manual = tuple(
            frozenset(column for column in row if self._needs_change(number, column))
            for number, row in enumerate(model.by_column)
        )
        return replace(model, manual=manual, limits=limits)

    def _needs_change(self, row: int, column: int) -> bool:
        jobs = self.problem.jobs
        if column == len(jobs):
            return False
        return needs_change(self.problem.printers[row], jobs[column])


def score(problem: Problem) -> Scored:
    """Mask and costs of a problem."""
    allowed = mask(problem)
    return Scored(problem, allowed, costs(problem, allowed))


def _limits(problem: Problem) -> tuple[Limit, ...]:
    """What is left of the manual events of each operator period, for its printers.

    A printer takes one job, so one with hours of its own has no limit but the mask's.
    """
    rows: dict[tuple[int, int], list[int]] = {}
    for number, period in enumerate(problem.operator):
        if period.max_manual_events is None:
            continue
        for row, printer in enumerate(problem.printers):
            opening = period.opening(start_minute(problem, printer))
            if opening is not None and not printer.operator:
                rows.setdefault((number, opening), []).append(row)
    left = {
        (number, opening): problem.operator[number].events_left(
            opening, problem.now // 60
        )
        for number, opening in rows
    }
    return tuple(
        Limit(tuple(found), left[key])
        for key, found in rows.items()
        if len(found) > left[key]
    )
