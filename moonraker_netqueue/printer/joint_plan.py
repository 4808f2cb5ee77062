"""One plan of several groups of queues: each takes what those before it left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..ports import Worker
from ..scheduler.idle import NO_JOB, PrinterWhy
from ..scheduler.phrases import chained
from ..scheduler.planner import Plan
from ..scheduler.problem import Problem
from ..scheduler.solvers.solver import Solver
from .board import Board, Group, bar_repeaters
from .plan_solver import PlanSolver


@dataclass(frozen=True)
class Part:
    """One group's problem, as it was solved, and its plan."""

    problem: Problem
    plan: Plan


@dataclass(frozen=True)
class JointPlan:
    """The plan of all groups, and of each in the order in which they chose."""

    plan: Plan
    parts: tuple[Part, ...]


async def plan_jointly(board: Board, solver: PlanSolver, worker: Worker) -> JointPlan:
    """The plan of a board; raises SchedulerError."""
    parts: list[Part] = []
    taken: dict[str, str] = {}
    for group in board.groups:
        problem = _without(group.problem, taken)
        if board.failures:
            problem = await worker.run(bar_repeaters, problem, board.failures)
        plan = await solver.solve(problem)
        parts.append(Part(problem, plan))
        taken |= {p: job for p, job in plan.assignment.items() if job is not None}
    plans = [part.plan for part in parts]
    whole = plans[0] if len(plans) == 1 else _joined(board.groups, plans)
    return JointPlan(whole, tuple(parts))


def _without(problem: Problem, taken: Mapping[str, str]) -> Problem:
    """The problem once printers have been given to jobs of other groups."""
    printers = tuple(
        replace(printer, taken_by=taken[printer.name])
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
) -> PrinterWhy:
    """What the groups say whose queues the printer serves."""
    told = [
        plan.why_idle[name]
        for group, plan in zip(groups, plans, strict=True)
        if set(queues) & set(group.queues)
    ]
    # Who knows what would give it work speaks; who has no job, only if all have none.
    said = [why for why in told if why.code != NO_JOB] or told[:1]
    said = [why for why in said if why.jobs] or said
    return PrinterWhy(
        code=said[0].code,
        text=chained("semicolon", dict.fromkeys(why.text for why in said)),
        remedy=next((why.remedy for why in said if why.remedy), ""),
        jobs=tuple(job for why in said for job in why.jobs),
    )


def _objective(groups: Sequence[Group], plans: Sequence[Plan], idle: int) -> int:
    """The sum, each printer that is left idle counted once."""
    whole = 0
    for group, plan in zip(groups, plans, strict=True):
        unused = sum(job is None for job in plan.assignment.values())
        whole += plan.objective - unused * group.problem.weights.idle
    return whole + idle * groups[0].problem.weights.idle
