"""How fast simulated time may go, and what is shown meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

_FRAME = 0.1  # real seconds between two pictures
_MEASURED = 2.0  # real seconds over which the speed is measured
_BEHIND = 0.5  # real seconds that are never made up for


class Pace:
    """Hears how virtual time advances, and holds it back.

    `speed`: simulated seconds per second; None: as fast as it goes.
    """

    def __init__(self, speed: float | None, draw: Callable[[float], object]) -> None:
        """`draw(measured speed)` is called a few times a second."""
        self._speed = speed
        self._draw = draw
        self._now = 0.0
        self._from: tuple[float, float] | None = None  # virtual, real: where it counts
        self._mark: tuple[float, float] | None = None  # the same, for the measure
        self._drawn = 0.0
        self._measured = 0.0

    def advance(self, now: float) -> None:
        """Virtual time is `now`."""
        self._now = now
        real = time.monotonic()
        self._measure(real)
        if self._speed is not None:
            self._hold(self._speed, real)
        if time.monotonic() - self._drawn >= _FRAME:
            self._show()

    def _measure(self, real: float) -> None:
        if self._mark is None:
            self._mark = (self._now, real)
        elif real - self._mark[1] >= _MEASURED or not self._measured:
            if real > self._mark[1]:
                self._measured = (self._now - self._mark[0]) / (real - self._mark[1])
            if real - self._mark[1] >= _MEASURED:
                self._mark = (self._now, real)

    def _hold(self, speed: float, real: float) -> None:
        if self._from is None:
            self._from = (self._now, real)
        ahead = self._from[1] + (self._now - self._from[0]) / speed - real
        if ahead < -_BEHIND:
            self._from = (self._now, real)
        while ahead > 0:
            time.sleep(min(ahead, _FRAME))
            ahead -= _FRAME
            if time.monotonic() - self._drawn >= _FRAME:
                self._show()

    def _show(self) -> None:
        self._drawn = time.monotonic()
        self._draw(self._measured)
