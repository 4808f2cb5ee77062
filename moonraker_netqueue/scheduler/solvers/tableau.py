"""The transportation problem that the solvers of one-shot planning share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ..cost import Costs
from ..errors import SolverError

Vector = tuple[int, ...]
"""The column of every row."""


@dataclass(frozen=True)
class Tableau:
    """Each row (printer) takes one column (job class); the last column is idle.

    `costs[row]` are (column, cost) of the feasible columns, in order of column;
    a column takes at most `capacity[column]` rows.
    """

    costs: tuple[tuple[tuple[int, int], ...], ...]
    capacity: tuple[int, ...]

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
        return total


def tableau(costs: Costs, units: Iterable[int], idle_cost: int) -> Tableau:
    """Add the idle column to a cost matrix."""
    rows = tuple(
        tuple((column, cost) for column, cost in enumerate(row) if cost is not None)
        for row in costs
    )
    capacity = (*units, len(rows))
    idle = (len(capacity) - 1, idle_cost)
    return Tableau(tuple((*row, idle) for row in rows), capacity)
