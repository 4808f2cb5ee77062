"""Work that goes on beside what began it, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from .errors import NetqueueError

_LOGGER = logging.getLogger(__name__)


async def stop(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait for their end.

    One may fail with something else instead, for which nobody else may ask: it is said.
    """
    pending = [task for task in tasks if task.cancel()]
    if pending:
        await asyncio.wait(pending)
    for task in pending:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NetqueueError):
            _LOGGER.info("stopped: %s", error)
        elif error is not None:
            _LOGGER.error("failed as it was stopped", exc_info=error)


class Tasks:
    """Keeps tasks, which nobody awaits, from being lost."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Begin work."""
        self.watch(asyncio.create_task(work))

    def watch(self, task: asyncio.Task[Any]) -> None:
        """Take a task that was begun elsewhere."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Cancel all, and wait for their end."""
        await stop(*self._running)

    async def finish(self) -> None:
        """Let all come to their end."""
        if self._running:
            await asyncio.wait(self._running)
