"""The model of a whole batch as docs/scheduling.md states it, in PuLP.

    minimise    T
    subject to  sum over p of y[j,p] = n[j]                     for each job j
                r[p] + sum over j of (d[j,p] + b[p]) y[j,p] - b[p]
                    + c sum over f of z[f,p] <= T               for each printer p
                y[j,p] <= n[j] sum of z[f,p] over families f that serve j,
                                            unless p has it loaded at first
                z[f,p] <= sum of y[j,p] over jobs j of family f
                y whole, z 0 or 1

Whether a plan is proven is in `sol_status`; CBC writes temporary files.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..solvers.linear_programme import names_of_pulp_3, solve_model
from .batch import Batch
from .search import BatchPlan

TIME_LIMIT = 10  # seconds


def shortest_by_pulp(batch: Batch) -> BatchPlan:
    """A plan of least makespan; raises SolverError if none is proven in time."""
    counts = [[0] * len(batch.minutes) for _ in batch.units]
    if any(batch.eligible):
        model, made = build_batch_model(batch)
        solve_model(model, TIME_LIMIT)
        for (job, printer), variable in made.items():
            counts[job][printer] = round(variable.value() or 0)
    plan = tuple(map(tuple, counts))
    return BatchPlan(plan, batch.makespan(plan), proven=True)


def build_batch_model(batch: Batch) -> tuple[Any, dict[tuple[int, int], Any]]:
    """The LpProblem, and y by job and printer."""
    import pulp

    model = pulp.LpProblem("batch", pulp.LpMinimize)
    with names_of_pulp_3():
        makespan = pulp.LpVariable("T", 0)
        made = {
            (job, p): pulp.LpVariable(f"y_{job}_{p}", 0, units, pulp.LpInteger)
            for job, units in enumerate(batch.units)
            for p in batch.eligible[job]
        }
        used = [
            {
                f: pulp.LpVariable(f"z_{f}_{p}", cat=pulp.LpBinary)
                for f in sorted(_families(batch, p) - batch.loaded[p])
            }
            for p in range(len(batch.minutes))
        ]
    model += makespan
    for job, units in enumerate(batch.units):
        if batch.eligible[job]:
            model += pulp.lpSum(made[job, p] for p in batch.eligible[job]) == units
    for p, own in enumerate(used):
        work = [
            ((batch.minutes[p][job] or 0) + batch.clearing[p]) * made[job, p]
            for job in _jobs(batch, p)
        ]
        changes = batch.change * pulp.lpSum(own.values())
        spare = batch.clearing[p] - batch.ready[p]
        model += pulp.lpSum(work) + changes <= makespan + spare
        for constraint in _changes(batch, p, made, own):
            model += constraint
    return model, made


def _jobs(batch: Batch, printer: int) -> list[int]:
    """What a printer can make."""
    row = batch.minutes[printer]
    return [job for job, minutes in enumerate(row) if minutes is not None]


def _families(batch: Batch, printer: int) -> set[int]:
    return {batch.family[job] for job in _jobs(batch, printer)}


def _changes(
    batch: Batch,
    printer: int,
    made: dict[tuple[int, int], Any],
    used: dict[int, Any],
) -> Iterator[Any]:
    """What is made needs its material loaded; nothing is loaded for nothing."""
    import pulp

    jobs = _jobs(batch, printer)
    for job in jobs:
        family = batch.family[job]
        if family not in batch.loaded[printer]:
            serving = [z for f, z in used.items() if family in batch.covered[f]]
            units = batch.units[job]
            yield made[job, printer] <= units * pulp.lpSum(serving)
    for family, variable in used.items():
        own = [made[job, printer] for job in jobs if batch.family[job] == family]
        yield variable <= pulp.lpSum(own)
