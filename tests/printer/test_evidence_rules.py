"""Pure rules: how a print ended, when a bed is clear, what hinders, when idle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed, Evidence, PrinterState
from moonraker_netqueue.printer.bed import (
    after_bad_print,
    after_good_print,
    cleared,
    first_bed,
    under_mode,
    under_print,
)
from moonraker_netqueue.printer.idle_estimate import IdleEstimate
from moonraker_netqueue.printer.printer_port import (
    HistoryEntry,
    KlippyState,
    Mark,
    Observation,
    StatsState,
)
from moonraker_netqueue.printer.printer_state import Situation, describe, hindrance
from moonraker_netqueue.printer.record import BedState, Intent, Record
from moonraker_netqueue.printer.start import Stage
from moonraker_netqueue.printer.verdict import Fate, judge

NAME = "netqueue/q/part.gcode"
BEFORE = Mark(StatsState.COMPLETE, NAME, 12.5)
INTENT = Intent("q", "print-1", "job-1", 0, "0" * 64, NAME, 0.0, BEFORE, 7, None)
CLEAR = cleared(Evidence("click", "anna", 0.0), Mark(), 0)
READY = Observation(KlippyState.READY)


def _seen(
    state: StatsState,
    name: str = NAME,
    duration: float = 3.0,
    klippy: KlippyState = KlippyState.READY,
    message: str = "",
) -> Observation:
    return Observation(klippy, "mcu gone", 1, Mark(state, name, duration), message)


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (_seen(StatsState.COMPLETE), PrintState.DONE),
        (_seen(StatsState.CANCELLED), PrintState.FAILED),
        (_seen(StatsState.ERROR, message="jam"), PrintState.FAILED),
        (_seen(StatsState.PRINTING, klippy=KlippyState.SHUTDOWN), PrintState.FAILED),
        (_seen(StatsState.PAUSED, klippy=KlippyState.SHUTDOWN), PrintState.FAILED),
        (_seen(StatsState.COMPLETE, klippy=KlippyState.SHUTDOWN), PrintState.DONE),
    ],
)
def test_print_stats_tell_the_end(seen: Observation, outcome: PrintState) -> None:
    """Of this file, other than before."""
    verdict = judge(INTENT, seen, ())
    assert (verdict.fate, verdict.outcome) == (Fate.ENDED, outcome)


@pytest.mark.parametrize(
    "state", [StatsState.PRINTING, StatsState.PAUSED, StatsState.STANDBY]
)
def test_a_print_goes_on_while_its_file_is_loaded(state: StatsState) -> None:
    """Printing, paused, or loaded a moment ago."""
    assert judge(INTENT, _seen(state, duration=0.0), ()).fate is Fate.GOES_ON


@pytest.mark.parametrize(
    "seen",
    [
        Observation(KlippyState.READY, mark=BEFORE),
        _seen(StatsState.COMPLETE, "other.gcode"),
        _seen(StatsState.PRINTING, "other.gcode"),
        READY,
        Observation(KlippyState.STARTUP),
        Observation(KlippyState.DISCONNECTED),
    ],
    ids=["as before", "other done", "other runs", "new Klipper", "startup", "gone"],
)
def test_what_shows_nothing_of_ours_is_no_evidence(seen: Observation) -> None:
    """Unknown, whatever it is; the copy before is not this one."""
    assert judge(INTENT, seen, ()).fate is Fate.UNKNOWN


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("completed", PrintState.DONE),
        ("cancelled", PrintState.FAILED),
        ("error", PrintState.FAILED),
        ("klippy_shutdown", PrintState.FAILED),
        ("klippy_disconnect", PrintState.FAILED),
    ],
)
def test_history_tells_where_print_stats_do_not(
    status: str, outcome: PrintState
) -> None:
    """The first entry of that file since the intent."""
    entries = (
        HistoryEntry(7, NAME, "completed"),
        HistoryEntry(8, "other.gcode", "cancelled"),
        HistoryEntry(9, NAME, status),
        HistoryEntry(10, NAME, "in_progress"),
    )
    verdict = judge(INTENT, READY, entries)
    assert (verdict.fate, verdict.outcome) == (Fate.ENDED, outcome)


@pytest.mark.parametrize("status", ["interrupted", "in_progress", "server_exit"])
def test_history_that_lost_sight_tells_nothing(status: str) -> None:
    """Moonraker ended, not the print."""
    entry = HistoryEntry(8, NAME, status)
    assert judge(INTENT, READY, (entry,)).fate is Fate.UNKNOWN


@pytest.mark.parametrize("status", ["klippy_disconnect", "klippy_shutdown"])
def test_a_print_that_runs_is_not_ended_by_a_broken_connection(status: str) -> None:
    """What Moonraker wrote when it lost sight counts less than what is seen."""
    seen, entry = _seen(StatsState.PRINTING), HistoryEntry(8, NAME, status)
    assert judge(INTENT, seen, (entry,)).fate is Fate.GOES_ON


def test_a_later_print_of_the_file_is_not_ours() -> None:
    """History has ours complete: what prints is a person's."""
    seen, entry = _seen(StatsState.PRINTING), HistoryEntry(8, NAME, "completed")
    verdict = judge(INTENT, seen, (entry,))
    assert (verdict.fate, verdict.outcome) == (Fate.ENDED, PrintState.DONE)


@pytest.mark.parametrize(
    ("mode", "first", "after"),
    [
        (ClearBed.MANUAL, BedState.OCCUPIED, BedState.OCCUPIED),
        (ClearBed.MACRO, BedState.MACRO_DUE, BedState.MACRO_DUE),
        (ClearBed.NEVER, BedState.CLEAR, BedState.CLEAR),
    ],
)
def test_modes_of_clearing(mode: ClearBed, first: BedState, after: BedState) -> None:
    """A bed nobody knows, and one after a good print."""
    assert first_bed(mode, 0.0).state is first
    bed = after_good_print(mode, "part", 0.0, BEFORE, 3)
    assert bed.state is after
    assert (bed.evidence is not None) == (after is BedState.CLEAR)
    if after is not BedState.OCCUPIED:
        assert not BEFORE.printed_since(bed.mark), "the print itself is known"


def test_a_changed_mode_counts_for_a_bed_the_macro_was_to_clear() -> None:
    """Without that macro a person must look; what a person said stands."""
    due = first_bed(ClearBed.MACRO, 0.0)
    assert under_mode(due, ClearBed.MANUAL, 0.0).state is BedState.OCCUPIED
    assert under_mode(due, ClearBed.NEVER, 0.0).state is BedState.CLEAR
    assert under_mode(due, ClearBed.MACRO, 0.0) is due
    bad = after_bad_print("part", "cancelled")
    assert under_mode(bad, ClearBed.NEVER, 0.0) is bad


@pytest.mark.parametrize(
    ("now", "printed"),
    [
        (Mark(), False),
        (BEFORE, False),
        (Mark(StatsState.STANDBY, "loaded.gcode"), False),
        (Mark(StatsState.PRINTING, "x.gcode"), True),
        (Mark(StatsState.COMPLETE, NAME, 13.0), True),
        (Mark(StatsState.CANCELLED, "x.gcode", 1.0), True),
    ],
)
def test_marks_tell_whether_something_was_printed(now: Mark, printed: bool) -> None:
    """A restart of Klipper or a loaded file is no print."""
    assert now.printed_since(BEFORE) is printed


_RECORD = Record(CLEAR)


@pytest.mark.parametrize(
    ("situation", "state", "hindered"),
    [
        (Situation(READY, _RECORD), PrinterState.READY, None),
        (
            Situation(Observation(KlippyState.SHUTDOWN), _RECORD),
            PrinterState.NEEDS_ATTENTION,
            False,
        ),
        (
            Situation(Observation(KlippyState.ERROR), _RECORD),
            PrinterState.NEEDS_ATTENTION,
            False,
        ),
        (Situation(Observation(), _RECORD), PrinterState.OFFLINE, True),
        (
            Situation(Observation(KlippyState.STARTUP), _RECORD),
            PrinterState.OFFLINE,
            True,
        ),
        (Situation(_seen(StatsState.PRINTING), _RECORD), PrinterState.BUSY, False),
        (
            Situation(_seen(StatsState.PAUSED, "x.gcode"), _RECORD),
            PrinterState.BUSY,
            False,
        ),
        (
            Situation(_seen(StatsState.PRINTING), _RECORD.with_intent(INTENT)),
            PrinterState.PRINTING,
            False,
        ),
        (Situation(READY, _RECORD, finishing=True), PrinterState.FINISHING, True),
        (Situation(READY, _RECORD, settled=False), PrinterState.READY, True),
        (Situation(READY, _RECORD, Stage.FETCHING), PrinterState.FETCHING, None),
        (Situation(READY, _RECORD, Stage.CLEARING), PrinterState.FINISHING, None),
        (
            Situation(READY, _RECORD, trouble="disk full"),
            PrinterState.NEEDS_ATTENTION,
            False,
        ),
        (
            Situation(READY, Record(after_bad_print("x", "jam"))),
            PrinterState.BED_OCCUPIED,
            False,
        ),
        (
            Situation(READY, Record(under_print("x"))),
            PrinterState.BED_OCCUPIED,
            False,
        ),
        (Situation(READY, replace(_RECORD, accept=False)), PrinterState.READY, False),
    ],
)
def test_states_and_what_hinders(
    situation: Situation, state: PrinterState, hindered: bool | None
) -> None:
    """`hindered`: None not at all, True for a moment, False until somebody acts."""
    assert describe(situation)[0] is state
    found = hindrance(situation)
    assert (None if found is None else found.passing) == hindered


def test_a_pause_says_why() -> None:
    """Klipper's message, or what to do."""
    record = _RECORD.with_intent(INTENT)
    told = _seen(StatsState.PAUSED, message="Filament runout")
    assert describe(Situation(told, record))[1] == "paused: Filament runout"
    silent = _seen(StatsState.PAUSED)
    assert "resume or cancel" in describe(Situation(silent, record))[1]


def _printing(elapsed: float, progress: float) -> Observation:
    mark = Mark(StatsState.PRINTING, NAME, elapsed)
    return Observation(KlippyState.READY, mark=mark, progress=progress)


def test_the_estimate_stays_while_it_is_about_right() -> None:
    """First the slicer's, then the pace of the file; none when idle."""
    estimate = IdleEstimate()
    assert estimate.update(READY, 600, 1000.0) is None
    assert estimate.update(_printing(0, 0.0), 600, 1000.0) == 1600.0
    assert estimate.update(_printing(300, 0.45), 600, 1300.0) == 1600.0
    later = estimate.update(_printing(300, 0.1), 600, 1300.0)
    assert later == 1300.0 + 2700.0
    assert estimate.update(READY, None, 1400.0) is None


def test_a_print_beyond_its_estimate_is_a_minute_from_its_end() -> None:
    """Never in the past: others would wait for it."""
    estimate = IdleEstimate()
    estimate.update(_printing(0, 0.0), 600, 1000.0)
    assert estimate.update(_printing(900, 0.0), 600, 1900.0) == 1960.0
    assert IdleEstimate().update(_printing(60, 0.0), None, 1000.0) == 1000.0 + 3540.0
