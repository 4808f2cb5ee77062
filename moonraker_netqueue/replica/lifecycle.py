"""How a host comes to a group, and from one group to another (R14, R8's simple case).

A host with a journal restarts its group. One without joins a group it hears, else
founds one. Of two groups that meet, one that never had a job yields: its leader
commits Dissolve, which `apply` refuses once there is a job, and its members set it
aside and join the other one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from ..errors import NetqueueError
from ..model.command import Command, CommandId, Dissolve
from ..model.queue_state import QueueState
from ..ports import Clock, Links, Message, Random
from .entry import Seat, is_name
from .errors import (
    JournalDamaged,
    NotLeader,
    ReplicaError,
    ReplicaStopped,
    RequestRefused,
    WireInvalid,
)
from .greeting import Hello, Neighbours, parse_voters
from .group import Deliver, Group, GroupWatcher, founding_entries
from .group_files import GroupFiles
from .journal import Journal
from .lives import ANY, Lives
from .phase import TRANSITIONS, Phase

_LOGGER = logging.getLogger(__name__)
_JOIN_TIMEOUT = 3.0
_LISTEN_ON = 60.0  # seconds between looks of a host that must not found
_ASK_TIMEOUT = 10.0
_JOIN_RETRY = 0.5
_LEADERLESS = 3.0  # seconds without a leader until a stranger is asked for one
_JITTER = 0.2  # part of the listening time: hosts started together found apart


class Lifecycle:
    """Owns the phase, the journal and the group."""

    def __init__(
        self,
        queue: str,
        host_id: str,
        files: GroupFiles,
        links: Links,
        clock: Clock,
        random: Random,
        listen_seconds: float,
        neighbours: Neighbours,
        lives: Lives,
        deliver: Deliver,
        watcher: GroupWatcher,
        changed: Callable[[], None],
        seat_ttl: float,
    ) -> None:
        self.phase = Phase.STARTING
        self.group: Group | None = None
        self.journal: Journal | None = None
        self.error: NetqueueError | None = None
        self._queue = queue
        self._host_id = host_id
        self._files = files
        self._links = links
        self._clock = clock
        self._random = random
        self._listen_seconds = listen_seconds
        self._neighbours = neighbours
        self._lives = lives
        self.damage = ""  # what was wrong with the journal that was set aside
        self._deliver = deliver
        self._watcher = watcher
        self._changed = changed
        self._seat_ttl = seat_ttl
        self._leaderless_since: float | None = None
        self._news = asyncio.Event()
        self._state = QueueState()  # of the journal's snapshot, until a group has it
        self._leave_for: str | None = None  # the group that mine goes into
        self._proposed: tuple[int, str] | None = None  # (term, group): once a term

    # What the rest of the replica calls.

    def note_news(self) -> None:
        """A hello, a lost link or an applied command: look again."""
        self._news.set()
        if self.phase is Phase.MEMBER:
            self._look_at_other_groups()

    def note_dissolved(self, into: str) -> None:
        """The group applied its Dissolve."""
        self._leave_for = into
        self._news.set()

    def fail(self, error: NetqueueError) -> None:
        """Stop for good."""
        if self.phase in (Phase.FAILED, Phase.CLOSED):
            return
        _LOGGER.error("queue %s stopped on this host: %s", self._queue, error)
        self.error = error
        self._go(Phase.FAILED)
        if isinstance(error, ReplicaError) and self.group is not None:
            self.group.fail(error)

    @property
    def lost_queue(self) -> bool:
        """Whether it waits for the queue that it had and has no copy of any more."""
        return self.phase is Phase.LISTENING and self._lives.held

    @property
    def lost_vote(self) -> bool:
        """Whether the others may lack what the lost copy of this host had (R4)."""
        group, since = self.group, self._leaderless_since
        if group is None or since is None or group.has_seat or group.commit_index > 1:
            return False
        waits = self._clock.monotonic() - since >= _LEADERLESS
        return waits and self._lives.configuration not in ("", ANY)

    async def begin_anew(self) -> None:
        """After a failure: forget the own copy (it is set aside) and start again."""
        await self._close_group()
        self.group = self.journal = self.error = None
        await self._files.set_aside("doubted")
        self._go(Phase.STARTING)

    async def found_anew(self) -> None:
        """A person says that no other host has the queue."""
        await self._lives.note_held(False)
        self._news.set()

    async def run(self) -> None:
        """Live until the replica fails or is closed; no NetqueueError leaves."""
        steps = {
            Phase.STARTING: self._start,
            Phase.LISTENING: self._listen,
            Phase.JOINING: self._join,
            Phase.FOUNDING: self._found,
            Phase.MEMBER: self._stay,
            Phase.DISSOLVING: self._dissolve,
        }
        try:
            while (step := steps.get(self.phase)) is not None:
                await step()
        except NetqueueError as error:
            self.fail(error)

    async def close(self) -> None:
        """End the group; `run` must have been cancelled."""
        await self._close_group()
        self._go(Phase.CLOSED)

    # The steps; each ends in another phase.

    async def _start(self) -> None:
        try:
            self.journal, self._state = await self._files.open()
        except JournalDamaged as error:
            # Its entries are with the others; alone it must not begin a new queue.
            _LOGGER.error("queue %s: %s", self._queue, error)
            self.damage = f"{error} and is kept in set-aside/"
            await self._lives.note_held(True)
            await self._files.set_aside("damaged")
            self.journal, self._state = await self._files.open()
        if self.journal.meta("group") is None:
            self._go(Phase.LISTENING)
        else:
            await self._lives.note_held(True)
            self._enter()

    async def _listen(self) -> None:
        patience = self._listen_seconds * (1 + _JITTER * self._random.random())
        deadline = self._clock.monotonic() + patience
        while True:
            if self._neighbours.to_join(self._lives.group) is not None:
                self._go(Phase.JOINING)
                return
            left = deadline - self._clock.monotonic()
            if left <= 0 and not self._lives.held:
                self._go(Phase.FOUNDING)
                return
            await self._wait_for_news(left if left > 0 else _LISTEN_ON)

    async def _join(self) -> None:
        neighbour = self._neighbours.to_join(self._lives.group)
        if neighbour is None:
            self._go(Phase.LISTENING)
            return
        try:
            form = await self._links.request(
                self._queue, neighbour.id, "join", {}, _JOIN_TIMEOUT
            )
            group, generation, voters = _parse_welcome(form)
        except NetqueueError as error:
            _LOGGER.info("host %.8s did not let us join: %s", neighbour.id, error)
            await self._clock.sleep(_JOIN_RETRY)
            self._go(Phase.LISTENING)
            return
        journal = self._opened()
        position = journal.set_meta(
            group=group,
            generation=generation,
            introduced=list(voters),
            incarnation=self._new_incarnation(),
        )
        await journal.database.wait_durable(position)
        await self._lives.note_held(True)
        self._enter()

    async def _found(self) -> None:
        journal = self._opened()
        incarnation = self._new_incarnation()
        for entry in founding_entries(Seat(self._host_id, incarnation)):
            journal.add(*entry)
        position = journal.set_meta(
            group=self._random.token(16).hex(),
            generation=1,
            introduced=[],
            incarnation=incarnation,
        )
        await journal.database.wait_durable(position)
        await self._lives.note_held(True)
        self._enter()

    def _enter(self) -> None:
        """Start the node of the group that the journal names."""
        self._proposed = None
        self._lives.follow(self._opened(), self._host_id)
        self.group = group = Group(
            self._host_id,
            self._opened(),
            self._state,
            self._clock,
            self._random,
            self._deliver,
            self._ask,
            self._watcher,
            self._seat_ttl,
        )
        self._leave_for = group.state.dissolved_into
        self._go(Phase.MEMBER)  # tells the others first: links are FIFO
        for host in self._neighbours.in_group(group.id):
            group.link(host.id, host.journal)
        self._look_at_other_groups()

    async def _stay(self) -> None:
        await self._wait_for_news(1.0)
        if self.phase is not Phase.MEMBER:
            return
        if self._leave_for is not None:
            self._go(Phase.DISSOLVING)
        else:
            await self._find_leader()

    async def _dissolve(self) -> None:
        group, journal = self.group, self._opened()
        if group is None:
            raise NotLeader("there is no group to leave")
        await self._lives.note_held(
            False
        )  # a start with the group's file takes it back
        # Once this is on disk a crash does not bring the group back; what tells the
        # others of the commit leaves after it.
        position = journal.set_meta(dissolved_into=self._leave_for)
        await journal.database.wait_durable(position)
        self.group = None
        await group.close()
        await self._files.set_aside(group.id)
        self.journal, self._state = await self._files.open()
        self._go(Phase.LISTENING)

    # Inside.

    async def _close_group(self) -> None:
        if self.group is not None:
            await self.group.close()
        elif self.journal is not None:
            await self.journal.database.close()

    async def _find_leader(self) -> None:
        """After a long absence all voters may be others than the log knows: ask."""
        group, now = self.group, self._clock.monotonic()
        if group is None or group.leader is not None or group.is_leader:
            self._leaderless_since = None
            return
        if self._leaderless_since is None:
            self._leaderless_since = now
        strangers = [
            host
            for host in self._neighbours.in_group(group.id)
            if host.hello.leader not in (None, self._host_id)
            and not group.may_follow(host.hello.leader)
        ]
        if not strangers:
            group.trust_own_log()
        if not strangers or now - self._leaderless_since < _LEADERLESS:
            return
        self._leaderless_since = None
        try:
            form = await self._links.request(
                self._queue, strangers[0].id, "join", {}, _JOIN_TIMEOUT
            )
            name, _, voters = _parse_welcome(form)
        except NetqueueError as error:
            _LOGGER.info("host %.8s names no voters: %s", strangers[0].id, error)
            return
        if name == group.id:
            group.reintroduce(voters)

    async def _ask(self, host: str, method: str, params: dict[str, Any]) -> Message:
        return await self._links.request(
            self._queue, host, method, params, _ASK_TIMEOUT
        )

    def _new_incarnation(self) -> str:
        return self._random.token(8).hex()

    def _opened(self) -> Journal:
        assert self.journal is not None  # noqa: S101  every later phase has opened it
        return self.journal

    def _go(self, phase: Phase) -> None:
        if self.phase is Phase.FAILED and phase not in TRANSITIONS[Phase.FAILED]:
            raise ReplicaStopped("the replica failed meanwhile")
        if phase not in TRANSITIONS[self.phase]:
            raise AssertionError(f"no way from {self.phase} to {phase}")
        self.phase = phase
        self._changed()

    async def _wait_for_news(self, seconds: float) -> None:
        try:
            await self._clock.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._news.clear()

    def _look_at_other_groups(self) -> None:
        group = self.group
        if group is None or self._leave_for is not None:
            return
        for neighbour in self._neighbours:
            other = neighbour.hello.group
            if not neighbour.connected or other is None or other == group.id:
                continue
            if neighbour.id in group.known_voters and not group.may_have_jobs():
                # A host leaves a group only once it has applied its Dissolve. So
                # mine is dissolved, without a job, and I was not there.
                self._leave_for = other
                self._news.set()
                return
            if group.is_leader and self._yields(group, neighbour.hello):
                self._propose_dissolve(group, other)

    @staticmethod
    def _yields(group: Group, other: Hello) -> bool:
        if group.state.ever_had_jobs or other.group is None:
            return False
        return other.jobs or other.group < group.id

    def _propose_dissolve(self, group: Group, into: str) -> None:
        if self._proposed == (group.term, into):
            return
        self._proposed = (group.term, into)
        # Not through the outbox: delivered late, it would end another group. A life
        # of its own, so that it does not disturb the order of this host's commands.
        life = int.from_bytes(self._random.token(6), "big")
        command = Command(
            CommandId(self._host_id, life, 1), self._clock.wall(), Dissolve(into)
        )
        answer = group.submit(command)
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())


def _parse_welcome(form: Message) -> tuple[str, int, tuple[str, ...]]:
    group, generation = form.get("group"), form.get("generation")
    if not is_name(group) or type(generation) is not int:
        raise RequestRefused("the answer to a join request has a wrong form")
    try:
        return str(group), generation, parse_voters(form.get("voters"))
    except WireInvalid as error:
        raise RequestRefused(f"the answer to a join request: {error}") from error
