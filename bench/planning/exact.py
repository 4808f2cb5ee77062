"""The least makespan of a small batch without nights, by looking at every split.

Independent of the scheduler's own search, so that neither can be wrong unnoticed. On
one printer the order does not matter as long as equal materials follow each other:
what it prints of each lot is a whole plan.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from moonraker_netqueue.scheduler.feasibility import needs_change, refusal
from moonraker_netqueue.scheduler.problem import CLEARING, JobClass, Printer, Problem
from moonraker_netqueue.sim.workload import START, Workload

_Counts = tuple[int, ...]  # copies by lot


def shortest_makespan(workload: Workload) -> int:
    """Minutes until the last print ends, for the best of all plans."""
    lots = workload.lots

    @functools.cache
    def rest(number: int, left: _Counts) -> int | None:
        """The least makespan of `left` on the printers from `number` on."""
        if not any(left):
            return 0
        if number == len(workload.printers):
            return None
        printer = workload.printers[number]
        best: int | None = None
        for taken in _splits(printer, lots, left):
            own = _minutes(printer, lots, taken)
            if best is not None and own >= best:
                continue
            others = rest(number + 1, tuple(map(int.__sub__, left, taken)))
            if others is not None:
                last = max(own, others)
                best = last if best is None else min(best, last)
        return best

    found = rest(0, tuple(lot.copies for lot in lots))
    if found is None:
        raise ValueError("a lot fits no printer; draw the batch from another seed")
    return found


def _splits(
    printer: Printer, lots: tuple[JobClass, ...], left: _Counts
) -> Iterator[_Counts]:
    """All that a printer could take of what is left."""
    problem = Problem(START * 60)
    most = [
        copies if refusal(problem, printer, lot) is None else 0
        for lot, copies in zip(lots, left, strict=True)
    ]
    splits: list[_Counts] = [()]
    for copies in most:
        splits = [(*split, taken) for split in splits for taken in range(copies + 1)]
    yield from splits


def _minutes(printer: Printer, lots: tuple[JobClass, ...], taken: _Counts) -> int:
    """How long a printer is busy; what is loaded comes first, the last bed is left."""
    if not any(taken):
        return 0
    clearing = 0 if printer.self_clearing else CLEARING
    used = [(lot, copies) for lot, copies in zip(lots, taken, strict=True) if copies]
    loads = {lot.materials for lot, _ in used if needs_change(printer, lot)}
    work = sum(
        copies * ((lot.duration(printer.model) or 0) + clearing) for lot, copies in used
    )
    return work - clearing + Problem(0).weights.change_minutes * len(loads)
