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
from ..tasks import stop
from .planner import Planner
from .queue_port import Files
from .queues import Claim, Queues

_LOGGER = logging.getLogger(__name__)
_LOOK = 10.0  # seconds between plans of a printer that is busy anyway
_RETRY = 30.0  # seconds after a fetch that failed
_SWAP_PAUSE, _SWAP_PAUSE_MOST = 60.0, 1800.0  # seconds to the next swap, doubled each


class Advice(enum.Enum):
    """What to do about the next copy."""

    WAIT = "wait"
    RESERVE = "reserve"  # if the plan has one
    LET_GO = "let go"  # another printer makes it sooner
    SWAP = "swap"  # another copy is better for this printer


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
        self.objection = ""  # why a reservation should be let go
        self._swaps = 0  # since the running print began
        self._next_swap = 0.0
        self._fetching = ""  # SHA-256
        self._next_fetch = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def due(self) -> bool:
        """Whether it is time for a look at the plan."""
        return self._clock.monotonic() >= self._next_look

    async def look(self, held: Claim | None) -> Advice:
        """Advice on the reservation that is held, or on none; raises SchedulerError."""
        if held is not None:
            await self._have_file(held)
        if not self.due:
            return Advice.WAIT
        now = self._clock.monotonic()
        self._next_look = now + _LOOK
        if held is None:
            return Advice.RESERVE
        if not self._queues.ready(held.queue):
            return Advice.WAIT
        may_swap = now >= self._next_swap
        objection = await self._planner.objection(held, may_swap=may_swap)
        if objection is None:
            return Advice.WAIT
        self.objection = objection.reason
        self._next_look = now  # what comes in its place is reserved at once
        if not objection.swap:
            return Advice.LET_GO
        pause = _SWAP_PAUSE * 2.0**self._swaps
        self._next_swap = now + min(pause, _SWAP_PAUSE_MOST)
        self._swaps += 1
        return Advice.SWAP

    async def stop(self) -> None:
        """Fetch no more, the printer is free; what is here stays."""
        self._swaps, self._next_swap = 0, 0.0
        await self._stop_fetch()

    async def _stop_fetch(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await stop(task)

    async def _have_file(self, claim: Claim) -> None:
        file = self._queues.file_of(claim)
        if file is None or self._files.has(file.sha256):
            return
        if self._task is not None and self._fetching != file.sha256:
            await self._stop_fetch()
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
