"""The events of one moment make one notification."""

from __future__ import annotations

from collections.abc import Callable

from ..ports import Clock, Timer

_MOMENT = 0.1  # seconds


class Gathering:
    """Calls `send` once, a moment after the first of several calls of `soon`."""

    def __init__(self, clock: Clock, send: Callable[[], object]) -> None:
        self._clock = clock
        self._send = send
        self._timer: Timer | None = None

    def soon(self) -> None:
        """Something is to be sent."""
        if self._timer is None:
            self._timer = self._clock.call_later(_MOMENT, self._fire)

    def close(self) -> None:
        """Send no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _fire(self) -> None:
        self._timer = None
        self._send()
