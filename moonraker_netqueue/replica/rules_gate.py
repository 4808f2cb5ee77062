"""Lets into a log only what every host of the queue can read (R23)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ..model.command import (
    NOBODY,
    Body,
    Command,
    CommandId,
    Origin,
    RulesRaise,
    schema_of,
)
from ..model.errors import Rule
from ..model.outcome import Outcome
from ..model.schema import SCHEMA
from ..ports import Clock
from ..version import __version__
from .greeting import Neighbours
from .group import Answer, Group
from .versions import LastWord, Versions

_LIFE = 1 << 61  # above the lives of outboxes: it takes no place among their commands
_LOOK = 60.0  # seconds between looks whether the rules can be raised
_SETTLED = 3600.0  # seconds that all hosts know higher rules before they are raised
_NAMED_MAX = 3  # hosts that a reason names


class RulesGate:
    """Lets a command into the log only if every host of the queue can read it.

    Where it needs higher rules than the queue goes by, the leader raises them first:
    once all hosts know those. So a host may be updated, and taken back, as long as
    nobody uses what is new, and for an hour: then the leader raises them by itself,
    for what protects a queue should not wait until somebody uses it (R12).
    """

    def __init__(
        self, host_id: str, versions: Versions, neighbours: Neighbours, clock: Clock
    ) -> None:
        self._host_id = host_id
        self._versions = versions
        self._neighbours = neighbours
        self._clock = clock
        self._raised: tuple[str, int, int] | None = None  # group, term, rules

    def opens(self, group: Group, command: Command) -> Outcome | None:
        """As leader: None if the command may be appended, else its rejection."""
        needed = schema_of(command.body)
        raised = (group.id, group.term, needed)
        if not group.is_leader or needed <= group.state.rules or self._raised == raised:
            return None
        reason = self.obstacle(group, needed)
        if reason is not None:
            return Outcome(Rule.CONFLICT, reason)
        self._raise_unasked(group, needed)
        self._raised = raised
        return None

    async def run(self, group: Callable[[], Group | None]) -> None:
        """Raise the rules for ever, where all hosts have known higher ones for long."""
        since = self._clock.monotonic()
        while True:
            await self._clock.sleep(_LOOK)
            here, now = group(), self._clock.monotonic()
            if here is None or self.obstacle(here, SCHEMA) is not None:
                since = now
                continue
            behind = here.is_leader and here.state.rules < SCHEMA
            if behind and now - since >= _SETTLED:
                self._raise_unasked(here, SCHEMA)

    def _raise_unasked(self, group: Group, needed: int) -> None:
        """As leader: to all that every host knows, and `needed` is part of that."""
        rules = SCHEMA if self.obstacle(group, SCHEMA) is None else needed
        answer = self.raise_rules(group, rules)
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())

    def refusal(self, group: Group, body: Body) -> str | None:
        """Why another host that leads is not even asked; None: it is.

        A leader of an earlier version could not read the command.
        """
        needed = schema_of(body)
        leader = None if group.leader is None else self._neighbours.get(group.leader)
        if needed <= group.state.rules or leader is None or group.is_leader:
            return None
        if leader.hello.speaks >= needed:
            return None
        name = self._name(group, leader.id)
        return self._needs(f"{name} runs {leader.hello.version}")

    def raise_rules(
        self,
        group: Group,
        rules: int,
        without: tuple[str, ...] = (),
        by: Origin = NOBODY,
    ) -> asyncio.Future[Answer]:
        """As leader: let the queue go by `rules` from here on; NotLeader."""
        # Not through the outbox: late, it would be another leader's decision.
        command = Command(
            CommandId(self._host_id, _LIFE, max(1, group.term)),
            self._clock.wall(),
            RulesRaise(rules, without),
            schema=rules,
            origin=by,
        )
        return group.submit(command)

    def obstacle(
        self, group: Group, needed: int, without: Iterable[str] = ()
    ) -> str | None:
        """Why the queue cannot go by rules `needed` yet, and the remedy; else None."""
        left = frozenset(without)
        here = {host.id for host in self._neighbours if host.connected}
        if left & here:
            names = ", ".join(self._name(group, host) for host in sorted(left & here))
            return f"{names} is on: update it, or switch it off properly first"
        behind = {
            host: word
            for host, word in self.behind(group, needed).items()
            if host not in left
        }
        if not behind:
            return None
        named = ", ".join(
            f"{self._name(group, host)} runs {behind[host].version}"
            for host in sorted(behind)[:_NAMED_MAX]
        )
        more = len(behind) - _NAMED_MAX
        return self._needs(named + (f" and {more} more do, too" if more > 0 else ""))

    def behind(self, group: Group, needed: int) -> dict[str, LastWord]:
        """Hosts of the queue that do not know rules `needed`: voters, observers, and
        those that are away, by their last word.

        But for those that do not know the rules of today: they take no part.
        """
        known = group.voters | group.state.printers.keys() | self._versions.known()
        words = {host: self._versions.of(host) for host in known - {self._host_id}}
        return {
            host: word
            for host, word in words.items()
            if group.state.rules <= word.rules < needed
        }

    def _name(self, group: Group, host: str) -> str:
        printer = group.state.printers.get(host)
        return self._neighbours.name(host) if printer is None else printer.profile.name

    @staticmethod
    def _needs(who: str) -> str:
        return (
            f"this needs all hosts of the queue at version {__version__} or later:"
            f" {who}. Update them; a host that will not come back can be left out"
            " (POST /server/netqueue/rules)"
        )
