"""When a print of a queue whose starts are spread may start.

Starts count from when this host learns of them, by its own monotonic clock. Where two
printers would start at once all the same, the queue accepts one of them.
"""

from __future__ import annotations

import math

from ..model.print import UNSTARTED
from ..model.printer import PrinterState
from ..ports import Clock
from .queues import Claim, Queues

_STEP = 2.0  # seconds for each printer whose turn comes first to show that it starts
_ABOUT_TO_START = frozenset(
    {PrinterState.READY, PrinterState.FETCHING, PrinterState.FINISHING}
)


class Spacing:
    """Knows the last start in all queues of this host."""

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._known: frozenset[str] = frozenset()  # live prints that were started
        self._last = -math.inf  # monotonic

    def note_change(self) -> None:
        """Something of a queue changed: a print may have started."""
        states = self._queues.states.values()
        if not any(state.settings.start_spacing_s for state in states):
            return
        started = frozenset(
            print_.print_id
            for state in states
            for print_ in state.prints.values()
            if print_.started is not None
        )
        if started - self._known:
            self._last = self._clock.monotonic()
        self._known = started

    def wait(self, claim: Claim, since: float) -> float:
        """Seconds until a reservation, which could start `since` then, may start.

        Those that were reserved earlier come first, as long as their printers seem
        about to start.
        """
        spacing = self.seconds(claim)
        if not spacing:
            return 0.0
        first = max(since, self._last + spacing)
        due = first + _STEP * self._place(claim)
        return max(0.0, due - self._clock.monotonic())

    def seconds(self, claim: Claim) -> int:
        """Seconds between two starts of the claim's queue; 0: as they come."""
        return self._queues.state(claim.queue).settings.start_spacing_s

    def _place(self, claim: Claim) -> int:
        """How many printers come first."""
        state, up = self._queues.state(claim.queue), self._queues.up(claim.queue)
        mine = (claim.print_.reserved, claim.print_id)
        return sum(
            (print_.reserved, print_.print_id) < mine
            and print_.state in UNSTARTED
            and print_.host != self._queues.host_id
            and print_.host in up
            and print_.host in state.printers
            and state.printers[print_.host].profile.state in _ABOUT_TO_START
            for print_ in state.prints.values()
        )
