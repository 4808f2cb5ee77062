"""A clock that the test moves."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

_T = TypeVar("_T")
_SETTLE_TURNS = 50  # of the loop: enough for what follows from one timer


class _ManualTimer:
    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args

    def cancel(self) -> None:
        self.callback = None

    def fire(self) -> None:
        if self.callback is not None:
            self.callback(*self.args)


class ManualClock:
    """`Clock` in virtual time; starts at 1000 s."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._count = itertools.count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []

    async def advance(self, seconds: float) -> None:
        """Let time pass: everything due runs in order, with all that follows."""
        end = self._now + seconds
        await settle()
        while self._timers and self._timers[0][0] <= end:
            due, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, due)
            timer.fire()
            await settle()
        self._now = end

    def jump(self, seconds: float) -> None:
        """Let time pass while the loop is stalled: timers are late."""
        self._now += seconds

    def monotonic(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        over = asyncio.get_running_loop().create_future()
        timer = self.call_later(seconds, _set, over)
        try:
            await over
        finally:
            timer.cancel()

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> _ManualTimer:
        timer = _ManualTimer(callback, args)
        heapq.heappush(self._timers, (self._now + seconds, next(self._count), timer))
        return timer

    def call_soon(self, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        return asyncio.get_running_loop().call_soon(callback, *args)

    async def wait_for(self, awaitable: Awaitable[_T], seconds: float) -> _T:
        work = asyncio.ensure_future(awaitable)
        limit = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait([work, limit], return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            raise TimeoutError(f"no answer within {seconds:g} s")
        finally:
            work.cancel()
            limit.cancel()
            await asyncio.wait([work, limit])


async def settle() -> None:
    """Let tasks run until they wait for time or for each other."""
    for _ in range(_SETTLE_TURNS):
        await asyncio.sleep(0)


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
