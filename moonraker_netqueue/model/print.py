"""Prints: one attempt at a copy on one printer, and its life."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .identity import CommandId


class PrintState(str, enum.Enum):
    """Where a print is in its life (DESIGN.md, section 4)."""

    RESERVED = "reserved"
    FETCHING = "fetching"
    PRINTING = "printing"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    RELEASED = "released"


class Decision(str, enum.Enum):
    """What a person decides about a print whose end nobody saw."""

    RETRY = "retry"  # print its copy again
    MARK_DONE = "mark_done"


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
MADE = frozenset({PrintState.DONE, PrintState.FAILED})  # filament was used


@dataclass(frozen=True)
class Print:
    """One attempt. It holds its copy until it is in one of the ENDED states.

    `state` follows from the printer's own word and a person's decision, see `ruled`.
    """

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
    sequence: int = 0  # of the command that reserved it; 0: unknown
    told: PrintState | None = None  # the printer's last word, if a person decided
    decision: Decision | None = None
    decided: float | None = None  # when
    ending: int = 0  # as which of the queue it ended; clocks do not order

    @property
    def dot(self) -> CommandId:
        """The command that reserved it."""
        return CommandId(self.host, self.incarnation, self.sequence)

    @property
    def word(self) -> PrintState:
        """What its printer said last."""
        return self.state if self.told is None else self.told


def ruled(word: PrintState, decision: Decision | None) -> PrintState:
    """The state that counts: a printer that made the copy is believed, then a person,
    then a printer that made none."""
    if word is PrintState.DONE or decision is None:
        return word
    if decision is Decision.MARK_DONE:
        return PrintState.DONE
    return PrintState.FAILED if word is PrintState.FAILED else PrintState.RELEASED
