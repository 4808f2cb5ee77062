"""Why a printer is given nothing, and what would give it work."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .chosen import Chosen
from .explain import Price
from .feasibility import Reason, refusals, unavailability
from .phrases import Phrase, chained
from .problem import Printer
from .remedies import LOADING, hold, state_text, to_load

_WHAT_TO_DO = {
    Reason.BED: "clear_it",
    Reason.QUARANTINE: "look_after_it",
    Reason.SWITCHED_OFF: "resume_it",
    Reason.STATE: "get_it_going",
}
NO_JOB, TAKEN, UNFIT = "no_job", "taken", "unfit"


@dataclass(frozen=True)
class PrinterWhy:
    """Why a printer has no work.

    `code` is a Reason, a Price, or: `no_job` waits, all are `taken` by others, it is
    `unfit` for each in one way or another. `remedy` would give it one of `jobs`.
    """

    code: str
    text: str
    remedy: str = ""
    jobs: tuple[str, ...] = ()


def why_idle(chosen: Chosen) -> dict[str, PrinterWhy]:
    """The reason for each printer that is given nothing."""
    return {
        printer.name: _why(chosen, row, printer)
        for row, printer in enumerate(chosen.problem.printers)
        if chosen.vector[row] == chosen.idle
    }


def _why(chosen: Chosen, row: int, printer: Printer) -> PrinterWhy:
    own = unavailability(chosen.problem, printer)
    if own is not None:
        return _unavailable(chosen, row, printer, own)
    problem, reasons = chosen.problem, chosen.scored.mask[row]
    if not reasons:
        return PrinterWhy(NO_JOB, Phrase("no_job"))
    feasible = [column for column, reason in enumerate(reasons) if reason is None]
    for column in feasible:
        if chosen.left(column) > 0:
            job = problem.jobs[column].name
            if chosen.is_limited(row, column):
                text = Phrase("job_limited", job=job)
                return PrinterWhy(Price.ENOUGH.value, text, jobs=(job,))
            text = Phrase("job_dearer", job=job)
            return PrinterWhy(Price.DEARER.value, text, jobs=(job,))
    if feasible:
        return PrinterWhy(TAKEN, Phrase("taken"))
    return _to_load(chosen, row, printer) or PrinterWhy(UNFIT, _unfit(chosen, row))


def _unavailable(chosen: Chosen, row: int, printer: Printer, own: Reason) -> PrinterWhy:
    """Its own state, whatever the job; and the jobs that it would fit else."""
    if own is Reason.STATE and printer.busy_minutes:
        return PrinterWhy(Price.BUSY.value, state_text(printer))
    jobs = _but_for(chosen, row, printer, frozenset(_WHAT_TO_DO))
    text = state_text(printer) if own is Reason.STATE else own.text
    if own is not Reason.STATE or jobs:
        text = Phrase("to_do", why=text, what=Phrase(_WHAT_TO_DO[own]))
    if not jobs:
        return PrinterWhy(own.value, text, _remedy(chosen, printer, own))
    text = Phrase("comma", first=text, second=_waiting(len(jobs)))
    return PrinterWhy(own.value, text, _remedy(chosen, printer, own), jobs)


def _remedy(chosen: Chosen, printer: Printer, own: Reason) -> str:
    if own is Reason.QUARANTINE:
        return Phrase("look_after", printer=printer.name)
    if own is Reason.BED:
        return Phrase("clear_bed", printer=printer.name)
    if own is Reason.SWITCHED_OFF:
        return Phrase("resume_printer", printer=printer.name)
    return Phrase("get_going", printer=printer.name)


def _to_load(chosen: Chosen, row: int, printer: Printer) -> PrinterWhy | None:
    """The material that most waiting jobs lack here, if that is all they lack."""
    columns = _columns_but_for(chosen, row, printer, LOADING)
    if not columns:
        return None
    jobs = chosen.problem.jobs
    wanted = Counter(to_load(printer, jobs[column]) for column in columns)
    ((material, count),) = wanted.most_common(1)
    served = [c for c in columns if to_load(printer, jobs[c]) == material]
    reason = chosen.scored.mask[row][served[0]] or Reason.MATERIAL
    what = "somebody_here" if reason is Reason.OPERATOR else "load_here"
    told = Phrase(what, material=material)
    return PrinterWhy(
        reason.value,
        Phrase("comma", first=told, second=_waiting(count)),
        hold(chosen.problem, printer, jobs[served[0]], reason).remedy,
        tuple(jobs[column].name for column in served),
    )


def _but_for(
    chosen: Chosen, row: int, printer: Printer, reasons: frozenset[Reason]
) -> tuple[str, ...]:
    columns = _columns_but_for(chosen, row, printer, reasons)
    return tuple(chosen.problem.jobs[column].name for column in columns)


def _columns_but_for(
    chosen: Chosen, row: int, printer: Printer, reasons: frozenset[Reason]
) -> list[int]:
    """Jobs with copies left that nothing but `reasons` keeps from a printer."""
    problem, first = chosen.problem, chosen.scored.mask[row]
    return [
        column
        for column, job in enumerate(problem.jobs)
        if (reason := first[column]) in reasons
        and reason is not None
        and chosen.left(column) > 0
        and not job.quarantined  # which shares a reason with its printer
        and reasons.issuperset(refusals(problem, printer, job, reason))
    ]


def _waiting(count: int) -> str:
    return Phrase("one_waits") if count == 1 else Phrase("jobs_wait", n=count)


def _unfit(chosen: Chosen, row: int) -> str:
    reasons = chosen.scored.mask[row]
    counts = Counter(reason for reason in reasons if reason is not None)
    if len(counts) == 1:
        return next(iter(counts)).text
    parts = (
        Phrase("count_of", reason=Phrase(f"word_{reason.value}"), n=count)
        for reason, count in counts.most_common()
    )
    return Phrase("unfit", n=len(reasons), counts=chained("comma", parts))
