"""Gets contents from the hosts that have them, each content once however many ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ..names import is_sha256
from ..ports import Links, Machine
from ..tasks import stop
from .download import Download
from .errors import ContentMissing, FilesError
from .part import PartFile
from .sources import Holders, Sources
from .store import PART_SUFFIX, ContentStore

Progress = Callable[[int], None]
"""Called with the bytes that are in; they go back if some were wrong."""


class _Shared:
    """One download and everybody who waits for it."""

    def __init__(self, sha256: str, size: int, sources: Sources) -> None:
        self.sha256 = sha256
        self.size = size
        self.sources = sources
        self.progress: dict[object, Progress] = {}
        self.task: asyncio.Task[None] | None = None

    def on_progress(self, bytes_in: int) -> None:
        for tell in tuple(self.progress.values()):
            tell(bytes_in)


class Fetcher:
    """Fetches contents into the store. Called on the loop."""

    def __init__(
        self,
        store: ContentStore,
        links: Links,
        machine: Machine,
        on_blame: Callable[[str], None],
    ) -> None:
        self._store = store
        self._links = links
        self._machine = machine
        self._on_blame = on_blame
        self._shared: dict[str, _Shared] = {}

    async def fetch(
        self,
        queue: str,
        sha256: str,
        size: int,
        holders: Holders,
        on_progress: Progress | None = None,
    ) -> Path:
        """The verified file in the store; waits for holders until cancelled.

        `holders` is asked again and again: hosts come and go. Raises FilesError.
        """
        if not self._store.has(sha256):
            shared = self._join(sha256, size)
            key = object()
            shared.sources.add(key, queue, holders)
            if on_progress is not None:
                shared.progress[key] = on_progress
            try:
                await self._wait(shared)
            finally:
                await self._leave(shared, key)
        path = self._store.path(sha256)
        if path is None:
            raise ContentMissing(f"content {sha256[:8]} went as soon as it had come")
        return path

    async def close(self) -> None:
        """Stop all fetches; they go on from where they were after a restart."""
        tasks = [s.task for s in self._shared.values() if s.task is not None]
        await stop(*tasks)

    def _join(self, sha256: str, size: int) -> _Shared:
        shared = self._shared.get(sha256)
        if shared is None:
            if not is_sha256(sha256) or size < 1:
                raise FilesError(f"{sha256[:64]!r} of {size} bytes is no content")
            shared = self._start(sha256, size)
        elif shared.size != size:
            raise FilesError(
                f"content {sha256[:8]} is said to have {size} and {shared.size} bytes"
            )
        return shared

    def _start(self, sha256: str, size: int) -> _Shared:
        machine = self._machine
        sources = Sources(self._links, machine.clock, machine.random)
        shared = _Shared(sha256, size, sources)
        path = self._store.folder / f"{sha256}{PART_SUFFIX}"
        part = PartFile(path, size, machine.disk)
        download = Download(
            sha256,
            part,
            sources,
            store=self._store,
            links=self._links,
            clock=machine.clock,
            on_progress=shared.on_progress,
            on_blame=self._on_blame,
        )
        shared.task = asyncio.create_task(download.run())
        shared.task.add_done_callback(lambda _task: self._forget(shared))
        self._shared[sha256] = shared
        return shared

    async def _wait(self, shared: _Shared) -> None:
        if shared.task is not None:
            await asyncio.wait([shared.task])
            shared.task.result()

    async def _leave(self, shared: _Shared, key: object) -> None:
        shared.sources.remove(key)
        shared.progress.pop(key, None)
        if shared.sources.is_wanted() or shared.task is None:
            return
        self._forget(shared)  # who comes now must not wait for what is cancelled
        await stop(shared.task)

    def _forget(self, shared: _Shared) -> None:
        if self._shared.get(shared.sha256) is shared:
            del self._shared[shared.sha256]
