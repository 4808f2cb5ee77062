"""What is wrong with a queue, as warnings that the dashboards show by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from ..ports import Clock
from ..tasks import stop
from .queue import ServedQueue

_LOOK_SECONDS = 5.0  # between looks; a status has no event for each of its parts


class QueueWarnings:
    """Keeps one warning a queue: its error, else what its notices say."""

    def __init__(
        self,
        queues: Mapping[str, ServedQueue],
        clock: Clock,
        show: Callable[[str, str | None], object],
    ) -> None:
        """`show(queue, text)` shows a warning, or takes it back: text None."""
        self._queues = queues
        self._clock = clock
        self._show = show
        self._shown: dict[str, str | None] = {}
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Look no more."""
        await stop(self._task)

    async def _watch(self) -> None:
        while True:
            for name in self._shown.keys() - self._queues.keys():
                del self._shown[name]
                self._show(name, None)
            for queue in tuple(self._queues.values()):
                status = queue.replica.status()
                text = status.error or " ".join(queue.notices) or None
                if text != self._shown.get(queue.name):
                    self._shown[queue.name] = text
                    self._show(queue.name, text)
            await self._clock.sleep(_LOOK_SECONDS)
