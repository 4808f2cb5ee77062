"""Where a group lives on disk, and where it goes when it is set aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..durable_file import free_path
from ..model.queue_state import QueueState
from ..ports import Disk, Worker
from .database import Database
from .errors import DatabaseFailed, JournalDamaged
from .gone_over import words
from .journal import Journal

_T = TypeVar("_T")
_SIDE_FILES = ("-wal", "-shm")  # SQLite leaves them if a process was killed


class GroupFiles:
    """The folder of one queue's replica."""

    def __init__(self, directory: Path, worker: Worker, disk: Disk) -> None:
        self._directory = directory
        self._path = directory / "group.db"
        self._next = directory / "next.db"
        self._aside = directory / "set-aside"
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
        await self._moved(self._take_next)
        journal, state = await self._open(self._path)
        if journal.meta("dissolved_into") is None:
            await self.forget_next()
            return journal, state
        await journal.database.close()
        _, journal, state = await self.follow(journal)
        return journal, state

    async def follow(self, ended: Journal) -> tuple[str, Journal, QueueState]:
        """Set a closed journal aside, whose host left its group for good.

        Returns its file's name, and the journal and state that take its place.
        """
        group, into = ended.meta("group"), ended.meta("dissolved_into")
        said = words(ended, ended.meta("going_to") if into == group else into)
        name = await self.set_aside(str(group))
        await self._moved(self._take_next)
        journal, state = await self._open(self._path)
        journal.set_meta(gone=[gone.form() for gone in said])
        return name, journal, state

    async def write_next(self, fill: Callable[[Journal], None]) -> None:
        """Write the group that follows this one, to be found once this is set aside."""
        await self.forget_next()
        journal = Journal(Database(self._next, self.worker, self._disk))
        await journal.open()
        try:
            fill(journal)
            await journal.database.wait_durable(journal.database.position)
        finally:
            await journal.database.close()

    async def forget_next(self) -> None:
        """What was to follow this group does not: it was never founded."""
        await self._moved(self._move, self._next, "unfounded")

    async def set_aside(self, name: str) -> str:
        """Move the closed file of a group away under a name, and return the whole
        name; nothing is deleted."""
        return await self._moved(self._move, self._path, name)

    async def set_useless_aside(self, name: str) -> None:
        """Move away a file that nothing follows, what was written to do so, too."""
        await self.forget_next()
        await self.set_aside(name)

    async def open_aside(self, name: str) -> tuple[Journal, QueueState]:
        """A journal that was set aside; raises JournalDamaged or DatabaseFailed."""
        path = self._aside / name
        if not self._disk.exists(path):
            raise JournalDamaged(f"{path} is gone")
        return await self._open(path)

    async def _open(self, path: Path) -> tuple[Journal, QueueState]:
        journal = Journal(Database(path, self.worker, self._disk))
        return journal, await journal.open()

    async def _moved(self, move: Callable[..., _T], *arguments: Any) -> _T:
        try:
            return await self.worker.run(move, *arguments)
        except OSError as error:
            raise DatabaseFailed(
                f"files of {self._directory} cannot be moved ({error}): make the folder"
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

    def _move(self, path: Path, name: str) -> str:
        aside = self._aside
        if not self._disk.exists(path):
            return ""
        self._disk.make_directory(aside)
        target = free_path(aside / name, self._disk, ".db")
        # The main file goes last: until it has moved, the next start moves it again.
        for suffix in (*_SIDE_FILES, ""):
            source = path.with_name(path.name + suffix)
            if self._disk.exists(source):
                self._disk.replace(source, target.with_name(target.name + suffix))
        self._disk.sync_directory(aside)
        self._disk.sync_directory(self._directory)
        return target.name
