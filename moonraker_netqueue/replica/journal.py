"""The replicated log on this host's disk, as PySyncObj's journal (R18, R3, R4).

The log's beginning is replaced by a snapshot from time to time. Its last entries stay,
for followers that are only a little behind.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from ..model.queue_state import QueueState
from . import snapshot
from .database import Database
from .entry import Entry, Kind, pack, unpack
from .errors import JournalDamaged, SnapshotInvalid, WireInvalid
from .membership import Change, change_of, configuration_name, seats_after
from .snapshot import Snapshot

COMPACT_ENTRIES = 2_000  # entries of a log that is worth a snapshot
COMPACT_BYTES = 1 << 20  # or bytes; as many as the last snapshot has, if that is more
KEPT_ENTRIES = 256  # entries before a snapshot that stay
KEPT_BYTES = 256 << 10

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    position INTEGER PRIMARY KEY, term INTEGER NOT NULL, data BLOB NOT NULL,
    checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta (
    name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot (
    only INTEGER PRIMARY KEY CHECK (only = 1), digest TEXT NOT NULL,
    text TEXT NOT NULL);
"""
_INSERT = "INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)"
_TRUNCATE = "DELETE FROM log WHERE position >= ?"
_FORGET = "DELETE FROM log WHERE position < ?"
_EMPTY = "DELETE FROM log"
_SET_SNAPSHOT = "INSERT OR REPLACE INTO snapshot VALUES (1, ?, ?)"
_PART = "SELECT substr(text, ?, ?) FROM snapshot WHERE digest = ?"
_SET_META = "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)"


def _entry_checksum(index: int, term: int, data: bytes) -> int:
    return zlib.crc32(b"%d %d " % (index, term) + data)


def _meta_checksum(name: str, value: str) -> int:
    return zlib.crc32(f"{name} {value}".encode())


@dataclass
class Recovered:
    """What a journal's file held."""

    meta: dict[str, Any] = field(default_factory=dict)
    snapshot: Snapshot | None = None
    state: QueueState = field(default_factory=QueueState)
    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def _load(connection: sqlite3.Connection) -> Recovered:
    """Read everything, trust nothing; raises JournalDamaged."""
    recovered = Recovered()
    # All rows at once: a cursor left half-way would keep the file open.
    for name, value, checksum in connection.execute("SELECT * FROM meta").fetchall():
        if _meta_checksum(name, value) != checksum:
            raise JournalDamaged(f"checksum of {name}")
        recovered.meta[name] = json.loads(value)
    _load_snapshot(connection, recovered)
    rows = connection.execute("SELECT * FROM log ORDER BY position").fetchall()
    expected = rows[0][0] if recovered.snapshot is not None and rows else 1
    term = 0
    for index, entry_term, data, checksum in rows:
        if _entry_checksum(index, entry_term, data) != checksum:
            raise JournalDamaged(f"checksum of entry {index}")
        if index != expected or entry_term < term:
            raise JournalDamaged(f"entry {index} where {expected} belongs")
        expected, term = index + 1, entry_term
        entry = Entry(data, index, entry_term)
        recovered.entries.append(entry)
        recovered.changes += _changes_of(entry)
    _check_joint(recovered)
    return recovered


def _load_snapshot(connection: sqlite3.Connection, recovered: Recovered) -> None:
    for _, digest, text in connection.execute("SELECT * FROM snapshot").fetchall():
        if not isinstance(text, str) or snapshot.digest_of(text) != digest:
            raise JournalDamaged("checksum of the snapshot")
        try:
            recovered.snapshot, recovered.state = snapshot.read(text)
        except SnapshotInvalid as error:
            raise JournalDamaged(str(error)) from error


def _check_joint(recovered: Recovered) -> None:
    """The log must reach over the snapshot's end, which it has itself."""
    base, entries = recovered.snapshot, recovered.entries
    if base is None:
        return
    place = base.index - entries[0].index if entries else -1
    if not 0 <= place < len(entries) or entries[place].term != base.term:
        raise JournalDamaged(f"entry {base.index}, where the snapshot ends, is missing")
    recovered.changes = _after(base, recovered.changes)


def _after(base: Snapshot, changes: list[Change]) -> list[Change]:
    """The changes that a snapshot does not hold."""
    return [change for change in changes if change.index > base.index]


def _changes_of(entry: Entry) -> list[Change]:
    """What an entry does to the configuration."""
    try:
        change = change_of(entry.index, entry.term, *unpack(entry.data))
    except WireInvalid:
        return []  # applies as a no-op
    return [] if change is None else [change]


class Journal:
    """The log in memory, every change of it on its way to the disk.

    Its camel-case names are PySyncObj's; positions there count from 0 = the first
    entry that is still here.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.durable_index = 0  # highest entry in memory that is on disk
        self.snapshot: Snapshot | None = None  # what stands for the log's beginning
        self.on_durable: Callable[[], None] = lambda: None
        self.on_reconfigured: Callable[[], None] = lambda: None  # before it is written
        self._changes: list[Change] = []  # membership entries after the snapshot
        self._seats: dict[str, str] | None = None  # their fold, until they change
        self._entries: list[Entry] = []
        self._bytes = 0  # of all entries
        self._meta: dict[str, Any] = {}
        self._unwritten: list[tuple[int, int]] = []  # (database position, index)
        self._commit_index = 1
        database.on_durable = self._note_durable

    async def open(self) -> QueueState:
        """Load the file, return the state at its snapshot: a new one without.

        Raises JournalDamaged or DatabaseFailed.
        """
        recovered = await self.database.open(_SCHEMA, _load)
        self._meta = recovered.meta
        self.snapshot = recovered.snapshot
        self._entries = recovered.entries
        self._bytes = sum(len(entry.data) for entry in recovered.entries)
        self._changes = recovered.changes
        self.durable_index = self.last_index
        hint = min(self._meta.get("commit_index", 1), self.last_index)
        self._commit_index = max(1, hint, self.snapshot_index)
        return recovered.state

    def meta(self, name: str) -> Any:
        """A value stored beside the log; None if there is none."""
        return self._meta.get(name)

    def set_meta(self, **values: Any) -> int:
        """Store values beside the log; returns the position to wait for."""
        for name, value in values.items():
            self._meta[name] = value
            text = json.dumps(value)
            self.database.put((_SET_META, (name, text, _meta_checksum(name, text))))
        return self.database.position

    @property
    def first_index(self) -> int:
        """Index of the first entry that is still here; 1 if there is none."""
        return self._entries[0].index if self._entries else 1

    @property
    def last_index(self) -> int:
        """Index of the last entry; 0 if there is none."""
        return self._entries[-1].index if self._entries else 0

    @property
    def snapshot_index(self) -> int:
        """Index of the entry up to which a snapshot has all; 0 without one."""
        return 0 if self.snapshot is None else self.snapshot.index

    @property
    def last_change(self) -> tuple[int, int]:
        """Index and term of the newest membership entry; (0, 0) if it is unknown."""
        return self.change_at(self.last_index)

    @property
    def configuration(self) -> str:
        """Names the newest configuration, committed or not; empty if unknown."""
        return configuration_name(self.meta("group"), *self.last_change)

    def entry(self, index: int) -> Entry | None:
        """The entry at an index of the log; None if it is not, or not any more."""
        place = index - self.first_index
        return self._entries[place] if 0 <= place < len(self._entries) else None

    def seats(self) -> Mapping[str, str]:
        """Host id -> incarnation: the newest configuration, committed or not."""
        if self._seats is None:
            self._seats = self.seats_at(self.last_index)
        return self._seats

    def seats_at(self, index: int) -> dict[str, str]:
        """The configuration that counts at an index, not before the snapshot's."""
        base = {} if self.snapshot is None else self.snapshot.seats
        return seats_after(
            (change for change in self._changes if change.index <= index), base
        )

    def change_at(self, index: int) -> tuple[int, int]:
        """Index and term of the membership entry that made the configuration of an
        index, not before the snapshot's; (0, 0) if it is unknown."""
        base = (0, 0) if self.snapshot is None else self.snapshot.changed
        marks = ((change.index, change.term) for change in self._changes)
        return max((mark for mark in marks if mark[0] <= index), default=base)

    def voters(self) -> frozenset[str]:
        """The hosts that have these seats."""
        return frozenset(self.seats())

    def write_commit_index(self) -> None:
        """Make the commit index durable, if it changed: a restart without quorum
        then shows the queue as it was."""
        if self._commit_index != self._meta.get("commit_index", 1):
            self.set_meta(commit_index=self._commit_index)

    def not_yet_back(self, state: QueueState) -> list[tuple[str, str]]:
        """Which groups this host brought that `state` does not go on from, and the
        names of their files in set-aside/."""
        brought = self.meta("brought") or ()
        return [(name, file) for name, file in brought if name not in state.ancestors]

    def note_left(self) -> None:
        """This host ends in order while others stay: its seat may be gone."""
        self.set_meta(left=self._mark())

    @property
    def is_as_left(self) -> bool:
        """Whether nothing came since: who votes now this log may not tell."""
        return self._meta.get("left") == self._mark()

    def _mark(self) -> list[int]:
        return [*reversed(self.end)]

    @property
    def end(self) -> tuple[int, int]:
        """Term and index of the last entry: of two logs the later one is newer."""
        return (self._entries[-1].term if self._entries else 0, self.last_index)

    def is_heavy(self) -> bool:
        """Whether a snapshot should replace the log's beginning."""
        size = 0 if self.snapshot is None else self.snapshot.size
        return len(self._entries) > COMPACT_ENTRIES + KEPT_ENTRIES or (
            self._bytes > max(COMPACT_BYTES, size) + KEPT_BYTES
        )

    def compact(self, taken: Snapshot, text: str) -> None:
        """Let a snapshot of this log replace what it holds but the last entries."""
        place, room = taken.index - self.first_index, KEPT_BYTES
        stop = max(0, place - KEPT_ENTRIES)
        while place > stop and room > 0:
            place -= 1
            room -= len(self._entries[place].data)
        first = self._entries[place].index
        self._bytes -= sum(len(entry.data) for entry in self._entries[:place])
        del self._entries[:place]
        self._take_over(taken, text)
        self._changes = _after(taken, self._changes)
        self.database.put((_FORGET, (first,)))

    def install(self, taken: Snapshot, text: str) -> int:
        """Let a leader's snapshot replace the whole log; returns the position to
        wait for. A no-op stands for the entry at its end, which is never sent."""
        data = pack(Kind.NOOP)
        self._take_over(taken, text)
        self.database.put((_EMPTY, ()))
        self._entries, self._bytes, self._unwritten = [], 0, []
        self._changes, self._seats = [], None
        self.durable_index = min(self.durable_index, taken.index)
        self.on_reconfigured()
        self.add(data, taken.index, taken.term)
        return self.database.position

    async def part(self, digest: str, start: int, size: int) -> str | None:
        """Some characters of the snapshot on disk; None if it is another one."""

        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute(_PART, (start + 1, size, digest)).fetchone()
            return None if row is None else str(row[0])

        return await self.database.read(read)

    def _take_over(self, taken: Snapshot, text: str) -> None:
        self.snapshot = taken
        self.database.put((_SET_SNAPSHOT, (taken.digest, text)))

    def _note_durable(self) -> None:
        written = self.database.durable_position
        while self._unwritten and self._unwritten[0][0] <= written:
            self.durable_index = self._unwritten.pop(0)[1]
        self.on_durable()

    # PySyncObj's interface.

    def add(self, command: bytes, idx: int, term: int) -> None:
        entry = Entry(command, idx, term)
        self._entries.append(entry)
        self._bytes += len(command)
        if changes := _changes_of(entry):
            self._changes += changes
            self._seats = None
            self.on_reconfigured()
        row = (idx, term, command, _entry_checksum(idx, term, command))
        self._unwritten.append((self.database.put((_INSERT, row)), idx))

    def deleteEntriesFrom(self, entryFrom: int) -> None:  # noqa: N802, N803
        if entryFrom >= len(self._entries):
            return
        kept = self.first_index + entryFrom - 1  # index of the last that stays
        self._bytes -= sum(len(entry.data) for entry in self._entries[entryFrom:])
        del self._entries[entryFrom:]
        changes = [change for change in self._changes if change.index <= kept]
        if changes != self._changes:
            self._changes, self._seats = changes, None
            self.on_reconfigured()
        self.database.put((_TRUNCATE, (kept + 1,)))
        self.durable_index = min(self.durable_index, kept)
        self._unwritten = [
            (position, min(index, kept)) for position, index in self._unwritten
        ]

    @overload
    def __getitem__(self, item: int) -> Entry: ...
    @overload
    def __getitem__(self, item: slice) -> list[Entry]: ...
    def __getitem__(self, item: int | slice) -> Entry | list[Entry]:
        return self._entries[item]

    def __len__(self) -> int:
        return len(self._entries)

    def setRaftCommitIndex(self, raftCommitIndex: int) -> None:  # noqa: N802, N803
        # A hint for the restart: written once a second, not with every commit.
        self._commit_index = raftCommitIndex

    def getRaftCommitIndex(self) -> int:  # noqa: N802
        return self._commit_index

    def setCurrentTerm(self, term: int, votedForNodeId: str | None) -> None:  # noqa: N802, N803
        if [term, votedForNodeId] != self._meta.get("vote"):
            self.set_meta(vote=[term, votedForNodeId])

    def getCurrentTerm(self) -> int:  # noqa: N802
        return int((self._meta.get("vote") or [0, None])[0])

    def getVotedForNodeId(self) -> str | None:  # noqa: N802
        vote: str | None = (self._meta.get("vote") or [0, None])[1]
        return vote

    def onOneSecondTimer(self) -> None:  # noqa: N802
        self.write_commit_index()

    def _destroy(self) -> None:
        return
