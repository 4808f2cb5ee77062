"""What the rest of the queue is best off with: prices, and the queue played forward."""

from __future__ import annotations

from ..lookahead.candidates import best_candidate
from ..scored import Scored
from ..solvers.solver import Solver
from .strategy import Decision, Strategy


def choose(scored: Scored, _solver: Solver) -> Decision:
    """Integers and counted work: the same on every host, without a solver's binary."""
    best = best_candidate(scored)
    return Decision(best.vector, best.tableau, best.prices, Solver.PURE)


STRATEGY = Strategy(
    name="lookahead",
    text="plays the queue forward to weigh scarce printers, nights and changes",
    choose=choose,
)
