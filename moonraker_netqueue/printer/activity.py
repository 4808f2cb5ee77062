"""What the agent does for a print, and the printer's state as the queue shows it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..model.printer import PrinterState
from .printer_port import STOPPED, KlippyState, Observation, StatsState
from .record import Bed, BedState


class Activity(enum.Enum):
    """Where the agent is with the print it has in hand."""

    NONE = "none"
    FETCHING = "fetching"  # making sure that the bytes are here
    CLEARING = "clearing"  # running the bed-clearing macro
    STARTING = "starting"  # from the write-ahead record to Klipper's answer
    PRINTING = "printing"
    FINISHING = "finishing"  # the last motion may still go on


TRANSITIONS: dict[Activity, frozenset[Activity]] = {
    Activity.NONE: frozenset({Activity.FETCHING, Activity.PRINTING}),
    Activity.FETCHING: frozenset(
        {Activity.CLEARING, Activity.STARTING, Activity.NONE}
    ),
    Activity.CLEARING: frozenset({Activity.STARTING, Activity.NONE}),
    Activity.STARTING: frozenset({Activity.PRINTING, Activity.NONE}),
    Activity.PRINTING: frozenset({Activity.FINISHING}),
    Activity.FINISHING: frozenset({Activity.CLEARING, Activity.NONE}),
}

INTERRUPTIBLE = frozenset({Activity.FETCHING, Activity.CLEARING})
"""Nothing of the queue's prints yet: a person's own print goes first."""


@dataclass(frozen=True)
class Situation:
    """All that the printer's state follows from."""

    seen: Observation
    settled: bool  # Klipper has been ready for long enough
    activity: Activity
    own_print: bool  # what prints now is a person's own
    bed: Bed
    trouble: str = ""  # what keeps the agent from working


def describe(situation: Situation) -> tuple[PrinterState, str]:
    """State and reason, for people. The reason holds no figures that move."""
    seen, activity = situation.seen, situation.activity
    if seen.klippy in STOPPED:
        message = seen.klippy_message or "Klipper gives no reason"
        return PrinterState.NEEDS_ATTENTION, f"Klipper is stopped: {message}"
    if seen.klippy is not KlippyState.READY:
        return PrinterState.OFFLINE, f"Klipper is {seen.klippy.value}"
    if situation.own_print:
        return PrinterState.BUSY, f"prints {seen.mark.filename}, not of the queue"
    if activity in _SHOWN:
        state, reason = _SHOWN[activity]
        if activity is Activity.PRINTING and seen.mark.state is StatsState.PAUSED:
            reason = f"paused: {seen.stats_message or 'resume or cancel it there'}"
        return state, reason
    if situation.trouble:
        return PrinterState.NEEDS_ATTENTION, situation.trouble
    if not situation.settled:
        return PrinterState.OFFLINE, "Klipper became ready a moment ago"
    if situation.bed.state is BedState.CLEARING_FAILED:
        return PrinterState.NEEDS_ATTENTION, situation.bed.reason
    if situation.bed.state is BedState.OCCUPIED:
        return PrinterState.BED_OCCUPIED, situation.bed.reason
    return PrinterState.READY, situation.bed.reason


_SHOWN = {
    Activity.FETCHING: (PrinterState.FETCHING, ""),
    Activity.CLEARING: (PrinterState.FINISHING, "the bed is being cleared"),
    Activity.STARTING: (PrinterState.PRINTING, "is being started"),
    Activity.PRINTING: (PrinterState.PRINTING, ""),
    Activity.FINISHING: (PrinterState.FINISHING, "the last moves are being made"),
}
