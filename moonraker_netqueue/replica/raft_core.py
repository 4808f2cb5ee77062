"""PySyncObj's SyncObj with our log and apply; its private names end here.

The library keeps terms, votes, matching and commit. It never sees a membership
request: the configuration is the fold of the log (membership.py), set from outside.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator

from pysyncobj.config import SyncObjConf
from pysyncobj.node import Node
from pysyncobj.transport import Transport

from ..ports import Clock, Random
from .entry import Entry, Kind, pack
from .journal import Journal
from .library import library, ports_of
from .wire import BATCH_BYTES, RaftMessage

APPLY_MAX = 8  # entries checked and applied in a tick: a replay must not hold the loop
ELECTION_MIN = 1.4  # seconds; the upper bound is twice that
HEARTBEAT = 0.3
LEADER_FALLBACK = 4.0  # a leader that hears no quorum for so long steps down
_NEVER = 10**9

_LEADER = library._RAFT_STATE.LEADER  # noqa: SLF001  the library names no other
_FOLLOWER = library._RAFT_STATE.FOLLOWER  # noqa: SLF001  the library names no other


class HostNode(Node):  # type: ignore[misc]  # the library is untyped
    """A host; its hash does not depend on PYTHONHASHSEED, so set order repeats."""

    def __hash__(self) -> int:
        return zlib.crc32(self.id.encode())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostNode) and bool(self.id == other.id)


class _Outgoing(Transport):  # type: ignore[misc]  # the library is untyped
    """Hands the library's messages over to `send`."""

    def __init__(self, send: Callable[[str, RaftMessage], None]) -> None:
        super().__init__(None, None, [])
        self._send = send

    def send(self, node: HostNode, message: RaftMessage) -> bool:
        self._send(node.id, message)
        return True


def _configuration(journal: Journal) -> SyncObjConf:
    return SyncObjConf(
        autoTick=False,
        appendEntriesUseBatch=False,
        appendEntriesPeriod=HEARTBEAT,
        raftMinTimeout=ELECTION_MIN,
        raftMaxTimeout=2 * ELECTION_MIN,
        leaderFallbackTimeout=LEADER_FALLBACK,
        appendEntriesBatchSizeBytes=BATCH_BYTES,
        dynamicMembershipChange=False,
        commandsWaitLeader=False,
        useFork=False,
        logCompactionMinEntries=_NEVER,
        logCompactionMinTime=_NEVER,
        journalFile=journal,  # our createJournal returns it as it is
    )


class RaftCore(library.SyncObj):  # type: ignore[misc]  # untyped library
    """One node. Every public method may send; none waits."""

    def __init__(
        self,
        host_id: str,
        journal: Journal,
        clock: Clock,
        random: Random,
        send: Callable[[str, RaftMessage], None],
        apply: Callable[[Entry], None],
    ) -> None:
        self._host_id = host_id
        self._journal = journal
        self._clock = clock
        self._random = random
        self._apply_entry = apply
        self._send_message = send
        others = [HostNode(host) for host in sorted(journal.voters() - {host_id})]
        with self._ports():
            super().__init__(
                HostNode(host_id),
                others,
                _configuration(journal),
                nodeClass=HostNode,
                transport=_Outgoing(self._hand_out),
            )
        if journal.snapshot is not None:  # its state is where applying goes on
            self._SyncObj__raftLastApplied = journal.snapshot.index

    def _ports(self) -> contextlib.AbstractContextManager[None]:
        return ports_of(self._clock, self._random)

    # What it is.

    @property
    def term(self) -> int:
        return int(self._SyncObj__raftCurrentTerm)

    @property
    def commit_index(self) -> int:
        return int(self._SyncObj__raftCommitIndex)

    @property
    def applied_index(self) -> int:
        return int(self._SyncObj__raftLastApplied)

    @property
    def is_leader(self) -> bool:
        return bool(self._SyncObj__raftState == _LEADER)

    @property
    def leader(self) -> str | None:
        node = self._SyncObj__raftLeader
        return None if node is None else str(node.id)

    @property
    def other_voters(self) -> list[str]:
        return sorted(node.id for node in self._SyncObj__otherNodes)

    @property
    def connected(self) -> set[str]:
        return {node.id for node in self._SyncObj__connectedNodes}

    @property
    def transferring(self) -> bool:
        """Whether the leader asked this node to campaign at once."""
        return bool(self._SyncObj__transferInProgress)

    # Not a property: the library's constructor reads every attribute.
    def term_is_settled(self) -> bool:
        """As leader: whether an entry of this term is applied."""
        return self.applied_index >= int(self._SyncObj__noopIDx)

    def last_entry(self) -> tuple[int, int]:
        """Index and term of the end of the log."""
        last = self._journal[-1]
        return last.index, last.term

    def match_index(self, host: str) -> int | None:
        """As leader: highest entry that `host` acked; None if it does not follow."""
        index: int | None = self._SyncObj__raftMatchIndex.get(HostNode(host))
        return index

    def next_index(self, host: str) -> int | None:
        """As leader: the entry to send next to `host`."""
        index: int | None = self._SyncObj__raftNextIndex.get(HostNode(host))
        return index

    def progress(self, host: str) -> tuple[int | None, int | None]:
        """As leader: how far `host` has come, and what it is sent next."""
        return self.match_index(host), self.next_index(host)

    def lags(self, host: str) -> bool:
        """As leader: whether there is more to send to `host`."""
        index = self.next_index(host)
        return self.is_leader and index is not None and index <= self.last_entry()[0]

    def set_next_index(self, host: str, index: int) -> None:
        self._SyncObj__raftNextIndex[HostNode(host)] = index

    def next_deadline(self) -> float:
        """Monotonic time at which a tick has something to do."""
        if self.is_leader:
            return float(self._SyncObj__newAppendEntriesTime)
        return self.election_deadline

    @property
    def election_deadline(self) -> float:
        return float(self._SyncObj__raftElectionDeadline)

    def set_election_deadline(self, moment: float) -> None:
        self._SyncObj__raftElectionDeadline = moment

    def election_timeout(self) -> float:
        """A fresh random election timeout, seconds."""
        with self._ports():
            return float(self._SyncObj__generateRaftTimeout())

    # What happens to it.

    def tick(self) -> None:
        with self._ports():
            self.doTick(0)

    def receive(self, host: str, message: RaftMessage) -> None:
        """Hand a checked message to the library."""
        with self._ports():
            self._SyncObj__onMessageReceived(HostNode(host), message)

    def hear(self, host: str, term: int) -> None:
        """A leader spoke, without a word about the log."""
        with self._ports():
            heartbeat = {"type": "append_entries", "term": term, "commit_index": 0}
            self._SyncObj__onMessageReceived(HostNode(host), heartbeat)

    def go_on_from(self, index: int) -> None:
        """The state is now that of a snapshot at `index`, and all before committed."""
        self._SyncObj__raftLastApplied = index
        if self.commit_index < index:
            self._SyncObj__raftCommitIndex = index
            self._journal.setRaftCommitIndex(index)

    def apply(self) -> bool:
        """Apply a little of what is committed; whether there was any."""
        before = self.applied_index
        with self._ports():
            self._SyncObj__applyLogEntries()
        return self.applied_index > before

    def append(self, kind: Kind, payload: str) -> Entry:
        """As leader: put an entry at the end of the log; `replicate` sends it."""
        entry = Entry(pack(kind, payload), self._journal.last_index + 1, self.term)
        self._journal.add(*entry)
        return entry

    def replicate(self) -> None:
        """As leader: send what followers lack."""
        with self._ports():
            self._SyncObj__sendAppendEntries()

    def adopt_term(self, term: int) -> None:
        """Follow in a later term that another host told of."""
        with self._ports():
            self._SyncObj__setCurrentTerm(term, None)
            self._SyncObj__setState(_FOLLOWER)
            self._SyncObj__raftLeader = None

    def forget_leader(self) -> None:
        """The leader is heard no more."""
        self._SyncObj__raftLeader = None

    def hand_over(self, host: str) -> None:
        """As leader: ask a voter that has the whole log to campaign; best effort."""
        with self._ports():
            self.transferLeadership(HostNode(host))

    def connect(self, host: str) -> None:
        node = HostNode(host)
        with self._ports():
            if node in self._SyncObj__otherNodes:
                # What it acked over an earlier link, its disk may have lost.
                self._SyncObj__raftNextIndex[node] = self._journal.last_index + 1
                self._SyncObj__raftMatchIndex[node] = 0
                self._SyncObj__onNodeConnected(node)
            else:
                self._SyncObj__onReadonlyNodeConnected(node)

    def disconnect(self, host: str) -> None:
        node = HostNode(host)
        if node in self._SyncObj__otherNodes:
            self._SyncObj__onNodeDisconnected(node)
        else:
            self._SyncObj__onReadonlyNodeDisconnected(node)

    def configure(self, voters: frozenset[str]) -> None:
        """Make the log's newest configuration the one that counts."""
        wanted = {HostNode(host) for host in sorted(voters - {self._host_id})}
        current = self._SyncObj__otherNodes
        for node in sorted(wanted - current, key=str):
            current.add(node)
            self._SyncObj__readonlyNodes.discard(node)
            self._SyncObj__raftNextIndex.setdefault(node, self._journal.last_index + 1)
            self._SyncObj__raftMatchIndex.setdefault(node, 0)
            self._SyncObj__lastResponseTime[node] = self._clock.monotonic()
        for node in sorted(current - wanted, key=str):
            current.discard(node)
            if node in self._SyncObj__connectedNodes:
                self._SyncObj__readonlyNodes.add(node)
            else:
                self._SyncObj__raftNextIndex.pop(node, None)
                self._SyncObj__raftMatchIndex.pop(node, None)

    # What the library asks, under its own names.

    def _SyncObj__sendAppendEntries(self) -> None:  # noqa: N802
        """Send at most one batch to each follower: its ack asks for the next.

        The library would send a follower that is far behind the whole log at once.
        """
        connected = set(self._SyncObj__connectedNodes)
        try:
            super()._SyncObj__sendAppendEntries()
        finally:
            self._SyncObj__connectedNodes.update(connected)

    def _hand_out(self, host: str, message: RaftMessage) -> None:
        if "serialized" in message:
            message = self._snapshot_offer()
        self._send_message(host, message)
        if message.get("entries") or message["type"] == "snapshot_offer":
            # The library's loop over one follower's batches ends at a lost link.
            self._SyncObj__connectedNodes.discard(HostNode(host))

    def _snapshot_offer(self) -> RaftMessage:
        """For a follower that lacks entries which are not in the log any more."""
        taken = self._journal.snapshot
        assert taken is not None  # noqa: S101  else the log begins with entry 1
        return {
            "type": "snapshot_offer",
            "term": self.term,
            "index": taken.index,
            "log_term": taken.term,
            "size": taken.size,
            "digest": taken.digest,
        }

    def _SyncObj__applyLogEntries(self) -> bool:  # noqa: N802
        """Apply, but only what is on the own disk (R18), and a little at a time."""
        limit = min(self.commit_index, self._journal.durable_index)
        if limit <= self.applied_index:
            return False
        with self._commit_index_set_to(min(limit, self.applied_index + APPLY_MAX)):
            return bool(super()._SyncObj__applyLogEntries())

    @contextlib.contextmanager
    def _commit_index_set_to(self, index: int) -> Iterator[None]:
        committed = self.commit_index
        self._SyncObj__raftCommitIndex = index
        try:
            yield
        finally:
            self._SyncObj__raftCommitIndex = committed

    def _SyncObj__doApplyCommand(self, _data: bytes) -> None:  # noqa: N802
        entry = self._journal.entry(self.applied_index + 1)
        assert entry is not None  # noqa: S101  only entries of the log are applied
        self._apply_entry(entry)

    def _SyncObj__parseChangeClusterRequest(self, _data: bytes) -> None:  # noqa: N802
        return

    def _SyncObj__tryLogCompaction(self) -> None:  # noqa: N802
        return  # compaction.py does it
