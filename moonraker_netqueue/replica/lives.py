"""Which life of each host was seen, so that a copy of one does not pass for it (R5).

A file apart from the log: it outlives groups, and a log that is lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..ports import Random
from .database import Database
from .entry import is_name
from .errors import JournalDamaged, WireInvalid
from .greeting import HOSTS_MAX, STARTS_MAX, Hello, is_count
from .journal import Journal
from .membership import group_of
from .versions import TABLE, Versions

_SCHEMA = """
CREATE TABLE IF NOT EXISTS own (
    only INTEGER PRIMARY KEY CHECK (only = 1), boots INTEGER NOT NULL,
    held INTEGER NOT NULL, doubt TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS seen (
    host TEXT PRIMARY KEY, boots INTEGER NOT NULL, nonce TEXT NOT NULL,
    incarnation TEXT NOT NULL, reach INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS seat (
    only INTEGER PRIMARY KEY CHECK (only = 1), configuration TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS starts (boots INTEGER PRIMARY KEY, nonce TEXT NOT NULL);
"""
_SET_OWN = "INSERT OR REPLACE INTO own VALUES (1, ?, ?, ?)"
_SET_SEEN = "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)"
_SET_SEAT = "INSERT OR REPLACE INTO seat VALUES (1, ?)"
_ADD_START = "INSERT OR REPLACE INTO starts VALUES (?, ?)"
_FORGET_STARTS = "DELETE FROM starts WHERE boots < ?"
_MARK = 8  # characters of a nonce that tell one start from another
_HOSTS_MAX = 1000
ANY = "any"  # for a configuration: a person said that the others have all


@dataclass(frozen=True)
class _Own:
    """This host's side. `held`: it was in a group, so it may not found one unasked."""

    boots: int = 0  # starts of this host with this folder
    held: bool = False
    doubt: str = ""  # why it must not take part; empty: it may


@dataclass(frozen=True)
class _Seen:
    """The last life of another host. `reach`: committed entries its journal had."""

    boots: int
    nonce: str
    incarnation: str = ""
    reach: int = 0


class Told(NamedTuple):
    """A start of another host that one was heard of."""

    host: str
    boots: int
    nonce: str


class _Loaded(NamedTuple):
    own: _Own
    seen: dict[str, _Seen]
    configuration: str
    starts: dict[int, str]


def _load(connection: sqlite3.Connection) -> _Loaded:
    loaded = _Loaded(_Own(), {}, "", {})
    for boots, held, doubt in _rows(connection, "own", "boots, held, doubt", "iit"):
        loaded = loaded._replace(own=_Own(boots, bool(held), doubt))
    for host, *values in _rows(connection, "seen", "*", "titti"):
        loaded.seen[host] = _Seen(*values)
    for (configuration,) in _rows(connection, "seat", "configuration", "t"):
        loaded = loaded._replace(configuration=configuration)
    loaded.starts.update(_rows(connection, "starts", "boots, nonce", "it"))
    return loaded


def _rows(
    connection: sqlite3.Connection, table: str, columns: str, types: str
) -> list[tuple[Any, ...]]:
    """All rows of a table; JournalDamaged if one has not these types."""
    rows = connection.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608
    for row in rows:
        for value, kind in zip(row, types, strict=True):
            right = is_count(value) if kind == "i" else isinstance(value, str)
            if not right:
                raise JournalDamaged(f"{str(value)[:80]!r} in table {table}")
    return rows


class Lives:
    """The lives of this host and of those that it met."""

    def __init__(self, database: Database, random: Random) -> None:
        self._database = database
        self._random = random
        self._own = _Own()
        self._seen: dict[str, _Seen] = {}
        self._starts: dict[int, str] = {}  # this host's last ones: nonces
        self._unwritten: set[str] = set()
        self._news: set[str] = set()  # hosts of which the others were not told yet
        self.versions = Versions(database)
        self.nonce = ""  # of this start
        self.configuration = ""  # newest that this host had a seat in; or ANY

    async def open(self) -> None:
        """Count this start, durably; raises JournalDamaged or DatabaseFailed."""
        loaded = await self._database.open(_SCHEMA + TABLE, self._load)
        self._own, self._seen, self.configuration, self._starts = loaded
        await self._begin(self._own.boots + 1)

    async def close(self) -> None:
        """Write what was seen and close the file."""
        self.write()
        await self._database.close()

    def _load(self, connection: sqlite3.Connection) -> _Loaded:
        self.versions.load(connection)
        return _load(connection)

    # This host.

    @property
    def boots(self) -> int:
        """Which start of this host this is."""
        return self._own.boots

    def starts(self) -> tuple[str, ...]:
        """Marks of this host's last starts without a gap, the present one last."""
        marks: list[str] = []
        while (nonce := self._starts.get(self.boots - len(marks))) is not None:
            marks.append(nonce[:_MARK])
        return tuple(reversed(marks))

    @property
    def doubt(self) -> str:
        """Why this host must not take part until a person decides; empty: it may."""
        return self._own.doubt

    @property
    def held(self) -> bool:
        """Whether this host was in a group: then only a person lets it found one."""
        return self._own.held

    @property
    def group(self) -> str:
        """The group that may need this host's word to go on; empty: there is none."""
        return group_of(self.configuration) if self._own.held else ""

    async def note_left(self) -> None:
        """Remember, durably, that it is in no group: its own one ended."""
        await self._set_held(False)

    async def note_group(self, group: str) -> None:
        """Remember, durably, that it is in a group; "": one whose journal is lost.

        A seat in another group than that one binds it no more.
        """
        if group and group_of(self.configuration) not in ("", group):
            self._note_configuration("")
        await self._set_held(True)

    async def _set_held(self, held: bool) -> None:
        await self._set_own(replace(self._own, held=held))

    async def note_doubt(self, reason: str, boots: int) -> None:
        """Another host knows a later life of this one, or a longer journal."""
        boots = max(boots, self._own.boots)
        await self._set_own(replace(self._own, boots=boots, doubt=reason))

    async def begin_anew(self) -> None:
        """A person decided that this host is the right one, its copy old."""
        self._own = replace(self._own, doubt="")
        self._starts.clear()  # they may be a copy's, which it is none any more
        await self.note_others_have_all()
        await self._begin(self._own.boots + 1)

    async def note_others_have_all(self) -> None:
        """A person said so: nothing is missing without this host's lost copy."""
        await self._database.wait_durable(self._note_configuration(ANY))

    def follow(self, journal: Journal, host_id: str) -> None:
        """Know, before the journal does, each configuration with this host's seat.

        So a host that lost its journal still knows what it may have agreed to.
        """

        def note() -> None:
            incarnation = journal.meta("incarnation") or ""
            has_seat = journal.seats().get(host_id) == incarnation
            if has_seat and self.configuration != journal.configuration:
                position = self._note_configuration(journal.configuration)
                journal.database.write_after(self._database, position)

        journal.on_reconfigured = note
        note()

    def _note_configuration(self, configuration: str) -> int:
        self.configuration = configuration
        return self._database.put((_SET_SEAT, (configuration,)))

    async def _begin(self, boots: int) -> None:
        self.nonce = self._random.token(8).hex()
        self._starts[boots] = self.nonce
        oldest = max(boots - STARTS_MAX + 1, min(self._starts))
        self._starts = {b: n for b, n in self._starts.items() if b >= oldest}
        self._database.put((_ADD_START, (boots, self.nonce)))
        self._database.put((_FORGET_STARTS, (oldest,)))
        await self._set_own(replace(self._own, boots=boots))

    async def _set_own(self, own: _Own) -> None:
        self._own = own
        values = (own.boots, int(own.held), own.doubt)
        await self._database.wait_durable(self._database.put((_SET_OWN, values)))

    # The others.

    def judge(self, host: str, hello: Hello) -> str | None:
        """Why a host that says hello cannot be the one it was; None: it can."""
        if hello.boots == 0:
            return None  # version 0.1.0 does not count
        known = self._seen.get(host)
        if known is not None and (doubt := _doubt(known, hello)) is not None:
            return doubt
        if known is None and len(self._seen) >= _HOSTS_MAX:
            return None
        if known is None or known.nonce != hello.nonce:
            self._note_start(Told(host, hello.boots, hello.nonce))
            self.write()
        if hello.group is not None:
            self.note_reach(host, hello.incarnation, hello.reach)
        return None

    def hear(self, told: list[Told]) -> None:
        """Another host knows these starts: what is newer counts here, too."""
        for start in told:
            known = self._seen.get(start.host)
            if known is None and len(self._seen) >= _HOSTS_MAX:
                continue
            if known is None or known.boots < start.boots:
                self._note_start(start)
        self.write()

    def _note_start(self, start: Told) -> None:
        host, boots, nonce = start
        known = self._seen.get(host) or _Seen(0, "")
        self._seen[host] = replace(known, boots=boots, nonce=nonce)
        self._unwritten.add(host)
        self._news.add(host)

    def all_seen(self) -> list[Told]:
        """The latest starts of the hosts that were met last."""
        return self._told(list(self._seen)[-HOSTS_MAX:])

    def news(self) -> list[Told]:
        """Those that are new since the last call."""
        news, self._news = self._news, set()
        return self._told(sorted(news)[:HOSTS_MAX])

    def _told(self, hosts: list[str]) -> list[Told]:
        return [Told(h, self._seen[h].boots, self._seen[h].nonce) for h in hosts]

    def latest(self, host: str) -> int:
        """Highest start of a host that was seen."""
        return self._seen[host].boots if host in self._seen else 0

    def note_reach(self, host: str, incarnation: str, index: int) -> None:
        """A host's journal has all committed entries up to `index`."""
        known = self._seen.get(host)
        if known is None or (known.incarnation == incarnation and index <= known.reach):
            return
        self._seen[host] = replace(known, incarnation=incarnation, reach=index)
        self._unwritten.add(host)

    def write(self) -> None:
        """Let what was seen become durable; called now and then, it is a help only."""
        if self._database.error is None:
            for host in sorted(self._unwritten):
                known = self._seen[host]
                values = (known.boots, known.nonce, known.incarnation, known.reach)
                self._database.put((_SET_SEEN, (host, *values)))
        self._unwritten.clear()


def _doubt(known: _Seen, hello: Hello) -> str | None:
    if known.nonce != hello.nonce and hello.boots <= known.boots:
        return (
            f"start {hello.boots} of it, but another start {known.boots} was seen:"
            " its folder is an old copy, or two machines run with copies of one key"
        )
    mark = hello.mark(known.boots)
    if mark is not None and not known.nonce.startswith(mark):
        return (
            f"start {known.boots} of it that was seen is none that it knows: its folder"
            " was copied before, or two machines run with copies of one key"
        )
    same = hello.group is not None and hello.incarnation == known.incarnation
    if same and hello.last_index < known.reach:
        return (
            f"its journal ends at entry {hello.last_index}, but had entry"
            f" {known.reach}: it is an old copy"
        )
    return None


def doubt_form(boots: int, reason: str) -> dict[str, object]:
    """The message that tells a host why it is not let in."""
    return {"t": "doubt", "boots": boots, "why": reason}


def parse_doubt(form: Mapping[str, object]) -> tuple[int, str] | None:
    """Latest start that was seen, and the reason; None for another form."""
    boots, reason = form.get("boots"), form.get("why")
    if not is_count(boots) or not isinstance(reason, str) or not reason:
        return None
    return boots, reason[:300]


def seen_form(seen: list[Told]) -> dict[str, object]:
    """The message that passes on which starts of other hosts are known."""
    return {"t": "lives", "seen": [list(told) for told in seen]}


def parse_seen(form: Mapping[str, object]) -> list[Told]:
    """Check such a message; raises WireInvalid."""
    seen = form.get("seen")
    if not isinstance(seen, (list, tuple)) or len(seen) > HOSTS_MAX:
        raise WireInvalid("known starts are a list that is not too long")
    for each in seen:
        if not isinstance(each, (list, tuple)) or len(each) != 3:
            raise WireInvalid("a known start is [host, boots, nonce]")
        host, boots, nonce = each
        if not (is_name(host) and is_name(nonce) and is_count(boots)):
            raise WireInvalid("a known start is of a host, a count and a nonce")
    return [Told(*each) for each in seen]
