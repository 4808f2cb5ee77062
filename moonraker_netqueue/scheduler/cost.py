"""The score: what starting a job on a printer costs, in hundredths of a minute."""

from __future__ import annotations

from .errors import ProblemError
from .feasibility import Mask, needs_change, start_minute
from .problem import JobClass, Printer, Problem

Costs = tuple[tuple[int | None, ...], ...]
"""Rows: printers, columns: jobs; None: infeasible."""


def costs(problem: Problem, mask: Mask) -> Costs:
    """The cost of every pair the mask allows."""
    return tuple(
        tuple(
            cost(problem, printer, job) if reason is None else None
            for job, reason in zip(problem.jobs, row, strict=True)
        )
        for printer, row in zip(problem.printers, mask, strict=True)
    )


def cost(problem: Problem, printer: Printer, job: JobClass) -> int:
    """The cost of one feasible pair; raises ProblemError without a file for it."""
    duration = job.duration(printer.model)
    if duration is None:
        raise ProblemError(
            f"job {job.name}: no file for model {printer.model}; mask the pair first"
        )
    weights = problem.weights
    change = needs_change(printer, job)
    finish = start_minute(problem, printer) + duration
    if change:
        finish += weights.change_minutes
    return (
        weights.busy * printer.busy_minutes
        + weights.slow * (duration - job.shortest)
        + weights.printing * duration
        + _manual_work(problem, printer, change=change, finish=finish)
        + weights.late * _late_minutes(problem, job, finish)
        + (weights.spread if job.spread and printer.name in job.made_on else 0)
        - credit(problem, job)
    )


def _manual_work(
    problem: Problem, printer: Printer, *, change: bool, finish: int
) -> int:
    """The change before, the clearing after, and the wait for a person to do it."""
    weights = problem.weights
    work = 0
    if change:
        work += 100 * (weights.change_minutes + printer.manual_effort_cost)
    if not printer.self_clearing:
        work += weights.clear
        work += weights.dead * problem.help_wait(printer, finish)
    return work


def _late_minutes(problem: Problem, job: JobClass, finish: int) -> int:
    if job.due is None:
        return 0
    late = (finish * 60 - job.due) // 60
    return min(problem.weights.late_cap, max(0, late))


def credit(problem: Problem, job: JobClass) -> int:
    """What the job has earned by waiting, by its priority and by its owner."""
    return problem.weights.age * _age(problem, job) + promised(problem, job)


def promised(problem: Problem, job: JobClass) -> int:
    """The part of that which people count on: not what a mere wait is worth."""
    weights, age = problem.weights, _age(problem, job)
    earned = weights.priority * job.priority + problem.credit_of(job.owner)
    if age > weights.max_wait:
        earned += weights.starving + 100 * (age - weights.max_wait)
    return earned


def _age(problem: Problem, job: JobClass) -> int:
    # A host whose clock is ahead must not make its jobs younger than new.
    return max(0, (problem.now - job.added) // 60)
