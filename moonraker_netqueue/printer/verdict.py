"""What became of a print that was started: judged from evidence only. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from ..model.print import PrintState
from .printer_port import STOPPED, HistoryEntry, KlippyState, Observation, StatsState
from .record import Intent

CANCELLED = "cancelled"  # reason of a print that a person ended


class Fate(enum.Enum):
    """What the evidence says."""

    GOES_ON = "goes_on"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """`outcome` and `reason` belong to ENDED."""

    fate: Fate
    outcome: PrintState = PrintState.LOST
    reason: str = ""


_GOES_ON = Verdict(Fate.GOES_ON)
_UNKNOWN = Verdict(Fate.UNKNOWN)
_DONE = Verdict(Fate.ENDED, PrintState.DONE)
_CANCELLED = Verdict(Fate.ENDED, PrintState.FAILED, CANCELLED)

_BY_HISTORY = {
    "completed": _DONE,
    "cancelled": _CANCELLED,
    "error": Verdict(Fate.ENDED, PrintState.FAILED, "Klipper reported an error"),
}
# What Moonraker writes when it loses sight of Klipper, whatever the print does.
_BY_BROKEN_HISTORY = {
    "klippy_shutdown": Verdict(Fate.ENDED, PrintState.FAILED, "Klipper shut down"),
    "klippy_disconnect": Verdict(Fate.ENDED, PrintState.FAILED, "Klipper went away"),
}


def judge(
    intent: Intent, seen: Observation, history: Sequence[HistoryEntry]
) -> Verdict:
    """Weigh the printer's own reading and Moonraker's history."""
    by_stats = _by_stats(intent, seen)
    entry = _entry(intent, history)
    if entry in _BY_HISTORY and by_stats.fate is not Fate.ENDED:
        return _BY_HISTORY[entry]  # what runs now is a later print of that file
    if by_stats.fate is Fate.UNKNOWN and seen.klippy is not KlippyState.DISCONNECTED:
        return _BY_BROKEN_HISTORY.get(entry, _UNKNOWN)
    return by_stats


def _entry(intent: Intent, history: Sequence[HistoryEntry]) -> str:
    """The status of the first print of that file since the intent."""
    for entry in history:
        if entry.entry_id > intent.history_seen and entry.filename == intent.filename:
            return entry.status
    return ""


def _by_stats(intent: Intent, seen: Observation) -> Verdict:
    mark = seen.mark
    if mark.filename != intent.filename or mark == intent.before:
        return _UNKNOWN
    if mark.state is StatsState.COMPLETE:
        return _DONE
    if mark.state is StatsState.CANCELLED:
        return _CANCELLED
    if mark.state is StatsState.ERROR:
        message = seen.stats_message or seen.klippy_message or "Klipper gave no reason"
        return Verdict(Fate.ENDED, PrintState.FAILED, message)
    if seen.klippy in STOPPED:
        message = seen.klippy_message or "no reason given"
        return Verdict(Fate.ENDED, PrintState.FAILED, f"Klipper shut down: {message}")
    return _GOES_ON if seen.klippy is KlippyState.READY else _UNKNOWN
