"""Commands of this host that have no answer yet, durable before they leave (R11).

An answered one stays until this host's own replica knows it: else a group that goes on
from what this host has would lack what this host said. A file apart from the log: a
command keeps its identity when its group goes on in another one.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections import OrderedDict

from ..model.command import NOBODY, Body, Command, CommandId, Origin, decode, encode
from ..model.errors import CommandInvalid, CommandTooNew
from ..ports import Clock, Random
from .database import Database
from .errors import HostOutdated, JournalDamaged

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY, command TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS author (
    only INTEGER PRIMARY KEY CHECK (only = 1), incarnation INTEGER NOT NULL,
    sequence INTEGER NOT NULL);
"""
_SET_AUTHOR = "INSERT OR REPLACE INTO author VALUES (1, ?, ?)"
_INSERT = "INSERT INTO outbox VALUES (?, ?, ?)"
_DELETE = "DELETE FROM outbox WHERE sequence = ?"
_DELETE_ALL = "DELETE FROM outbox"

_Loaded = tuple[tuple[int, int] | None, list[Command]]


def _load(connection: sqlite3.Connection) -> _Loaded:
    author = connection.execute("SELECT incarnation, sequence FROM author").fetchone()
    commands: list[Command] = []
    for sequence, text, checksum in connection.execute(
        "SELECT * FROM outbox ORDER BY sequence"
    ).fetchall():
        if zlib.crc32(text.encode()) != checksum:
            raise JournalDamaged(f"checksum of command {sequence}")
        try:
            commands.append(decode(text))
        except CommandTooNew as error:  # not damaged: a later version wrote it
            raise HostOutdated(str(error)) from error
        except CommandInvalid as error:
            raise JournalDamaged(f"command {sequence}: {error}") from error
    return author, commands


class Outbox:
    """The commands of one author, in the order they were given."""

    def __init__(
        self, host_id: str, database: Database, clock: Clock, random: Random
    ) -> None:
        self._host_id = host_id
        self._database = database
        self._clock = clock
        self._random = random
        self._incarnation = 0
        self._sequence = 0
        self._commands: OrderedDict[CommandId, Command] = OrderedDict()
        self._answered: dict[CommandId, Command] = {}  # kept, but not to be delivered

    async def open(self) -> None:
        """Load the file; raises JournalDamaged or DatabaseFailed."""
        author, commands = await self._database.open(_SCHEMA, _load)
        if author is None:
            author = (int.from_bytes(self._random.token(6), "big"), 0)
        self._incarnation, self._sequence = author
        self._commands = OrderedDict((command.id, command) for command in commands)

    def add(
        self,
        body: Body,
        client_id: str,
        origin: Origin = NOBODY,
        at: float | None = None,
    ) -> tuple[Command, int]:
        """Give a command its identity; it may leave once the position is durable.

        `at`: when it was given, if that is not now.

        Raises CommandInvalid if it is too large, DatabaseFailed.
        """
        sequence = self._sequence + 1
        command = Command(
            CommandId(self._host_id, self._incarnation, sequence),
            self._clock.wall() if at is None else at,
            body,
            client_id,
            origin=origin,
        )
        text = encode(command)
        position = self._database.put(
            (_SET_AUTHOR, (self._incarnation, sequence)),
            (_INSERT, (sequence, text, zlib.crc32(text.encode()))),
        )
        self._sequence = sequence
        self._commands[command.id] = command
        return command, position

    async def begin_anew(self, above: int = 0) -> dict[CommandId, CommandId]:
        """Its numbers were given to other commands: the file was an old copy, or a
        member lied.

        From now on there is a later incarnation, above that one, too; what is pending
        gets numbers of it, which are returned by the old ones. Raises DatabaseFailed.
        """
        later = 1 + int.from_bytes(self._random.token(5), "big")
        pending, self._commands = self.pending(), OrderedDict()
        self._answered.clear()
        self._incarnation = max(self._incarnation, above) + later
        self._sequence = 0
        position = self._database.put(
            (_DELETE_ALL, ()), (_SET_AUTHOR, (self._incarnation, 0))
        )
        renamed: dict[CommandId, CommandId] = {}
        for old in pending:
            new, position = self.add(old.body, old.client_id, old.origin, old.at)
            renamed[old.id] = new.id
        await self._database.wait_durable(position)
        return renamed

    async def durable(self, position: int) -> None:
        """Return once `position` is on disk; raises DatabaseFailed."""
        await self._database.wait_durable(position)

    async def first(self) -> Command | None:
        """The command to deliver next, durable; None if there is none."""
        if not self._commands:
            return None
        await self._database.wait_durable(self._database.position)
        return next(iter(self.pending()), None)

    def note_answered(self, command: Command) -> None:
        """The command has its answer, which this host's replica may not know yet."""
        self._answered[command.id] = command

    def answered(self) -> tuple[Command, ...]:
        """What has an answer, and is still kept."""
        return tuple(self._answered.values())

    def ask_again(self) -> None:
        """Those answers were another group's: nothing counts as answered."""
        self._answered.clear()

    def remove(self, command: Command) -> None:
        """This host's replica knows the command and its answer."""
        self._answered.pop(command.id, None)
        del self._commands[command.id]
        self._database.put((_DELETE, (command.id.sequence,)))

    def pending(self) -> tuple[Command, ...]:
        """What has no answer, oldest first."""
        return tuple(
            command
            for command in self._commands.values()
            if command.id not in self._answered
        )

    async def close(self) -> None:
        """Write and close the file."""
        await self._database.close()
