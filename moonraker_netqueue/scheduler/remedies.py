"""Each reason of the mask for a person: what holds a pair, and what would free it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .feasibility import Reason, covers, needed_materials, start_minute
from .hours import operator_wait
from .phrases import Phrase, chained
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
        return Phrase("needs_material", material=spoken(job.materials))
    if reason is Reason.NOZZLE:
        return Phrase("needs_nozzle", nozzle=job.nozzle or 0)
    if reason is Reason.TAGS:
        return _of_tags("needs_tag", printer, job)
    if reason is Reason.VOLUME and job.bbox is not None:
        return Phrase("too_large_at", size=_sides(job.bbox))
    return reason.text


def state_text(printer: Printer) -> str:
    """What a printer does, or why it does nothing."""
    if printer.taken_by:
        return Phrase("takes_first", job=printer.taken_by)
    if printer.busy_minutes:
        left = printer.busy_minutes
        return Phrase("state_left", state=printer.state, minutes=left)
    return Phrase("state", state=printer.state)


def spoken(materials: Iterable[str]) -> str:
    """Materials as a person says them: PETG black and PLA."""
    names = [material.replace(":", " ") for material in materials]
    return chained("both", names) if names else ""


def to_load(printer: Printer, job: JobClass) -> str:
    """What somebody must put on the printer; a full spool if all of it is there."""
    needs = needed_materials(printer, job)
    missing = [need for need in needs if not covers(printer.loaded, (need,))]
    return spoken(missing) or Phrase("new_spool")


def _state(problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    if printer.taken_by:
        values = {"takes": printer.taken_by}
        text = Phrase("outbid", printer=printer.name, job=printer.taken_by)
        return Hold(Reason.STATE, text, values=values)
    text = Phrase("is", printer=printer.name, doing=state_text(printer))
    if printer.busy_minutes:
        free = 60 * start_minute(problem, printer)
        left = {"minutes": printer.busy_minutes}
        return Hold(Reason.STATE, text, "", free, left)
    remedy = Phrase("get_going", printer=printer.name)
    return Hold(Reason.STATE, text, remedy, values={"is": printer.state})


def _queue(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return Hold(
        Reason.QUEUE,
        Phrase("not_served", printer=printer.name, queue=job.queue),
        Phrase("let_serve", printer=printer.name),
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
            Phrase("no_model", printer=printer.name),
            Phrase("say_model", printer=printer.name),
            values=values,
        )
    return Hold(
        Reason.PROFILE,
        Phrase("no_file", model=printer.model, printer=printer.name),
        Phrase("add_file", model=printer.model),
        values=values,
    )


def _no_file(printer: Printer, job: JobClass) -> str:
    if any(not model.isprintable() for model, _ in job.durations):
        return Phrase("no_file_asked")
    if printer.model == ANY_MODEL:
        return Phrase("no_file_unnamed")
    return Phrase("no_file_model", model=printer.model)


def _material(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return _loading(Reason.MATERIAL, printer, job)


def _colour(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return _loading(Reason.COLOUR, printer, job)


def _loading(reason: Reason, printer: Printer, job: JobClass) -> Hold:
    missing = to_load(printer, job)
    has = dict.fromkeys((*printer.loaded, *printer.materials))
    return Hold(
        reason,
        Phrase("has_no", printer=printer.name, material=missing),
        Phrase("load", material=missing, printer=printer.name),
        values={"needs": ", ".join(job.materials), "has": ", ".join(has)},
    )


def _nozzle(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    name, nozzle = printer.name, job.nozzle or 0
    values: dict[str, str | int | float] = {"needs": nozzle}
    if printer.nozzle is None:
        return Hold(
            Reason.NOZZLE,
            Phrase("nozzle_unknown", nozzle=nozzle, printer=name),
            Phrase("say_nozzle", printer=name),
            values=values,
        )
    return Hold(
        Reason.NOZZLE,
        Phrase("other_nozzle", nozzle=nozzle, printer=name, has=printer.nozzle),
        Phrase("fit_nozzle", nozzle=nozzle, printer=name),
        values=values | {"has": printer.nozzle},
    )


def _volume(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    size = _sides(job.bbox or ())
    values = {"needs": size}
    if printer.volume is None:
        return Hold(
            Reason.VOLUME,
            Phrase("volume_unknown", printer=printer.name),
            Phrase("say_volume", printer=printer.name),
            values=values,
        )
    volume = printer.volume
    room = _sides((volume.width, volume.depth, volume.height))
    text = Phrase("too_large", printer=printer.name, size=size, room=room)
    return Hold(Reason.VOLUME, text, values=values | {"has": room})


def _sides(millimetres: Iterable[float]) -> str:
    return " x ".join(f"{side:g}" for side in millimetres) + " mm"


def _tagged(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    return Hold(
        Reason.TAGS,
        _of_tags("lacks_tag", printer, job),
        _of_tags("give_tag", printer, job),
        values={"needs": ", ".join(job.tags), "has": ", ".join(printer.tags)},
    )


def _of_tags(code: str, printer: Printer, job: JobClass) -> Phrase:
    """A phrase of the tags that a printer lacks; its plural has another code."""
    missing = [tag for tag in job.tags if tag not in printer.tags]
    plural = "s" if len(missing) > 1 else ""
    values = {"printer": printer.name} if code != "needs_tag" else {}
    return Phrase(code + plural, tags=", ".join(missing), **values)


def _filament(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    spool = printer.spool_grams or 0
    name, grams = printer.name, job.grams_at_once
    remedy = Phrase("put_spool", grams=grams, printer=name)
    if job.materials:
        of = spoken(job.materials)
        remedy = Phrase("put_spool_of", material=of, grams=grams, printer=name)
    return Hold(
        Reason.FILAMENT,
        Phrase("little_filament", grams=grams, printer=name, has=spool),
        remedy,
        values={"needs": grams, "has": spool},
    )


def _operator(problem: Problem, printer: Printer, job: JobClass) -> Hold:
    start = start_minute(problem, printer)
    somebody = start + problem.help_wait(printer, start)
    missing = to_load(printer, job)
    text = Phrase("somebody", material=missing, printer=printer.name)
    if operator_wait(problem.hours_of(printer), start) == 0:
        text = Phrase("operator_limit", material=missing, printer=printer.name)
    return Hold(
        Reason.OPERATOR,
        text,
        Phrase("load", material=missing, printer=printer.name),
        60 * somebody,
        {"needs": ", ".join(job.materials)},
    )


def _bed(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    text = Phrase("bed_unknown", printer=printer.name)
    return Hold(Reason.BED, text, Phrase("clear_bed", printer=printer.name))


def _quarantine(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    if job.quarantined:
        text = Phrase("failed_often")
        return Hold(Reason.QUARANTINE, text, Phrase("look_retry"))
    return Hold(
        Reason.QUARANTINE,
        Phrase("in_quarantine", printer=printer.name),
        Phrase("look_after", printer=printer.name),
    )


def _switched_off(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    return Hold(
        Reason.SWITCHED_OFF,
        Phrase("switched_off", printer=printer.name),
        Phrase("resume_printer", printer=printer.name),
    )


def _held(_problem: Problem, _printer: Printer, job: JobClass) -> Hold:
    if job.paused:
        return Hold(Reason.HELD, Phrase("queue_paused"), Phrase("resume_queue"))
    return Hold(Reason.HELD, Phrase("on_hold"), Phrase("release"))


def _attempts(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    return Hold(
        Reason.ATTEMPTS,
        Phrase("failed_here", printer=printer.name),
        Phrase("retry_after_look"),
    )


def _content(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    return Hold(
        Reason.CONTENT,
        Phrase("no_content", printer=printer.name),
        Phrase("switch_on"),
    )


def _together(_problem: Problem, printer: Printer, job: JobClass) -> Hold:
    text = Phrase("together", printer=job.together_on)
    return Hold(Reason.TOGETHER, text, values={"needs": job.together_on})


def _spread(_problem: Problem, printer: Printer, _job: JobClass) -> Hold:
    text = Phrase("spread", printer=printer.name)
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
