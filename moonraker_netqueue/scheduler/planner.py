"""From a problem to its plan: mask, score, solve, canonicalise, explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from .cost import Costs, costs
from .errors import SolverError
from .explain import Waiting, why_idle, why_waiting
from .feasibility import Mask, mask
from .problem import Problem
from .strategies.assignment import solve_pulp
from .strategies.canonical import Optimum, canonical
from .strategies.tableau import Tableau, tableau
from .strategies.transport import solve_pure

PULP_PAIRS = 20_000  # 100 printers x 200 classes: a third of a second on a PC


class Solver(Enum):
    """What computes the optimum; both lead to the same canonical plan."""

    PULP = "pulp"
    PURE = "pure"


@dataclass(frozen=True)
class Scored:
    """A problem with its mask and costs: what a solver starts from."""

    problem: Problem
    mask: Mask
    costs: Costs

    @property
    def tableau(self) -> Tableau:
        """The transportation problem."""
        units = (job.units for job in self.problem.jobs)
        return tableau(self.costs, units, self.problem.weights.idle)


@dataclass(frozen=True)
class Plan:
    """Who prints what next, and why the rest waits. Only `assignment` is shared."""

    assignment: Mapping[str, str | None]  # printer -> job class
    objective: int  # hundredths of a minute
    why_waiting: Mapping[str, Waiting]  # job class with copies left -> reason
    why_idle: Mapping[str, str]  # printer without a job -> reason
    solver: Solver  # which one it was


def score(problem: Problem) -> Scored:
    """Mask and costs of a problem."""
    allowed = mask(problem)
    return Scored(problem, allowed, costs(problem, allowed))


def plan(problem: Problem, solver: Solver = Solver.PURE) -> Plan:
    """The canonical plan of a problem."""
    return plan_scored(score(problem), solver)


def plan_scored(scored: Scored, solver: Solver) -> Plan:
    """The canonical plan; where PuLP fails, the pure solver takes its place."""
    model = scored.tableau
    optimum, used = _optimum(model, solver)
    problem = scored.problem
    names: list[str | None] = [job.name for job in problem.jobs]
    names.append(None)
    return Plan(
        assignment={
            printer.name: names[column]
            for printer, column in zip(problem.printers, optimum.vector, strict=True)
        },
        objective=model.objective(optimum.vector),
        why_waiting=why_waiting(problem, scored.mask, model, optimum),
        why_idle=why_idle(problem, scored.mask, optimum),
        solver=used,
    )


def choose_solver(pairs: int, pulp_works: Callable[[], bool]) -> Solver:
    """PuLP where its solver works and needs under about a second, else pure.

    `pairs` is the number of feasible pairs, `Tableau.pairs`.
    """
    if 0 < pairs <= PULP_PAIRS and pulp_works():
        return Solver.PULP
    return Solver.PURE


def _optimum(model: Tableau, solver: Solver) -> tuple[Optimum, Solver]:
    if solver is Solver.PULP:
        with suppress(ImportError, OSError, SolverError):
            return canonical(model, solve_pulp(model)), Solver.PULP
        # No solver for this processor, no time, no room for temporary files.
    return canonical(model, solve_pure(model)), Solver.PURE
