"""The replicated log on this host's disk, as PySyncObj's journal (R18, R4)."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from .database import Database
from .entry import Entry, unpack
from .errors import JournalDamaged, WireInvalid
from .membership import Change, change_of, seats_after

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (
    position INTEGER PRIMARY KEY, term INTEGER NOT NULL, data BLOB NOT NULL,
    checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS meta (
    name TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL);
"""
_INSERT = "INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)"
_TRUNCATE = "DELETE FROM log WHERE position >= ?"
_SET_META = "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)"


def _entry_checksum(index: int, term: int, data: bytes) -> int:
    return zlib.crc32(b"%d %d " % (index, term) + data)


def _meta_checksum(name: str, value: str) -> int:
    return zlib.crc32(f"{name} {value}".encode())


@dataclass
class Recovered:
    """What a journal's file held."""

    entries: list[Entry] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


def _load(connection: sqlite3.Connection) -> Recovered:
    """Read everything, trust nothing; raises JournalDamaged."""
    recovered = Recovered()
    # All rows at once: a cursor left half-way would keep the file open.
    for name, value, checksum in connection.execute("SELECT * FROM meta").fetchall():
        if _meta_checksum(name, value) != checksum:
            raise JournalDamaged(f"checksum of {name}")
        recovered.meta[name] = json.loads(value)
    term = 0
    rows = connection.execute("SELECT * FROM log ORDER BY position").fetchall()
    for expected, (index, entry_term, data, checksum) in enumerate(rows, start=1):
        if _entry_checksum(index, entry_term, data) != checksum:
            raise JournalDamaged(f"checksum of entry {index}")
        if index != expected or entry_term < term:
            raise JournalDamaged(f"entry {index} where {expected} belongs")
        term = entry_term
        entry = Entry(data, index, entry_term)
        recovered.entries.append(entry)
        recovered.changes += _changes_of(entry)
    return recovered


def _changes_of(entry: Entry) -> list[Change]:
    """What an entry does to the configuration."""
    try:
        change = change_of(entry.index, *unpack(entry.data))
    except WireInvalid:
        return []  # applies as a no-op
    return [] if change is None else [change]


class Journal:
    """The log in memory, every change of it on its way to the disk.

    Its camel-case names are PySyncObj's; positions there count from 0 = index 1.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.durable_index = 0  # highest entry in memory that is on disk
        self.changes: list[Change] = []  # membership entries of the whole log
        self._seats: dict[str, str] | None = None  # their fold, until they change
        self.on_durable: Callable[[], None] = lambda: None
        self._entries: list[Entry] = []
        self._meta: dict[str, Any] = {}
        self._unwritten: list[tuple[int, int]] = []  # (database position, index)
        self._commit_index = 1
        database.on_durable = self._note_durable

    async def open(self) -> None:
        """Load the file; raises JournalDamaged or DatabaseFailed."""
        recovered = await self.database.open(_SCHEMA, _load)
        self._meta = recovered.meta
        self._entries = recovered.entries
        self.durable_index = len(recovered.entries)
        self.changes = recovered.changes
        hint = self._meta.get("commit_index", 1)
        self._commit_index = max(1, min(hint, len(self._entries)))

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
    def last_index(self) -> int:
        """Index of the last entry; 0 if there is none."""
        return self._entries[-1].index if self._entries else 0

    def entry(self, index: int) -> Entry | None:
        """The entry at an index of the log."""
        return self._entries[index - 1] if 1 <= index <= len(self._entries) else None

    def seats(self) -> Mapping[str, str]:
        """Host id -> incarnation: the newest configuration, committed or not."""
        if self._seats is None:
            self._seats = seats_after(self.changes)
        return self._seats

    def voters(self) -> frozenset[str]:
        """The hosts that have these seats."""
        return frozenset(self.seats())

    def write_commit_index(self) -> None:
        """Make the commit index durable, if it changed: a restart without quorum
        then shows the queue as it was."""
        if self._commit_index != self._meta.get("commit_index", 1):
            self.set_meta(commit_index=self._commit_index)

    def _note_durable(self) -> None:
        written = self.database.durable_position
        while self._unwritten and self._unwritten[0][0] <= written:
            self.durable_index = self._unwritten.pop(0)[1]
        self.on_durable()

    # PySyncObj's interface.

    def add(self, command: bytes, idx: int, term: int) -> None:
        entry = Entry(command, idx, term)
        self._entries.append(entry)
        self.changes += _changes_of(entry)
        self._seats = None
        row = (idx, term, command, _entry_checksum(idx, term, command))
        self._unwritten.append((self.database.put((_INSERT, row)), idx))

    def deleteEntriesFrom(self, entryFrom: int) -> None:  # noqa: N802, N803
        kept = entryFrom  # positions from 0, so as many entries as stay
        if kept >= len(self._entries):
            return
        del self._entries[kept:]
        self.changes = [change for change in self.changes if change.index <= kept]
        self._seats = None
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
