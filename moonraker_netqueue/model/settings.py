"""Settings of a queue: how it is called, and how its printers are given work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .checks import WORD_MAX, check_range, check_size, check_text
from .errors import Rejected, Rule
from .hours import Period, check_periods

ASSIGNMENT = "assignment"
WEIGHTS_MAX = 32
WEIGHT_MAX = 1_000_000
SHARES_MAX = 64
SHARE_MAX = 1_000
SPACING_MAX = 3_600  # seconds

_WORD = re.compile(r"[a-z][a-z0-9_-]{0,31}")


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
        check_size("weights", len(self.weights), WEIGHTS_MAX)
        for name, value in self.weights.items():
            if not _WORD.fullmatch(name):
                raise Rejected(Rule.INVALID, f"weights: {name[:80]!r} is no weight")
            check_range(f"weights.{name}", value, 0, WEIGHT_MAX)
        check_periods("operator", self.operator)
        check_size("shares", len(self.shares), SHARES_MAX)
        for owner, share in self.shares.items():
            check_text("shares: an owner", owner)
            check_range(f"shares: that of {owner!r}", share, 1, SHARE_MAX)
        check_range("start_spacing_s", self.start_spacing_s, 0, SPACING_MAX)
