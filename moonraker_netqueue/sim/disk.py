"""A disk in memory: it outlives processes; a power cut takes what was not synced."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..ports import FileMode

_SIZE = 8 << 30  # bytes
_KEPT = 0.5  # above it a folder's names reached the disk without being asked to
_PAGES_MAX = 1073741823  # of a database, SQLite's own limit


def _nothing() -> float:
    return 0.0


class _Plain:
    """The bytes of a file, and those of them that would survive."""

    _numbers = itertools.count()

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self.synced = bytes(data)
        self.number = next(self._numbers)
        self.version = 0  # grows with each write

    def lose_power(self, torn: float) -> None:
        """Of what was written after the last sync a share may be on the disk."""
        kept = bytearray(self.synced)
        kept[: int(torn * len(self.data))] = self.data[: int(torn * len(self.data))]
        self.data = kept
        self.synced = bytes(kept)
        self.version += 1


class _Sqlite:
    """A database in memory; whatever is committed is synced (synchronous=FULL)."""

    _numbers = itertools.count()

    def __init__(self) -> None:
        name = next(self._numbers)
        self._uri = f"file:sim{name}?mode=memory&cache=shared"
        self._opened: list[sqlite3.Connection] = []
        self._limit = _PAGES_MAX
        self._anchor = self._connected()  # as long as it is open the database lives

    def connect(self) -> sqlite3.Connection:
        connection = self._connected()
        self._opened.append(connection)
        return connection

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._uri, uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA max_page_count = {self._limit}")
        return connection

    def limit(self, full: bool) -> None:
        """A full disk has no room for further pages."""
        self._limit = 1 if full else _PAGES_MAX
        for connection in (self._anchor, *self._opened):
            with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed
                connection.execute(f"PRAGMA max_page_count = {self._limit}")

    def end_process(self) -> None:
        """What was not committed is undone."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    def highest(self, column: str, table: str) -> int:
        """The highest number that is committed; 0 if there is none."""
        question = f"SELECT max({column}) FROM {table}"  # noqa: S608
        ((number,),) = self._anchor.execute(question).fetchall()
        return int(number or 0)

    def lose_power(self, torn: float) -> None:
        """Nothing is lost."""

    def close(self) -> None:
        self.end_process()
        self._anchor.close()


_File = _Plain | _Sqlite


class SimDisk:
    """The Disk port. Folders need not be made; `files` are those that are there."""

    def __init__(self) -> None:
        self.files: dict[Path, _File] = {}
        self._durable: dict[Path, _File] = {}  # names that would survive
        self._databases: list[_Sqlite] = []
        self._backups: list[SimDisk] = []
        self._full = False

    # What happens to it.

    @property
    def full(self) -> bool:
        """Whether there is no room for anything more."""
        return self._full

    @full.setter
    def full(self, full: bool) -> None:
        self._full = full
        for database in self._databases:
            database.limit(full)

    def end_process(self) -> None:
        """The process that used it ended: its transactions are undone."""
        for database in self._databases:
            database.end_process()

    def lose_power(self, chance: Callable[[], float] = _nothing) -> None:
        """Go back to what was synced: bytes, and names in folders.

        `chance` draws in [0, 1): how much of the rest is there nevertheless.
        """
        self.end_process()
        folders = {path.parent for path in (*self._durable, *self.files)}
        for folder in sorted(folders):
            if chance() > _KEPT:
                self.sync_directory(folder)
        self.files = dict(self._durable)
        for file in self.files.values():
            file.lose_power(chance())

    def surviving(self, path: Path) -> bytes:
        """What a power cut now would leave of a file."""
        file = self._durable.get(path)
        return file.synced if isinstance(file, _Plain) else b""

    def surviving_highest(self, path: Path, column: str, table: str) -> int:
        """The highest number in a database's column that a power cut would leave."""
        file = self._durable.get(path)
        return file.highest(column, table) if isinstance(file, _Sqlite) else 0

    def copied(self) -> SimDisk:
        """A backup: every file as it is now."""
        backup = SimDisk()
        for path, file in self.files.items():
            if isinstance(file, _Sqlite):
                file.connect().backup(backup.connect(path))
            else:
                backup.files[path] = _Plain(bytes(file.data))
        backup._durable = dict(backup.files)
        self._backups.append(backup)
        return backup

    def close(self) -> None:
        """Let go of everything."""
        for database in self._databases:
            database.close()
        for backup in self._backups:
            backup.close()

    # Disk.

    def open(self, path: Path, mode: FileMode) -> BinaryIO:
        if mode == "wb" or (mode == "ab" and path not in self.files):
            self._require_room()
            file = self._emptied(path)
        else:
            file = self._plain(path)
        opened = _Opened(file, self._require_room)
        if mode == "ab":
            opened.seek(0, io.SEEK_END)
        return cast(BinaryIO, opened)

    def open_private(self, path: Path) -> BinaryIO:
        return self.open(path, "wb")

    def connect(self, path: Path) -> sqlite3.Connection:
        file = self.files.get(path)
        if file is None:
            file = self.files[path] = _Sqlite()
            self._databases.append(file)
            file.limit(self._full)
        if not isinstance(file, _Sqlite):
            raise sqlite3.DatabaseError(f"{path} is not a database")
        return file.connect()

    def sync(self, file: BinaryIO) -> None:
        cast(_Opened, file).sync()

    def sync_directory(self, path: Path) -> None:
        kept = {p: f for p, f in self._durable.items() if p.parent != path}
        there = {p: f for p, f in self.files.items() if p.parent == path}
        self._durable = kept | there

    def replace(self, source: Path, target: Path) -> None:
        self.files[target] = self._file(source)
        del self.files[source]

    def copy(self, source: Path, target: Path) -> None:
        self._require_room()
        file = self._emptied(target)
        file.data[:] = self._plain(source).data

    def make_directory(self, path: Path) -> None:
        return

    def exists(self, path: Path) -> bool:
        return path in self.files

    def size(self, path: Path) -> int:
        return len(self._plain(path).data)

    def stamp(self, path: Path) -> tuple[int, int, int]:
        file = self._plain(path)
        return file.number, len(file.data), file.version

    def is_being_written(self, path: Path) -> bool:
        return False

    def remove(self, path: Path) -> None:
        self.files.pop(path, None)

    def list(self, path: Path) -> Iterable[Path]:
        return sorted(p for p in self.files if p.parent == path)

    def free_bytes(self, path: Path) -> int:
        if self._full:
            return 0
        plain = (f for f in self.files.values() if isinstance(f, _Plain))
        return _SIZE - sum(len(file.data) for file in plain)

    def _require_room(self) -> None:
        if self._full:
            raise OSError(errno.ENOSPC, "No space left on device")

    def _file(self, path: Path) -> _File:
        try:
            return self.files[path]
        except KeyError:
            missing = errno.ENOENT
            raise FileNotFoundError(missing, "No such file", str(path)) from None

    def _plain(self, path: Path) -> _Plain:
        file = self._file(path)
        if not isinstance(file, _Plain):
            raise PermissionError(errno.EPERM, "It is a database", str(path))
        return file

    def _emptied(self, path: Path) -> _Plain:
        file = self.files.get(path)
        if not isinstance(file, _Plain):
            file = self.files[path] = _Plain()
        file.data.clear()
        file.version += 1
        return file


class _Opened(io.RawIOBase):
    """A file opened by somebody."""

    def __init__(self, file: _Plain, require_room: Callable[[], None]) -> None:
        super().__init__()
        self._file = file
        self._require_room = require_room
        self._at = 0

    def sync(self) -> None:
        self._file.synced = bytes(self._file.data)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.data[self._at : self._at + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def write(self, data: Any) -> int:
        self._require_room()
        end = self._at + len(data)
        gap = self._at - len(self._file.data)
        if gap > 0:
            self._file.data += bytes(gap)
        self._file.data[self._at : end] = data
        self._file.version += 1
        self._at = end
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._at,
            io.SEEK_END: len(self._file.data),
        }
        self._at = base[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def truncate(self, size: int | None = None) -> int:
        size = self._at if size is None else size
        del self._file.data[size:]
        return size
