"""What the rest of the queue is best off with: prices, and the queue played forward."""

from __future__ import annotations

from ..lookahead.candidates import best_candidate, priced_candidate
from ..scored import Scored
from ..solvers.solver import Solver
from . import assignment
from .strategy import Decision, Strategy

_PRICED_JOBS = 40  # waiting: a forecast of 10 printers then takes 0.15 s on a PC


def choose(scored: Scored, _solver: Solver) -> Decision:
    """Integers and counted work: the same on every host, without a solver's binary."""
    best = best_candidate(scored)
    return Decision(best.vector, best.tableau, best.prices, Solver.PURE)


def choose_later(scored: Scored, solver: Solver) -> Decision:
    """By prices alone: a forecast has hundreds of decisions to make.

    Of long queues even those take too long; the assignment stands in.
    """
    if len(scored.problem.jobs) > _PRICED_JOBS:
        return assignment.choose(scored, solver)
    best = priced_candidate(scored)
    return Decision(best.vector, best.tableau, best.prices, Solver.PURE)


STRATEGY = Strategy(
    name="lookahead",
    text="plays the queue forward to weigh scarce printers, nights and changes",
    choose=choose,
    choose_later=choose_later,
)
