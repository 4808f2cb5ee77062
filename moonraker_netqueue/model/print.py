"""Prints: one attempt at a copy on one printer, and its life."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class PrintState(str, enum.Enum):
    """Where a print is in its life (DESIGN.md, section 4)."""

    RESERVED = "reserved"
    FETCHING = "fetching"
    PRINTING = "printing"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    RELEASED = "released"


TRANSITIONS: dict[PrintState, frozenset[PrintState]] = {
    PrintState.RESERVED: frozenset(
        {
            PrintState.FETCHING,
            PrintState.PRINTING,
            PrintState.LOST,
            PrintState.RELEASED,
        }
    ),
    PrintState.FETCHING: frozenset(
        {PrintState.PRINTING, PrintState.LOST, PrintState.RELEASED}
    ),
    PrintState.PRINTING: frozenset(
        {
            PrintState.DONE,
            PrintState.FAILED,
            PrintState.LOST,
            PrintState.RELEASED,  # the printer refused to start: nothing was made
        }
    ),
    PrintState.LOST: frozenset(
        {PrintState.DONE, PrintState.FAILED, PrintState.RELEASED}
    ),
    PrintState.DONE: frozenset(),
    PrintState.FAILED: frozenset(),
    PrintState.RELEASED: frozenset(),
}

ENDED = frozenset(state for state, following in TRANSITIONS.items() if not following)
UNSTARTED = frozenset({PrintState.RESERVED, PrintState.FETCHING})


@dataclass(frozen=True)
class Print:
    """One attempt. It holds its copy until it is in one of the ENDED states."""

    print_id: str
    job_id: str
    item: int  # index into the job's items
    host: str
    incarnation: int
    sha256: str
    state: PrintState
    reserved: float
    started: float | None = None
    ended: float | None = None
    reason: str = ""
    decided_by: str = ""
    extra: bool = False  # made although its copy had been given away
