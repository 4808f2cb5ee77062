"""A plan for a person and for a program: what the command line prints."""

from __future__ import annotations

from typing import Any

from .explain import minutes
from .planner import Plan
from .scored import Scored
from .table import aligned


def as_document(scored: Scored, plan: Plan) -> dict[str, Any]:
    """Printers are rows, jobs are columns, both in the order listed."""
    return {
        "kind": "oneshot",
        "printers": [printer.name for printer in scored.problem.printers],
        "jobs": [job.name for job in scored.problem.jobs],
        "mask": [
            ["ok" if reason is None else reason.value for reason in row]
            for row in scored.mask
        ],
        "cost": [list(row) for row in scored.costs],
        "objective": plan.objective,
        "assignment": dict(plan.assignment),
        "why": {
            "waiting": {
                job: {"text": waiting.text, "reasons": dict(waiting.reasons)}
                for job, waiting in plan.why_waiting.items()
            },
            "idle": {printer: why.text for printer, why in plan.why_idle.items()},
        },
    }


def as_text(scored: Scored, plan: Plan) -> str:
    """A matrix of costs in minutes or reasons, the choice marked, and who waits why."""
    problem = scored.problem
    rows = [["", *(job.name for job in problem.jobs), "takes"]]
    for printer, reasons, costs in zip(
        problem.printers, scored.mask, scored.costs, strict=True
    ):
        taken = plan.assignment[printer.name]
        cells = [
            reason.value if cost is None and reason is not None else minutes(cost or 0)
            for reason, cost in zip(reasons, costs, strict=True)
        ]
        rows.append([printer.name, *cells, taken or "-"])
    lines = [*aligned(rows), ""]
    lines += [
        f"{printer} takes nothing: {why.text}" for printer, why in plan.why_idle.items()
    ]
    lines += [f"{job} {waiting.text}" for job, waiting in plan.why_waiting.items()]
    lines.append(
        f"objective {minutes(plan.objective)} min ({plan.solver.value} solver)"
    )
    return "\n".join(lines)
