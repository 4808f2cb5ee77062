"""Which printer may take which job, and if not, the first reason why."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .phrases import Phrase
from .problem import FormFactor, JobClass, Printer, Problem, Volume

PLANNED_STATES = ("idle", "printing")


class Reason(Enum):
    """Why a printer may not take a job: its key in the mask."""

    STATE = "state"
    QUEUE = "queue"
    PROFILE = "profile"
    MATERIAL = "material"
    NOZZLE = "nozzle"
    VOLUME = "volume"
    TAGS = "tags"
    FILAMENT = "filament"
    OPERATOR = "operator"
    BED = "bed"
    QUARANTINE = "quarantine"
    COLOUR = "colour"
    SWITCHED_OFF = "switched_off"
    HELD = "held"
    ATTEMPTS = "attempts"
    CONTENT = "content"
    TOGETHER = "together"
    SPREAD = "spread"

    @property
    def text(self) -> Phrase:
        """The reason for a person."""
        return Phrase(f"mask_{self.value}")


PASSING = frozenset({Reason.STATE, Reason.OPERATOR, Reason.SPREAD})
"""What holds now, and not for good."""

Mask = tuple[tuple[Reason | None, ...], ...]
"""Rows: printers, columns: jobs; None: may take it."""

_Test = Callable[[Problem, Printer, JobClass], bool]


def mask(problem: Problem) -> Mask:
    """The feasibility of every pair, in the order of the problem."""
    return tuple(
        tuple(refusal(problem, printer, job) for job in problem.jobs)
        for printer in problem.printers
    )


def refusal(problem: Problem, printer: Printer, job: JobClass) -> Reason | None:
    """The first reason in documented order against a pair; None: feasible."""
    for reason, refuses in _TESTS:
        if refuses(problem, printer, job):
            return reason
    return None


def refusals(
    problem: Problem, printer: Printer, job: JobClass, first: Reason
) -> tuple[Reason, ...]:
    """Every reason against a pair, in documented order from its first one on."""
    found: list[Reason] = []
    for reason, refuses in _TESTS:
        if reason is first or (found and refuses(problem, printer, job)):
            found.append(reason)
    return tuple(found)


def lasting_refusal(
    problem: Problem, printer: Printer, job: JobClass
) -> tuple[Reason | None, bool]:
    """The first reason against a pair that stays while time passes and others print.

    And whether it comes after OPERATOR in the documented order. PASSING are left out.
    """
    late = False
    for reason, refuses in _TESTS:
        if reason is Reason.OPERATOR:
            late = True
        elif reason not in PASSING and refuses(problem, printer, job):
            return reason, late
    return None, late


def is_soon_ready(problem: Problem, printer: Printer) -> bool:
    """Whether a printer is ready, or will be within the horizon."""
    in_time = printer.busy_minutes <= problem.weights.horizon
    return in_time and printer.state in PLANNED_STATES and not printer.taken_by


def unavailability(problem: Problem, printer: Printer) -> Reason | None:
    """Why a printer takes no job at all, whatever job; None: it may take some."""
    own = (
        (Reason.STATE, not is_soon_ready(problem, printer)),
        (Reason.BED, not printer.bed_clear),
        (Reason.QUARANTINE, printer.quarantined),
        (Reason.SWITCHED_OFF, printer.switched_off),
    )
    return next((reason for reason, holds in own if holds), None)


def needs_change(printer: Printer, job: JobClass) -> bool:
    """Whether a person must load another material or spool first."""
    if printer.grams_left is not None and job.grams_at_once > printer.grams_left:
        return True
    return not covers(printer.loaded, needed_materials(printer, job))


def covers(loaded: tuple[str, ...], materials: tuple[str, ...]) -> bool:
    """Whether all `materials` that a job needs are among those loaded."""
    return all(_offered(need, loaded) for need in materials)


def needed_materials(printer: Printer, job: JobClass) -> tuple[str, ...]:
    """The materials of a job that bind a printer."""
    free = is_silent(printer) and "materials" in job.from_file
    return () if free else job.materials


def is_silent(printer: Printer) -> bool:
    """Whether a printer does not tell which materials it has."""
    return not (printer.materials or printer.loaded)


def start_minute(problem: Problem, printer: Printer) -> int:
    """The Unix minute at which the printer can start."""
    return problem.now // 60 + printer.busy_minutes


def _offered(need: str, offers: tuple[str, ...]) -> bool:
    """Whether `PLA:black` is among the offers; `PLA` takes any colour."""
    if ":" in need:
        return need in offers
    return need in (offer.partition(":")[0] for offer in offers)


def _state(problem: Problem, printer: Printer, _job: JobClass) -> bool:
    return not is_soon_ready(problem, printer)


def _queue(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return job.queue not in printer.queues


def _profile(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return job.duration(printer.model) is None


def _material(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    offers = printer.materials + printer.loaded
    needs = needed_materials(printer, job)
    return not all(_offered(need.partition(":")[0], offers) for need in needs)


def _colour(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    offers = printer.materials + printer.loaded
    return not all(_offered(need, offers) for need in needed_materials(printer, job))


def _nozzle(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    if printer.nozzle is None and "nozzle" in job.from_file:
        return False
    return job.nozzle is not None and job.nozzle != printer.nozzle


def _volume(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    if job.bbox is None:
        return False
    if printer.volume is None:
        return "bbox" not in job.from_file
    return not _fits(job.bbox, printer.volume)


def _fits(bbox: tuple[float, float, float], volume: Volume) -> bool:
    """Whether a part fits; on a rectangular bed it may be turned by 90 degrees."""
    x, y, z = bbox
    if z > volume.height:
        return False
    if volume.form_factor is FormFactor.CIRCULAR:
        return x * x + y * y <= volume.width * volume.width
    straight = x <= volume.width and y <= volume.depth
    return straight or (y <= volume.width and x <= volume.depth)


def _tags(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return not all(tag in printer.tags for tag in job.tags)


def _filament(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    if printer.spool_grams is None or job.grams_at_once <= printer.spool_grams:
        return False
    return needs_change(printer, job)


def _operator(problem: Problem, printer: Printer, job: JobClass) -> bool:
    if not needs_change(printer, job):
        return False
    return problem.help_wait(printer, start_minute(problem, printer)) > 0


def _bed(_problem: Problem, printer: Printer, _job: JobClass) -> bool:
    return not printer.bed_clear


def _quarantine(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return printer.quarantined or job.quarantined


def _switched_off(_problem: Problem, printer: Printer, _job: JobClass) -> bool:
    return printer.switched_off


def _held(_problem: Problem, _printer: Printer, job: JobClass) -> bool:
    return job.held or job.paused


def _attempts(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return printer.name in job.failed_on


def _content(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return printer.name in job.unreachable_from


def _together(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return job.together_on not in ("", printer.name)


def _spread(_problem: Problem, printer: Printer, job: JobClass) -> bool:
    return job.spread and printer.name in job.held_on


_TESTS: tuple[tuple[Reason, _Test], ...] = (
    (Reason.STATE, _state),
    (Reason.QUEUE, _queue),
    (Reason.PROFILE, _profile),
    (Reason.MATERIAL, _material),
    (Reason.NOZZLE, _nozzle),
    (Reason.VOLUME, _volume),
    (Reason.TAGS, _tags),
    (Reason.FILAMENT, _filament),
    (Reason.OPERATOR, _operator),
    (Reason.BED, _bed),
    (Reason.QUARANTINE, _quarantine),
    (Reason.COLOUR, _colour),
    (Reason.SWITCHED_OFF, _switched_off),
    (Reason.HELD, _held),
    (Reason.ATTEMPTS, _attempts),
    (Reason.CONTENT, _content),
    (Reason.TOGETHER, _together),
    (Reason.SPREAD, _spread),
)
