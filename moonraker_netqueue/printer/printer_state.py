"""The printer's state as its queues show it, and what keeps it from a print. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..model.printer import PrinterState
from .printer_port import STOPPED, KlippyState, Observation, StatsState
from .record import BedState, Record
from .start import Stage

_BED_STATES = {
    BedState.OCCUPIED: PrinterState.BED_OCCUPIED,
    BedState.IN_USE: PrinterState.BED_OCCUPIED,
    BedState.CLEARING_FAILED: PrinterState.NEEDS_ATTENTION,
}
_STAGE_STATES = {
    Stage.FETCHING: (PrinterState.FETCHING, ""),
    Stage.CLEARING: (PrinterState.FINISHING, "the bed is being cleared"),
    Stage.WAITING: (PrinterState.READY, "waits for its turn: starts are spread"),
    Stage.STARTING: (PrinterState.FETCHING, ""),  # until the record says so
}


@dataclass(frozen=True)
class Situation:
    """All that the state follows from."""

    seen: Observation
    record: Record
    stage: Stage | None = None  # of the reservation in hand
    loading: str = ""  # what a person must load for it
    settled: bool = True  # Klipper has been ready for long enough
    finishing: bool = False  # the last print's motion may go on
    trouble: str = ""  # why the record cannot be kept


@dataclass(frozen=True)
class Hindrance:
    """Why no print can be started now; a passing one is waited for."""

    reason: str
    passing: bool = False


def describe(situation: Situation) -> tuple[PrinterState, str]:
    """State and reason, for people. The reason holds no figures that move."""
    seen, record = situation.seen, situation.record
    if seen.klippy in STOPPED:
        message = seen.klippy_message or "Klipper gives no reason"
        return PrinterState.NEEDS_ATTENTION, message
    if seen.klippy is not KlippyState.READY:
        return PrinterState.OFFLINE, f"Klipper is {seen.klippy.value}"
    if record.running is not None:
        return PrinterState.PRINTING, _pause(seen)
    if seen.mark.active:
        return PrinterState.BUSY, f"a person prints {seen.mark.filename}"
    if situation.trouble:
        return PrinterState.NEEDS_ATTENTION, situation.trouble
    if situation.finishing:
        return PrinterState.FINISHING, ""
    if situation.stage is Stage.LOADING:
        # Ready, so that the plan counts on it: whoever has it loaded may take it.
        return PrinterState.READY, situation.loading
    if situation.stage is not None:
        return _STAGE_STATES[situation.stage]
    bed = record.bed
    if bed.state in _BED_STATES:
        return _BED_STATES[bed.state], bed.reason
    return PrinterState.READY, ""


def hindrance(situation: Situation) -> Hindrance | None:
    """What keeps the printer from carrying out a reservation; None: nothing."""
    seen, record = situation.seen, situation.record
    if seen.klippy in STOPPED:
        return Hindrance(f"Klipper is stopped: {seen.klippy_message}")
    if seen.klippy is not KlippyState.READY:
        return Hindrance(f"Klipper is {seen.klippy.value}", passing=True)
    if seen.mark.active:
        return Hindrance(f"a person prints {seen.mark.filename}")
    if situation.trouble:
        return Hindrance(situation.trouble)
    if record.bed.state in _BED_STATES:
        return Hindrance(f"the bed is not clear: {record.bed.reason}")
    if not record.accept:
        return Hindrance("the printer is switched off for the queue")
    if situation.finishing or not situation.settled:
        return Hindrance("the printer has only just become idle", passing=True)
    return None


def _pause(seen: Observation) -> str:
    if seen.mark.state is not StatsState.PAUSED:
        return ""
    return f"paused: {seen.stats_message or 'look at it, then resume or cancel'}"
