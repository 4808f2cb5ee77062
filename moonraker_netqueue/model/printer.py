"""Printers: what each says of itself to the queue."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from .checks import WORD_MAX, check_range, check_text, check_words
from .hours import Period, check_periods
from .identity import Stamp

SIDE_MAX_MM = 100_000
GRAMS_MAX = 100_000
FAILURES_MAX = 3  # failed prints in a row that put a printer into quarantine


class PrinterState(str, enum.Enum):
    """What a printer's agent is doing (DESIGN.md, section 9)."""

    OFFLINE = "offline"
    BUSY = "busy"
    NEEDS_ATTENTION = "needs_attention"
    BED_OCCUPIED = "bed_occupied"
    READY = "ready"
    FETCHING = "fetching"
    PRINTING = "printing"
    FINISHING = "finishing"


class ClearBed(str, enum.Enum):
    """How a bed is cleared after a print."""

    NEVER = "never"  # nothing is left on the bed: a belt, a pusher of the file's own
    MACRO = "macro"
    MANUAL = "manual"


@dataclass(frozen=True)
class Evidence:
    """A recorded reason to believe that the bed is clear."""

    kind: str
    by: str
    at: float


@dataclass(frozen=True)
class Volume:
    """Build volume in millimetres."""

    width: float
    depth: float
    height: float
    form_factor: str = "rectangular"

    def check(self) -> None:
        """Raise Rejected naming the side that is wrong."""
        for side in ("width", "depth", "height"):
            check_range(f"{side} in mm", getattr(self, side), 1, SIDE_MAX_MM)
        check_text("form_factor", self.form_factor, WORD_MAX)


@dataclass(frozen=True)
class Profile:
    """A printer's own entry: constraints, costs and state, written only by itself."""

    name: str
    state: PrinterState = PrinterState.OFFLINE
    reason: str = ""
    accept: bool = True
    idle_at: float | None = None  # estimate, Unix seconds; None: idle now
    model: str = ""
    nozzle: float | None = None
    materials: tuple[str, ...] = ()
    materials_ready: tuple[str, ...] = ()
    volume: Volume | None = None
    tags: tuple[str, ...] = ()
    clear_bed: ClearBed = ClearBed.MANUAL
    manual_effort_cost: int = 30  # minutes
    bed: Evidence | None = None
    hours: tuple[Period, ...] = ()  # when a person is there; none: the queue's
    grams_left: float | None = None  # on what is loaded; None: nobody knows
    spool_grams: float | None = None  # on a new spool; None: enough for anything

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong."""
        check_text("name of a printer", self.name, WORD_MAX)
        if self.model:
            check_text("model of a printer", self.model, WORD_MAX)
        check_range("nozzle in mm", self.nozzle, 0.05, 10)
        check_words("materials", self.materials)
        check_words("materials_ready", self.materials_ready)
        check_words("tags", self.tags)
        check_range("manual_effort_cost in minutes", self.manual_effort_cost, 0, 10_000)
        if self.volume is not None:
            self.volume.check()
        check_periods("hours", self.hours)
        check_range("grams_left", self.grams_left, 0, GRAMS_MAX)
        check_range("spool_grams", self.spool_grams, 0, GRAMS_MAX)


@dataclass(frozen=True)
class Printer:
    """A printer of the queue, keyed by its host id."""

    host: str
    profile: Profile
    updated: float
    failures: int = 0  # failed prints in a row
    stamp: Stamp = field(default_factory=Stamp)

    @property
    def quarantined(self) -> bool:
        """Whether it failed too often in a row to be trusted unasked."""
        return self.failures >= FAILURES_MAX
