"""An event loop whose time jumps to the next timer: waiting takes no time at all."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

FIRST_MOMENT = 1000.0  # the loop's time at its start, seconds


class _InstantSelector(selectors.DefaultSelector):
    """Waiting takes virtual time only."""

    def __init__(self, on_advance: Callable[[float], object]) -> None:
        super().__init__()
        self.now = FIRST_MOMENT
        self._on_advance = on_advance

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("nothing will ever happen again in this simulation")
        if timeout > 0:
            self.now += timeout
            self._on_advance(self.now)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs what is due, then advances to what is due next."""

    def __init__(
        self, on_advance: Callable[[float], object] = lambda _now: None
    ) -> None:
        """`on_advance` hears the time whenever it has advanced; it may wait."""
        self._instant = _InstantSelector(on_advance)
        super().__init__(self._instant)

    def time(self) -> float:
        return self._instant.now

    def stall(self, seconds: float) -> None:
        """Let time pass without running anything."""
        self._instant.now += seconds


def play(
    work: Callable[[VirtualLoop], Coroutine[Any, Any, _T]], loop: VirtualLoop
) -> _T:
    """Run `work(loop)` to its end, and end the loop with it."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work(loop))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
