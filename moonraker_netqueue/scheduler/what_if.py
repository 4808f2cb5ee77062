"""What if: a problem as it would be, in words such as `Voron: PETG black`.

docs/scheduling.md has the grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .errors import ProblemError
from .feasibility import PLANNED_STATES
from .forecast import Forecast
from .problem import JobClass, Printer, Problem

_IDLE = PLANNED_STATES[0]
_PRINTER, _JOB, _QUEUE = "printer", "job", "queue"
_QUEUE_WORDS = {"resume": False, "pause": True}  # whether it is paused then
_NAMES_SHOWN = 12
_PRIORITY_MAX = 9


class WhatIfError(ProblemError):
    """A what-if is not understood; the message says what is possible."""


@dataclass(frozen=True)
class Shift:
    """When a job starts and ends, before and after; Unix minutes.

    None: it is not in the forecast.
    """

    job: str
    start_before: int | None
    start_after: int | None
    end_before: int | None
    end_after: int | None

    @property
    def gain(self) -> int | None:
        """Minutes by which it starts earlier; None: it starts in one of them only."""
        if self.start_before is None or self.start_after is None:
            return None
        return self.start_before - self.start_after


@dataclass(frozen=True)
class Summary:
    """A forecast in figures.

    `finish`: the Unix minute at which all is printed that ever will be; None: the
    forecast ends before. `never`: copies that will not print as things are.
    """

    finish: int | None
    copies: int
    changes: int
    never: int


@dataclass(frozen=True)
class Difference:
    """What a change makes of a forecast; shifts are of jobs that move, first gains."""

    before: Summary
    after: Summary
    shifts: tuple[Shift, ...]


def changed(problems: Sequence[Problem], wishes: Iterable[str]) -> tuple[Problem, ...]:
    """The problems with each of `wishes` true, in order; raises WhatIfError.

    They are of one farm: a printer is in each of them, a job in one.
    """
    for wish in wishes:
        problems = _changed(problems, wish)
    return tuple(problems)


def compare(before: Forecast, after: Forecast) -> Difference:
    """The difference that a change makes."""
    spans = _spans(before), _spans(after)
    shifts = [
        Shift(job, first[0], second[0], first[1], second[1])
        for job in dict.fromkeys((*spans[0], *spans[1]))
        if (first := spans[0].get(job, _NEVER)) != (second := spans[1].get(job, _NEVER))
    ]
    shifts.sort(key=lambda shift: (-_weight(shift), shift.job))
    return Difference(_summary(before), _summary(after), tuple(shifts))


def told(difference: Difference) -> list[str]:
    """The difference in lines for a person, without a time of day."""
    before, after = difference.before, difference.after
    lines = [_shifted(shift) for shift in difference.shifts] or ["nothing changes"]
    if before.finish is not None and after.finish is not None:
        sooner = before.finish - after.finish
        if sooner:
            lines.append(f"all is done {_moved(sooner)}")
    if before.never != after.never:
        lines.append(f"{after.never} copies never print, not {before.never}")
    if before.copies == after.copies and before.changes != after.changes:
        lines.append(f"{after.changes} changes of material, not {before.changes}")
    return lines


def _shifted(shift: Shift) -> str:
    if shift.gain is None:
        starts = (
            "will start" if shift.start_before is None else "does not start any more"
        )
        return f"{shift.job} {starts}"
    if shift.gain:
        return f"{shift.job} starts {_moved(shift.gain)}"
    ends = (shift.end_before or 0) - (shift.end_after or 0)
    return f"{shift.job} ends {_moved(ends)}"


def _moved(minutes: int) -> str:
    return f"{abs(minutes)} min {'earlier' if minutes > 0 else 'later'}"


_Span = tuple[int | None, int | None]
_NEVER: _Span = (None, None)


def _spans(forecast: Forecast) -> dict[str, _Span]:
    """The first start and the last end of each job."""
    spans: dict[str, _Span] = {}
    for one in forecast.prints:
        start, end = spans.get(one.job, _NEVER)
        first = one.start if start is None else min(start, one.start)
        spans[one.job] = first, one.end if end is None else max(end, one.end)
    return spans


def _weight(shift: Shift) -> float:
    """Jobs that start at all come first, those that do not any more last."""
    if shift.gain is not None:
        return shift.gain
    return float("inf") if shift.start_before is None else float("-inf")


def _summary(forecast: Forecast) -> Summary:
    ends = [one.end for one in forecast.prints]
    return Summary(
        finish=max(ends) if ends and forecast.complete else None,
        copies=sum(one.copies for one in forecast.prints),
        changes=sum(one.change for one in forecast.prints),
        never=sum(copies for _, copies in forecast.left) if forecast.complete else 0,
    )


def _changed(problems: Sequence[Problem], wish: str) -> tuple[Problem, ...]:
    kind, name, what = _split(wish, _named(problems))
    known = {_plain(word): word for problem in problems for word in _materials(problem)}

    def printer(one: Printer) -> Printer:
        return _printer(one, what, known) if one.name == name else one

    def job(one: JobClass) -> JobClass:
        if kind == _QUEUE:
            return _queued(one, name, what) if one.queue == name else one
        return _job(one, what) if one.name == name else one

    if kind == _PRINTER:
        return tuple(
            replace(problem, printers=tuple(map(printer, problem.printers)))
            for problem in problems
        )
    return tuple(
        replace(problem, jobs=tuple(map(job, problem.jobs))) for problem in problems
    )


def _named(problems: Sequence[Problem]) -> dict[str, tuple[str, str]]:
    """Kind and name by what a wish may call them: `lid`, or `job lid`."""
    kinds = (
        (_PRINTER, [one.name for problem in problems for one in problem.printers]),
        (_JOB, [job.name for problem in problems for job in problem.jobs]),
        (_QUEUE, [job.queue for problem in problems for job in problem.jobs]),
    )
    found: dict[str, tuple[str, str]] = {}
    for kind, names in kinds:
        for name in names:
            # Of one name without its kind, the printer is meant, then the job.
            found.setdefault(name, (kind, name))
            found[f"{kind} {name}"] = kind, name
    return found


def _split(wish: str, named: Mapping[str, tuple[str, str]]) -> tuple[str, str, str]:
    """Kind and name that a wish begins with, the longest that fits, and the rest."""
    known = sorted(named, key=len, reverse=True)
    for same in (str, str.casefold):
        for call in known:
            if same(wish).startswith(f"{same(call)}:"):
                return *named[call], " ".join(wish[len(call) + 1 :].split())
    given = wish.partition(":")[0].strip()
    names = [name for call, (_, name) in named.items() if call == name]
    raise WhatIfError(
        f"{wish[:80]!r}: no printer, waiting job or queue is called {given[:40]!r};"
        f" write NAME: WHAT, with a name such as {_some(names)}"
    )


def _printer(printer: Printer, what: str, known: Mapping[str, str]) -> Printer:
    change = _PRINTER_WORDS.get(what.casefold())
    if change is not None:
        return change(printer)
    if what.casefold().startswith("nozzle "):
        return replace(printer, nozzle=_number(printer.name, what))
    loaded = tuple(known.get(_plain(part)) for part in what.split(","))
    found = tuple(material for material in loaded if material is not None)
    if not found or len(found) < len(loaded):
        possible = sorted(material.replace(":", " ") for material in known.values())
        raise WhatIfError(
            f"{printer.name}: {what[:60]!r} is not understood; possible are"
            f" {', '.join(_PRINTER_WORDS)}, nozzle 0.6, or what is loaded, such as"
            f" {_some(possible)}"
        )
    at_hand = tuple(dict.fromkeys((*printer.materials, *printer.loaded)))
    spool = printer.spool_grams
    return replace(printer, loaded=found, materials=at_hand, grams_left=spool)


def _job(job: JobClass, what: str) -> JobClass:
    change = _JOB_WORDS.get(what.casefold())
    if change is not None:
        return change(job)
    word, _, rest = what.partition(" ")
    if word.casefold() == "priority" and rest.lstrip("+-").isdecimal():
        level = int(rest)
        if abs(level) <= _PRIORITY_MAX:
            return replace(job, priority=level)
    raise WhatIfError(
        f"{job.name}: {what[:60]!r} is not understood; possible for a job are"
        f" {', '.join(_JOB_WORDS)}, priority 2 (-{_PRIORITY_MAX} to {_PRIORITY_MAX})"
    )


def _queued(job: JobClass, queue: str, what: str) -> JobClass:
    if what.casefold() not in _QUEUE_WORDS:
        raise WhatIfError(
            f"{queue}: {what[:60]!r} is not understood; possible for a queue are"
            f" {', '.join(_QUEUE_WORDS)}"
        )
    return replace(job, paused=_QUEUE_WORDS[what.casefold()])


def _number(printer: str, what: str) -> float:
    text = what.split()[1].removesuffix("mm")
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 10:
        raise WhatIfError(
            f"{printer}: {what[:60]!r} is no nozzle; give it in mm: nozzle 0.6"
        )
    return number


def _materials(problem: Problem) -> list[str]:
    """Every material that a job or a printer speaks of."""
    words = [word for job in problem.jobs for word in job.materials]
    for printer in problem.printers:
        words += [*printer.loaded, *printer.materials]
    return sorted(set(words))


def _plain(material: str) -> str:
    """`PETG black`, `petg:black` and `PETG:black` are one."""
    return " ".join(material.replace(":", " ").casefold().split())


def _some(words: Iterable[str]) -> str:
    listed = list(words)
    more = ", ..." if len(listed) > _NAMES_SHOWN else ""
    return ", ".join(listed[:_NAMES_SHOWN]) + more or "none: there are none"


def _resumed(printer: Printer) -> Printer:
    return replace(printer, switched_off=False)


def _paused(printer: Printer) -> Printer:
    return replace(printer, switched_off=True)


def _cleared(printer: Printer) -> Printer:
    # A person who has looked also ends a quarantine.
    return replace(printer, bed_clear=True, quarantined=False)


def _on(printer: Printer) -> Printer:
    if printer.state in PLANNED_STATES:
        return printer
    return replace(printer, state=_IDLE, busy_minutes=0)


def _off(printer: Printer) -> Printer:
    return replace(printer, state="off", busy_minutes=0)


def _idle(printer: Printer) -> Printer:
    return replace(_cleared(printer), state=_IDLE, busy_minutes=0)


def _released(job: JobClass) -> JobClass:
    return replace(job, held=False)


def _held(job: JobClass) -> JobClass:
    return replace(job, held=True)


def _retried(job: JobClass) -> JobClass:
    return replace(job, quarantined=False, failed_on=())


_PRINTER_WORDS: Mapping[str, Callable[[Printer], Printer]] = {
    "bed clear": _cleared,
    "resume": _resumed,
    "pause": _paused,
    "on": _on,
    "off": _off,
    "idle": _idle,
}
_JOB_WORDS: Mapping[str, Callable[[JobClass], JobClass]] = {
    "release": _released,
    "hold": _held,
    "retry": _retried,
}
