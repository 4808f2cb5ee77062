"""Why a job waits and why a printer is idle: the mask and the prices, read out.

Prices are information for a person: they are never replicated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .feasibility import Reason, unavailability
from .problem import Printer, Problem
from .scored import Scored
from .strategies.strategy import Decision

_NAMES_SHOWN = 3
_ENOUGH = "the operator does as much by hand as the period allows"


@dataclass(frozen=True)
class Waiting:
    """Why copies of a job wait; `reasons` counts the printers per reason."""

    text: str
    reasons: Mapping[str, int]


def why_waiting(scored: Scored, decision: Decision) -> dict[str, Waiting]:
    """The reason for each job class that has more copies than were given out."""
    problem = scored.problem
    explained: dict[str, Waiting] = {}
    for column, job in enumerate(problem.jobs):
        left = job.units - decision.vector.count(column)
        if left <= 0:
            continue
        reasons = [row[column] for row in scored.mask]
        text = _refusals(problem.printers, reasons)
        if None in reasons:
            text = _outbid(problem, decision, column)
        counts = Counter(reason.value for reason in reasons if reason is not None)
        explained[job.name] = Waiting(text, dict(sorted(counts.items())))
    return explained


def why_idle(scored: Scored, decision: Decision) -> dict[str, str]:
    """The reason for each printer that is given nothing."""
    problem = scored.problem
    idle = len(problem.jobs)
    return {
        printer.name: _idle_text(problem, printer, row, decision)
        for printer, row, column in zip(
            problem.printers, scored.mask, decision.vector, strict=True
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


def _outbid(problem: Problem, decision: Decision, column: int) -> str:
    """Name the printer that would lose least by taking the job instead."""
    model, vector = decision.tableau, decision.vector
    losses = [
        (_loss(decision, row, column), row)
        for row, costs in enumerate(model.by_column)
        if column in costs and vector[row] != column
    ]
    if not losses:
        return "waits: every printer that fits already takes a copy of it"
    worse, row = min(losses)
    printer = problem.printers[row].name
    if vector[row] == model.idle:
        if _by_hand(decision, row, column):
            return f"waits: {printer} needs a change, and {_ENOUGH}"
        return f"waits: starting it on {printer} costs more than leaving that idle"
    text = f"waits: {printer} takes {problem.jobs[vector[row]].name} first"
    if worse and decision.prices is not None:
        text += f"; this one instead would cost at least {minutes(worse)} min"
    return text


def _loss(decision: Decision, row: int, column: int) -> int:
    """How much worse the plan gets at least if `row` takes one of `column`.

    Without prices: how much dearer it is for the row alone.
    """
    costs, here = decision.tableau.by_column[row], decision.vector[row]
    dearer = costs[column] - costs[here]
    if decision.prices is None:
        return dearer
    return dearer + decision.prices[here] - decision.prices[column]


def _by_hand(decision: Decision, row: int, column: int) -> bool:
    """Whether a limit of the operator counts a pair."""
    model = decision.tableau
    limited = any(row in limit.rows for limit in model.limits)
    return limited and column in model.manual[row]


def _idle_text(
    problem: Problem,
    printer: Printer,
    reasons: tuple[Reason | None, ...],
    decision: Decision,
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
        if decision.vector.count(column) < job.units:
            if _by_hand(decision, problem.printers.index(printer), column):
                return f"{job.name} needs a change, and {_ENOUGH}"
            return f"starting {job.name} costs more than staying idle"
    return "other printers take every job it could print"


def _unfit_text(reasons: tuple[Reason | None, ...]) -> str:
    counts = Counter(reason for reason in reasons if reason is not None)
    if len(counts) == 1:
        return next(iter(counts)).text
    parts = (f"{reason.value} {count}" for reason, count in counts.most_common())
    return f"fits none of {len(reasons)} jobs: " + ", ".join(parts)
