"""The plan of a whole batch, and how a person and a program read it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import SolverError
from ..feasibility import refusal
from ..problem import JobClass, Problem
from ..table import aligned
from .batch import Batch, batch_of
from .programme import shortest_by_pulp
from .search import STEPS, BatchPlan, canonical_plan, shortest

NOT_PROVEN = "not proven to be the least"


def plan_batch(
    problem: Problem, pulp_works: Callable[[], bool], steps: int = STEPS
) -> tuple[Batch, BatchPlan]:
    """The canonical plan of least makespan.

    PuLP takes over where the search gives up, and where it proves nothing either the
    best plan found is shown as not proven. Of a batch whose optima are too many to
    look through, any optimum is shown.
    """
    batch = batch_of(problem)
    plan = shortest(batch, steps)
    if not plan.proven and pulp_works():
        with suppress(ImportError, OSError, SolverError):
            plan = shortest_by_pulp(batch)
    if plan.proven:
        counts = canonical_plan(batch, plan.makespan, steps)
        plan = replace(plan, counts=counts or plan.counts)
    return batch, plan


def as_batch_document(problem: Problem, plan: BatchPlan) -> dict[str, Any]:
    """Copies by job and printer; a job that fits no printer has none."""
    return {
        "kind": "makespan",
        "makespan_minutes": plan.makespan,
        "plan": {
            job.name: {
                printer.name: units * job.copies // job.units
                for printer, units in zip(problem.printers, row, strict=True)
                if units
            }
            for job, row in zip(problem.jobs, plan.counts, strict=True)
        },
    }


def as_batch_text(problem: Problem, batch: Batch, plan: BatchPlan) -> str:
    """A matrix of copies by printer and job, and when each printer is done."""
    made = as_batch_document(problem, plan)["plan"]
    rows = [["", *made, "changes", "done after"]]
    for number, printer in enumerate(problem.printers):
        counts = [row[number] for row in plan.counts]
        families = frozenset(f for f, n in zip(batch.family, counts, strict=True) if n)
        copies = (
            str(by_printer.get(printer.name, "-")) for by_printer in made.values()
        )
        changes = str(batch.changes(number, families))
        done = f"{batch.load(number, counts)} min"
        rows.append([printer.name, *copies, changes, done])
    lines = [*aligned(rows), ""]
    lines += [
        f"{job.name} fits no printer: {_refusals(problem, job)}"
        for job, able in zip(problem.jobs, batch.eligible, strict=True)
        if not able
    ]
    known = "the least possible" if plan.proven else NOT_PROVEN
    lines.append(f"all done after {plan.makespan} min, {known}")
    return "\n".join(lines)


def _refusals(problem: Problem, job: JobClass) -> str:
    reasons = (refusal(problem, printer, job) for printer in problem.printers)
    texts = dict.fromkeys(reason.text for reason in reasons if reason is not None)
    return "; ".join(texts) or "there is none"
