"""Where a group lives on disk, and where it goes when it is set aside."""

from __future__ import annotations

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
        self._worker = worker
        self._disk = disk

    def outbox(self) -> Database:
        """The file of the outbox; it outlives groups."""
        return Database(self._directory / "outbox.db", self._worker, self._disk)

    def lives(self) -> Database:
        """The file of the lives; it outlives groups, too."""
        return Database(self._directory / "lives.db", self._worker, self._disk)

    async def open(self) -> tuple[Journal, QueueState]:
        """The group's journal, empty if there is none, and its snapshot's state.

        Finishes a setting aside. Raises JournalDamaged or DatabaseFailed.
        """
        journal, state = await self._open()
        if journal.meta("dissolved_into") is None:
            return journal, state
        await journal.database.close()
        await self.set_aside(str(journal.meta("group")))
        return await self._open()

    async def _open(self) -> tuple[Journal, QueueState]:
        journal = Journal(Database(self._path, self._worker, self._disk))
        return journal, await journal.open()

    async def set_aside(self, name: str) -> None:
        """Move the closed file of a group away under a name; nothing is deleted."""
        try:
            await self._worker.run(self._move, name)
        except OSError as error:
            raise DatabaseFailed(
                f"{self._path} cannot be moved to set-aside/ ({error}): make the folder"
                " writable, then restart Moonraker"
            ) from error

    def _move(self, name: str) -> None:
        path, aside = self._path, self._directory / "set-aside"
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
