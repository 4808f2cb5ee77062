"""A queue so short that it is done before people go home: planned exactly.

Then only the counts matter, and branch and bound finds the least makespan. On each
printer the cheapest job comes first that costs no material change more.
"""

from __future__ import annotations

from ..batch.batch import Batch, batch_of
from ..batch.search import shortest
from ..hours import operator_wait
from ..scored import Scored
from ..solvers.tableau import Vector
from .rollout import Queue

UNITS_MAX = 24
STEPS = 6_000  # placements tried: 0.1 s on a PC


def exact_start(scored: Scored, queue: Queue) -> tuple[Vector, int] | None:
    """Who starts what now, and the makespan in minutes that this leads to.

    None where more than time counts (priority, due dates, owners, starving jobs,
    nights or spools), or the queue is too long.
    """
    problem = scored.problem
    if queue.units > UNITS_MAX or any(queue.promised) or any(queue.due):
        return None
    if not _spools_suffice(queue):
        return None
    ready = {
        printer.name: minute - queue.now
        for printer, minute in zip(problem.printers, queue.ready, strict=True)
    }
    batch = batch_of(problem, ready, blocks=True)
    plan = shortest(batch, STEPS)
    if not _is_attended(queue, plan.makespan):
        return None
    vector = tuple(
        _first(scored, batch, printer, [row[printer] for row in plan.counts])
        for printer in range(len(ready))
    )
    return vector, plan.makespan


def _spools_suffice(queue: Queue) -> bool:
    """Whether no printer runs out of filament, whatever it prints."""
    needed = sum(
        grams * units for grams, units in zip(queue.shop.grams, queue.left, strict=True)
    )
    spools = (printer.grams_left for printer in queue.problem.printers)
    return all(grams is None or grams >= needed for grams in spools)


def _is_attended(queue: Queue, minutes: int) -> bool:
    """Whether somebody is there, for whatever number of visits, from now on."""
    problem, now = queue.problem, queue.now
    for hours in {problem.hours_of(printer) for printer in problem.printers}:
        if any(period.max_manual_events is not None for period in hours):
            return False
        if any(operator_wait(hours, m) for m in range(now, now + minutes + 1)):
            return False
    return True


def _first(scored: Scored, batch: Batch, printer: int, counts: list[int]) -> int:
    """The job that a printer starts with; idle if none, or none yet."""
    idle = len(counts)
    taken = [job for job, count in enumerate(counts) if count]
    families = frozenset(batch.family[job] for job in taken)
    fewest = batch.changes(printer, families)
    best = (scored.problem.weights.idle, idle)
    for job in taken:
        cost, family = scored.costs[printer][job], batch.family[job]
        is_served = family in batch.loaded[printer]
        loaded = batch.loaded[printer] if is_served else batch.covered[family]
        left = frozenset(batch.family[o] for o in taken if counts[o] > (o == job))
        changes = (not is_served) + batch.changes_from(loaded, left)
        if cost is not None and changes <= fewest:
            best = min(best, (cost, job))
    return best[1]
