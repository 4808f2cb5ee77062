"""When a person is there: weekly operator periods, in whole minutes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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


@lru_cache(maxsize=32)
def week_of_waits(periods: tuple[OperatorPeriod, ...]) -> tuple[int, ...]:
    """`operator_wait` at each minute of a week: for those who ask very often."""
    if not periods:
        return (0,) * WEEK
    there = bytearray(WEEK)
    for period in periods:
        for day in period.days:
            opening = day * DAY + period.start - period.utc_offset
            for minute in range(opening, opening + min(period.duration, WEEK)):
                there[minute % WEEK] = 1
    waits = [WEEK] * WEEK
    for minute in reversed(range(2 * WEEK)):  # twice: the week goes round
        here, after = minute % WEEK, (minute + 1) % WEEK
        waits[here] = 0 if there[here] else min(WEEK, waits[after] + 1)
    return tuple(waits)


def minute_of_week(minute: int) -> int:
    """The index of a Unix minute in `week_of_waits`."""
    return (minute + _EPOCH) % WEEK
