"""Which members broke a rule: each is named once, and gets no link for a while."""

from __future__ import annotations

import logging
from collections.abc import Collection

from ..ports import Clock
from .budget import Budgets
from .complaints import Complaints
from .limits import LINKS, MOST_GREETING, MOST_GREETING_OF_ONE, SHUNNED_SECONDS
from .link import Link

_LOGGER = logging.getLogger(__name__)


class Manners:
    """What this host remembers of the links of its peers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links = Budgets(LINKS, clock)
        self._shunned: dict[str, float] = {}  # host id -> until; members only, so few
        self.complaints = Complaints(_LOGGER)

    def is_shunned(self, host_id: str) -> bool:
        """Whether a host gets no link now."""
        return self._clock.monotonic() < self._shunned.get(host_id, 0.0)

    def may_greet(self, host_id: str, greeting: Collection[Link]) -> bool:
        """Whether a member may open a link, beside those that have not said hello."""
        of_one = sum(link.peer == host_id for link in greeting)
        has_room = len(greeting) < MOST_GREETING and of_one < MOST_GREETING_OF_ONE
        return has_room and not self.is_shunned(host_id)

    def count_link(self, link: Link) -> bool:
        """A link is about to be up; False: there were too many, it is broken."""
        if self._links.take(link.peer):
            return True
        link.blame("it makes one link after the other")
        return False

    def note_closed(self, link: Link, name: str) -> None:
        """A link is over; if its peer broke a rule, that is said and remembered."""
        if link.broke_rule:
            self._shunned[link.peer] = self._clock.monotonic() + SHUNNED_SECONDS
            self.complaints.say(link.peer, name, "broke a rule", link.reason)
