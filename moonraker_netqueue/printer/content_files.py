"""The content store and its fetcher, as the agent's Files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..files.fetch import Fetcher
from ..files.store import ContentStore
from ..model.content import FileRef


class ContentFiles:
    """Contents of this host, under the names that Klipper prints them by."""

    def __init__(self, store: ContentStore, fetcher: Fetcher, gcodes: Path) -> None:
        self._store = store
        self._fetcher = fetcher
        self._gcodes = gcodes

    def has(self, sha256: str) -> bool:
        return self._store.has(sha256)

    async def fetch(
        self, queue: str, file: FileRef, holders: Callable[[], tuple[str, ...]]
    ) -> None:
        await self._fetcher.fetch(queue, file.sha256, file.size, holders)

    async def materialise(self, queue: str, file: FileRef) -> str:
        path = await self._store.materialise(file.sha256, queue, file.name)
        return path.relative_to(self._gcodes).as_posix()
