"""From a problem to its plan: score it, let its strategy choose, explain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .chosen import Chosen
from .explain import Waiting, why_waiting
from .idle import PrinterWhy, why_idle
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
    why_idle: Mapping[str, PrinterWhy]  # printer without a job -> reason
    solver: Solver  # which one it was
    prices: tuple[int, ...] | None = None  # of the jobs, then idle; see Chosen


def plan(problem: Problem, solver: Solver = Solver.PURE) -> Plan:
    """The plan by the problem's strategy; raises ProblemError if there is none."""
    return plan_scored(score(problem), solver)


def plan_scored(scored: Scored, solver: Solver) -> Plan:
    """The plan of a scored problem."""
    problem = scored.problem
    decision = strategy_named(problem.strategy).choose(scored, solver)
    # Prices are told only where they belong to the score that people know.
    prices = decision.prices if decision.tableau is scored.tableau else None
    chosen = Chosen(scored, decision.vector, prices)
    names: list[str | None] = [job.name for job in problem.jobs]
    names.append(None)
    return Plan(
        assignment={
            printer.name: names[column]
            for printer, column in zip(problem.printers, decision.vector, strict=True)
        },
        objective=scored.tableau.objective(decision.vector),
        why_waiting=why_waiting(chosen),
        why_idle=why_idle(chosen),
        solver=decision.solver,
        prices=prices,
    )


def chosen_from(problem: Problem, plan: Plan) -> Chosen:
    """What explanations need, of a plan that came from elsewhere."""
    columns = {job.name: column for column, job in enumerate(problem.jobs)}
    idle = len(columns)
    takes = (plan.assignment[printer.name] for printer in problem.printers)
    vector = tuple(idle if name is None else columns[name] for name in takes)
    return Chosen(score(problem), vector, plan.prices)


def suitable_solver(scored: Scored, pulp_works: Callable[[], bool]) -> Solver:
    """What a problem is best solved with: PuLP only where its strategy solves."""
    if not strategy_named(scored.problem.strategy).solves:
        return Solver.PURE
    return choose_solver(scored.tableau.pairs, pulp_works)
