"""The known queue played forward by one weighting, fast: what a start leads to.

The same rules as forecast.py, on the numbers of a Shop: whenever printers are ready,
each takes, in order, what costs it least. `Outcome.value` says how good the end is.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from ..cost import credit_of, promised
from ..feasibility import needs_change
from ..hours import WEEK
from ..problem import CLEARING, Problem
from ..readiness import ready_at
from .shop import Kind, Minutes, Shop
from .weighting import Weighting

FLOW = 4  # minutes of the longest flow that one of mean flow is worth

_Entry = tuple[int, int, int, bool]  # cost at least, job, minutes, change
_Start = tuple[int, int, bool]  # job, minutes, change


@dataclass(frozen=True)
class Outcome:
    """How a queue played forward ends; minutes from now.

    `longest` is the most that a copy took from when it was added until it is done;
    `flow` sums over copies when they are done, and how late; `handling` the minutes
    that changes are worth; `left` counts the copies that never start.
    """

    makespan: int
    longest: int
    flow: int
    handling: int
    left: int
    copies: int
    printers: int

    @property
    def value(self) -> tuple[int, int]:
        """The less the better: longest and mean flow, and handling for each printer.

        Of a batch the longest flow is the makespan. Of a stream it keeps those who have
        waited long from waiting for ever.
        """
        minutes = self.longest * self.copies * self.printers
        minutes += FLOW * self.flow * self.printers + self.handling * self.copies
        return self.left, minutes


class Queue:
    """Printers and waiting units at the moment of a problem."""

    def __init__(self, problem: Problem, shop: Shop) -> None:
        self.problem = problem
        self.shop = shop
        self.now = problem.now // 60
        self.left = [job.units for job in problem.jobs]
        self.copies = [job.copies if job.keep_together else 1 for job in problem.jobs]
        self.credits = [credit_of(problem, job) for job in problem.jobs]
        self.promised = [promised(problem, job) for job in problem.jobs]
        self.added = [min(self.now, job.added // 60) for job in problem.jobs]
        self.due = [None if job.due is None else job.due // 60 for job in problem.jobs]
        self.ready = [ready_at(problem, printer) for printer in problem.printers]

    @property
    def units(self) -> int:
        """How many prints are still to start."""
        return sum(self.left)

    def busy(self) -> list[int]:
        """Minutes that the printers of each kind are taken from now on, in sum."""
        busy = [0] * len(self.shop.kinds)
        for kind, ready in zip(self.shop.kind_of, self.ready, strict=True):
            if kind is not None:
                busy[kind] += ready - self.now
        return busy


class Costs:
    """What a weighting makes of each pair, apart from what depends on the time."""

    def __init__(self, queue: Queue, extra: Minutes, weighting: Weighting) -> None:
        self._queue = queue
        weights = queue.problem.weights
        self.dead = weights.dead * (1 + weighting.dead)
        self._change = weights.change_minutes
        self._changes = 100 * (1 + weighting.change)  # hundredths, for each minute
        printing = weights.printing * (1 + weighting.printing)
        shortest = [job.shortest for job in queue.problem.jobs]
        self._base = [
            [
                None
                if minutes is None
                else weights.slow * (minutes - shortest[job])
                + printing * minutes
                + weighting.price * (extra[kind.number][job] or 0)
                - queue.credits[job]
                - weighting.promises * queue.promised[job]
                for job, minutes in enumerate(kind.minutes)
            ]
            for kind in queue.shop.kinds
        ]
        self._sorted: dict[tuple[int, tuple[str, ...]], tuple[_Entry, ...]] = {}

    def of_change(self, kind: Kind) -> int:
        """What a material change costs there."""
        return self._changes * (self._change + kind.effort)

    def entries(self, kind: Kind, loaded: tuple[str, ...]) -> tuple[_Entry, ...]:
        """What a printer with that loaded may take, the cheapest first."""
        key = (kind.number, loaded)
        known = self._sorted.get(key)
        if known is None:
            served = self._queue.shop.serves(loaded)
            fits = [kind.silent or each for each in served]
            dearer = self.of_change(kind)
            entries = (
                (base, job, kind.minutes[job] or 0, False)
                if fits[job]
                else (base + dearer, job, (kind.minutes[job] or 0) + self._change, True)
                for job, base in enumerate(self._base[kind.number])
                if base is not None
            )
            known = tuple(sorted(entries))
            self._sorted[key] = known
        return known


class _Play:
    """One queue played forward."""

    def __init__(self, queue: Queue, costs: Costs) -> None:
        problem, shop = queue.problem, queue.shop
        self._queue, self._costs, self._shop = queue, costs, shop
        self._left = list(queue.left)
        self._loaded = [printer.loaded for printer in problem.printers]
        self._grams = [printer.grams_left for printer in problem.printers]
        self._kinds = [None if k is None else shop.kinds[k] for k in shop.kind_of]
        self._entries = [
            () if kind is None else costs.entries(kind, loaded)
            for kind, loaded in zip(self._kinds, self._loaded, strict=True)
        ]
        weights = problem.weights
        self._late, self._late_cap = weights.late, weights.late_cap
        self._todo = sum(self._left)
        self._end = queue.now
        self._longest = 0
        self._flow = 0
        self._handling = 0
        self._coming = [
            (minute, printer)
            for printer, minute in enumerate(queue.ready)
            if self._kinds[printer] is not None
        ]

    def run(self, first: Sequence[tuple[int, int]]) -> Outcome:
        """Start `first`, pairs of printer and job, when each printer is ready; then
        all else as it comes.
        """
        queue, given = self._queue, {printer for printer, _ in first}
        self._coming = [each for each in self._coming if each[1] not in given]
        heapq.heapify(self._coming)
        for printer, job in first:
            self._start(queue.ready[printer], printer, self._forced(printer, job))
        while self._coming and self._todo:
            minute, printer = heapq.heappop(self._coming)
            kind = self._kinds[printer]
            if kind is None:
                continue
            wait = kind.wait(minute)
            choice = self._cheapest(minute, printer, kind, attended=not wait)
            if choice is not None:
                self._start(minute, printer, choice)
            elif wait:
                heapq.heappush(self._coming, (minute + wait, printer))
            # Else there is nothing for it any more: jobs only become fewer.
        left = sum(n * c for n, c in zip(self._left, queue.copies, strict=True))
        return Outcome(
            self._end - queue.now,
            self._longest,
            self._flow,
            self._handling,
            left,
            max(1, sum(n * c for n, c in zip(queue.left, queue.copies, strict=True))),
            max(1, len(self._kinds)),
        )

    def _cheapest(
        self, minute: int, printer: int, kind: Kind, *, attended: bool
    ) -> _Start | None:
        """What costs a printer least at a minute; None: there is nothing for it."""
        left, due, shop = self._left, self._queue.due, self._shop
        grams, waits = self._grams[printer], kind.waits
        dead = self._costs.dead if kind.by_hand else 0
        late, late_cap = self._late, self._late_cap
        least, first = -1, -1  # cost and job of the choice
        choice: _Start | None = None
        for cost, job, minutes, change in self._entries[printer]:
            if choice is not None and cost > least:
                break  # what comes later only costs more
            if not left[job]:
                continue
            if grams is not None and not change and shop.grams[job] > grams:
                change = True
                minutes += shop.change_minutes
                cost += self._costs.of_change(kind)
            if change and not attended:
                continue
            end = minute + minutes
            if dead and waits:
                cost += dead * waits[end % WEEK]
            limit = due[job]
            if limit is not None and end > limit:
                cost += late * min(late_cap, end - limit)
            if choice is None or cost < least or (cost == least and job < first):
                least, first, choice = cost, job, (job, minutes, change)
        return choice

    def _start(self, minute: int, printer: int, start: _Start) -> None:
        job, minutes, change = start
        queue, shop = self._queue, self._shop
        end = minute + minutes
        if change:
            self._load(printer, job)
        grams = self._grams[printer]
        if grams is not None:
            self._grams[printer] = grams - shop.grams[job]
        self._left[job] -= 1
        self._todo -= 1
        self._end = max(self._end, end)
        self._longest = max(self._longest, end - queue.added[job])
        due = queue.due[job]
        late = 0 if due is None else max(0, end - due)
        self._flow += queue.copies[job] * (end - queue.now + late)
        kind = self._kinds[printer]
        if kind is not None:
            ready = end + kind.wait(end) + CLEARING if kind.by_hand else end
            heapq.heappush(self._coming, (ready, printer))

    def _load(self, printer: int, job: int) -> None:
        """Change to what a job needs, from a new spool."""
        shop, kind = self._shop, self._kinds[printer]
        self._loaded[printer] = shop.materials[job] or self._loaded[printer]
        self._grams[printer] = shop.spool_grams[printer]
        if kind is not None:
            self._handling += shop.change_minutes + kind.effort
            self._entries[printer] = self._costs.entries(kind, self._loaded[printer])

    def _forced(self, printer: int, job: int) -> _Start:
        """A start that was decided on elsewhere."""
        problem = self._queue.problem
        own, wanted = problem.printers[printer], problem.jobs[job]
        minutes = wanted.duration(own.model) or 0
        change = needs_change(own, wanted)
        if change:
            minutes += self._shop.change_minutes
        return job, minutes, change


def play(queue: Queue, costs: Costs, first: Sequence[tuple[int, int]]) -> Outcome:
    """The outcome if `first`, pairs of printer and job, are what starts next."""
    return _Play(queue, costs).run(first)
