"""A whole batch as numbers: how long each unit takes where, and what a plan lasts.

Nobody goes home and nothing is added: the only question is which printer makes how
many of which job. On one printer the order does not matter as long as what needs the
same material stays together, so counts are a whole plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..feasibility import PLANNED_STATES, covers, is_silent, refusal
from ..problem import CLEARING, JobClass, Printer, Problem

Counts = tuple[tuple[int, ...], ...]
"""Rows: jobs, columns: printers; units that a printer makes of a job."""


@dataclass(frozen=True)
class Batch:
    """Rows are printers, columns jobs; minutes.

    `minutes[p][j]` is None where p cannot make j. `clearing[p]` passes between two
    prints, `ready[p]` before the first. `family[j]` numbers what a job needs loaded;
    `loaded[p]` has the families that p can print at first, `covered[f]` those that it
    can print with f loaded. A change to another family takes `change` minutes.
    """

    minutes: tuple[tuple[int | None, ...], ...]
    units: tuple[int, ...]
    clearing: tuple[int, ...]
    ready: tuple[int, ...]
    family: tuple[int, ...]
    loaded: tuple[frozenset[int], ...]
    covered: tuple[frozenset[int], ...]
    change: int

    @cached_property
    def eligible(self) -> tuple[tuple[int, ...], ...]:
        """By job: the printers that can make it."""
        return tuple(
            tuple(p for p, row in enumerate(self.minutes) if row[job] is not None)
            for job in range(len(self.units))
        )

    def changes(self, printer: int, families: frozenset[int]) -> int:
        """The fewest material changes with which one printer makes all of these."""
        return self.changes_from(self.loaded[printer], families)

    def changes_from(self, loaded: frozenset[int], families: frozenset[int]) -> int:
        """The same from what can be printed with what is loaded.

        What is loaded for one job may serve another that needs no more than that.
        """
        left = families - loaded
        kept = 0
        for family in left:
            wider = (o for o in left if family in self.covered[o] and o != family)
            # Of two that serve each other the lower number stands for both.
            kept += not any(o < family or o not in self.covered[family] for o in wider)
        return kept

    def load(self, printer: int, counts: Sequence[int]) -> int:
        """Minutes until one printer has made `counts` (by job) after what it prints."""
        taken = [(job, count) for job, count in enumerate(counts) if count]
        row, clearing = self.minutes[printer], self.clearing[printer]
        work = sum(count * ((row[job] or 0) + clearing) for job, count in taken)
        families = frozenset(self.family[job] for job, _ in taken)
        changes = self.change * self.changes(printer, families)
        return max(0, self.ready[printer] + work + changes - clearing)

    def makespan(self, counts: Counts) -> int:
        """Minutes until the last printer is done."""
        loads = (
            self.load(printer, [row[printer] for row in counts])
            for printer in range(len(self.minutes))
        )
        return max(loads, default=0)


def batch_of(
    problem: Problem, ready: Mapping[str, int] | None = None, *, blocks: bool = False
) -> Batch:
    """The batch that a problem describes, without operator hours.

    `ready` are minutes until each printer can start, by name; without it they come
    from what it prints now. Copies kept together are one unit; `blocks`: a person does
    not clear the bed between them.
    """
    problem = replace(problem, operator=())
    printers = problem.printers
    needs = sorted({job.materials for job in problem.jobs})
    number = {need: family for family, need in enumerate(needs)}
    return Batch(
        minutes=tuple(
            tuple(_minutes(problem, p, job, blocks=blocks) for job in problem.jobs)
            for p in printers
        ),
        units=tuple(job.units for job in problem.jobs),
        clearing=tuple(_clearing(p) for p in printers),
        ready=tuple(
            _first_ready(p) if ready is None else ready[p.name] for p in printers
        ),
        family=tuple(number[job.materials] for job in problem.jobs),
        loaded=tuple(
            frozenset(number.values()) if is_silent(p) else _served(p.loaded, needs)
            for p in printers
        ),
        covered=tuple(_served(need, needs) for need in needs),
        change=problem.weights.change_minutes,
    )


def _minutes(
    problem: Problem, printer: Printer, job: JobClass, *, blocks: bool
) -> int | None:
    if printer.state not in PLANNED_STATES:
        return None
    free = replace(printer, busy_minutes=0, bed_clear=True)
    if refusal(problem, free, job) is not None:
        return None
    duration = job.duration(printer.model)
    if duration is None or blocks or not job.keep_together:
        return duration
    return duration + (job.copies - 1) * _clearing(printer)


def _clearing(printer: Printer) -> int:
    return 0 if printer.self_clearing else CLEARING


def _first_ready(printer: Printer) -> int:
    occupied = printer.busy_minutes or not printer.bed_clear
    return printer.busy_minutes + (_clearing(printer) if occupied else 0)


def _served(
    loaded: tuple[str, ...], needs: Iterable[tuple[str, ...]]
) -> frozenset[int]:
    """The numbers of the needs that are met with `loaded`."""
    return frozenset(n for n, need in enumerate(needs) if covers(loaded, need))
