"""Printers: what each says of itself to the queue."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .errors import Rejected, Rule

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

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong."""
        if not self.name.strip() or len(self.name) > 64:
            raise Rejected(Rule.INVALID, "a printer's name has 1 to 64 characters")
        if not 0 <= self.manual_effort_cost <= 10_000:
            raise Rejected(
                Rule.INVALID,
                f"manual_effort_cost {self.manual_effort_cost} is not in 0..10000 min",
            )


@dataclass(frozen=True)
class Printer:
    """A printer of the queue, keyed by its host id."""

    host: str
    profile: Profile
    updated: float
    failures: int = 0  # failed prints in a row

    @property
    def quarantined(self) -> bool:
        """Whether it failed too often in a row to be trusted unasked."""
        return self.failures >= FAILURES_MAX
