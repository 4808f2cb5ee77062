"""A simulated computer: a disk that outlives its processes, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from ..machine import MachineClock
from ..ports import Machine, Timer
from .disk import SimDisk
from .life import Life, make_task
from .network import Network, SimLinks
from .randomness import SimRandom
from .virtual_time import VirtualLoop

_T = TypeVar("_T")

_QUICK = (0.001, 0.02)  # seconds that a call to the disk takes


class World:
    """What all computers of a simulation share; everything random has one seed."""

    def __init__(self, seed: int, loop: VirtualLoop, epoch: float = 1.7e9) -> None:
        """`epoch`: Unix seconds at the loop's zero."""
        self.seed = seed
        self.loop = loop
        self.epoch = epoch
        self.random = SimRandom(seed)
        self.net = Network(loop, seed)
        loop.set_task_factory(make_task)

    def wall(self) -> float:
        """The true Unix time, seconds."""
        return self.epoch + self.loop.time()


class Computer:
    """One machine; `life` is the run of its process, while there is one."""

    def __init__(self, world: World, host_id: str) -> None:
        self.id = host_id
        self.disk = SimDisk()
        self.life: Life | None = None
        self.delays = _QUICK
        self.clock_error = 0.0  # seconds that its clock on the wall is ahead
        self.disk_moves = asyncio.Event()  # cleared: its disk hangs
        self.disk_moves.set()
        self.disk_error: Exception | None = None  # what each call to it raises
        self.world = world
        self._lives = 0
        self._random = SimRandom((world.seed, host_id))
        self._links: SimLinks | None = None

    @property
    def links(self) -> SimLinks:
        """The network, as this life sees it."""
        if self._links is None:
            raise AssertionError(f"{self.id} was never started")
        return self._links

    def disk_delay(self) -> float:
        """Seconds that a call to the disk takes now."""
        return self._random.between(*self.delays)

    def begin(self) -> tuple[Life, Machine]:
        """A new process: its life, and the machine as it sees it."""
        self._lives += 1
        self.life = life = Life(self.id, self.world.loop)
        self._links = self.world.net.plug_in(life)
        chance = SimRandom((self.world.seed, self.id, self._lives))
        clock, worker = SimClock(self, life), SimWorker(self, life)
        return life, Machine(clock, chance, worker, self.disk)

    def kill(self) -> None:
        """kill -9: what had not reached the disk is gone."""
        life, self.life = self.life, None
        if life is None:
            raise AssertionError(f"{self.id} does not run")
        life.end()
        self.disk.end_process()
        self.world.net.refresh()

    def lose_power(self, torn: bool = False) -> None:
        """Its plug is pulled: what was not synced is gone, or `torn`."""
        if self.life is not None:
            self.kill()
        if torn:
            self.disk.lose_power(self._random.random)
        else:
            self.disk.lose_power()


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
