"""This host's part in one Raft group: node, log, state and seats, wired together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from ..model.command import Command, CommandId, encode
from ..model.event import Event
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..ports import Clock, Random
from . import wire
from .applier import Applier, any_uses
from .compaction import Compaction
from .driver import Driver
from .election import Election
from .entry import Kind
from .errors import NotLeader, ReplicaError
from .greeting import LinkedJournal
from .group_watcher import GroupWatcher
from .hardening import Hardening
from .journal import Journal
from .participants import Participants
from .raft_core import RaftCore
from .seats import Seats
from .sender import Sender
from .signatures import Signatures
from .snapshot import Loaded
from .snapshot_intake import PART_SIZE, Ask, SnapshotIntake

_LOGGER = logging.getLogger(__name__)

Answer = tuple[Outcome, int]  # what became of a command, and at which index
Deliver = Callable[[str, dict[str, Any]], object]


class Group:
    """One node of one group. Created with a loaded journal, ended by `close`."""

    def __init__(
        self,
        host_id: str,
        journal: Journal,
        state: QueueState,
        signatures: Signatures,
        clock: Clock,
        random: Random,
        deliver: Deliver,
        ask: Ask,
        watcher: GroupWatcher,
        seat_ttl: float,
    ) -> None:
        self.id: str = journal.meta("group")
        self.generation: int = journal.meta("generation")
        self.following: int = journal.meta("following") or 1  # hosts it began with
        self.incarnation: str = journal.meta("incarnation") or ""
        self._host_id = host_id
        self._journal = journal
        self._clock = clock
        self._watcher = watcher
        # The group that it goes over to: for ever it takes part in this one no more.
        self.going_to: str | None = journal.meta("going_to")
        self.participants = Participants(host_id, journal)
        self._waiting: dict[CommandId, list[asyncio.Future[Answer]]] = {}
        self._unsent = False  # a follower lacks entries that no tick has sent yet
        self.halted = False
        self._seen: object = None
        self._signatures = signatures
        self._applier = Applier(self.id, state, signatures, self._on_applied, self.fail)
        self._sender = Sender(journal.database, deliver)
        self._core = RaftCore(
            host_id, journal, clock, random, self._send, self._applier.apply
        )
        self._compaction = Compaction(journal)
        self._intake = SnapshotIntake(self.id, journal, clock, ask, self._on_installed)
        self._election = Election(
            self._core, host_id, clock, self.participants.electorate, self._send
        )
        self._hardening = Hardening(
            self._core,
            journal,
            self._election,
            clock,
            self.participants.trusted,
            self._send,
            self._intake.take,
        )
        self._seats = Seats(host_id, self._core, journal, clock, seat_ttl)
        self._driver = Driver(self._core, clock, self._tick)
        journal.on_durable = self._on_durable
        journal.database.on_failed = self.fail
        if self.participants.electorate() == {host_id}:
            self._core.set_election_deadline(0.0)  # alone: nobody to wait for
        self.halt() if self.going_to else self._driver.wake()

    # What it is.

    @property
    def state(self) -> QueueState:
        return self._applier.state

    @property
    def is_leader(self) -> bool:
        return self._core.is_leader and not self.halted

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
        return self.participants.voters

    @property
    def has_seat(self) -> bool:
        """Whether this host votes, with the journal that it has now (R4)."""
        return self.participants.has_seat

    def may_follow(self, host: str) -> bool:
        """Whether this host would take that one for the leader."""
        participants = self.participants
        here = participants.takes_part(host) or participants.life(host) is None
        return here and host in participants.trusted()

    @property
    def has_quorum(self) -> bool:
        """Whether a majority of the voters takes part, this host included."""
        return self.going_to is None and self.participants.has_quorum

    @property
    def goes_on(self) -> bool:
        """Whether a majority is linked, and elects: by others' logs it may be none."""
        return self.has_quorum and (self.is_leader or self._election.ends)

    @property
    def intake(self) -> SnapshotIntake:
        """The snapshot that is on its way to this host."""
        return self._intake

    def staying(self) -> frozenset[str]:
        """Other hosts of the group that are linked and not about to leave."""
        return self._seats.staying()

    def may_be_used(self) -> bool:
        """Whether the log has what must not be lost, committed or not, or something
        was brought here."""
        if self.state.ever_used or self._journal.not_yet_back(self.state):
            return True
        return any_uses(self._journal, self.applied_index)

    async def snapshot_part(self, digest: str, start: int) -> str | None:
        """A piece of the snapshot that this host has; None if it is another one."""
        return await self._journal.part(digest, start, PART_SIZE)

    # What happens to it.

    def link(self, host: str, journal: LinkedJournal) -> None:
        """A host of this group is linked, and has that journal."""
        known = self.participants.life(host)
        same = known is not None and (
            known.incarnation == journal.incarnation
            and known.doubted == journal.doubted
        )
        if self.halted:
            return
        if not same:
            self._drop(host)
        self.participants.link(host, journal)
        self._admit()
        self._driver.wake()

    def unlink(self, host: str) -> None:
        """The link is gone, or its host left the group."""
        if self.participants.life(host) is not None and not self.halted:
            self.participants.unlink(host)
            self._drop(host)
            self._driver.wake()

    def note_leaving(self, host: str) -> None:
        """A host is about to end in order."""
        self._seats.note_leaving(host)

    def reintroduce(self, voters: Iterable[str]) -> None:
        """Follow voters that a host of this group named: the log is too old to."""
        self.participants.introduce(voters)
        self._settle()

    def _admit(self) -> None:
        participants = self.participants
        for host in sorted(participants.impostors()):
            self._drop(host)
        for host in participants.admit():
            life = participants.life(host)
            if life is not None:
                self._seats.note_linked(host, life.incarnation)
                self._core.connect(host)

    def _drop(self, host: str) -> None:
        if self.participants.exclude(host):
            self._sender.forget_link(host)
            self._hardening.forget_link(host)
            self._seats.note_gone(host)
            self._core.disconnect(host)

    def receive(self, host: str, incarnation: object, form: object) -> None:
        """Take a raft message of a linked host."""
        life = self.participants.life(host)
        if self.halted or life is None or not self.participants.takes_part(host):
            return
        if incarnation != life.incarnation:
            return  # R4: of a life of its journal that is over
        message = self._hardening.decoded(host, form)
        if message is None:
            return
        known = self._core.progress(host)
        self._hardening.receive(host, message)
        match = self._core.match_index(host)
        if match is not None and self._core.is_leader:
            self._watcher.on_acked(
                host, life.incarnation, min(match, self.commit_index)
            )
        # An ack without progress (of an offer) must not bring a message to everyone.
        if self._core.lags(host):
            self._unsent |= self._core.progress(host) != known
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
            signed = self._signatures.signed(command, self.id)
            self._core.append(Kind.COMMAND, encode(signed))
            self._unsent = True
            self._driver.wake()
        waiting.append(answer)
        return answer

    def fail(self, error: ReplicaError) -> None:
        """Stop for good: nothing is sent, acked or applied any more."""
        if not self.halted:
            self.halt()
            self._watcher.on_group_failed(error)

    def release(self, host: str) -> asyncio.Future[None]:
        """As leader: done when `host` may end and the others can go on; NotLeader."""
        if not self.is_leader:
            raise NotLeader("this host does not lead the group: ask the leader")
        self._driver.wake()
        return self._seats.leave(host)

    def unseat(self, host: str) -> asyncio.Future[None]:
        """As leader: done when `host`, another one, has no seat; NotLeader."""
        if not self.is_leader or host == self._host_id:
            raise NotLeader("this host does not lead the others: ask another leader")
        self._driver.wake()
        return self._seats.unseat(host)

    def hand_over(self) -> None:
        """As leader: ask a voter that stays to campaign; best effort."""
        last = self._journal.last_index
        voters = (self._seats.staying() & self.voters) - self.state.viewers
        ready = [host for host in voters if self._core.match_index(host) == last]
        if self.is_leader and ready:
            self._core.hand_over(min(ready))

    def halt(self) -> None:
        """Ack, send and apply nothing any more; what is here can still be read."""
        self.halted = True
        self._driver.stop()
        self._sender.stop()
        self._compaction.stop()
        self._intake.stop()
        self._refuse_waiting("this host left the group")

    async def go_over(self, into: str) -> None:
        """For ever take part no more; once that is on disk it is said (R8)."""
        self.halt()
        position = self._journal.set_meta(going_to=into)
        await self._journal.database.wait_durable(position)
        self.going_to = into

    def replay(self) -> bool:
        """Apply a little of what was committed; whether there was any."""
        return self._core.apply()

    async def close(self) -> None:
        """End, with everything written."""
        if not self.halted:
            self.halt()
            if self._journal.database.error is None:
                self._journal.write_commit_index()
                if self.staying():
                    self._journal.note_left()
        await self._journal.database.close()

    # Inside.

    def _send(self, host: str, message: wire.RaftMessage) -> None:
        if self.participants.takes_part(host):
            message = self._hardening.outgoing(message)
            form = wire.encode(self.id, self.incarnation, message)
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
            self._change_seats()
        self._settle()
        if not self.halted:
            self._compaction.look(self.state, self.applied_index)

    def _change_seats(self) -> None:
        """As leader: append the membership change that is due (R1, R15).

        Of its own seat only the next leader disposes.
        """
        if self._host_id in self.state.viewers:
            self.hand_over()
        change = self._seats.due(self.participants.void | self.state.viewers)
        if change is not None:
            kind, seat = change
            _LOGGER.info("seat of host %.8s: %s", seat.host, kind.value)
            self._core.append(kind, seat.payload())
            self._unsent = True
            self._driver.wake()

    def _settle(self) -> None:
        """After a call into the library: follow the log's configuration."""
        self._admit()
        counting = self.participants.counting()
        if set(self._core.other_voters) != counting - {self._host_id}:
            self._core.configure(counting)
        if not self._core.is_leader:
            gone = NotLeader("this host leads the group no more: ask again")
            self._seats.refuse(gone)
            if self._waiting:
                self._refuse_waiting("this host leads the group no more")
        self.participants.note_leader(self._core.leader)
        now = (self._core.leader, self._core.term, self._core.is_leader, self.voters)
        if now != self._seen:
            self._seen = now
            self._watcher.on_group_changed()

    def _on_installed(self, loaded: Loaded) -> None:
        if not self.halted:
            self._applier.state = loaded.state
            self._core.go_on_from(loaded.snapshot.index)
            self._settle()
            self._driver.wake()
            self._watcher.on_replayed()

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
