"""What is wrong with a queue, as warnings that the dashboards show by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ..ports import Clock
from .queue import ServedQueue

_LOOK_SECONDS = 5.0  # between looks; a status has no event for each of its parts


class QueueWarnings:
    """Keeps one warning a queue: its error, else what its notices say."""

    def __init__(
        self,
        queues: Iterable[ServedQueue],
        clock: Clock,
        show: Callable[[str, str | None], object],
    ) -> None:
        """`show(queue, text)` shows a warning, or takes it back: text None."""
        self._queues = tuple(queues)
        self._clock = clock
        self._show = show
        self._shown: dict[str, str | None] = {}
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            for queue in self._queues:
                status = queue.replica.status()
                text = status.error or " ".join(status.notices) or None
                if text != self._shown.get(queue.name):
                    self._shown[queue.name] = text
                    self._show(queue.name, text)
            await self._clock.sleep(_LOOK_SECONDS)
