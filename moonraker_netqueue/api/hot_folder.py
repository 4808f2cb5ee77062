"""Hot folders: what is put into gcodes/netqueue-in/<queue> is added to that queue.

<file>            waits until nobody writes to it any more
.adding/<id>-<file>   is being added: its job carries <id>, so it is added once
done/<file>       was added
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import NetqueueError
from ..files.digest import read_digest
from ..model.content import FileRef
from ..model.job import ItemSpec
from ..ports import Clock, Disk
from ..tasks import stop
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .jobs import JobEndpoints
from .queue import ServedQueue
from .sliced import item_of
from .uploads import HOT_FOLDER, target_of

_LOOK = 2.0  # seconds between looks: a look at an empty folder takes microseconds
_STEADY = 5.0  # seconds without a change; writers that pause longer hold it open
_RETRY = 30.0  # seconds after something that may pass: a full disk, no leader
_ADDING, _DONE = ".adding", "done"
_TOKEN = 16  # hex digits: of a claim, and so of the command that adds it
_NAME_MAX = 255 - _TOKEN - 1  # bytes
_PARTIAL = (".part", ".partial", ".filepart", ".tmp", ".crdownload", "~")  # in transfer
_Stamp = tuple[int, int, int]

Show = Callable[[str, str | None], object]


class _Seen(NamedTuple):
    """A file as it was, since when, and why it was not added (and is not tried)."""

    stamp: _Stamp
    since: float
    refused: str = ""
    retry: float = 0.0


class HotFolders:
    """Looks after the folders of all queues."""

    def __init__(
        self, host: Host, gcodes: Path, disk: Disk, clock: Clock, show: Show
    ) -> None:
        """`show(subject, text)` shows a warning, or takes it back: text None."""
        self._host = host
        self._gcodes = gcodes
        self._disk = disk
        self._clock = clock
        self._show = show
        self._folders: dict[str, _HotFolder] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            await stop(self._task)

    async def _watch(self) -> None:
        while True:
            for queue in tuple(self._host.queues.values()):
                await self._folder(queue).look()
            await self._clock.sleep(_LOOK)

    def _folder(self, queue: ServedQueue) -> _HotFolder:
        """The folder of a queue; queues may come and go."""
        folder = self._folders.get(queue.name)
        if folder is None or folder.queue is not queue:
            folder = self._folders[queue.name] = _HotFolder(
                self._host, queue, self._gcodes, self._disk, self._clock, self._show
            )
        return folder


class _HotFolder:
    """The folder of one queue."""

    def __init__(
        self,
        host: Host,
        queue: ServedQueue,
        gcodes: Path,
        disk: Disk,
        clock: Clock,
        show: Show,
    ) -> None:
        self._host = host
        self.queue = queue
        self._name = f"{HOT_FOLDER}/{queue.name}"
        self._folder = gcodes / HOT_FOLDER / queue.name
        self._disk = disk
        self._clock = clock
        self._show = show
        self._shown: str | None = None
        self._seen: dict[Path, _Seen] = {}

    async def look(self) -> None:
        """Add what is complete, and show why the rest of it is not added."""
        trouble = ""
        try:
            files = await self._host.files.store.run(self._list)
            seen, self._seen = self._seen, {}
            for path, stamp in files:
                before = seen.get(path)
                if before is None or before.stamp != stamp:
                    before = _Seen(stamp, self._clock.monotonic())
                self._seen[path] = before
            for path in tuple(self._seen):
                await self._look_at(path)
        except NetqueueError as error:
            trouble = str(error)
        reasons = [s.refused for s in self._seen.values() if s.refused]
        text = ". ".join(part for part in (trouble, *reasons) if part) or None
        if text != self._shown:
            self._shown = text
            self._show(self._name, text)

    async def _look_at(self, path: Path) -> None:
        seen = self._seen[path]
        now = self._clock.monotonic()
        if now < max(seen.since + _STEADY, seen.retry):
            return
        try:
            if path.parent.name == _ADDING:
                await self._resume(path)
            elif await self._is_complete(path):
                await self._take(path, seen.stamp)
            else:
                self._seen[path] = seen._replace(since=now)
                return
        except NetqueueError as error:
            status = error.status if isinstance(error, ApiError) else 500
            if status == 404:  # it was taken away again
                del self._seen[path]
                return
            # What is wrong with the file itself stays wrong until it is another one.
            retry = float("inf") if status == 400 else now + _RETRY
            self._seen[path] = seen._replace(refused=f"not added: {error}", retry=retry)
            return
        del self._seen[path]

    async def _is_complete(self, path: Path) -> bool:
        return not await self._host.files.store.run(self._disk.is_being_written, path)

    async def _take(self, path: Path, stamp: _Stamp) -> None:
        """Check a file and keep its bytes; then it is claimed, and added."""
        name = _checked(path)
        file = await self._host.files.keep(path, name)
        details = await self._host.files.details(f"{self._name}/{name}")
        claim = self._folder / _ADDING / f"{self._host.new_token(_TOKEN)}-{name}"
        await self._host.files.store.run(self._claim, path, claim, stamp)
        await self._add(claim, file, details)

    async def _resume(self, claim: Path) -> None:
        """Add what was claimed before a restart, or what could not be added then."""
        name = _split(claim)[1]
        file = await self._host.files.keep(claim, name)
        await self._add(claim, file, self._host.files.metadata(f"{self._name}/{name}"))

    async def _add(
        self, claim: Path, file: FileRef, details: Mapping[str, Any]
    ) -> None:
        """Add a claimed file: however often, its job is added once."""
        token, name = _split(claim)

        async def item(_filename: str) -> ItemSpec:
            return item_of(name, file, details)

        words: dict[str, Any] = {
            "queue": self.queue.name,
            "filename": name,
            "command_id": token,
        }
        try:
            await JobEndpoints(self._host, item).write_job(Arguments(words))
        except ApiError as error:
            if error.status < 500:  # a rule forbids it: people look for it where it was
                await self._host.files.store.run(self._give_back, claim)
            raise
        await self._host.files.store.run(self._put_away, claim, file)

    # What follows blocks and runs in the worker.

    def _list(self) -> list[tuple[Path, _Stamp]]:
        if not self._disk.exists(self._folder / _DONE):
            for part in (_ADDING, _DONE):
                self._disk.make_directory(self._folder / part)
        found = [*self._disk.list(self._folder / _ADDING)]
        found += [
            path
            for path in self._disk.list(self._folder)
            if path.name != _DONE
            and not path.name.startswith(".")
            and not path.name.lower().endswith(_PARTIAL)
        ]
        return [(path, stamp) for path in found if (stamp := self._stamp(path))]

    def _stamp(self, path: Path) -> _Stamp | None:
        try:
            return self._disk.stamp(path)
        except FileNotFoundError:  # gone since it was listed, or a dead link
            return None

    def _claim(self, path: Path, claim: Path, stamp: _Stamp) -> None:
        """Take a file whose bytes are kept; another one in its place goes back."""
        self._disk.make_directory(claim.parent)
        self._disk.replace(path, claim)
        if self._disk.stamp(claim) != stamp:
            self._disk.replace(claim, path)
            raise ApiError(409, f"{path.name} was replaced while it was read")
        self._disk.sync_directory(claim.parent)
        self._disk.sync_directory(self._folder)

    def _give_back(self, claim: Path) -> None:
        path = self._folder / _split(claim)[1]
        if not self._disk.exists(path):
            self._disk.replace(claim, path)

    def _put_away(self, claim: Path, file: FileRef) -> None:
        target = self._folder / _DONE / file.name
        self._disk.make_directory(target.parent)
        if self._disk.exists(target) and not self._is_same(target, file):
            target = target.with_name(f"{claim.name[:8]}-{file.name}")
        self._disk.replace(claim, target)

    def _is_same(self, path: Path, file: FileRef) -> bool:
        if self._disk.size(path) != file.size:
            return False
        return read_digest(path, self._disk).sha256 == file.sha256


def _split(claim: Path) -> tuple[str, str]:
    """Token and name of a claimed file."""
    token, _, name = claim.name.partition("-")
    return token, name


def _checked(path: Path) -> str:
    """The name of a file that can be added; answers 400."""
    try:
        size = len(path.name.encode())
    except UnicodeEncodeError as error:
        raise ApiError(400, f"{path.name!a}: its name is not UTF-8") from error
    if size > _NAME_MAX:
        raise ApiError(
            400, f"{path.name[:40]}...: its name has more than {_NAME_MAX} bytes"
        )
    return target_of(path.name, "").name
