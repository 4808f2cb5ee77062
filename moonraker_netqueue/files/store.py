"""The contents of this host: bytes by SHA-256 below gcodes/.netqueue.

Files are copied in and out, never linked: whoever edits a file in gcodes must not
write into the store. Everything heavy runs off the loop.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from ..model.content import FileRef, is_file_name
from ..names import is_queue_name, without_markup
from ..ports import Disk, Worker
from .digest import Digest, read_digest
from .errors import (
    ContentDamaged,
    ContentMissing,
    DiskFull,
    FileChanging,
    FileEmpty,
    FilesError,
    NotGcode,
    StoreUnusable,
)
from .index import Entry, read_index, write_index
from .pictures import harm_of

_T = TypeVar("_T")

MakeRoom = Callable[[int], Awaitable[bool]]
"""Called with the bytes that must become free; whether they did."""

STORE_FOLDER = ".netqueue"
PRINT_FOLDER = "netqueue"
PART_SUFFIX = ".part"  # a fetch that goes on after a restart
_FRESH_SUFFIX = ".fresh"  # a copy in the making: worthless after a crash
_GCODE_SUFFIXES = (".gcode", ".g", ".gco")
_RESERVE = 32 << 20  # bytes left free for Klipper's and Moonraker's own files
_FULL = "delete files that are not needed, such as old ones in gcodes/netqueue, or jobs"
_LONGEST_NAME = 255  # bytes of a file name
_HEAVY_AT_ONCE = 2  # of the worker's threads: journals must not wait for copies


class ContentStore:
    """Keeps contents and hands out files to print. Called on the loop."""

    def __init__(self, gcodes: Path, disk: Disk, worker: Worker) -> None:
        self.folder = gcodes / STORE_FOLDER
        self._print_folder = gcodes / PRINT_FOLDER
        self._disk = disk
        self._worker = worker
        self._index: dict[str, Entry] = {}  # what was used last is at the end
        self.make_room: MakeRoom = _make_none  # asked once before DiskFull is raised
        self.on_kept: Callable[[], object] = lambda: None  # there is one content more
        self._coming: Counter[str] = Counter()  # contents that `add` is about
        self._heavy = asyncio.Semaphore(_HEAVY_AT_ONCE)
        self._indexing = asyncio.Lock()
        self._numbers = itertools.count()

    async def load(self) -> None:
        """Look at what is there and clear what a crash left; raises StoreUnusable."""
        self._index = await self.run(self._load)

    def has(self, sha256: str) -> bool:
        """Whether the content is here."""
        return sha256 in self._index

    def entries(self) -> dict[str, Entry]:
        """All contents that are here, by SHA-256, those used last at the end."""
        return dict(self._index)

    def path(self, sha256: str) -> Path | None:
        """The file of a content, for reading only; None: not here."""
        return self.folder / sha256 if sha256 in self._index else None

    async def add(self, path: Path, name: str = "") -> FileRef:
        """Copy a g-code file, called `name` or as it is, into the store.

        It is hashed once, and what is hashed are the bytes in the store. Raises
        FilesError.
        """
        name = name or path.name
        fresh = self._fresh()
        with ExitStack() as coming:
            try:
                digest = await self._with_room(self._take_in, path, name, fresh)
                coming.enter_context(self._noted_as_coming(digest.sha256))
                await self._keep(fresh, digest)
            finally:
                await self.run(self._disk.remove, fresh)
            return FileRef(digest.md5, digest.sha256, digest.size, name)

    @contextmanager
    def _noted_as_coming(self, sha256: str) -> Iterator[None]:
        self._coming[sha256] += 1
        try:
            yield
        finally:
            self._coming -= Counter([sha256])

    def is_coming(self, sha256: str) -> bool:
        """Whether `add` has not returned yet: who added it could not say what for."""
        return self._coming[sha256] > 0

    async def drop(self, sha256: str) -> None:
        """Delete a content that nobody speaks of any more; raises FilesError."""
        await self._forget(sha256)

    async def adopt(self, part: Path, sha256: str, size: int) -> bool:
        """Make a fetched file a content; False if its bytes are wrong.

        Raises FilesError.
        """
        digest = await self.run(read_digest, part, self._disk)
        if (digest.sha256, digest.size) != (sha256, size):
            return False
        await self._keep(part, digest)
        return True

    async def materialise(self, sha256: str, queue: str, name: str) -> Path:
        """The verified file of a content in gcodes/netqueue/<queue>, to print.

        It is called `name`, or name~<8 digits> beside another content of that name.
        Raises FilesError, of it ContentDamaged if the store's bytes went bad; then
        the content is here no more and can be fetched again.
        """
        entry = self._index.get(sha256)
        if entry is None:
            raise ContentMissing(f"content {sha256[:8]} ({name}) is not on this host")
        if not is_queue_name(queue) or not is_file_name(name):
            raise FilesError(f"{queue!r} or {name!r} cannot name a file")
        require_gcode_name(name)  # of others, such as .ufp, Moonraker makes more
        name = without_markup(name)  # Klipper writes it to the console
        fresh = self._fresh()
        target = self._print_folder / queue
        try:
            path = await self._with_room(
                self._put_out, sha256, entry.size, target, name, fresh
            )
        except ContentDamaged:
            await self._forget(sha256)
            raise
        else:
            self._note_use(sha256)
            return path
        finally:
            await self.run(self._disk.remove, fresh)

    async def is_good(self, sha256: str) -> bool:
        """Read a content again: whether its bytes are right; bad ones are dropped."""
        entry = self._index.get(sha256)
        if entry is None:
            return False
        path = self.folder / sha256
        if await self.run(self._is_content, path, sha256, entry.size):
            return True
        await self._forget(sha256)
        return False

    async def require_room(self, size: int) -> None:
        """Raise DiskFull unless `size` more bytes fit."""
        await self._with_room(self._require_room, size)

    async def _with_room(self, work: Callable[..., _T], *args: object) -> _T:
        try:
            return await self.run(work, *args)
        except DiskFull as error:
            if not await self.make_room(error.needed):
                raise
            return await self.run(work, *args)

    def _note_use(self, sha256: str) -> None:
        entry = self._index.pop(sha256, None)
        if entry is not None:
            self._index[sha256] = entry

    async def run(self, work: Callable[..., _T], *args: object) -> _T:
        """Do blocking work on the disk off the loop; raises FilesError."""
        try:
            async with self._heavy:
                return await self._worker.run(work, *args)
        except OSError as error:
            raise self._explain(error) from error

    def _explain(self, error: OSError) -> FilesError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return DiskFull(f"the disk of {self.folder} is full; {_FULL}", _RESERVE)
        where = error.filename or self.folder
        return StoreUnusable(
            f"{where}: {error.strerror or error}; let the user that Moonraker runs as "
            "own the gcodes folder, and see that the disk is not read-only"
        )

    def _fresh(self) -> Path:
        return self.folder / f"{next(self._numbers)}{_FRESH_SUFFIX}"

    async def _keep(self, fresh: Path, digest: Digest) -> None:
        async with self._indexing:
            await self.run(self._rename_durably, fresh, self.folder / digest.sha256)
            changed = {**self._index, digest.sha256: Entry(digest.size, digest.md5)}
            await self.run(write_index, self.folder, self._disk, changed)
            self._index = changed
        self._note_use(digest.sha256)
        self.on_kept()

    async def _forget(self, sha256: str) -> None:
        async with self._indexing:
            changed = {s: e for s, e in self._index.items() if s != sha256}
            self._index = changed
            await self.run(self._disk.remove, self.folder / sha256)
            await self.run(write_index, self.folder, self._disk, changed)

    # What follows blocks and runs in the worker.

    def _load(self) -> dict[str, Entry]:
        self._disk.make_directory(self.folder)
        for path in self._disk.list(self.folder):
            if path.name.endswith((_FRESH_SUFFIX, ".new")):
                self._disk.remove(path)
        index = read_index(self.folder, self._disk)
        write_index(self.folder, self._disk, index)
        return index

    def _take_in(self, path: Path, name: str, fresh: Path) -> Digest:
        require_gcode_name(name)
        try:
            digest = self._copy_unchanged(path, name, fresh)
        except FileNotFoundError as error:
            if self._disk.exists(path):
                raise  # it is the store's folder that is gone
            raise ContentMissing(
                f"there is no file {name} on this host; upload it first"
            ) from error
        except IsADirectoryError as error:
            raise NotGcode(f"{name} is a folder, not a file") from error
        if digest.has_nul or not digest.has_command:
            raise NotGcode(
                f"{name} is not a g-code file: it has "
                f"{'binary zeros' if digest.has_nul else 'no command'} in it; slice "
                "or upload it again"
            )
        return digest

    def _copy_unchanged(self, path: Path, name: str, fresh: Path) -> Digest:
        before = self._disk.stamp(path)
        size = self._disk.size(path)
        if size == 0:
            raise FileEmpty(f"{name} is empty; upload it again")
        self._require_room(size)
        self._disk.copy(path, fresh)
        digest = read_digest(fresh, self._disk)
        if self._disk.stamp(path) != before or digest.size != size:
            raise FileChanging(
                f"{name} was changed while it was read; try again when the "
                "upload is complete"
            )
        return digest

    def _require_room(self, size: int) -> None:
        free = self._disk.free_bytes(self.folder)
        if size + _RESERVE > free:
            raise DiskFull(
                f"the disk of {self.folder} has {free} bytes free, {size + _RESERVE} "
                f"are needed (with a reserve); {_FULL}",
                size + _RESERVE - free,
            )

    def _rename_durably(self, fresh: Path, target: Path) -> None:
        with self._disk.open(fresh, "r+b") as file:
            self._disk.sync(file)
        self._disk.replace(fresh, target)
        self._disk.sync_directory(target.parent)

    def _put_out(
        self, sha256: str, size: int, folder: Path, name: str, fresh: Path
    ) -> Path:
        own_name = folder / name
        distinct = folder / _distinct_name(name, sha256)
        for path in (own_name, distinct):
            if self._is_content(path, sha256, size):
                return path
        self._require_room(size)
        self._copy_verified(sha256, size, fresh)
        self._disk.make_directory(folder)
        # What has the distinct name and is not the content is a damaged copy of it.
        target = distinct if self._disk.exists(own_name) else own_name
        self._rename_durably(fresh, target)
        return target

    def _copy_verified(self, sha256: str, size: int, fresh: Path) -> None:
        source = self.folder / sha256
        if not self._disk.exists(source):
            raise ContentDamaged(
                f"content {sha256[:8]} has vanished from {self.folder}; it is fetched "
                "again if another host has it"
            )
        if harm := harm_of(source, self._disk):
            raise NotGcode(
                f"content {sha256[:8]} has {harm} in it, which Moonraker would unpack;"
                " slice it again without"
            )
        self._disk.copy(source, fresh)
        if self._is_content(fresh, sha256, size):
            return
        if self._is_content(source, sha256, size):
            raise StoreUnusable(f"a copy into {self.folder} went wrong; check the disk")
        raise ContentDamaged(
            f"content {sha256[:8]} in {self.folder} is damaged and not used; check the "
            "disk. It is fetched again if another host has it"
        )

    def _is_content(self, path: Path, sha256: str, size: int) -> bool:
        if not self._disk.exists(path) or self._disk.size(path) != size:
            return False
        return read_digest(path, self._disk).sha256 == sha256


async def _make_none(_needed: int) -> bool:
    return False


def require_gcode_name(name: str) -> None:
    """Raise NotGcode unless a file's name ends as that of a g-code file does."""
    if Path(name).suffix.lower() not in _GCODE_SUFFIXES:
        raise NotGcode(
            f"{name} is not a g-code file; its name must end in one of "
            f"{', '.join(_GCODE_SUFFIXES)}"
        )


def _distinct_name(name: str, sha256: str) -> str:
    """`name` with a mark of the content, not longer than a file name may be."""
    path = Path(name)
    mark = f"~{sha256[:8]}{path.suffix}"
    stem = path.stem.encode()[: _LONGEST_NAME - len(mark.encode())]
    return stem.decode("utf-8", "ignore") + mark
