"""Why a job waits: the mask and the prices, read out; the most useful first.

Prices are information for a person: they are never replicated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from .chosen import Chosen
from .feasibility import Reason, refusals, start_minute
from .phrases import Phrase, chained
from .problem import JobClass, Printer
from .remedies import (
    EFFORT,
    HANDY,
    LOADING,
    Values,
    hold,
    need_text,
    state_text,
)

_NAMES_SHOWN = 3
_LOOKED_AT = 8  # printers among which a line seeks the handiest remedy
_AWAY = frozenset({Reason.STATE, Reason.CONTENT})  # it takes more than a touch
_SECONDS, _HUNDREDTHS = 60, 100  # of a minute


class Price(Enum):
    """Why a printer that may take a job does not: its key beside those of the mask."""

    BUSY = "busy"  # it prints, and fits otherwise
    TAKES = "takes"  # it does: it is given a copy
    OUTBID = "outbid"  # it is given another job
    DEARER = "dearer"  # staying idle is cheaper
    ENOUGH = "enough"  # it needs a change, and the operator's period allows no more


class Use(IntEnum):
    """What a person gains from an obstacle, the most useful first."""

    REMEDY = 0  # to do on a printer that is idle
    PASSES = 1  # by itself
    LATER = 2  # to do on a printer that works or is away
    HARD = 3  # another nozzle, another file, never


@dataclass(frozen=True)
class Obstacle:
    """What keeps a job from one printer.

    `code` is the hardest Reason that holds, or a Price; `also` are other reasons.
    `remedy` frees the pair, if anything does. `at`: Unix seconds when it passes by
    itself. `price`: by how many hundredths of a minute the plan would be worse.
    """

    printer: str
    code: str
    use: Use
    text: str
    remedy: str = ""
    at: int | None = None
    price: int | None = None
    values: Values = field(default_factory=dict)
    also: tuple[str, ...] = ()
    order: int = 0  # among those of one use


@dataclass(frozen=True)
class Waiting:
    """Why copies of a job wait; `reasons` counts the printers per reason."""

    why: str
    reasons: Mapping[str, int]

    @property
    def text(self) -> str:
        """What is said after the name of the job."""
        unfit = isinstance(self.why, Phrase) and self.why.code == "no_fit"
        return f"waits, {self.why}" if unfit else f"waits: {self.why}"


def why_waiting(chosen: Chosen) -> dict[str, Waiting]:
    """The reason for each job class that has more copies than were given out."""
    explained: dict[str, Waiting] = {}
    for column, job in enumerate(chosen.problem.jobs):
        if chosen.left(column) > 0:
            reasons = (row[column] for row in chosen.scored.mask)
            counts = Counter(reason.value for reason in reasons if reason is not None)
            line = _line(chosen, column)
            explained[job.name] = Waiting(line, dict(sorted(counts.items())))
    return explained


def obstacles(chosen: Chosen, name: str) -> tuple[Obstacle, ...]:
    """What keeps a job from each printer, the most useful first."""
    column = [job.name for job in chosen.problem.jobs].index(name)
    rows = range(len(chosen.problem.printers))
    found = (_obstacle(chosen, row, column) for row in rows)
    return tuple(sorted(found, key=_usefulness))


def minutes(hundredths: int) -> str:
    """A cost for a person, in minutes."""
    sign = "-" if hundredths < 0 else ""
    whole, rest = divmod(abs(hundredths), 100)
    return f"{sign}{whole}.{rest:02d}"


def listed(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    shown = chained("comma", names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return Phrase("more", names=shown, n=more) if more > 0 else shown


def _usefulness(obstacle: Obstacle) -> tuple[int, int]:
    return obstacle.use, obstacle.order


def _line(chosen: Chosen, column: int) -> str:
    """The most useful remedy, and what happens without it."""
    job = chosen.problem.jobs[column]
    if not chosen.problem.printers:
        return Phrase("no_printer")
    if job.paused:
        return Phrase("paused_resume")
    if job.held:
        return Phrase("held_release")
    if job.quarantined:
        return Phrase("failed_retry")
    looked_at = (_obstacle(chosen, row, column) for row in _telling(chosen, column))
    found = sorted(looked_at, key=_usefulness)
    passes = next((one for one in found if one.use is Use.PASSES), None)
    best = next(iter(found), None)
    if best is not None and best.use is Use.REMEDY:
        if passes is None:
            return best.remedy
        return Phrase("remedy_else", remedy=best.remedy, otherwise=passes.text)
    if passes is not None:
        if passes.code == Price.TAKES.value:
            return Phrase("all_take")
        return passes.text
    if best is not None and best.use is Use.LATER:
        doing = _doing(chosen, best)
        return Phrase("remedy_later", remedy=best.remedy, doing=doing)
    return Phrase("no_fit", needs=_needs(chosen, column))


def _doing(chosen: Chosen, obstacle: Obstacle) -> str:
    """Why that does not help at once."""
    if obstacle.code == Reason.CONTENT.value:
        return obstacle.text
    problem = chosen.problem
    row = [printer.name for printer in problem.printers].index(obstacle.printer)
    takes = chosen.vector[row]
    if takes != chosen.idle:
        return Phrase("it_takes_first", job=problem.jobs[takes].name)
    return Phrase("it_is", doing=state_text(problem.printers[row]))


def _telling(chosen: Chosen, column: int) -> Iterator[int]:
    """Rows that may give a line: the cheapest that fits, the next to be free, and
    those that take the least to make fit."""
    printers = chosen.problem.printers
    fits: list[int] = []
    busy: list[int] = []
    handy: list[int] = []
    for row, reasons in enumerate(chosen.scored.mask):
        reason = reasons[column]
        if reason is None:
            fits.append(row)
        elif reason is Reason.STATE and _works(printers[row]):
            busy.append(row)
        elif EFFORT[reason] < HANDY:
            handy.append(row)
    others = [row for row in fits if chosen.vector[row] != column] or fits[:1]
    yield from sorted(others, key=lambda row: chosen.loss(row, column))[:1]
    yield from sorted(busy, key=lambda row: printers[row].busy_minutes)[:_LOOKED_AT]

    def effort(row: int) -> tuple[bool, int]:
        reason = chosen.scored.mask[row][column]
        return not chosen.is_idle(row), EFFORT[reason] if reason else 0

    yield from sorted(handy, key=effort)[:_LOOKED_AT]


def _obstacle(chosen: Chosen, row: int, column: int) -> Obstacle:
    reason = chosen.scored.mask[row][column]
    if reason is None:
        return _priced(chosen, row, column)
    printer, job = chosen.problem.printers[row], chosen.problem.jobs[column]
    found = refusals(chosen.problem, printer, job, reason)
    busy = Reason.STATE in found and _works(printer)
    reasons = _by_effort(one for one in found if one is not Reason.STATE or not busy)
    if not reasons:
        return _busy(chosen, printer, job)
    holds = [hold(chosen.problem, printer, job, one) for one in reasons]
    hardest, effort = holds[-1], EFFORT[reasons[-1]]
    remedy = hardest.remedy
    if effort < HANDY:
        remedy = chained("both", dict.fromkeys(one.remedy for one in holds))
    alone = len(holds) == 1
    at = hardest.at if alone else None
    order = effort
    if at is not None:
        use, order = Use.PASSES, _HUNDREDTHS * (at - chosen.problem.now) // _SECONDS
    elif effort >= HANDY:
        use = Use.HARD
    elif chosen.is_idle(row) and not _AWAY.intersection(reasons):
        use = Use.REMEDY
    else:
        use = Use.LATER
    also = [one.value for one in found if one in reasons[:-1]]
    return Obstacle(
        printer=printer.name,
        code=reasons[-1].value,
        use=use,
        text=hardest.text,
        remedy=remedy,
        at=at,
        values=hardest.values,
        also=(*also, *((Price.BUSY.value,) if busy else ())),
        order=order,
    )


def _works(printer: Printer) -> bool:
    """Whether it does something, and will be free without anybody's help."""
    return printer.busy_minutes > 0 or bool(printer.taken_by)


def _by_effort(found: Iterable[Reason]) -> list[Reason]:
    """Reasons from the handiest to the hardest; of those that loading ends, one."""
    reasons = sorted(found, key=lambda reason: EFFORT[reason])
    loading = [reason for reason in reasons if reason in LOADING]
    return [one for one in reasons if one not in loading or one is loading[-1]]


def _busy(chosen: Chosen, printer: Printer, job: JobClass) -> Obstacle:
    held = hold(chosen.problem, printer, job, Reason.STATE)
    return Obstacle(
        printer=printer.name,
        code=(Price.OUTBID if printer.taken_by else Price.BUSY).value,
        use=Use.PASSES,
        text=held.text,
        at=held.at,
        values=held.values,
        order=_HUNDREDTHS * printer.busy_minutes,
    )


def _priced(chosen: Chosen, row: int, column: int) -> Obstacle:
    """The printer may take the job: what it does instead, and the price of that."""
    problem = chosen.problem
    printer, taken = problem.printers[row], chosen.vector[row]
    if taken == column:
        return Obstacle(
            printer=printer.name,
            code=Price.TAKES.value,
            use=Use.PASSES,
            text=Phrase("takes_next", printer=printer.name),
            at=_SECONDS * start_minute(problem, printer),
        )
    loss = chosen.loss(row, column)
    price = None if chosen.prices is None else loss
    if taken == chosen.idle and chosen.is_limited(row, column):
        return Obstacle(
            printer=printer.name,
            code=Price.ENOUGH.value,
            use=Use.PASSES,
            text=Phrase("limited", printer=printer.name),
            order=loss,
        )
    if taken == chosen.idle:
        return Obstacle(
            printer=printer.name,
            code=Price.DEARER.value,
            use=Use.PASSES,
            text=Phrase("dearer", printer=printer.name),
            price=price,
            order=loss,
        )
    first = problem.jobs[taken].name
    text = Phrase("outbid", printer=printer.name, job=first)
    if price is not None and price >= _HUNDREDTHS:
        worse = price // _HUNDREDTHS
        text = Phrase("outbid_minutes", printer=printer.name, job=first, minutes=worse)
    return Obstacle(
        printer=printer.name,
        code=Price.OUTBID.value,
        use=Use.PASSES,
        text=text,
        price=price,
        values={"takes": first},
        order=loss,
    )


def _needs(chosen: Chosen, column: int) -> str:
    """`need (printer1, printer2); need (printer3)`, the most frequent first."""
    job = chosen.problem.jobs[column]
    refused: dict[str, list[str]] = {}
    for printer, row in zip(chosen.problem.printers, chosen.scored.mask, strict=True):
        reason = row[column]
        if reason is Reason.STATE:
            doing = state_text(printer)
            told = Phrase("at_printer", printer=printer.name, doing=doing)
            refused.setdefault(reason.text, []).append(told)
        elif reason is not None:
            need = need_text(reason, printer, job)
            refused.setdefault(need, []).append(printer.name)
    frequent = sorted(refused.items(), key=lambda entry: -len(entry[1]))
    return chained(
        "semicolon",
        (Phrase("need_of", need=n, printers=listed(names)) for n, names in frequent),
    )
