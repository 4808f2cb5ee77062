"""The files of this host, as endpoints take them in, keep and register them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..files.errors import ContentMissing, DiskFull, FilesError, StoreUnusable
from ..files.eviction import Eviction
from ..files.fetch import Fetcher
from ..files.store import ContentStore
from ..model.checks import TEXT_MAX, has_control
from ..model.command import ContentHeld
from ..model.content import Content, FileRef
from ..model.job import ItemSpec
from ..ports import Clock
from .errors import ApiError
from .queue import ServedQueue
from .sliced import item_of

_FRESH = 60.0  # seconds; longer than adding a job takes without a quorum
_DETAILS_LOOKS, _DETAILS_PAUSE = 50, 0.1  # seconds; a scan takes part of one


class HostFiles:
    """Files of the gcodes folder, and contents that the queues know."""

    def __init__(
        self,
        *,
        host_id: str,
        store: ContentStore,
        fetcher: Fetcher,
        eviction: Eviction,
        gcodes: Path,
        metadata: Callable[[str], Mapping[str, Any]],
        clock: Clock,
    ) -> None:
        self.store = store
        self.eviction = eviction
        self.metadata = metadata  # what Moonraker knows of a file of this host
        self._host_id = host_id
        self._fetcher = fetcher
        self._gcodes = gcodes
        self._clock = clock
        self._kept: dict[str, float] = {}  # monotonic seconds by SHA-256

    async def take_in(self, filename: str) -> FileRef:
        """Hash a file of the gcodes root and keep its content; answers 400 or 404."""
        relative = PurePosixPath(filename)
        outside = relative.is_absolute() or ".." in relative.parts
        if outside or not relative.parts or has_control(filename):
            raise ApiError(
                400, f"argument 'filename': {filename[:255]!r} is not inside gcodes"
            )
        return await self.keep(self._gcodes / relative, relative.name)

    async def keep(self, path: Path, name: str) -> FileRef:
        """Hash a file and keep its content; answers 400, 404, 500 or 507."""
        try:
            file = await self.store.add(path, name)
        except FilesError as error:
            raise file_error(error) from error
        self._kept[file.sha256] = self._clock.monotonic()
        return file

    def is_fresh(self, sha256: str) -> bool:
        """Whether a content was kept just now: the job it is for may be on its way."""
        kept = self._kept.get(sha256)
        return kept is not None and self._clock.monotonic() - kept < _FRESH

    async def item(self, filename: str) -> ItemSpec:
        """One copy of a file of the gcodes root, which is kept; answers 400 or 404.

        The item has the file's name with its folder, as dashboards know it.
        """
        file = await self.take_in(filename)
        name = filename if len(filename) <= TEXT_MAX else file.name
        return item_of(name, file, await self.details(filename))

    async def details(self, filename: str) -> Mapping[str, Any]:
        """What Moonraker knows of a file of this host; empty: nothing.

        It reads a new file twice and knows nothing between: a job without the file's
        material would be printed in any. That is waited out.
        """
        for _ in range(_DETAILS_LOOKS):
            if found := self.metadata(filename):
                return found
            await self._clock.sleep(_DETAILS_PAUSE)
        return {}

    def registered_item(self, queue: ServedQueue, sha256: str) -> ItemSpec:
        """One copy of a content that some host of the queue has; answers 404.

        What a job that prints it says of it holds here, too.
        """
        content = queue.state.contents.get(sha256)
        if content is None:
            raise ApiError(404, f"queue {queue.name!r} has no content {sha256[:64]!r}")
        for job in queue.state.ordered_jobs():
            for item in job.items:
                if [file.sha256 for file in item.spec.files] == [sha256]:
                    (file,) = item.spec.files
                    return replace(
                        item.spec, count=1, files=(replace(file, models=()),)
                    )
        file = FileRef(content.key, sha256, content.size, content.name)
        known = self.metadata(content.name)
        return item_of(
            content.name, file, known if known.get("size") == content.size else {}
        )

    async def hold(self, queue: ServedQueue, file: FileRef) -> None:
        """Register this host as a holder, before a job speaks of the content.

        One that only other hosts have is registered as theirs already.
        """
        held = queue.state.held_by(self._host_id, file.sha256) is not None
        if not held and self.store.has(file.sha256):
            await queue.submit(ContentHeld(file))

    async def fetch(self, queue: ServedQueue, content: Content, wait: float) -> bool:
        """Get a content from its holders; False if it takes longer than `wait` s.

        What came stays for the next time. Raises FilesError.
        """

        def holders() -> tuple[str, ...]:
            known = queue.state.contents.get(content.sha256)
            return known.holders if known else ()

        work = self._fetcher.fetch(queue.name, content.sha256, content.size, holders)
        try:
            await self._clock.wait_for(work, wait)
        except (TimeoutError, asyncio.TimeoutError):
            return False
        return True


def file_error(error: FilesError) -> ApiError:
    """What a client is told of a file that cannot be kept."""
    if isinstance(error, ContentMissing):
        return ApiError(404, str(error))
    if isinstance(error, DiskFull):
        return ApiError(507, str(error))
    return ApiError(500 if isinstance(error, StoreUnusable) else 400, str(error))
