"""Work that goes on beside what began it, until its owner closes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


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
        for task in self._running:
            task.cancel()
        await self.finish()

    async def finish(self) -> None:
        """Let all come to their end."""
        if self._running:
            await asyncio.wait(self._running)
