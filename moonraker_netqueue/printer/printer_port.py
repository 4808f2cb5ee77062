"""What the agent needs of a printer, as a Protocol, and what it observes there."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class KlippyState(enum.Enum):
    """Klipper's own state, or what stands for it while there is none."""

    DISCONNECTED = "disconnected"
    STARTUP = "startup"
    READY = "ready"
    ERROR = "error"
    SHUTDOWN = "shutdown"


STOPPED = frozenset({KlippyState.ERROR, KlippyState.SHUTDOWN})


class StatsState(str, enum.Enum):
    """The state of Klipper's print_stats."""

    STANDBY = "standby"
    PRINTING = "printing"
    PAUSED = "paused"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    ERROR = "error"


_ACTIVE = frozenset({StatsState.PRINTING, StatsState.PAUSED})


@dataclass(frozen=True)
class Mark:
    """A reading of print_stats. Once a print has ended, its mark stays the same
    until Klipper restarts or prints again: `total_duration` (seconds) tells prints
    of one file apart, in all its digits: they differ by less than a millisecond."""

    state: StatsState = StatsState.STANDBY
    filename: str = ""
    total_duration: float = 0.0

    @property
    def active(self) -> bool:
        """Whether a print is under way."""
        return self.state in _ACTIVE

    def printed_since(self, earlier: Mark) -> bool:
        """Whether this reading shows a print that `earlier` did not."""
        return self.active or (self.total_duration > 0 and self != earlier)


@dataclass(frozen=True)
class Observation:
    """What a printer said when it was asked."""

    klippy: KlippyState = KlippyState.DISCONNECTED
    klippy_message: str = ""
    session: int = 0  # counts Klipper's connections: another one, another Klipper
    mark: Mark = field(default_factory=Mark)
    stats_message: str = ""
    progress: float = 0.0  # 0..1 of the running file


@dataclass(frozen=True)
class HistoryEntry:
    """A print in Moonraker's history; `entry_id` grows."""

    entry_id: int
    filename: str
    status: str


@dataclass(frozen=True)
class Clearing:
    """How a macro clears the bed."""

    macro: str
    seconds: int  # that it may take


class PrinterPort(Protocol):
    """One printer. Only `start_print` and `clear_bed` may take long."""

    def listen(self, callback: Callable[[], None]) -> None:
        """Call `callback` whenever an observation would differ."""

    async def observe(self) -> Observation | None:
        """A fresh reading; None if Klipper is there but does not answer in time."""

    async def start_print(self, filename: str) -> None:
        """Start a file of the gcodes root; returns once Klipper has taken it.

        Waits behind whatever g-code runs. Raises PrinterRefused.
        """

    async def cancel_print(self) -> None:
        """Cancel the running print; raises PrinterRefused."""

    async def clearing(self, configured: Clearing) -> Clearing:
        """How the bed is cleared: what the printer's own configuration says of it
        goes before what ours says."""

    async def clear_bed(self, how: Clearing) -> None:
        """Run the macro to its end; raises PrinterRefused whatever went wrong."""

    async def history(self) -> tuple[HistoryEntry, ...]:
        """The last prints, oldest first; empty if no history is kept."""
