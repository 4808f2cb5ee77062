"""One printer after the other takes the job that is cheapest on it."""

from __future__ import annotations

from ..scored import Scored
from ..solvers.solver import Solver
from ..solvers.tableau import Allowance
from .strategy import Decision, Strategy


def choose(scored: Scored, _solver: Solver) -> Decision:
    """Printers in order of name; of equally cheap jobs the first."""
    model = scored.tableau
    room = list(model.capacity)
    vector: list[int] = []
    allowance = Allowance(model)
    for number, row in enumerate(model.costs):
        left = (
            (cost, column)
            for column, cost in row
            if room[column] and allowance.allows(number, column)
        )
        _, column = min(left)  # idle has room for all
        room[column] -= 1
        allowance.take(number, column)
        vector.append(column)
    return Decision(tuple(vector), model, None, Solver.PURE)


STRATEGY = Strategy(
    name="greedy",
    text="one printer after the other takes the job that is cheapest on it",
    choose=choose,
)
