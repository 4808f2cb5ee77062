"""What a plan is made from: printers, waiting job classes, weights. Plain data.

Costs are integers in hundredths of a minute, times whole minutes, so that every
host computes the same plan. Every field that is left out is neutral.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from .errors import ProblemError
from .hours import Diary, OperatorPeriod

ANY_MODEL = ""  # the model of a file that every printer may print
UNKNOWN_DURATION = 60  # minutes, where a file does not tell
CLEARING = 5  # minutes a person needs to clear a bed
DEFAULT_QUEUE = "default"


class FormFactor(Enum):
    """The shape of a bed."""

    RECTANGULAR = "rectangular"
    CIRCULAR = "circular"


@dataclass(frozen=True)
class Volume:
    """Build volume, mm; a circular bed has `width` as its diameter."""

    width: float
    depth: float
    height: float
    form_factor: FormFactor = FormFactor.RECTANGULAR


@dataclass(frozen=True)
class Weights:
    """What a minute of each kind is worth, in hundredths; docs/scheduling.md."""

    busy: int = 100  # per minute until the printer is idle
    change_minutes: int = 15  # minutes of one material or spool change
    clear: int = 1000  # once, if a person must clear the bed
    slow: int = 100  # per minute more than on the fastest model
    dead: int = 50  # per minute a finished print blocks its printer
    late: int = 10  # per minute after the due time
    late_cap: int = 1440  # minutes of lateness that count
    age: int = 5  # credit per minute waited
    printing: int = 10  # per minute of printing
    priority: int = 6000  # credit per level
    idle: int = 10_000_000  # once per printer left idle
    max_wait: int = 4320  # minutes after which nothing else matters more
    starving: int = 100_000  # credit once that is over
    horizon: int = 30  # minutes; printers idle within them are planned
    spread: int = 3000  # once, on a printer that made a copy of a job that is spread
    share: int = 6000  # credit, at most, of an owner who had less than a fair share


@dataclass(frozen=True)
class Printer:
    """A printer as the plan sees it. Materials are `PLA` or `PLA:black`."""

    name: str
    model: str = ANY_MODEL
    materials: tuple[str, ...] = ()  # that can be loaded; `loaded` ones count too
    loaded: tuple[str, ...] = ()
    self_clearing: bool = False  # a clearing macro does it
    volume: Volume | None = None
    nozzle: float | None = None  # mm
    manual_effort_cost: int = 30  # minutes a change is worth, besides its own
    grams_left: float | None = None  # None: enough
    spool_grams: float | None = None  # None: enough
    queues: tuple[str, ...] = (DEFAULT_QUEUE,)
    tags: tuple[str, ...] = ()
    state: str = "idle"  # any but `idle` and `printing` takes no job
    busy_minutes: int = 0  # until idle
    bed_clear: bool = True  # False: an idle printer whose bed is not known clear
    quarantined: bool = False
    switched_off: bool = False  # a person paused it
    taken_by: str = ""  # a job of queues that are planned before these
    operator: tuple[OperatorPeriod, ...] = ()  # hours of its own; none: the problem's


@dataclass(frozen=True)
class JobClass:
    """The waiting copies of one item: one column, however many they are.

    `durations` are (printer model, minutes) of the sliced files there are, with
    ANY_MODEL for one that every model may print.
    """

    name: str
    added: int = 0  # Unix seconds
    copies: int = 1  # waiting
    materials: tuple[str, ...] = ()
    durations: tuple[tuple[str, int], ...] = ((ANY_MODEL, UNKNOWN_DURATION),)
    nozzle: float | None = None  # mm
    bbox: tuple[float, float, float] | None = None  # mm
    grams: float = 0  # of one copy
    queue: str = DEFAULT_QUEUE
    tags: tuple[str, ...] = ()
    priority: int = 0
    due: int | None = None  # Unix seconds
    owner: str = ""
    keep_together: bool = False
    together_on: str = ""  # printer that has its other copies, if keep_together
    spread: bool = False
    made_on: tuple[str, ...] = ()  # printers that made copies of it, if spread
    held_on: tuple[str, ...] = ()  # printers that make or hold one now, if spread
    held: bool = False
    paused: bool = False  # its queue is
    quarantined: bool = False
    failed_on: tuple[str, ...] = ()  # printers that shall not try again
    unreachable_from: tuple[str, ...] = ()  # printers that cannot get the file
    # Which of materials, nozzle and bbox nobody asked for, but were read from the
    # file: they bind only printers that declare what they have.
    from_file: tuple[str, ...] = ()

    def duration(self, model: str) -> int | None:
        """Minutes a printer of `model` is taken; None: no file for it."""
        minutes = self._minutes.get(model, self._minutes.get(ANY_MODEL))
        return None if minutes is None else minutes * self._prints_at_once

    @cached_property
    def _minutes(self) -> dict[str, int]:
        return dict(self.durations)

    @cached_property
    def shortest(self) -> int:
        """Minutes on the fastest model there is a file for."""
        return min(minutes for _, minutes in self.durations) * self._prints_at_once

    @property
    def grams_at_once(self) -> float:
        """What the spool must hold when it starts."""
        return self.grams * self._prints_at_once

    @property
    def units(self) -> int:
        """How many printers may take one at the same time."""
        return min(self.copies, 1) if self.keep_together else self.copies

    @property
    def _prints_at_once(self) -> int:
        return self.copies if self.keep_together else 1


@dataclass(frozen=True)
class Problem:
    """One planning problem; puts printers and jobs in their canonical order."""

    now: int  # Unix seconds
    printers: tuple[Printer, ...] = ()
    jobs: tuple[JobClass, ...] = ()
    weights: Weights = Weights()
    operator: tuple[OperatorPeriod, ...] = ()  # none: somebody is always there
    owner_credit: tuple[tuple[str, int], ...] = ()  # hundredths of a minute
    strategy: str = "assignment"  # the name of one of strategies/

    def __post_init__(self) -> None:
        """Sort, and refuse what has no meaning; raises ProblemError."""
        printers = sorted(self.printers, key=lambda printer: printer.name)
        jobs = sorted(self.jobs, key=lambda job: (job.added, job.name))
        _refuse_twins("printer", (printer.name for printer in printers))
        _refuse_twins("job", (job.name for job in jobs))
        for job in jobs:
            _check_job(job)
        object.__setattr__(self, "printers", tuple(printers))
        object.__setattr__(self, "jobs", tuple(jobs))

    def hours_of(self, printer: Printer) -> tuple[OperatorPeriod, ...]:
        """When somebody is there to look after a printer; none: always."""
        return printer.operator or self.operator

    def help_wait(self, printer: Printer, minute: int) -> int:
        """Minutes until somebody can do something by hand at a printer."""
        hours = self.hours_of(printer)
        diary = self._diaries.get(hours)
        if diary is None:
            diary = self._diaries[hours] = Diary(hours, self.now // 60)
        return diary.wait(minute)

    @cached_property
    def _diaries(self) -> dict[tuple[OperatorPeriod, ...], Diary]:
        return {}

    def credit_of(self, owner: str) -> int:
        """Fair-share credit of an owner, hundredths of a minute."""
        return dict(self.owner_credit).get(owner, 0)


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ProblemError(f"{kind} {name}: is there twice; give each its own name")
        seen.add(name)


def _check_job(job: JobClass) -> None:
    if job.copies < 0:
        raise ProblemError(
            f"job {job.name}: {job.copies} copies wait; give 0 or more copies"
        )
    if not job.durations:
        raise ProblemError(
            f"job {job.name}: has no file; give a duration for one model at least"
        )
    if job.keep_together and job.spread:
        raise ProblemError(
            f"job {job.name}: its copies cannot be kept together and spread; choose one"
        )
