"""One SQLite file written by one flusher: grouped, durable, never retried (R18)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ..ports import Disk, Worker
from .errors import DatabaseFailed, JournalDamaged, ReplicaError

_T = TypeVar("_T")
Operation = tuple[str, tuple[object, ...]]  # SQL and its parameters

_SETTINGS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"


class Database:
    """Takes operations at once, writes them in order, says when they are durable.

    What is put before control returns to the loop is one transaction.
    """

    def __init__(self, path: Path, worker: Worker, disk: Disk) -> None:
        self.path = path
        self.position = 0  # operations taken
        self.durable_position = 0  # operations on disk
        self.error: DatabaseFailed | None = None
        self.on_durable: Callable[[], None] = lambda: None
        self.on_failed: Callable[[DatabaseFailed], None] = lambda _error: None
        self.worker = worker
        self._first: tuple[Database, int] | None = None  # of another file
        self._disk = disk
        self._pending: list[Operation] = []
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None
        self._connection: sqlite3.Connection | None = None

    async def open(self, schema: str, load: Callable[[sqlite3.Connection], _T]) -> _T:
        """Open or create the file, return what `load` reads from it.

        Raises JournalDamaged if it cannot be read, DatabaseFailed if not opened.
        """
        return await self.worker.run(self._open, schema, load)

    def put(self, *operations: Operation) -> int:
        """Take operations to write; returns the position after them."""
        if self.error is not None:
            raise self.error
        self._pending += operations
        self.position += len(operations)
        if self._flusher is None:
            self._flusher = asyncio.get_running_loop().create_task(self._flush())
        return self.position

    def write_after(self, other: Database, position: int) -> None:
        """Write what is put from now on once `other` is durable up to `position`."""
        self._first = other, position

    async def wait_durable(self, position: int) -> None:
        """Return once everything up to `position` is on disk; else DatabaseFailed."""
        if self.error is not None:
            raise self.error
        if position > self.durable_position:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((position, done))
            await done

    async def read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        """What `query` finds on disk; raises DatabaseFailed."""
        return await self.worker.run(self._read, query)

    async def close(self) -> None:
        """Write what is pending and close the file; no error leaves here."""
        if self._flusher is not None:
            await asyncio.wait([self._flusher])
        connection, self._connection = self._connection, None
        if connection is not None:
            await self.worker.run(connection.close)

    async def _flush(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending, []
                first, self._first = self._first, None
                if first is not None:
                    await first[0].wait_durable(first[1])
                await self.worker.run(self._write, batch)
                self.durable_position += len(batch)
                self._release()
                self.on_durable()
        except (sqlite3.Error, OSError, DatabaseFailed) as error:
            self._fail(error)
        finally:
            self._flusher = None

    def _release(self) -> None:
        still: list[tuple[int, asyncio.Future[None]]] = []
        for position, done in self._waiting:
            if position > self.durable_position:
                still.append((position, done))
            elif not done.done():
                done.set_result(None)
        self._waiting = still

    def _fail(self, error: Exception) -> None:
        # After a failed fsync the kernel may have dropped the pages: a retry that
        # succeeds would prove nothing.
        self.error = DatabaseFailed(
            f"{self.path} could not be written ({error}): free space or replace the"
            " disk, then restart Moonraker"
        )
        self._pending.clear()
        waiting, self._waiting = self._waiting, []
        for _, done in waiting:
            if not done.done():
                done.set_exception(self.error)
        self.on_failed(self.error)

    # What follows runs in the worker.

    def _open(self, schema: str, load: Callable[[sqlite3.Connection], _T]) -> _T:
        try:
            self._disk.make_directory(self.path.parent)
            connection = self._disk.connect(self.path)
        except (sqlite3.Error, OSError) as error:
            raise DatabaseFailed(
                f"{self.path} cannot be opened ({error}): make its folder writable"
            ) from error
        try:
            connection.text_factory = bytes.decode  # ValueError if it is no UTF-8
            connection.executescript(_SETTINGS + schema)
            self._disk.sync_directory(self.path.parent)
            loaded = load(connection)
        except sqlite3.OperationalError as error:
            connection.close()
            raise DatabaseFailed(
                f"{self.path} cannot be used ({error}): free space or make it writable"
            ) from error
        except (sqlite3.DatabaseError, JournalDamaged, TypeError, ValueError) as error:
            connection.close()  # a value of another type is damage, too
            raise JournalDamaged(f"{self.path} is damaged ({error})") from error
        except ReplicaError:
            connection.close()
            raise
        self._connection = connection
        return loaded

    def _read(self, query: Callable[[sqlite3.Connection], _T]) -> _T:
        # A connection of its own: it sees no transaction that is under way.
        try:
            connection = self._disk.connect(self.path)
            try:
                return query(connection)
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise DatabaseFailed(
                f"{self.path} cannot be read ({error}): look at the disk"
            ) from error

    def _write(self, batch: Sequence[Operation]) -> None:
        connection = self._connection
        if connection is None:
            raise sqlite3.ProgrammingError("the file is closed")
        connection.execute("BEGIN IMMEDIATE")
        for statement, parameters in batch:
            connection.execute(statement, parameters)
        connection.execute("COMMIT")
