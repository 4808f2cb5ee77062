"""How a host comes to a group, and from one group to another (R14, R8).

A host with a journal restarts its group. One without joins a group it hears, else
founds one. Of two groups that meet, one that was never used yields: its leader
commits Dissolve, which `apply` refuses once there is a job, and its members set it
aside and join the other one. From one that was used the hosts go over as one
(`meeting.py`), each once the other group has committed all that it knows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from ..errors import NetqueueError
from ..model.queue_state import QueueState
from ..ports import Links, Machine, Message
from .entry import Seat, founding_entries
from .errors import (
    JournalDamaged,
    ReplicaError,
    ReplicaStopped,
    RequestRefused,
)
from .greeting import Neighbours
from .group import Deliver, Group
from .group_files import GroupFiles
from .group_watcher import GroupWatcher
from .inquiries import Inquiries
from .journal import Journal
from .leader_search import LEADERLESS, LeaderSearch
from .lives import ANY, Lives
from .meeting import Meeting
from .phase import TRANSITIONS, Phase
from .signatures import Signatures
from .succession import Succession

_LOGGER = logging.getLogger(__name__)
_LISTEN_ON = 60.0  # seconds between looks of a host that must not found
_JOIN_RETRY = 0.5
_JITTER = 0.2  # part of the listening time: hosts started together found apart


class Lifecycle:
    """Owns the phase, the journal and the group."""

    def __init__(
        self,
        queue: str,
        host_id: str,
        files: GroupFiles,
        links: Links,
        machine: Machine,
        listen_seconds: float,
        neighbours: Neighbours,
        lives: Lives,
        signatures: Signatures,
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
        self._inquiries = Inquiries(queue, links)
        self._host_id = host_id
        self._files = files
        self._clock = clock = machine.clock
        self._random = machine.random
        self._listen_seconds = listen_seconds
        self._neighbours = neighbours
        self._lives = lives
        self._signatures = signatures
        self.damage = ""  # what was wrong with the journal that was set aside
        self._deliver = deliver
        self._watcher = watcher
        self._changed = changed
        self._seat_ttl = seat_ttl
        self.search = LeaderSearch(host_id, neighbours, clock, self._inquiries.voters)
        self._news = asyncio.Event()
        self._state = QueueState()  # of the journal's snapshot, until a group has it
        self._leave_for: str | None = None  # the group that mine goes into
        self._target = ""  # the group that took what this host knew
        self._kept: QueueState | None = None  # of the last group, until the next has it
        self._meeting = Meeting(host_id, neighbours, clock, machine.random)
        self.succession = Succession(
            host_id,
            files,
            machine,
            neighbours,
            lives,
            signatures,
            self._meeting,
            self._inquiries.ask,
            self._wait_for_news,
            changed,
        )

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
        self.succession.give_up(error)
        if isinstance(error, ReplicaError) and self.group is not None:
            self.group.fail(error)

    @property
    def state(self) -> QueueState | None:
        """What this host knows; until a new group's is here, the last one's."""
        group = self.group
        if self._kept is not None and group is not None and group.applied_index > 1:
            self._kept = None
        if self._kept is not None:
            return self._kept
        return None if group is None else group.state

    @property
    def lost_queue(self) -> bool:
        """Whether it waits for the queue that it had and has no copy of any more."""
        if self.phase is not Phase.LISTENING or not self._lives.held:
            return False
        return self._neighbours.to_join(self._target or self._lives.group) is None

    @property
    def lost_vote(self) -> bool:
        """Whether the others may lack what the lost copy of this host had (R4)."""
        group = self.group
        if group is None or group.has_seat or group.commit_index > 1:
            return False
        waits = self.search.lasts(LEADERLESS)
        return waits and self._lives.configuration not in ("", ANY)

    async def begin_anew(self) -> None:
        """After a failure: forget the own copy (it is set aside) and start again."""
        await self._close_group()
        self.group = self.journal = self.error = None
        await self._files.set_useless_aside("doubted")
        self._go(Phase.STARTING)

    async def found_anew(self) -> None:
        """A person says that no other host has the queue."""
        await self._lives.note_left()
        self._news.set()

    async def give_copy(self, peer: str, params: Message) -> Message:
        """Stand still, and offer all that is known to a host that goes on (R6)."""
        mine = self.group
        takes_part = self.phase in (Phase.MEMBER, Phase.YIELDING)
        if mine is None or mine.id != params.get("g") or not takes_part:
            raise RequestRefused("this host is not in that group")
        offer = await self.succession.give_copy(peer, mine, self._opened())
        self._news.set()
        return offer

    async def run(self) -> None:
        """Live until the replica fails or is closed; no error leaves."""
        steps = {
            Phase.STARTING: self._start,
            Phase.LISTENING: self._listen,
            Phase.JOINING: self._join,
            Phase.FOUNDING: self._found,
            Phase.MEMBER: self._stay,
            Phase.DISSOLVING: self._dissolve,
            Phase.YIELDING: self._yield,
        }
        try:
            while (step := steps.get(self.phase)) is not None:
                await step()
        except NetqueueError as error:
            self.fail(error)
        except Exception as error:  # a fault of ours: silent, it would look alive
            _LOGGER.exception("queue %s", self._queue)
            self.fail(ReplicaStopped(f"it cannot go on ({error!r}): report it"))

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
            await self._lives.note_group("")
            await self._files.set_useless_aside("damaged")
            self.journal, self._state = await self._files.open()
        if self.journal.meta("group") is None:
            self._go(Phase.LISTENING)
        else:
            await self._become_member()

    async def _listen(self) -> None:
        patience = self._listen_seconds * (1 + _JITTER * self._random.random())
        deadline = self._clock.monotonic() + patience
        while True:
            if self._neighbours.to_join(self._target or self._lives.group) is not None:
                self._go(Phase.JOINING)
                return
            left = deadline - self._clock.monotonic()
            if left <= 0 and not self._lives.held:
                self._go(Phase.FOUNDING)
                return
            await self._wait_for_news(left if left > 0 else _LISTEN_ON)

    async def _join(self) -> None:
        neighbour = self._neighbours.to_join(self._target or self._lives.group)
        if neighbour is None:
            self._go(Phase.LISTENING)
            return
        try:
            welcome = await self._inquiries.join(neighbour.id)
        except NetqueueError as error:
            _LOGGER.info("host %.8s did not let us join: %s", neighbour.id, error)
            await self._clock.sleep(_JOIN_RETRY)
            self._go(Phase.LISTENING)
            return
        journal = self._opened()
        position = journal.set_meta(
            group=welcome.group,
            generation=welcome.generation,
            following=welcome.following,
            introduced=list(welcome.voters),
            incarnation=self._new_incarnation(),
        )
        await journal.database.wait_durable(position)
        await self._become_member()

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
        await self._become_member()

    async def _become_member(self) -> None:
        await self._lives.note_group(self._opened().meta("group"))
        self._enter()

    def _enter(self) -> None:
        """Start the node of the group that the journal names."""
        self._lives.follow(self._opened(), self._host_id)
        self.group = group = Group(
            self._host_id,
            self._opened(),
            self._state,
            self._signatures,
            self._clock,
            self._random,
            self._deliver,
            self._inquiries.ask,
            self._watcher,
            self._seat_ttl,
        )
        self._leave_for = group.state.dissolved_into
        self._target = ""
        self.search.forget()
        self._go(Phase.MEMBER)  # tells the others first: links are FIFO
        for host in self._neighbours.members(group.id):
            group.link(host.id, host.journal)
        self._look_at_other_groups()

    async def _stay(self) -> None:
        await self._wait_for_news(1.0)
        if self.phase is not Phase.MEMBER:
            return
        group = self._joined()
        due = await self.succession.is_due(group, self._opened())
        if self._leave_for is not None:
            self._go(Phase.DISSOLVING)
        elif due:
            self._go(Phase.YIELDING)
        else:
            await self.search.look(group)

    async def _dissolve(self) -> None:
        await self._lives.note_left()  # a start with the group's file takes it back
        await self._set_aside(str(self._leave_for))
        self._go(Phase.LISTENING)

    async def _yield(self) -> None:
        """The group stands still here, until it goes on in another one or does not."""
        group = self._joined()
        into = await self.succession.carry_out(group, self._opened())
        if into is None:
            await group.close()
            self.journal, self._state = await self._files.open()
            self._enter()
            return
        self._kept, brought = group.state, self._opened().not_yet_back(group.state)
        file = await self._set_aside(into)
        if self._opened().meta("group") == into:
            self._enter()
            self.succession.note_founded(into)
        else:
            journal = self._opened()
            if into != group.id:
                brought = [*brought, (group.id, file)]
            position = journal.set_meta(brought=brought)
            await journal.database.wait_durable(position)
            self._target = into
            self._go(Phase.LISTENING)

    async def _set_aside(self, into: str) -> str:
        """Put the group away for good, return the file's name; what follows it is
        opened."""
        group, journal = self._joined(), self._opened()
        # Once this is on disk a crash does not bring the group back; what tells the
        # others of the commit leaves after it.
        position = journal.set_meta(dissolved_into=into)
        await journal.database.wait_durable(position)
        self.group = None
        await group.close()
        name, self.journal, self._state = await self._files.follow(journal)
        return name

    # Inside.

    async def _close_group(self) -> None:
        if self.group is not None:
            await self.group.close()
        elif self.journal is not None:
            await self.journal.database.close()

    def _new_incarnation(self) -> str:
        return self._random.token(8).hex()

    def _joined(self) -> Group:
        assert self.group is not None  # noqa: S101  asked in phases that have one
        return self.group

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
        with contextlib.suppress(TimeoutError):
            await self._clock.wait_for(self._news.wait(), seconds)
        self._news.clear()

    def _look_at_other_groups(self) -> None:
        group = self.group
        if group is None or self._leave_for is not None:
            return
        self._leave_for = self._meeting.left_for(group)
        if self._leave_for is not None:
            self._news.set()
        else:
            self._meeting.propose_dissolve(group)
