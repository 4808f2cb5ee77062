"""A group without a leader: for how long, and whether strangers know a better one."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from ..errors import NetqueueError
from ..ports import Clock
from .greeting import Neighbours
from .group import Group

_LOGGER = logging.getLogger(__name__)
LEADERLESS = 3.0  # seconds without a leader until a stranger is asked for one
_PATIENCE = 20.0  # seconds without a quorum until a person is told


class LeaderSearch:
    """`name_voters(host)`: the group that a host is in, and that group's voters."""

    def __init__(
        self,
        host_id: str,
        neighbours: Neighbours,
        clock: Clock,
        name_voters: Callable[[str], Awaitable[tuple[str, tuple[str, ...]]]],
    ) -> None:
        self._host_id = host_id
        self._neighbours = neighbours
        self._clock = clock
        self._name_voters = name_voters
        self._since: float | None = None  # there is no leader
        self._apart_since: float | None = None  # there is no quorum
        self._next_ask = 0.0

    def lasts(self, seconds: float) -> bool:
        """Whether there has been no leader for so long."""
        if self._since is None:
            return False
        return self._clock.monotonic() - self._since >= seconds

    def waits_for(self, group: Group) -> frozenset[str]:
        """Other voters without which there has been no quorum for a while.

        Not the same: a voter that hears nobody does not campaign, nor forget a leader.
        """
        since = self._apart_since
        if since is None or self._clock.monotonic() - since < _PATIENCE:
            return frozenset()
        return group.participants.absent - {self._host_id}  # with a lost journal

    def forget(self) -> None:
        """Another group begins."""
        self._since = self._apart_since = None

    async def look(self, group: Group) -> None:
        """After a long absence all voters may be others than the log knows: ask."""
        now = self._clock.monotonic()
        if group.has_quorum:
            self._apart_since = None
        elif self._apart_since is None:
            self._apart_since = now
        if group.leader is not None or group.is_leader:
            self._since = None
            return
        if self._since is None:
            self._since = self._next_ask = now
            self._next_ask += LEADERLESS
        strangers = [
            host
            for host in self._neighbours.in_group(group.id)
            if host.hello.leader not in (None, self._host_id)
            and not group.may_follow(host.hello.leader)
        ]
        if not strangers:
            group.participants.trust_own_log()
        if not strangers or now < self._next_ask:
            return
        self._next_ask = now + LEADERLESS
        try:
            name, voters = await self._name_voters(strangers[0].id)
        except NetqueueError as error:
            _LOGGER.info("host %.8s names no voters: %s", strangers[0].id, error)
            return
        if name == group.id and not group.halted:
            group.reintroduce(voters)
