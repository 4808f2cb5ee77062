"""When a person is there: weekly operator periods, in whole minutes."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

DAY = 1440  # minutes
WEEK = 7 * DAY
_EPOCH = 3 * DAY  # 1970-01-01 was a Thursday; weeks start on Monday 00:00


@dataclass(frozen=True)
class OperatorPeriod:
    """Every week on `days` (0 = Monday) from `start` for `duration` minutes.

    `start` counts from midnight of a clock `utc_offset` minutes ahead of UTC.
    """

    days: tuple[int, ...]
    start: int
    duration: int
    utc_offset: int = 0

    def wait(self, minute: int) -> int:
        """Minutes from Unix minute `minute` to the first one inside; 0: inside."""
        return min((self._wait(day, minute) for day in self.days), default=WEEK)

    def _wait(self, day: int, minute: int) -> int:
        opening = day * DAY + self.start
        since_opening = (minute + self.utc_offset + _EPOCH - opening) % WEEK
        return 0 if since_opening < self.duration else WEEK - since_opening


def operator_wait(periods: Iterable[OperatorPeriod], minute: int) -> int:
    """Minutes until somebody is there; without any period somebody always is."""
    return min((period.wait(minute) for period in periods), default=0)


@functools.lru_cache(maxsize=8)
def waits_of_week(periods: tuple[OperatorPeriod, ...]) -> tuple[int, ...]:
    """`operator_wait` of every minute of a week: look up Unix minute modulo WEEK."""
    return tuple(operator_wait(periods, minute) for minute in range(WEEK))
