"""Which solver computes an optimum; both lead to the same canonical one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from ..errors import SolverError
from .canonical import Optimum, canonical
from .limited import limited
from .linear_programme import solve_pulp
from .tableau import Tableau, Vector
from .transport import solve_pure

PULP_PAIRS = 20_000  # 100 printers x 200 classes: a third of a second on a PC


class Solver(Enum):
    """What computes the optimum."""

    PULP = "pulp"
    PURE = "pure"


def choose_solver(pairs: int, pulp_works: Callable[[], bool]) -> Solver:
    """PuLP where its solver works and needs under about a second, else pure.

    `pairs` is the number of feasible pairs, `Tableau.pairs`.
    """
    if 0 < pairs <= PULP_PAIRS and pulp_works():
        return Solver.PULP
    return Solver.PURE


def solve(model: Tableau, solver: Solver) -> tuple[Optimum, Solver]:
    """The canonical optimum, and which solver it was.

    Where PuLP fails, the pure solver takes its place.
    """
    if solver is Solver.PULP:
        with suppress(ImportError, OSError, SolverError):
            return _from_plan(model, solve_pulp(model)), Solver.PULP
        # No solver for this processor, no time, no room for temporary files.
    if model.limits:
        return limited(model).optimum, Solver.PURE
    return canonical(model, solve_pure(model)), Solver.PURE


def _from_plan(model: Tableau, vector: Vector) -> Optimum:
    """The canonical optimum; raises SolverError if it is better than `vector`."""
    if not model.limits:
        return canonical(model, vector)
    found = limited(model)
    if found.proven and model.objective(vector) > model.objective(found.optimum.vector):
        raise SolverError("a plan is not the optimum; use the pure solver")
    return found.optimum
