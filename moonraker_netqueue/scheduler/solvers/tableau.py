"""The transportation problem that the solvers of one-shot planning share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from ..cost import Costs
from ..errors import SolverError

Vector = tuple[int, ...]
"""The column of every row."""


@dataclass(frozen=True)
class Limit:
    """At most `most` of `rows` may take one of their manual columns."""

    rows: tuple[int, ...]
    most: int


@dataclass(frozen=True)
class Tableau:
    """Each row (printer) takes one column (job class); the last column is idle.

    `costs[row]` are (column, cost) of the feasible columns, in order of column;
    a column takes at most `capacity[column]` rows. `manual[row]` are the columns for
    which somebody must do something first: there are `limits` to that.
    """

    costs: tuple[tuple[tuple[int, int], ...], ...]
    capacity: tuple[int, ...]
    manual: tuple[frozenset[int], ...] = ()  # needed for limits only
    limits: tuple[Limit, ...] = ()

    @property
    def idle(self) -> int:
        """The column of a row without work; it has room for all."""
        return len(self.capacity) - 1

    @cached_property
    def by_column(self) -> tuple[dict[int, int], ...]:
        """`costs` for look-up: row, then column."""
        return tuple(dict(row) for row in self.costs)

    @property
    def pairs(self) -> int:
        """How many feasible pairs there are, idle apart."""
        return sum(len(row) for row in self.costs) - len(self.costs)

    def objective(self, vector: Vector) -> int:
        """The cost of a plan; raises SolverError if it breaks a rule."""
        load = [0] * len(self.capacity)
        total = 0
        for row, column in zip(self.by_column, vector, strict=True):
            cost = row.get(column)
            if cost is None:
                raise SolverError("a plan uses an infeasible pair; report this")
            load[column] += 1
            total += cost
        if any(used > room for used, room in zip(load, self.capacity, strict=True)):
            raise SolverError("a plan starts more copies than wait; report this")
        if not self.keeps_limits(vector):
            raise SolverError("a plan asks too much of the operator; report this")
        return total

    def keeps_limits(self, vector: Vector) -> bool:
        """Whether a plan keeps to all limits."""
        return all(
            sum(vector[row] in self.manual[row] for row in limit.rows) <= limit.most
            for limit in self.limits
        )

    @property
    def relaxed(self) -> Tableau:
        """The same without limits: the transportation problem proper."""
        return replace(self, limits=()) if self.limits else self


class Allowance:
    """What the limits of a tableau still allow to rows that choose one by one."""

    def __init__(self, model: Tableau) -> None:
        """All of it."""
        self._manual = model.manual
        self._left = [limit.most for limit in model.limits]
        self._of: dict[int, list[int]] = {}
        for number, limit in enumerate(model.limits):
            for row in limit.rows:
                self._of.setdefault(row, []).append(number)

    def allows(self, row: int, column: int) -> bool:
        """Whether a row may take a column."""
        return all(self._left[number] for number in self._limits(row, column))

    def take(self, row: int, column: int) -> None:
        """A row takes a column."""
        for number in self._limits(row, column):
            self._left[number] -= 1

    def _limits(self, row: int, column: int) -> list[int]:
        numbers = self._of.get(row)
        return numbers if numbers and column in self._manual[row] else []


def tableau(costs: Costs, units: Iterable[int], idle_cost: int) -> Tableau:
    """Add the idle column to a cost matrix."""
    rows = tuple(
        tuple((column, cost) for column, cost in enumerate(row) if cost is not None)
        for row in costs
    )
    capacity = (*units, len(rows))
    idle = (len(capacity) - 1, idle_cost)
    return Tableau(tuple((*row, idle) for row in rows), capacity)
