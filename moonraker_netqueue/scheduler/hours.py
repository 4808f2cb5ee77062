"""When a person is there: weekly operator periods, in whole minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

DAY = 1440  # minutes
WEEK = 7 * DAY
_EPOCH = 3 * DAY  # 1970-01-01 was a Thursday; weeks start on Monday 00:00

Used = Callable[[int, int], int]
"""Manual events so far, of period number ..., where it opened at Unix minute ..."""


@dataclass(frozen=True)
class OperatorPeriod:
    """Every week on `days` (0 = Monday) from `start` for `duration` minutes.

    `start` counts from midnight of a clock `utc_offset` minutes ahead of UTC. In each
    period a person does at most `max_manual_events` things by hand; None: any number.
    `events_used` are those of the one that is on at the problem's `now`.
    """

    days: tuple[int, ...]
    start: int
    duration: int
    utc_offset: int = 0
    max_manual_events: int | None = None
    events_used: int = 0

    def wait(self, minute: int) -> int:
        """Minutes from Unix minute `minute` to the first one inside; 0: inside."""
        waits = (
            0 if since < self.duration else WEEK - since
            for since in self._since_openings(minute)
        )
        return min(waits, default=WEEK)

    def opening(self, minute: int) -> int | None:
        """The Unix minute at which the period that is on opened; None: none is."""
        since = min(self._since_openings(minute), default=WEEK)
        return minute - since if since < self.duration else None

    def events_left(self, opening: int, now: int) -> int:
        """Manual events that the period which opened then still allows, if limited."""
        used = self.events_used if opening == self.opening(now) else 0
        return max(0, (self.max_manual_events or 0) - used)

    def _since_openings(self, minute: int) -> Iterable[int]:
        now = minute + self.utc_offset + _EPOCH - self.start
        return ((now - day * DAY) % WEEK for day in self.days)


def operator_wait(periods: Iterable[OperatorPeriod], minute: int) -> int:
    """Minutes until somebody is there; without any period somebody always is."""
    return min((period.wait(minute) for period in periods), default=0)


@lru_cache(maxsize=32)
def week_of_waits(periods: tuple[OperatorPeriod, ...]) -> tuple[int, ...]:
    """`operator_wait` for those who ask very often: look up Unix minute % WEEK."""
    if not periods:
        return (0,) * WEEK
    there = bytearray(WEEK)
    for period in periods:
        for day in period.days:
            opening = day * DAY + period.start - period.utc_offset - _EPOCH
            for minute in range(opening, opening + min(period.duration, WEEK)):
                there[minute % WEEK] = 1
    waits = [WEEK] * WEEK
    for minute in reversed(range(2 * WEEK)):  # twice: the week goes round
        here, after = minute % WEEK, (minute + 1) % WEEK
        waits[here] = 0 if there[here] else min(WEEK, waits[after] + 1)
    return tuple(waits)


def is_limited(periods: tuple[OperatorPeriod, ...]) -> bool:
    """Whether what may be done by hand is limited in one of them."""
    return any(period.max_manual_events is not None for period in periods)


def help_wait(periods: tuple[OperatorPeriod, ...], minute: int, used: Used) -> int:
    """Minutes until somebody is there who may still do something by hand.

    Where periods overlap, all of them must have an event left. Over a week, if that
    does not happen within one.
    """
    waited = operator_wait(periods, minute)
    while waited <= WEEK:
        blocked = _blocked_for(periods, minute + waited, used)
        if not blocked:
            break
        waited += blocked
        waited += operator_wait(periods, minute + waited)
    return waited


def _blocked_for(periods: tuple[OperatorPeriod, ...], minute: int, used: Used) -> int:
    """Minutes until the last of the periods that are on and used up has ended."""
    blocked = 0
    for number, period in enumerate(periods):
        opening = period.opening(minute)
        if opening is None or period.max_manual_events is None:
            continue
        if used(number, opening) >= period.max_manual_events:
            blocked = max(blocked, opening + period.duration - minute)
    return blocked


class Diary:
    """Manual events of some periods, as they are booked."""

    def __init__(self, periods: tuple[OperatorPeriod, ...], now: int) -> None:
        """Take over what is used up at Unix minute `now`."""
        self._periods = periods
        self._limited = is_limited(periods)
        self._used: dict[tuple[int, int], int] = {}
        for number, period in enumerate(periods):
            opening = period.opening(now)
            if opening is not None:
                self._used[number, opening] = period.events_used

    def wait(self, minute: int) -> int:
        """Minutes until something can be done by hand."""
        if not self._limited:
            return operator_wait(self._periods, minute)
        return help_wait(self._periods, minute, self.used)

    def used(self, number: int, opening: int) -> int:
        """Events of the period that opened then."""
        return self._used.get((number, opening), 0)

    def book(self, minute: int) -> None:
        """Something is done by hand in `minute`."""
        if not self._limited:
            return
        for number, period in enumerate(self._periods):
            opening = period.opening(minute)
            if opening is not None:
                self._used[number, opening] = self.used(number, opening) + 1

    def periods_at(self, minute: int) -> tuple[OperatorPeriod, ...]:
        """The periods, with what is used up of those that are on at `minute`."""
        if not self._limited:
            return self._periods
        return tuple(
            replace(period, events_used=self._used_at(number, period, minute))
            for number, period in enumerate(self._periods)
        )

    def _used_at(self, number: int, period: OperatorPeriod, minute: int) -> int:
        opening = period.opening(minute)
        return 0 if opening is None else self.used(number, opening)
