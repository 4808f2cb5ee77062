"""Fetching one content: ranges from several holders at once, until all are in.

If the whole is wrong, some holder lied or its disk is bad. There is no hash of single
ranges, so the content is completed from one holder alone, then from another, until it
is right; whose ranges differ from the right ones is blamed.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable

from ..peers.errors import LinkError
from ..ports import Clock, Links
from .part import PartFile, Received
from .sources import Source, Sources
from .store import ContentStore

_LOGGER = logging.getLogger(__name__)
_MOST_FLYING = 4  # ranges asked for at once
_WAIT_SECONDS = 0.25  # until holders are looked for again


class Phase(enum.Enum):
    """What a download is doing."""

    GATHERING = "gathering"
    JUDGING = "judging"
    DONE = "done"


_NEXT = {
    Phase.GATHERING: {Phase.JUDGING},
    Phase.JUDGING: {Phase.GATHERING, Phase.DONE},
    Phase.DONE: set(),
}


class Download:
    """One content on its way into the store."""

    def __init__(
        self,
        sha256: str,
        part: PartFile,
        sources: Sources,
        *,
        store: ContentStore,
        links: Links,
        clock: Clock,
        on_progress: Callable[[int], None],
        on_blame: Callable[[str], None],
    ) -> None:
        self._sha256 = sha256
        self._part = part
        self._sources = sources
        self._store = store
        self._links = links
        self._clock = clock
        self._on_progress = on_progress
        self._on_blame = on_blame
        self._phase = Phase.GATHERING
        self._suspect: dict[int, Received] = {}
        self._blamed: set[str] = set()
        self._only: str | None = None  # elected to send all, once somebody lied
        self._flying: dict[asyncio.Task[bytes], tuple[int, Source]] = {}

    async def run(self) -> None:
        """Return when the content is in the store; raises FilesError."""
        await self._store.require_room(self._part.size)
        await self._store.run(self._part.open)
        while True:
            await self._gather()
            self._become(Phase.JUDGING)
            if await self._is_right():
                break
            self._become(Phase.GATHERING)
        self._become(Phase.DONE)
        await self._store.run(self._part.remove)

    async def _gather(self) -> None:
        todo = self._part.missing()
        self._on_progress(self._part.bytes_in())
        try:
            while todo or self._flying:
                self._launch(todo)
                if self._flying:
                    await self._land_some(todo)
                    continue
                await self._clock.sleep(_WAIT_SECONDS)
                if self._suspect:
                    todo = await self._elect()
        finally:
            await self._cancel_flying()

    def _launch(self, todo: list[int]) -> None:
        while todo and len(self._flying) < _MOST_FLYING:
            if self._suspect and self._only is None:
                return
            source = self._sources.pick(self._only)
            if source is None:
                return
            number = todo.pop(0)
            self._sources.begin(source)
            task = asyncio.create_task(self._fetch(source, number))
            self._flying[task] = (number, source)

    async def _fetch(self, source: Source, number: int) -> bytes:
        start, stop = self._part.bounds(number)
        data = await self._links.fetch(
            source.queue, source.holder, self._sha256, start, stop
        )
        if len(data) != stop - start:
            raise LinkError(f"{len(data)} bytes came instead of {stop - start}")
        return data

    async def _land_some(self, todo: list[int]) -> None:
        done, _ = await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            number, source = self._flying.pop(task)
            try:
                data = task.result()
            except LinkError as error:
                _LOGGER.debug("range %d of %s: %s", number, self._sha256[:8], error)
                self._sources.end(source, failed=True)
                todo.insert(0, number)
                continue
            self._sources.end(source, failed=False)
            await self._store.run(self._part.write, number, data, source.holder)
            self._on_progress(self._part.bytes_in())

    async def _cancel_flying(self) -> None:
        for task, (_, source) in self._flying.items():
            task.cancel()
            self._sources.end(source, failed=False)
        if self._flying:
            await asyncio.wait(self._flying)
        self._flying.clear()

    async def _is_right(self) -> bool:
        received = self._part.received()
        if await self._store.adopt(self._part.path, self._sha256, self._part.size):
            for number, (holder, digest) in self._suspect.items():
                if holder is not None and digest != received[number].digest:
                    self._blame(holder)
            return True
        holders = {holder for holder, _ in received.values()}
        only = holders.pop() if len(holders) == 1 else None
        if only is not None:
            self._blame(only)
        self._suspect = self._suspect or received
        self._only = None
        await self._elect()
        if self._only is None:
            await self._store.run(self._part.drop_other_than, None)
        return False

    async def _elect(self) -> list[int]:
        """Ask one holder for all that it has not sent yet; the ranges to ask for."""
        source = self._sources.pick()
        if source is not None and source.holder != self._only:
            self._only = source.holder
            await self._store.run(self._part.drop_other_than, self._only)
        return self._part.missing()

    def _blame(self, holder: str) -> None:
        if holder in self._blamed:
            return
        self._blamed.add(holder)
        self._sources.blame(holder)
        self._on_blame(holder)

    def _become(self, phase: Phase) -> None:
        if phase not in _NEXT[self._phase]:
            raise AssertionError(f"download {self._phase} -> {phase}")
        self._phase = phase
