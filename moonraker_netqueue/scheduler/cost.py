"""The score: what starting a job on a printer costs, in hundredths of a minute."""

from __future__ import annotations

from typing import NamedTuple

from .errors import ProblemError
from .feasibility import Mask, needs_change, start_minute
from .problem import JobClass, Printer, Problem, Weights

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
    pair = steady(problem.weights, printer, job)
    finish = start_minute(problem, printer) + pair.minutes
    blocks = not printer.self_clearing  # until somebody clears it
    wait = problem.help_wait(printer, finish) if blocks else 0
    credit = credit_of(problem, job)
    return cost_then(problem.weights, printer, job, pair, finish, wait, credit)


class Steady(NamedTuple):
    """What a pair takes and costs whenever it starts."""

    minutes: int  # from the start to the end of the print
    cost: int
    change: bool


def steady(weights: Weights, printer: Printer, job: JobClass) -> Steady:
    """What does not depend on when; raises ProblemError without a file for it."""
    duration = job.duration(printer.model)
    if duration is None:
        raise ProblemError(
            f"job {job.name}: no file for model {printer.model}; mask the pair first"
        )
    change = needs_change(printer, job)
    fixed = weights.slow * (duration - job.shortest) + weights.printing * duration
    if change:
        fixed += 100 * (weights.change_minutes + printer.manual_effort_cost)
    if not printer.self_clearing:
        fixed += weights.clear
    return Steady(duration + weights.change_minutes * change, fixed, change)


def cost_then(
    weights: Weights,
    printer: Printer,
    job: JobClass,
    pair: Steady,
    finish: int,
    wait: int,
    credit: int,
) -> int:
    """The cost of a pair whose print ends at Unix minute `finish`.

    `wait`: minutes from then until somebody can help. `credit`: `credit_of` the job.
    """
    total = pair.cost + weights.busy * printer.busy_minutes - credit
    if not printer.self_clearing:
        total += weights.dead * wait
    if job.due is not None:
        late = min(weights.late_cap, max(0, (finish * 60 - job.due) // 60))
        total += weights.late * late
    if job.spread and printer.name in job.made_on:
        total += weights.spread
    return total


def credit_of(problem: Problem, job: JobClass) -> int:
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
