"""When a person is there: weekly hours of a queue or of a printer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .checks import check_range, check_size
from .errors import Rejected, Rule

WEEK = 7 * 1440  # minutes
PERIODS_MAX = 32  # of one queue or printer
EVENTS_MAX = 10_000  # of a person in one period

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


@dataclass(frozen=True)
class Period:
    """Hours in which a person is there, every week.

    On `days` (0 = Monday), from `start`, as HH:MM in zone `tz`, for `duration` minutes.
    `max_manual_events`: how often the person can be called in one.
    """

    days: tuple[int, ...]
    start: str
    duration: int
    tz: str = "UTC"
    max_manual_events: int | None = None

    @property
    def start_minute(self) -> int:
        """Minutes after midnight."""
        return int(self.start[:2]) * 60 + int(self.start[3:])

    def check(self, where: str) -> None:
        """Raise Rejected naming the argument that is wrong, which is in `where`."""
        days = self.days
        if not days or len(set(days)) < len(days) or not set(days) <= set(range(7)):
            raise Rejected(
                Rule.INVALID,
                f"{where}.days: 0 (Monday) to 6, each at most once, not {list(days)}",
            )
        if not _TIME.fullmatch(self.start):
            raise Rejected(
                Rule.INVALID,
                f"{where}.start must be HH:MM, such as 08:00, not {self.start[:80]!r}",
            )
        check_range(f"{where}.duration in minutes", self.duration, 1, WEEK)
        if not _ZONE.fullmatch(self.tz):
            raise Rejected(
                Rule.INVALID,
                f"{where}.tz {self.tz[:80]!r} is no time zone: give one like"
                " Europe/Berlin",
            )
        events = self.max_manual_events
        check_range(f"{where}.max_manual_events", events, 0, EVENTS_MAX)


def check_periods(what: str, periods: tuple[Period, ...]) -> None:
    """Raise Rejected naming the period that is wrong."""
    check_size(what, len(periods), PERIODS_MAX)
    for number, period in enumerate(periods):
        period.check(f"{what}[{number}]")
