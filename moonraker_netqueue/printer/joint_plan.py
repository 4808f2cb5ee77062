"""One plan of several groups of queues: each takes what those before it left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..ports import Worker
from ..scheduler.planner import Plan
from ..scheduler.problem import Problem
from ..scheduler.solvers.solver import Solver
from .board import Board, Group, bar_repeaters
from .plan_solver import PlanSolver

_NO_JOB = "no job waits"


async def plan_jointly(board: Board, solver: PlanSolver, worker: Worker) -> Plan:
    """The plan of a board; raises SchedulerError."""
    plans: list[Plan] = []
    taken: dict[str, str] = {}
    for group in board.groups:
        problem = _without(group.problem, taken)
        if board.failures:
            problem = await worker.run(bar_repeaters, problem, board.failures)
        plan = await solver.solve(problem)
        plans.append(plan)
        taken |= {p: job for p, job in plan.assignment.items() if job is not None}
    return plans[0] if len(plans) == 1 else _joined(board.groups, plans)


def _without(problem: Problem, taken: Mapping[str, str]) -> Problem:
    """The problem once printers have been given to jobs of other groups."""
    printers = tuple(
        replace(printer, state=f"takes {taken[printer.name]} first")
        if printer.name in taken
        else printer
        for printer in problem.printers
    )
    return replace(problem, printers=printers)


def _joined(groups: Sequence[Group], plans: Sequence[Plan]) -> Plan:
    printers = groups[0].problem.printers
    assignment = {
        printer.name: next(
            (job for plan in plans if (job := plan.assignment[printer.name])), None
        )
        for printer in printers
    }
    idle = {
        printer.name: _why_idle(printer.name, printer.queues, groups, plans)
        for printer in printers
        if assignment[printer.name] is None
    }
    pulp = any(plan.solver is Solver.PULP for plan in plans)
    return Plan(
        assignment=assignment,
        objective=_objective(groups, plans, len(idle)),
        why_waiting={k: v for plan in plans for k, v in plan.why_waiting.items()},
        why_idle=idle,
        solver=Solver.PULP if pulp else Solver.PURE,
    )


def _why_idle(
    name: str, queues: Sequence[str], groups: Sequence[Group], plans: Sequence[Plan]
) -> str:
    """What the groups say whose queues the printer serves."""
    told = dict.fromkeys(
        plan.why_idle[name]
        for group, plan in zip(groups, plans, strict=True)
        if set(queues) & set(group.queues)
    )
    if len(told) > 1:
        told.pop(_NO_JOB, None)
    return "; ".join(told)


def _objective(groups: Sequence[Group], plans: Sequence[Plan], idle: int) -> int:
    """The sum, each printer that is left idle counted once."""
    whole = 0
    for group, plan in zip(groups, plans, strict=True):
        unused = sum(job is None for job in plan.assignment.values())
        whole += plan.objective - unused * group.problem.weights.idle
    return whole + idle * groups[0].problem.weights.idle
