"""Settings of a queue: how it is called, and how its printers are given work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .checks import WORD_MAX, check_range, check_text
from .errors import Rejected, Rule

ASSIGNMENT = "assignment"
DAY = 1440  # minutes
PERIODS_MAX = 32  # of one queue or printer
EVENTS_MAX = 10_000  # of a person in one period
WEIGHTS_MAX = 32
WEIGHT_MAX = 1_000_000
SHARES_MAX = 64
SHARE_MAX = 1_000
SPACING_MAX = 3_600  # seconds

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ZONE = re.compile(r"[A-Za-z0-9_+/-]{1,64}")


@dataclass(frozen=True)
class Period:
    """Hours in which a person is there, every week.

    On `days` (0 = Monday), from `start`, in minutes after midnight in zone `tz`, for
    `duration` minutes. `max_manual_events`: how often the person can be called in one.
    """

    days: tuple[int, ...]
    start: int
    duration: int
    tz: str = "UTC"
    max_manual_events: int | None = None

    def check(self, where: str) -> None:
        """Raise Rejected naming the argument that is wrong, which is in `where`."""
        days = self.days
        if not days or len(set(days)) < len(days) or not set(days) <= set(range(7)):
            raise Rejected(
                Rule.INVALID,
                f"{where}.days: 0 (Monday) to 6, each at most once, not {list(days)}",
            )
        check_range(f"{where}.start in minutes", self.start, 0, DAY - 1)
        check_range(f"{where}.duration in minutes", self.duration, 1, 7 * DAY)
        if not _ZONE.fullmatch(self.tz):
            raise Rejected(
                Rule.INVALID,
                f"{where}.tz {self.tz[:80]!r} is no time zone: give one like"
                " Europe/Berlin",
            )
        events = self.max_manual_events
        check_range(f"{where}.max_manual_events", events, 0, EVENTS_MAX)


@dataclass(frozen=True)
class QueueSettings:
    """What people set for a queue.

    `weights` are in minutes, by their names in the API: those that are not the
    planner's own. `operator`: without any period somebody is always there. `shares`
    of owners count in proportion to each other; without any nobody is held back.
    """

    title: str = ""  # shown in place of the queue's name
    strategy: str = ASSIGNMENT
    weights: Mapping[str, float] = field(default_factory=dict)
    operator: tuple[Period, ...] = ()
    shares: Mapping[str, int] = field(default_factory=dict)
    start_spacing_s: int = 0  # seconds between the starts of two prints

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong.

        A strategy or weight that this version does not know is another one's.
        """
        if self.title:
            check_text("title", self.title, WORD_MAX)
        if not _WORD.fullmatch(self.strategy):
            raise Rejected(
                Rule.INVALID, f"strategy {self.strategy[:80]!r} is no name of one"
            )
        _check_size("weights", len(self.weights), WEIGHTS_MAX)
        for name, value in self.weights.items():
            if not _WORD.fullmatch(name):
                raise Rejected(Rule.INVALID, f"weights: {name[:80]!r} is no weight")
            check_range(f"weights.{name}", value, 0, WEIGHT_MAX)
        check_periods("operator", self.operator)
        _check_size("shares", len(self.shares), SHARES_MAX)
        for owner, share in self.shares.items():
            check_text("shares: an owner", owner)
            check_range(f"shares: that of {owner!r}", share, 1, SHARE_MAX)
        check_range("start_spacing_s", self.start_spacing_s, 0, SPACING_MAX)


def check_periods(what: str, periods: tuple[Period, ...]) -> None:
    """Raise Rejected naming the period that is wrong."""
    _check_size(what, len(periods), PERIODS_MAX)
    for number, period in enumerate(periods):
        period.check(f"{what}[{number}]")


def _check_size(what: str, size: int, most: int) -> None:
    if size > most:
        raise Rejected(Rule.INVALID, f"{what}: at most {most} are possible")
