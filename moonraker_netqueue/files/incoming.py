"""Uploads on their way in: each in a file of its own, whatever it will be called.

Moonraker calls its temporary file after the second in which an upload begins, so that
two uploads of one second write into one file.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from ..ports import Disk, Random
from .store import ContentStore

_FOLDER = "incoming"
_TOKEN = 8  # bytes


class IncomingFile:
    """Bytes as they arrive. Every call blocks; raises OSError."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self._disk = disk
        self._file: BinaryIO | None = None
        self._begun = False

    def open(self) -> None:
        """Begin, or begin again, with no bytes."""
        self.close()
        self._begun = True
        self._file = self._disk.open(self.path, "wb")

    @property
    def begun(self) -> bool:
        """Whether a file part has come; `path` is there then."""
        return self._begun

    def write(self, block: bytes) -> None:
        """Append a block."""
        if self._file is not None:
            self._file.write(block)

    def close(self) -> None:
        """All bytes are there."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def discard(self) -> None:
        """Leave nothing; also where the disk is so full that closing fails."""
        try:
            self.close()
        finally:
            self._disk.remove(self.path)


class Incoming:
    """The folder of uploads: beside the store, so on the file system of gcodes."""

    def __init__(self, store: ContentStore, disk: Disk, random: Random) -> None:
        self._store = store
        self._disk = disk
        self._random = random
        self.folder = store.folder / _FOLDER

    async def load(self) -> None:
        """Clear what a crash left; raises StoreUnusable."""
        await self._store.run(self._clear)

    def new(self) -> IncomingFile:
        """A file that no other upload has."""
        name = self._random.token(_TOKEN).hex()
        return IncomingFile(self.folder / f"{name}.upload", self._disk)

    def _clear(self) -> None:
        self._disk.make_directory(self.folder)
        for path in self._disk.list(self.folder):
            self._disk.remove(path)
