"""When a bed counts as clear: pure rules (docs/printing.md)."""

from __future__ import annotations

from ..model.printer import ClearBed, Evidence
from .printer_port import Mark
from .record import Bed, BedState

_CLICK = "then say that the bed is clear"


def first_bed(mode: ClearBed, at: float) -> Bed:
    """The bed of a printer nothing is known of yet."""
    if mode is ClearBed.MANUAL:
        reason = f"nobody has looked at the bed yet: look, {_CLICK}"
        return Bed(BedState.OCCUPIED, reason)
    return _left_by_itself(mode, at, Mark(), -1)


def under_print(name: str) -> Bed:
    """The bed while something is printed on it."""
    return Bed(BedState.IN_USE, f"{name} is being printed on it")


def after_good_print(
    mode: ClearBed, name: str, at: float, mark: Mark, history_seen: int
) -> Bed:
    """The bed after a print that came to its end, of the queue or of a person."""
    if mode is ClearBed.MANUAL:
        return Bed(BedState.OCCUPIED, f"{name} is on it: take it off, {_CLICK}")
    return _left_by_itself(mode, at, mark, history_seen)


def after_bad_print(name: str, why: str) -> Bed:
    """Whatever clears the bed else: now a person must look."""
    return Bed(BedState.OCCUPIED, f"{name}: {why}. Look at the printer, {_CLICK}")


def after_damage(why: str) -> Bed:
    """The bed when what was known of it is gone."""
    return Bed(BedState.OCCUPIED, f"{why}. Look at the bed, {_CLICK}")


def cleared(evidence: Evidence, mark: Mark, history_seen: int) -> Bed:
    """The bed after somebody or something gave evidence."""
    return Bed(BedState.CLEAR, "", evidence, mark, history_seen)


def clearing_failed(macro: str, why: str) -> Bed:
    """The bed after its macro did not clear it."""
    return Bed(
        BedState.CLEARING_FAILED,
        f"macro {macro} did not clear the bed: {why}. Clear it, {_CLICK}",
    )


def under_mode(bed: Bed, mode: ClearBed, at: float) -> Bed:
    """The recorded bed, where the configured mode may have changed since."""
    if bed.state is not BedState.MACRO_DUE or mode is ClearBed.MACRO:
        return bed
    return first_bed(mode, at)


def _left_by_itself(mode: ClearBed, at: float, mark: Mark, history_seen: int) -> Bed:
    if mode is ClearBed.MACRO:
        reason = "the macro clears it before the next print"
        return Bed(BedState.MACRO_DUE, reason, None, mark, history_seen)
    evidence = Evidence("configuration", "clear_bed: never", at)
    return cleared(evidence, mark, history_seen)
