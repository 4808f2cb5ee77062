"""A first-order model of a heater and the sensor beside it."""

from __future__ import annotations

import math

AMBIENT = 22.0  # C
FULL_POWER = 420.0  # C, reached after a long time
TIME_CONSTANT = 4.0  # s: 22 to 200 C takes about 2.4 s, so that tests need not wait


class Heater:
    """Temperature as a function of the power since the last change."""

    def __init__(self, now: float) -> None:
        self._temperature = AMBIENT
        self._settled = now
        self._power = 0.0

    def set_power(self, power: float, now: float) -> None:
        """`power` from 0 to 1, from `now` (seconds) on."""
        self._temperature = self.temperature(now)
        self._settled = now
        self._power = power

    def temperature(self, now: float) -> float:
        """Degrees Celsius at `now` (seconds)."""
        goal = AMBIENT + self._power * (FULL_POWER - AMBIENT)
        decay = math.exp((self._settled - now) / TIME_CONSTANT)
        return goal + (self._temperature - goal) * decay
