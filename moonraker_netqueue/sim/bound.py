"""Lower bounds that no schedule is below: on the makespan of a batch, on the mean flow.

The makespan. For a given T, counted from START in daytime, a linear programme says
whether the work could fit. Printers that are alike in what they can print form a
group G, and y[j,G] prints of lot j go to it, of which night[j,G] touch a night:

    sum over G of y[j,G] >= n[j]                                for each lot j
    sum over j of (d[j,G] + c) y[j,G] <= |G| (T + c)            for each group G
    and where a person clears the bed, with w nights begun before T and D minutes
    of daytime:
    sum over j of (d[j,G] + c) (y - night) <= |G| (D + c (w + 1))
    sum over j of night[j,G] <= |G| w
    0 <= night <= y,  night = y where d[j,G] is longer than a day's opening

c is the time to clear a bed (0 where the printer does it). A bed that nobody clears
until the morning takes no second print, so each night sees one print a printer. The
daytime row holds the prints that end before the night; their beds are cleared within
opening hours but for the last of each day. Failures, material changes, whole
numbers and the order are left out, which only makes the bound smaller.

T enters D and w in steps, so the first half-day that is long enough is searched, and
within it T is a variable.

The mean flow. Each lot by itself, as if it had the workshop to itself and all printers
had its material loaded: each printer then makes one copy after the other as early as it
can, and the lot takes the first n[j] of them.
"""

from __future__ import annotations

import heapq
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ..scheduler.feasibility import refusal
from ..scheduler.hours import DAY, operator_wait
from ..scheduler.problem import CLEARING, JobClass, Printer, Problem
from .workload import DAYTIME, START, Workload

OPEN = DAYTIME.duration
_ANY_DAY = Problem(now=START * 60)  # somebody is there
_TOLERANCE = 1e-6


class BoundUnknown(Exception):
    """The bound knows one daily opening from START on, or none at all."""


@dataclass(frozen=True)
class _Span:
    """Makespans from `least` to `most`, and what they have of days and nights.

    A makespan of `least` has `daytime` minutes of day, and in a day one more for each
    minute more.
    """

    least: int
    most: int
    daytime: int
    nights: int
    is_day: bool


def least_makespan(workload: Workload) -> int:
    """Minutes from START, rounded down, that no schedule of a batch undercuts.

    Raises BoundUnknown for other opening hours.
    """
    with warnings.catch_warnings():
        # The names PuLP 4 wants instead are not in every 3.3, and 4 is excluded.
        warnings.simplefilter("ignore", DeprecationWarning)
        return _least_makespan(workload)


def least_mean_flow(workload: Workload) -> float:
    """Minutes from a lot's arrival to the end of a copy of it, at the very least."""
    flows = (_least_flow(workload, lot) for lot in workload.lots)
    return sum(flows) / workload.copies


def _least_flow(workload: Workload, lot: JobClass) -> int:
    comes = lot.added // 60
    ends = [
        (comes + (lot.duration(printer.model) or 0), number)
        for number, printer in enumerate(workload.printers)
        if refusal(_ANY_DAY, printer, lot) is None
    ]
    heapq.heapify(ends)
    total = 0
    for _ in range(lot.copies):
        end, number = ends[0]
        total += end - comes
        printer = workload.printers[number]
        if not printer.self_clearing:
            end += operator_wait(workload.operator, end) + CLEARING
        heapq.heapreplace(ends, (end + (lot.duration(printer.model) or 0), number))
    return total


def _least_makespan(workload: Workload) -> int:
    programme = _Programme(workload)
    if not workload.operator:
        return programme.least(None) or 0
    if workload.operator != (DAYTIME,):
        raise BoundUnknown("give the workload DAYTIME as its opening, or none")
    low, high = 0, 1
    while (found := programme.least(_span(high))) is None:
        low, high = high + 1, 2 * high
    while low < high:
        middle = (low + high) // 2
        shorter = programme.least(_span(middle))
        if shorter is None:
            low = middle + 1
        else:
            high, found = middle, shorter
    return found


def _span(number: int) -> _Span:
    """The `number`-th half-day: days are even, nights odd."""
    day, is_night = divmod(number, 2)
    if is_night:
        return _Span(
            day * DAY + OPEN, (day + 1) * DAY, (day + 1) * OPEN, day + 1, False
        )
    return _Span(day * DAY, day * DAY + OPEN, day * OPEN, day, True)


class _Programme:
    """The linear programme above, for one workload."""

    def __init__(self, workload: Workload) -> None:
        self._lots = workload.lots
        alike = Counter(replace(p, name="", loaded=()) for p in workload.printers)
        self._groups = tuple(alike.items())

    def least(self, span: _Span | None) -> int | None:
        """The least makespan within a half-day, if the work fits at all."""
        import pulp

        model = pulp.LpProblem("bound", pulp.LpMinimize)
        limits = (0, None) if span is None else (span.least, span.most)
        makespan = pulp.LpVariable("T", *limits)
        model += makespan
        made = [
            {
                lot.name: pulp.LpVariable(f"y_{lot.name}_{number}", 0)
                for lot in self._lots
                if refusal(_ANY_DAY, printer, lot) is None
            }
            for number, (printer, _) in enumerate(self._groups)
        ]
        for lot in self._lots:
            takers = [row[lot.name] for row in made if lot.name in row]
            model += pulp.lpSum(takers) >= lot.copies
        for (printer, size), row in zip(self._groups, made, strict=True):
            self._limit(model, makespan, _Group(printer, size, row), span)
        return _solved(model, makespan)

    def _limit(
        self, model: Any, makespan: Any, group: _Group, span: _Span | None
    ) -> None:
        import pulp

        clearing = 0 if group.printer.self_clearing else CLEARING
        taken, by_day, nights = [], [], []
        for lot in self._lots:
            prints = group.prints.get(lot.name)
            if prints is None:
                continue
            minutes = lot.duration(group.printer.model) or 0
            taken.append((minutes + clearing) * prints)
            if minutes > OPEN:
                nights.append(prints)
                continue
            night = pulp.LpVariable(f"night_{prints.name}", 0)
            model += night <= prints
            nights.append(night)
            by_day.append((minutes + clearing) * (prints - night))
        model += pulp.lpSum(taken) <= group.size * (makespan + clearing)
        if span is None or group.printer.self_clearing:
            return
        daytime = span.daytime + CLEARING * (span.nights + 1)
        if span.is_day:
            daytime += makespan - span.least
        model += pulp.lpSum(by_day) <= group.size * daytime
        model += pulp.lpSum(nights) <= group.size * span.nights


@dataclass(frozen=True)
class _Group:
    """Printers that are alike, and the variables of what they print by lot."""

    printer: Printer
    size: int
    prints: dict[str, Any]


def _solved(model: Any, makespan: Any) -> int | None:
    import pulp

    bundled = pulp.PULP_CBC_CMD.pulp_cbc_path
    model.solve(pulp.COIN_CMD(path=bundled, msg=False))
    if model.sol_status == pulp.LpSolutionOptimal:
        # The solver's numbers are good to about this much.
        return int(makespan.value() + _TOLERANCE)
    if model.status == pulp.LpStatusInfeasible:
        return None
    raise BoundUnknown(f"the solver says {pulp.LpStatus[model.status]}")
