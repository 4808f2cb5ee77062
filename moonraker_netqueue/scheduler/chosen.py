"""A plan as explanations need it: what was chosen, from which costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from .problem import Problem
from .scored import Scored
from .solvers.tableau import Vector


@dataclass(frozen=True)
class Chosen:
    """The column that each row (printer) takes, the last one for idle.

    `prices` of the columns belong to the costs of `scored`; None: nobody knows them.
    """

    scored: Scored
    vector: Vector
    prices: tuple[int, ...] | None

    @property
    def problem(self) -> Problem:
        return self.scored.problem

    @property
    def idle(self) -> int:
        """The column of a printer without work."""
        return len(self.problem.jobs)

    def left(self, column: int) -> int:
        """How many more printers could take one of a job."""
        return self.problem.jobs[column].units - self._taken[column]

    def is_idle(self, row: int) -> bool:
        """Whether a printer does nothing and is given nothing."""
        nothing = self.vector[row] == self.idle
        return nothing and not self.problem.printers[row].busy_minutes

    def is_limited(self, row: int, column: int) -> bool:
        """Whether a limit of what an operator does by hand counts a pair."""
        model = self.scored.tableau
        limited = any(row in limit.rows for limit in model.limits)
        return limited and column in model.manual[row]

    def loss(self, row: int, column: int) -> int:
        """How much worse the plan gets at least if `row` takes one of `column`.

        Hundredths of a minute. Without prices: how much dearer it is for the row alone.
        """
        costs = self.scored.tableau.by_column[row]
        here = self.vector[row]
        dearer = costs[column] - costs[here]
        if self.prices is None:
            return dearer
        return dearer + self.prices[here] - self.prices[column]

    @cached_property
    def _taken(self) -> Counter[int]:
        return Counter(self.vector)
