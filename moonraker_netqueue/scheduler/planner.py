"""From a problem to its plan: score it, let its strategy choose, explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .explain import Waiting, why_idle, why_waiting
from .problem import Problem
from .scored import Scored, score
from .solvers.solver import Solver, choose_solver
from .strategies import strategy_named


@dataclass(frozen=True)
class Plan:
    """Who prints what next, and why the rest waits. Only `assignment` is shared."""

    assignment: Mapping[str, str | None]  # printer -> job class
    objective: int  # hundredths of a minute: the score of all, whatever the strategy
    why_waiting: Mapping[str, Waiting]  # job class with copies left -> reason
    why_idle: Mapping[str, str]  # printer without a job -> reason
    solver: Solver  # which one it was


def plan(problem: Problem, solver: Solver = Solver.PURE) -> Plan:
    """The plan by the problem's strategy; raises ProblemError if there is none."""
    return plan_scored(score(problem), solver)


def plan_scored(scored: Scored, solver: Solver) -> Plan:
    """The plan of a scored problem."""
    problem = scored.problem
    decision = strategy_named(problem.strategy).choose(scored, solver)
    names: list[str | None] = [job.name for job in problem.jobs]
    names.append(None)
    return Plan(
        assignment={
            printer.name: names[column]
            for printer, column in zip(problem.printers, decision.vector, strict=True)
        },
        objective=scored.tableau.objective(decision.vector),
        why_waiting=why_waiting(scored, decision),
        why_idle=why_idle(scored, decision),
        solver=decision.solver,
    )


def suitable_solver(scored: Scored, pulp_works: Callable[[], bool]) -> Solver:
    """What a problem is best solved with: PuLP only where its strategy solves."""
    if not strategy_named(scored.problem.strategy).solves:
        return Solver.PURE
    return choose_solver(scored.tableau.pairs, pulp_works)
