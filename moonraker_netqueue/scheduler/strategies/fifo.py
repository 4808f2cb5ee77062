"""One job after the other goes to the first printer that may take it."""

from __future__ import annotations

from ..scored import Scored
from ..solvers.solver import Solver
from ..solvers.tableau import Allowance
from .strategy import Decision, Strategy


def choose(scored: Scored, _solver: Solver) -> Decision:
    """Jobs by priority, then in order of age; printers in order of name."""
    problem, model = scored.problem, scored.tableau
    columns = sorted(
        range(len(problem.jobs)), key=lambda column: -problem.jobs[column].priority
    )
    free = dict.fromkeys(range(len(problem.printers)))
    vector = [model.idle] * len(problem.printers)
    allowance = Allowance(model)
    for column in columns:
        able = [row for row in free if scored.mask[row][column] is None]
        room = model.capacity[column]
        for row in able:
            if room and allowance.allows(row, column):
                vector[row] = column
                room -= 1
                del free[row]
                allowance.take(row, column)
    return Decision(tuple(vector), model, None, Solver.PURE)


STRATEGY = Strategy(
    name="fifo",
    text="the oldest job first, on the first printer that may take it",
    choose=choose,
)
