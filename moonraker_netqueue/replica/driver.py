"""When a node ticks: after input, after the disk, at its next deadline; never idly."""

from __future__ import annotations

from collections.abc import Callable

from ..ports import Clock, Timer
from .raft_core import RaftCore

_SLACK = 0.001  # deadlines are compared with <: be past them
_IDLE_MAX = 1.0


class Driver:
    """Ticks on the loop, once per turn at most, again while a tick changed things.

    Messages are handed to the node when they arrive, so they precede the tick.
    """

    def __init__(self, core: RaftCore, clock: Clock, tick: Callable[[], None]) -> None:
        self._core = core
        self._clock = clock
        self._tick = tick
        self._soon: Timer | None = None
        self._later: Timer | None = None
        self._stopped = False

    def wake(self) -> None:
        """Tick on the loop's next turn."""
        if self._soon is None and not self._stopped:
            self._soon = self._clock.call_soon(self._run)

    def stop(self) -> None:
        """Tick no more."""
        self._stopped = True
        for timer in (self._soon, self._later):
            if timer is not None:
                timer.cancel()

    def _progress(self) -> tuple[int, int, int, bool, tuple[int, int]]:
        core = self._core
        return (
            core.applied_index,
            core.commit_index,
            core.term,
            core.is_leader,
            core.last_entry(),
        )

    def _run(self) -> None:
        self._soon = None
        before = self._progress()
        self._tick()
        if self._progress() != before:
            self.wake()
        if self._later is not None:
            self._later.cancel()
        if self._stopped:
            return
        wait = self._core.next_deadline() - self._clock.monotonic()
        wait = min(max(wait, 0.0) + _SLACK, _IDLE_MAX)
        self._later = self._clock.call_later(wait, self.wake)
