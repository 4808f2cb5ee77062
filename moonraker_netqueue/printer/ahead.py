"""The next copy, while the printer still prints: reserved, and its file fetched (R20).

So a printer that is cut off from the others goes on with what it holds.
"""

from __future__ import annotations

import asyncio
import enum
import logging

from ..errors import NetqueueError
from ..model.command import ContentHeld
from ..model.content import FileRef
from ..ports import Clock
from .planner import Planner
from .queue_port import Files
from .queues import Claim, Queues

_LOGGER = logging.getLogger(__name__)
_LOOK = 10.0  # seconds between plans of a printer that is busy anyway
_RETRY = 30.0  # seconds after a fetch that failed


class Advice(enum.Enum):
    """What to do about the next copy."""

    WAIT = "wait"
    RESERVE = "reserve"  # if the plan has one
    LET_GO = "let go"  # another printer makes it sooner, or another copy is due


class Ahead:
    """Looks after one reservation that cannot start yet."""

    def __init__(
        self, queues: Queues, planner: Planner, files: Files, clock: Clock
    ) -> None:
        self._queues = queues
        self._planner = planner
        self._files = files
        self._clock = clock
        self._next_look = 0.0
        self._fetching = ""  # SHA-256
        self._next_fetch = 0.0
        self._task: asyncio.Task[None] | None = None

    async def look(self, held: Claim | None) -> Advice:
        """Advice on the reservation that is held, or on none; raises SchedulerError."""
        if held is not None:
            await self._have_file(held)
        now = self._clock.monotonic()
        if now < self._next_look:
            return Advice.WAIT
        self._next_look = now + _LOOK
        if held is None:
            return Advice.RESERVE
        if not self._queues.ready(held.queue) or await self._planner.keeps(held):
            return Advice.WAIT
        return Advice.LET_GO

    async def stop(self) -> None:
        """Fetch no more; what is here stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _have_file(self, claim: Claim) -> None:
        file = self._queues.file_of(claim)
        if file is None or self._files.has(file.sha256):
            return
        if self._task is not None and self._fetching != file.sha256:
            await self.stop()
        if self._task is None and self._clock.monotonic() >= self._next_fetch:
            self._fetching = file.sha256
            self._task = asyncio.create_task(self._fetch(claim.queue, file))

    async def _fetch(self, queue: str, file: FileRef) -> None:
        def holders() -> tuple[str, ...]:
            return self._queues.holders(queue, file.sha256)

        try:
            await self._files.fetch(queue, file, holders)
            await self._queues.submit(queue, ContentHeld(file))
        except NetqueueError as error:
            _LOGGER.info("%s is not fetched ahead: %s", file.name, error)
            self._next_fetch = self._clock.monotonic() + _RETRY
        self._task = None
