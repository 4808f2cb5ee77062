"""The ports on virtual time, with repeatable randomness."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..machine import MachineClock
from ..ports import Timer

if TYPE_CHECKING:
    from .computer import Computer
    from .life import Life

_T = TypeVar("_T")


class SimRandom:
    """The same numbers for the same seed."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(repr(seed))  # noqa: S311  a simulation

    def random(self) -> float:
        return self._random.random()

    def token(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def between(self, low: float, high: float) -> float:
        """A float in [low, high)."""
        return low + (high - low) * self._random.random()


class SimClock(MachineClock):
    """The loop's time for one life of a host; a dead host's callbacks never run."""

    def __init__(self, computer: Computer, life: Life) -> None:
        self._computer = computer
        self._life = life

    def monotonic(self) -> float:
        return self._life.loop.time()

    def wall(self) -> float:
        return self._computer.world.wall() + self._computer.clock_error

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        return self._life.loop.call_later(seconds, self._run, callback, *args)

    def call_soon(self, callback: Callable[..., object], *args: Any) -> Timer:
        return self._life.loop.call_soon(self._run, callback, *args)

    def _run(self, callback: Callable[..., object], *args: Any) -> None:
        self._life.run(partial(callback, *args))


class SimWorker:
    """Runs calls after the disk's delay; a crash takes what had not run."""

    def __init__(self, computer: Computer, life: Life) -> None:
        self._computer = computer
        self._life = life

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        computer = self._computer
        await asyncio.sleep(computer.disk_delay() / 2)
        await computer.disk_moves.wait()
        self._require_life()
        if computer.disk_error is not None:
            raise computer.disk_error
        result = function(*args)
        await asyncio.sleep(computer.disk_delay() / 2)  # on disk, but nobody knows
        self._require_life()
        return result

    def _require_life(self) -> None:
        if not self._life.alive:
            raise asyncio.CancelledError
