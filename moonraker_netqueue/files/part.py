"""A content that is being fetched: which of its ranges are in, on disk and in memory.

After a restart the list of ranges is read again. It may claim more than a power cut
left on disk; the hash of the whole decides, and such ranges are then fetched first.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from ..ports import Disk

RANGE_BYTES = 1 << 20
_LIST_SUFFIX = ".ranges"


class Received(NamedTuple):
    """Who sent a range (None: before a restart), and its SHA-256."""

    holder: str | None
    digest: bytes


class PartFile:
    """Ranges of one content in a file of full size. Methods with I/O block."""

    def __init__(self, path: Path, size: int, disk: Disk) -> None:
        self.path = path
        self.size = size
        self.count = -(-size // RANGE_BYTES)
        self._list_path = path.with_suffix(path.suffix + _LIST_SUFFIX)
        self._disk = disk
        self._in: dict[int, Received] = {}

    def open(self) -> None:
        """Go on where a former fetch stopped, or begin."""
        self._in = {}
        if not self._disk.exists(self.path) or not self._disk.exists(self._list_path):
            self._disk.open(self.path, "wb").close()
            self._disk.open(self._list_path, "wb").close()
            return
        with self._disk.open(self._list_path, "rb") as file:
            lines = file.read().split(b"\n")[:-1]  # the last may be half written
        for line in lines:
            if line.isdigit() and int(line) < self.count:
                self._in[int(line)] = Received(None, b"")

    def bounds(self, number: int) -> tuple[int, int]:
        """(start, stop) of a range."""
        start = number * RANGE_BYTES
        return start, min(start + RANGE_BYTES, self.size)

    def missing(self) -> list[int]:
        """Numbers of the ranges that are not in, in order."""
        return [number for number in range(self.count) if number not in self._in]

    def bytes_in(self) -> int:
        """Bytes that are in."""
        return sum(stop - start for start, stop in map(self.bounds, self._in))

    def write(self, number: int, data: bytes, holder: str) -> None:
        """Put a range in that `holder` sent."""
        with self._disk.open(self.path, "r+b") as file:
            file.seek(number * RANGE_BYTES)
            file.write(data)
        with self._disk.open(self._list_path, "ab") as file:
            file.write(b"%d\n" % number)
        self._in[number] = Received(holder, hashlib.sha256(data).digest())

    def received(self) -> dict[int, Received]:
        """The ranges that are in."""
        return dict(self._in)

    def drop_other_than(self, holder: str | None) -> None:
        """Count only what `holder` sent as being in; None: nothing."""
        self._in = {
            number: received
            for number, received in self._in.items()
            if holder is not None and received.holder == holder
        }
        with self._disk.open(self._list_path, "wb") as file:
            file.write(b"".join(b"%d\n" % number for number in sorted(self._in)))

    def remove(self) -> None:
        """Away with all of it."""
        self._disk.remove(self.path)
        self._disk.remove(self._list_path)
