"""Each reason of the mask for a person: what holds a pair, and what would free it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .feasibility import Reason, covers, needed_materials, start_minute
from .hours import operator_wait
from .problem import ANY_MODEL, JobClass, Printer, Problem

Values = Mapping[str, str | int | float]

_FROM_CLICK_TO_NEVER = (
    Reason.HELD,
    Reason.BED,
    Reason.SWITCHED_OFF,
    Reason.OPERATOR,
    Reason.COLOUR,
    Reason.MATERIAL,
    Reason.FILAMENT,
    Reason.QUARANTINE,
    Reason.CONTENT,
    Reason.STATE,
    Reason.ATTEMPTS,
    Reason.PROFILE,
    Reason.NOZZLE,
    Reason.TAGS,
    Reason.QUEUE,
    Reason.TOGETHER,
    Reason.SPREAD,
    Reason.VOLUME,
)
EFFORT: Mapping[Reason, int] = {
    reason: effort for effort, reason in enumerate(_FROM_CLICK_TO_NEVER)
}
"""What it takes to free a pair, from a click to what nobody can do."""

HANDY = EFFORT[Reason.ATTEMPTS]  # up to here somebody in the workshop does it at once
LOADING = frozenset({Reason.MATERIAL, Reason.COLOUR, Reason.OPERATOR, Reason.FILAMENT})


@dataclass(frozen=True)
class Hold:
    """One reason against a pair.

    `remedy` is empty where nothing needs doing, or nothing can be done. `at`: Unix
    seconds from which it does not hold any more. `values` is what the reason is about.
    """

    reason: Reason
    text: str
    remedy: str = ""
    at: int | None = None
    values: Values = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether it ends without anybody's help."""
        return self.at is not None


def hold(problem: Problem, printer: Printer, job: JobClass, reason: Reason) -> Hold:
    """A reason that is known to hold for a pair."""
    return _HOLDS[reason](problem, printer, job)


def need_text(reason: Reason, printer: Printer, job: JobClass) -> str:
    """What the job asks for, where no printer of many has it."""
    if reason is Reason.PROFILE:
        return _no_file(printer, job)
    if reason in (Reason.MATERIAL, Reason.COLOUR):
        return f"needs {spoken(job.materials)}"
    if reason is Reason.NOZZLE:
        return f"needs a {job.nozzle:g} mm nozzle"
    if reason is Reason.TAGS:
        return f"needs {_tags(job, printer)}"
    if reason is Reason.VOLUME and job.bbox is not None:
        return f"too large at {_sides(job.bbox)}"
    return reason.text


def state_text(printer: Printer) -> str:
    """What a printer does, or why it does nothing."""
    if printer.taken_by:
        return f"takes {printer.taken_by} first"
    if printer.busy_minutes:
        return f"{printer.state}, {printer.busy_minutes} min left"
    return printer.state


def spoken(materials: Iterable[str]) -> str:
    """Materials as a person says them: PETG black and PLA."""
    return " and ".join(material.replace(":", " ") for material in materials)


def to_load(printer: Printer, job: JobClass) -> str:
    """What somebody must put on the printer; a full spool if all of it is there."""
    needs = needed_materials(printer, job)
    missing = [need for need in needs if not covers(printer.loaded, (need,))]
    return spoken(missing) or "a new spool"


def _state(problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    if printer.taken_by:
        values = {"takes": printer.taken_by}
        text = f"{printer.name} {state_text(printer)}"
        return Hold(Reason.STATE, text, values=values)
    text = f"{printer.name} is {state_text(printer)}"
    if printer.busy_minutes:
        free = 60 * start_minute(problem, printer)
        left = {"minutes": printer.busy_minutes}
        return Hold(Reason.STATE, text, "", free, left)
    return Hold(
        Reason.STATE, text, f"get {printer.name} going", values={"is": printer.state}
    )


def _queue(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return Hold(
        Reason.QUEUE,
        f"{printer.name} does not serve queue {job.queue}",
        f"let {printer.name} serve it",
        values={"needs": job.queue, "has": ", ".join(printer.queues)},
    )


def _profile(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    values = {
        "needs": ", ".join(model for model, _ in job.durations if model.isprintable()),
        "has": printer.model,
    }
    if printer.model == ANY_MODEL:
        return Hold(
            Reason.PROFILE,
            f"{printer.name} names no model, and every file is for one",
            f"say in its settings which model {printer.name} is",
            values=values,
        )
    return Hold(
        Reason.PROFILE,
        f"no file is sliced for model {printer.model} of {printer.name}",
        f"add a file sliced for {printer.model}",
        values=values,
    )


def _no_file(printer: Printer, job: JobClass) -> str:
    if any(not model.isprintable() for model, _ in job.durations):
        return "no file sliced for a model that the job asks for: add one"
    if printer.model == ANY_MODEL:
        return "every file is for a model, and the printer names none"
    return f"no file sliced for model {printer.model}: add one"


def _material(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return _loading(Reason.MATERIAL, printer, job)


def _colour(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return _loading(Reason.COLOUR, printer, job)


def _loading(reason: Reason, printer: Printer, job: JobClass) -> Hold:
    missing = to_load(printer, job)
    has = dict.fromkeys((*printer.loaded, *printer.materials))
    return Hold(
        reason,
        f"{printer.name} has no {missing}",
        f"load {missing} on {printer.name}",
        values={"needs": ", ".join(job.materials), "has": ", ".join(has)},
    )


def _nozzle(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    needs = f"needs a {job.nozzle:g} mm nozzle"
    values: dict[str, str | int | float] = {"needs": job.nozzle or 0}
    if printer.nozzle is None:
        return Hold(
            Reason.NOZZLE,
            f"{needs}; {printer.name} does not say which it has",
            f"say in its settings which nozzle {printer.name} has",
            values=values,
        )
    return Hold(
        Reason.NOZZLE,
        f"{needs}; {printer.name} has {printer.nozzle:g}",
        f"fit a {job.nozzle:g} mm nozzle to {printer.name}",
        values=values | {"has": printer.nozzle},
    )


def _volume(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    values = {"needs": _sides(job.bbox or ())}
    if printer.volume is None:
        return Hold(
            Reason.VOLUME,
            f"{printer.name} does not say how large a part may be",
            f"say in its settings the build volume of {printer.name}",
            values=values,
        )
    volume = printer.volume
    room = _sides((volume.width, volume.depth, volume.height))
    text = f"too large for {printer.name}: {values['needs']}, it has {room}"
    return Hold(Reason.VOLUME, text, values=values | {"has": room})


def _sides(millimetres: Iterable[float]) -> str:
    return " x ".join(f"{side:g}" for side in millimetres) + " mm"


def _tagged(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    missing = _tags(job, printer)
    return Hold(
        Reason.TAGS,
        f"{printer.name} lacks {missing}",
        f"give {printer.name} {missing}, if that is true of it",
        values={"needs": ", ".join(job.tags), "has": ", ".join(printer.tags)},
    )


def _tags(job: JobClass, printer: Printer) -> str:
    missing = [tag for tag in job.tags if tag not in printer.tags]
    return f"the tag{'s' if len(missing) > 1 else ''} {', '.join(missing)}"


def _filament(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    spool = printer.spool_grams or 0
    of = f"of {spoken(job.materials)} " if job.materials else ""
    return Hold(
        Reason.FILAMENT,
        f"needs {job.grams_at_once:g} g; a spool of {printer.name} holds {spool:g}",
        f"put a spool {of}with {job.grams_at_once:g} g or more on {printer.name}",
        values={"needs": job.grams_at_once, "has": spool},
    )


def _operator(problem: Problem, printer: Printer, job: JobClass) -> Hold:
    start = start_minute(problem, printer)
    somebody = start + problem.help_wait(printer, start)
    missing = to_load(printer, job)
    text = f"somebody must be there to load {missing} on {printer.name}"
    if operator_wait(problem.hours_of(printer), start) == 0:
        text = (
            f"{missing} must be loaded on {printer.name}, and the operator does as"
            " much by hand as the period allows"
        )
    return Hold(
        Reason.OPERATOR,
        text,
        f"load {missing} on {printer.name}",
        60 * somebody,
        {"needs": ", ".join(job.materials)},
    )


def _bed(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    text = f"the bed of {printer.name} is not known to be clear"
    return Hold(Reason.BED, text, f"clear the bed of {printer.name}")


def _quarantine(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    if job.quarantined:
        text = "it failed too often"
        return Hold(Reason.QUARANTINE, text, "look at why, then retry it")
    return Hold(
        Reason.QUARANTINE,
        f"{printer.name} failed several prints in a row",
        f"look after {printer.name}, then say that its bed is clear",
    )


def _switched_off(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    return Hold(
        Reason.SWITCHED_OFF,
        f"{printer.name} is paused by a person",
        f"resume taking work on {printer.name}",
    )


def _held(_problem: Problem, _printer: Printer, job: JobClass) -> Hold:
    if job.paused:
        return Hold(Reason.HELD, "the queue is paused", "resume the queue")
    return Hold(Reason.HELD, "it is on hold", "release it")


def _attempts(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    return Hold(
        Reason.ATTEMPTS,
        f"it failed on {printer.name}: another printer is to try",
        "retry it after a look at why",
    )


def _content(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    return Hold(
        Reason.CONTENT,
        f"file on no host that {printer.name} can reach",
        "switch on a printer that has its file",
    )


def _together(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    text = f"its copies belong together, and others of it are on {job.together_on}"
    return Hold(Reason.TOGETHER, text, values={"needs": job.together_on})


def _spread(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    text = f"{printer.name} has a copy of it already, and they are to be spread"
    return Hold(Reason.SPREAD, text)


_HOLDS: Mapping[Reason, Callable[[Problem, Printer, JobClass], Hold]] = {
    Reason.STATE: _state,
    Reason.QUEUE: _queue,
    Reason.PROFILE: _profile,
    Reason.MATERIAL: _material,
    Reason.NOZZLE: _nozzle,
    Reason.VOLUME: _volume,
    Reason.TAGS: _tagged,
    Reason.FILAMENT: _filament,
    Reason.OPERATOR: _operator,
    Reason.BED: _bed,
    Reason.QUARANTINE: _quarantine,
    Reason.COLOUR: _colour,
    Reason.SWITCHED_OFF: _switched_off,
    Reason.HELD: _held,
    Reason.ATTEMPTS: _attempts,
    Reason.CONTENT: _content,
    Reason.TOGETHER: _together,
    Reason.SPREAD: _spread,
}
