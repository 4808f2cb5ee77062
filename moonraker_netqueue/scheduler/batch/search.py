"""The least makespan of a batch by branch and bound, in integers.

Units are placed one after the other, the longest jobs first, each first on the printer
that would end it first. A branch is cut where its equal was looked at before, or where
the work that is left cannot fit below the best plan known: neither in all, nor on the
printers that alone can take it. Work is counted, not timed, so that every host gives up
at the same point.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from .batch import Batch, Counts

STEPS = 300_000  # placements tried: some seconds on a PC
UNITS_MAX = 500  # each is one level of recursion
_SERVING_MAX = 6  # families that serve others: all their sets are tried

_Families = frozenset[int]


@dataclass(frozen=True)
class BatchPlan:
    """Who makes how many of what. `proven`: no plan takes less time.

    Units of jobs that fit no printer are on none.
    """

    counts: Counts
    makespan: int
    proven: bool


def shortest(batch: Batch, steps: int = STEPS) -> BatchPlan:
    """A plan of least makespan, proven unless that takes more than `steps`."""
    order = sorted(_makeable(batch), key=lambda job: (-_fastest(batch, job), job))
    search = _Search(batch, order, steps)
    best = search.greedy()
    proven = sum(batch.units) <= UNITS_MAX
    if proven:
        best = search.within(batch.makespan(best) - 1) or best
        proven = search.steps_left >= 0
    return BatchPlan(best, batch.makespan(best), proven)


def canonical_plan(batch: Batch, makespan: int, steps: int = STEPS) -> Counts | None:
    """Of all plans within `makespan` the one that every host shows.

    Jobs in order, each with as many units as possible on the first printer, then on
    the second and so on. None: not found in `steps`.
    """
    if sum(batch.units) > UNITS_MAX:
        return None
    return _Search(batch, list(_makeable(batch)), steps).first_within(makespan)


def _makeable(batch: Batch) -> Iterator[int]:
    return (job for job, able in enumerate(batch.eligible) if able and batch.units[job])


def _fastest(batch: Batch, job: int) -> int:
    return min(batch.minutes[p][job] or 0 for p in batch.eligible[job])


class _Search:
    """Depth first over the units of the jobs in `order`.

    `_busy` has the minutes until each printer is cleared after what it was given.
    """

    def __init__(self, batch: Batch, order: list[int], steps: int) -> None:
        self.steps_left = steps
        self._batch = batch
        self._tasks = [job for job in order for _ in range(batch.units[job])]
        self._needed = _needed(batch, self._tasks)
        self._kinds = _kinds(batch)
        self._serving = _serving(batch)
        self._counts = [[0] * len(batch.minutes) for _ in batch.units]
        self._busy = list(batch.ready)
        self._families: list[_Families] = [frozenset()] * len(batch.minutes)
        self._changes: dict[tuple[int, _Families], int] = {}
        self._seen: set[object] = set()
        self._limit = 0
        self._found: Counts | None = None
        self._in_order = False  # printers by number, the first plan found is it

    def greedy(self) -> Counts:
        """Give each unit to the printer that ends it first."""
        undo = []
        for job in self._tasks:
            end, printer = min(self._ends(job))
            undo.append((printer, job, self._place(printer, job, end)))
        plan = self._plan()
        for step in reversed(undo):
            self._take_back(*step)
        return plan

    def within(self, limit: int) -> Counts | None:
        """The shortest plan within `limit` minutes; None: there is none."""
        self._limit = limit
        # Prints that are under way take what they take.
        if self._batch.makespan(self._plan()) <= limit:
            self._branch(0)
        return self._found

    def first_within(self, limit: int) -> Counts | None:
        """The first plan within `limit` minutes, printers in order."""
        self._in_order = True
        return self.within(limit)

    def _branch(self, depth: int) -> bool:
        """Place the units from number `depth` on; True: look no further."""
        if depth == len(self._tasks):
            plan = self._plan()
            makespan = self._batch.makespan(plan)
            if makespan > self._limit:
                return False  # nothing came that would have spared the changes
            self._found, self._limit = plan, makespan - 1
            return self._in_order
        if self._is_hopeless(depth) or self._was_seen(depth):
            return False
        job = self._tasks[depth]
        ends = list(self._ends(job))
        for end, printer in ends if self._in_order else sorted(ends):
            self.steps_left -= 1
            if self.steps_left < 0:
                return True
            if end <= self._limit:
                before = self._place(printer, job, end)
                stop = self._branch(depth + 1)
                self._take_back(printer, job, before)
                if stop:
                    return True
        return False

    def _ends(self, job: int) -> Iterator[tuple[int, int]]:
        """When each printer that can would be done with one more of a job."""
        batch, family = self._batch, self._batch.family[job]
        for printer in batch.eligible[job]:
            end = self._busy[printer] + (batch.minutes[printer][job] or 0)
            known = self._families[printer]
            if family not in known:
                more = self._changes_of(printer, known | {family})
                end += batch.change * (more - self._changes_of(printer, known))
            yield end, printer

    def _changes_of(self, printer: int, families: _Families) -> int:
        """The fewest with these families and any that may come: what is loaded for a
        later one may serve earlier ones as well."""
        key = (self._kinds[printer], families)
        if key not in self._changes:
            self._changes[key] = self._fewest_changes(printer, families)
        return self._changes[key]

    def _fewest_changes(self, printer: int, families: _Families) -> int:
        if len(self._serving) > _SERVING_MAX:
            return int(bool(families - self._batch.loaded[printer]))
        return min(
            self._batch.changes(printer, families.union(more))
            for size in range(len(self._serving) + 1)
            for more in itertools.combinations(self._serving, size)
        )

    def _place(self, printer: int, job: int, end: int) -> tuple[int, _Families]:
        """Add a unit that ends at `end`; returns what `_take_back` needs."""
        before = self._busy[printer], self._families[printer]
        self._counts[job][printer] += 1
        self._busy[printer] = end + self._batch.clearing[printer]
        self._families[printer] |= {self._batch.family[job]}
        return before

    def _take_back(self, printer: int, job: int, before: tuple[int, _Families]) -> None:
        self._counts[job][printer] -= 1
        self._busy[printer], self._families[printer] = before

    def _is_hopeless(self, depth: int) -> bool:
        """Whether what is left cannot fit: in all, or on those that alone can."""
        limit, busy, clearing = self._limit, self._busy, self._batch.clearing
        for printers, work in self._needed[depth]:
            room = (max(0, limit + clearing[p] - busy[p]) for p in printers)
            if work > sum(room):
                return True
        return False

    def _was_seen(self, depth: int) -> bool:
        """Whether the same units were left to equal printers in an equal state."""
        state = zip(self._kinds, self._busy, map(_ordered, self._families), strict=True)
        key = (depth, *sorted(state))
        if key in self._seen:
            return True
        self._seen.add(key)
        return False

    def _plan(self) -> Counts:
        return tuple(map(tuple, self._counts))


def _serving(batch: Batch) -> list[int]:
    """Families with which loaded other families can be printed as well."""
    return [f for f in set(batch.family) if batch.covered[f] - {f}]


def _ordered(families: _Families) -> tuple[int, ...]:
    return tuple(sorted(families))


def _kinds(batch: Batch) -> list[int]:
    """By printer: the first one that differs in nothing but what it was given."""
    rows = list(zip(batch.minutes, batch.clearing, batch.loaded, strict=True))
    return [rows.index(row) for row in rows]


def _needed(batch: Batch, tasks: list[int]) -> list[list[tuple[tuple[int, ...], int]]]:
    """By depth: sets of printers, and the least work left that only they can do."""
    least = [
        min((batch.minutes[p][job] or 0) + batch.clearing[p] for p in able)
        if (able := batch.eligible[job])
        else 0
        for job in range(len(batch.units))
    ]
    everyone = tuple(range(len(batch.minutes)))
    alone = dict.fromkeys([*(batch.eligible[job] for job in tasks), everyone])
    work = dict.fromkeys(alone, 0)
    needed = []
    for job in reversed(tasks):
        for printers in alone:
            if set(batch.eligible[job]) <= set(printers):
                work[printers] += least[job]
        needed.append(list(work.items()))
    return needed[::-1]
