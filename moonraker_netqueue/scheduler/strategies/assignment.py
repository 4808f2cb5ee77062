"""The cheapest way to give every printer something: one linear programme."""

from __future__ import annotations

from ..scored import Scored
from ..solvers.solver import Solver, solve
from .strategy import Decision, Strategy


def choose(scored: Scored, solver: Solver) -> Decision:
    """The canonical optimum of the score."""
    model = scored.tableau
    optimum, used = solve(model, solver)
    return Decision(optimum.vector, model, optimum.prices, used)


STRATEGY = Strategy(
    name="assignment",
    text="the cheapest way to give every printer something, by linear programming",
    choose=choose,
    solves=True,
)
