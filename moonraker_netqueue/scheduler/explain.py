"""Why a job waits and why a printer is idle: the mask and the prices, read out.

Prices are information for a person: they are never replicated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .feasibility import Mask, Reason, unavailability
from .problem import Printer, Problem
from .strategies.canonical import Optimum
from .strategies.tableau import Tableau

_NAMES_SHOWN = 3


@dataclass(frozen=True)
class Waiting:
    """Why copies of a job wait; `reasons` counts the printers per reason."""

    text: str
    reasons: Mapping[str, int]


def why_waiting(
    problem: Problem, mask: Mask, model: Tableau, optimum: Optimum
) -> dict[str, Waiting]:
    """The reason for each job class that has more copies than were given out."""
    explained: dict[str, Waiting] = {}
    for column, job in enumerate(problem.jobs):
        left = job.units - optimum.vector.count(column)
        if left <= 0:
            continue
        reasons = [row[column] for row in mask]
        text = _refusals(problem.printers, reasons)
        if None in reasons:
            text = _outbid(problem, model, optimum, column)
        counts = Counter(reason.value for reason in reasons if reason is not None)
        explained[job.name] = Waiting(text, dict(sorted(counts.items())))
    return explained


def why_idle(problem: Problem, mask: Mask, optimum: Optimum) -> dict[str, str]:
    """The reason for each printer that is given nothing."""
    idle = len(problem.jobs)
    return {
        printer.name: _idle_text(problem, printer, row, optimum)
        for printer, row, column in zip(
            problem.printers, mask, optimum.vector, strict=True
        )
        if column == idle
    }


def minutes(hundredths: int) -> str:
    """A cost for a person, in minutes."""
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{rest:02d}"


def _refusals(printers: Iterable[Printer], reasons: list[Reason | None]) -> str:
    """`reason (printer1, printer2); reason (printer3)`, the most frequent first."""
    if not reasons:
        return "waits: no printer serves this queue yet"
    refused: dict[Reason, list[str]] = {}
    for printer, reason in zip(printers, reasons, strict=True):
        if reason is not None:
            refused.setdefault(reason, []).append(_described(printer, reason))
    frequent = sorted(refused.items(), key=lambda entry: -len(entry[1]))
    parts = (f"{reason.text} ({_listed(names)})" for reason, names in frequent)
    return "waits, no printer fits: " + "; ".join(parts)


def _described(printer: Printer, reason: Reason) -> str:
    if reason is not Reason.STATE:
        return printer.name
    return f"{printer.name}: {_state_text(printer)}"


def _state_text(printer: Printer) -> str:
    if printer.busy_minutes:
        return f"{printer.state}, {printer.busy_minutes} min left"
    return printer.state


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _outbid(problem: Problem, model: Tableau, optimum: Optimum, column: int) -> str:
    """Name the printer that would lose least by taking the job instead."""
    losses = [
        (_reduced_cost(costs, optimum, row, column), row)
        for row, costs in enumerate(model.by_column)
        if column in costs and optimum.vector[row] != column
    ]
    if not losses:
        return "waits: every printer that fits already takes a copy of it"
    worse, row = min(losses)
    printer = problem.printers[row].name
    instead = optimum.vector[row]
    if instead == model.idle:
        return f"waits: starting it on {printer} costs more than leaving that idle"
    text = f"waits: {printer} takes {problem.jobs[instead].name} first"
    if worse:
        text += f"; this one instead would cost at least {minutes(worse)} min"
    return text


def _reduced_cost(
    costs: dict[int, int], optimum: Optimum, row: int, column: int
) -> int:
    """How much worse the plan gets at least if `row` takes one of `column`."""
    here = optimum.vector[row]
    return costs[column] - costs[here] + optimum.prices[here] - optimum.prices[column]


def _idle_text(
    problem: Problem,
    printer: Printer,
    reasons: tuple[Reason | None, ...],
    optimum: Optimum,
) -> str:
    own = unavailability(problem, printer)
    if own is not None:
        return _state_text(printer) if own is Reason.STATE else own.text
    if not reasons:
        return "no job waits"
    feasible = [column for column, reason in enumerate(reasons) if reason is None]
    if not feasible:
        return _unfit_text(reasons)
    for column in feasible:
        job = problem.jobs[column]
        if optimum.vector.count(column) < job.units:
            return f"starting {job.name} costs more than staying idle"
    return "other printers take every job it could print"


def _unfit_text(reasons: tuple[Reason | None, ...]) -> str:
    counts = Counter(reason for reason in reasons if reason is not None)
    if len(counts) == 1:
        return next(iter(counts)).text
    parts = (f"{reason.value} {count}" for reason, count in counts.most_common())
    return f"fits none of {len(reasons)} jobs: " + ", ".join(parts)
