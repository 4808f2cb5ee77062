"""This host's part in one Raft group: node, log, state and seats, wired together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

from ..model.command import Command, CommandId, encode
from ..model.event import Event
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..ports import Clock, Random
from . import wire
from .applier import Applier, adds_job
from .driver import Driver
from .election import Election
from .entry import Entry, Kind, pack
from .errors import NotLeader, ReplicaError, WireInvalid
from .hardening import Hardening
from .journal import Journal
from .membership import next_seat
from .raft_core import RaftCore
from .sender import Sender

_LOGGER = logging.getLogger(__name__)
_HAND_OVER_WAIT = 0.8  # seconds an orderly end waits for another leader

Answer = tuple[Outcome, int]  # what became of a command, and at which index
Deliver = Callable[[str, dict[str, Any]], object]


class GroupWatcher(Protocol):
    """Who is told what happens in a group. Called on the loop, must not raise."""

    def on_applied(
        self, command: Command, index: int, outcome: Outcome, events: tuple[Event, ...]
    ) -> None:
        """A command was applied."""

    def on_group_changed(self) -> None:
        """Leader, term or configuration changed."""

    def on_group_failed(self, error: ReplicaError) -> None:
        """The group stopped for good on this host."""


def founding_entries(host_id: str) -> list[Entry]:
    """The log of a new group: PySyncObj's first entry, then the founder's seat."""
    return [Entry(pack(Kind.NOOP), 1, 0), Entry(pack(Kind.ADD, host_id), 2, 0)]


class Group:
    """One node of one group. Created with a loaded journal, ended by `close`."""

    def __init__(
        self,
        host_id: str,
        journal: Journal,
        clock: Clock,
        random: Random,
        deliver: Deliver,
        watcher: GroupWatcher,
    ) -> None:
        self.id: str = journal.meta("group")
        self.generation: int = journal.meta("generation")
        self._host_id = host_id
        self._journal = journal
        self._clock = clock
        self._watcher = watcher
        self._introduced = frozenset(journal.meta("introduced") or ())
        self._hosts: set[str] = set()  # linked hosts of this group
        self._waiting: dict[CommandId, list[asyncio.Future[Answer]]] = {}
        self._unsent = False  # a follower lacks entries that no tick has sent yet
        self._halted = False
        self._seen: object = None
        self._applier = Applier(self._on_applied, self.fail)
        self._sender = Sender(journal.database, deliver)
        self._core = RaftCore(
            host_id, journal, clock, random, self._send, self._applier.apply
        )
        self._election = Election(
            self._core, host_id, clock, journal.voters, self._send
        )
        self._hardening = Hardening(
            self._core, journal, self._election, self._trusted, self._send
        )
        self._driver = Driver(self._core, clock, self._tick)
        journal.on_durable = self._on_durable
        journal.database.on_failed = self.fail
        if journal.voters() == {host_id}:
            self._core.set_election_deadline(0.0)  # alone: nobody to wait for
        self._driver.wake()

    # What it is.

    @property
    def state(self) -> QueueState:
        return self._applier.state

    @property
    def is_leader(self) -> bool:
        return self._core.is_leader and not self._halted

    @property
    def leader(self) -> str | None:
        return self._core.leader

    @property
    def term(self) -> int:
        return self._core.term

    @property
    def commit_index(self) -> int:
        return self._core.commit_index

    @property
    def applied_index(self) -> int:
        return self._core.applied_index

    @property
    def voters(self) -> frozenset[str]:
        """The newest configuration that this host's log knows."""
        return self._journal.voters()

    @property
    def known_voters(self) -> frozenset[str]:
        """The configuration, and whom the join answer named."""
        return self.voters | self._introduced

    @property
    def has_quorum(self) -> bool:
        """Whether a majority of the voters is linked, this host included."""
        here = self._hosts | {self._host_id}
        return 2 * len(self.voters & here) > len(self.voters)

    def may_have_jobs(self) -> bool:
        """Whether the log holds a job, committed or not."""
        if self.state.ever_had_jobs:
            return True
        tail = range(self.applied_index + 1, self._journal.last_index + 1)
        return any(adds_job(self._journal[index - 1]) for index in tail)

    def _trusted(self) -> frozenset[str]:
        voters = self.voters
        return voters if self._host_id in voters else voters | self._introduced

    # What happens to it.

    def link(self, host: str) -> None:
        """A host of this group is linked."""
        if host not in self._hosts and not self._halted:
            self._hosts.add(host)
            self._core.connect(host)
            self._driver.wake()

    def unlink(self, host: str) -> None:
        """The link is gone, or its host left the group."""
        if host in self._hosts and not self._halted:
            self._hosts.discard(host)
            self._sender.forget_link(host)
            self._hardening.forget_link(host)
            self._core.disconnect(host)
            self._driver.wake()

    def receive(self, host: str, form: object) -> None:
        """Take a raft message of a linked host."""
        if self._halted or host not in self._hosts:
            return
        try:
            message = wire.decode(form)
        except WireInvalid as error:
            _LOGGER.warning("host %.8s sent a bad raft message: %s", host, error)
            return
        self._hardening.receive(host, message)
        if message["type"] == "next_node_idx" and self._core.lags(host):
            self._unsent = True
        self._settle()
        self._driver.wake()

    def submit(self, command: Command) -> asyncio.Future[Answer]:
        """As leader: get a command applied; NotLeader if it is not, or ceases to be.

        A command on its way or applied before is not appended again.
        """
        if not self.is_leader:
            raise NotLeader("this host does not lead the group: ask the leader")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        known = self.state.outcome(command.id)
        if known is not None:
            answer.set_result((known, self.applied_index))
            return answer
        waiting = self._waiting.setdefault(command.id, [])
        if not waiting:
            self._core.append(Kind.COMMAND, encode(command))
            self._unsent = True
            self._driver.wake()
        waiting.append(answer)
        return answer

    def fail(self, error: ReplicaError) -> None:
        """Stop for good: nothing is sent, acked or applied any more."""
        if not self._halted:
            self._halt()
            self._watcher.on_group_failed(error)

    async def close(self) -> None:
        """End in order: hand leadership over if there is someone, write everything."""
        if self.is_leader and self._core.other_voters:
            self._core.hand_over()
            deadline = self._clock.monotonic() + _HAND_OVER_WAIT
            while self.is_leader and self._clock.monotonic() < deadline:
                await self._clock.sleep(0.02)
        await self.leave()

    async def leave(self) -> None:
        """End at once, with everything written."""
        if not self._halted:
            self._halt()
            if self._journal.database.error is None:
                self._journal.write_commit_index()
        await self._journal.database.close()

    # Inside.

    def _halt(self) -> None:
        self._halted = True
        self._driver.stop()
        self._sender.stop()
        self._refuse_waiting("this host left the group")

    def _send(self, host: str, message: wire.RaftMessage) -> None:
        if host in self._hosts:
            form = wire.encode(self.id, self._hardening.outgoing(message))
            self._sender.send(host, form)

    def _on_durable(self) -> None:
        self._sender.release()
        self._driver.wake()

    def _tick(self) -> None:
        self._election.before_tick()
        if self._unsent and self._core.is_leader:
            self._core.replicate()
        self._unsent = False
        self._core.tick()
        if self._core.is_leader:
            self._give_seat()
        self._settle()

    def _give_seat(self) -> None:
        """As leader: append one add once a linked observer has everything (R1)."""
        core, last = self._core, self._journal.last_index
        changes = self._journal.changes
        if not core.term_is_settled() or changes[-1][0] > core.commit_index:
            return
        caught_up = [host for host in self._hosts if core.match_index(host) == last]
        host = next_seat(self.voters, caught_up)
        if host is not None:
            core.append(Kind.ADD, host)
            core.configure(self.voters)
            self._unsent = True
            self._driver.wake()

    def _settle(self) -> None:
        """After a call into the library: follow the log's configuration."""
        voters = self.voters
        if set(self._core.other_voters) != voters - {self._host_id}:
            self._core.configure(voters)
        if not self._core.is_leader and self._waiting:
            self._refuse_waiting("this host leads the group no more")
        now = (self._core.leader, self._core.term, self._core.is_leader, voters)
        if now != self._seen:
            self._seen = now
            self._watcher.on_group_changed()

    def _refuse_waiting(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, {}
        for answers in waiting.values():
            for answer in answers:
                if not answer.done():
                    answer.set_exception(NotLeader(f"{reason}: ask again"))

    def _on_applied(
        self, command: Command, index: int, outcome: Outcome, events: tuple[Event, ...]
    ) -> None:
        for answer in self._waiting.pop(command.id, []):
            if not answer.done():
                answer.set_result((outcome, index))
        self._watcher.on_applied(command, index, outcome, events)
