"""Where a group lives on disk, and where it goes when it is set aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..model.queue_state import QueueState
from ..ports import Disk, Worker
from .database import Database
from .errors import DatabaseFailed
from .journal import Journal

_SIDE_FILES = ("-wal", "-shm")  # SQLite leaves them if a process was killed


class GroupFiles:
    """The folder of one queue's replica."""

    def __init__(self, directory: Path, worker: Worker, disk: Disk) -> None:
        self._directory = directory
        self._path = directory / "group.db"
        self._next = directory / "next.db"
        self.worker = worker
        self._disk = disk

    def outbox(self) -> Database:
        """The file of the outbox; it outlives groups."""
        return Database(self._directory / "outbox.db", self.worker, self._disk)

    def lives(self) -> Database:
        """The file of the lives; it outlives groups, too."""
        return Database(self._directory / "lives.db", self.worker, self._disk)

    async def open(self) -> tuple[Journal, QueueState]:
        """The group's journal, empty if there is none, and its snapshot's state.

        Finishes a setting aside, and what follows the group that was. Raises
        JournalDamaged or DatabaseFailed.
        """
        await self.worker.run(self._take_next)
        journal, state = await self._open()
        if journal.meta("dissolved_into") is None:
            await self.forget_next()
            return journal, state
        await journal.database.close()
        await self.set_aside(str(journal.meta("group")))
        await self.worker.run(self._take_next)
        return await self._open()

    async def write_next(self, fill: Callable[[Journal], None]) -> None:
        """Write the group that follows this one, to be found once this is set aside."""
        await self.forget_next()
        journal = Journal(Database(self._next, self.worker, self._disk))
        await journal.open()
        fill(journal)
        await journal.database.wait_durable(journal.database.position)
        await journal.database.close()

    async def forget_next(self) -> None:
        """What was to follow this group does not: it was never founded."""
        await self.worker.run(self._move, self._next, "unfounded")

    async def _open(self) -> tuple[Journal, QueueState]:
        journal = Journal(Database(self._path, self.worker, self._disk))
        return journal, await journal.open()

    async def set_aside(self, name: str) -> None:
        """Move the closed file of a group away under a name; nothing is deleted."""
        try:
            await self.worker.run(self._move, self._path, name)
        except OSError as error:
            raise DatabaseFailed(
                f"{self._path} cannot be moved to set-aside/ ({error}): make the folder"
                " writable, then restart Moonraker"
            ) from error

    def _take_next(self) -> None:
        """What follows takes the place of what was set aside; else it is stale."""
        if self._disk.exists(self._path):
            return
        for suffix in (*_SIDE_FILES, ""):
            source = self._next.with_name(self._next.name + suffix)
            if self._disk.exists(source):
                target = self._path.with_name(self._path.name + suffix)
                self._disk.replace(source, target)
                self._disk.sync_directory(self._directory)

    def _move(self, path: Path, name: str) -> None:
        if not self._disk.exists(path):
            return
        aside = self._directory / "set-aside"
        self._disk.make_directory(aside)
        number = 1
        while self._disk.exists(aside / f"{name}-{number}.db"):
            number += 1
        target = aside / f"{name}-{number}.db"
        # The main file goes last: until it has moved, the next start moves it again.
        for suffix in (*_SIDE_FILES, ""):
            source = path.with_name(path.name + suffix)
            if self._disk.exists(source):
                self._disk.replace(source, target.with_name(target.name + suffix))
        self._disk.sync_directory(aside)
        self._disk.sync_directory(self._directory)
