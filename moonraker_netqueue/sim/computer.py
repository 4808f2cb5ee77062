"""A simulated computer: a disk that outlives its processes, and what goes wrong."""

from __future__ import annotations

import asyncio

from ..ports import Machine
from .disk import SimDisk
from .life import Life, make_task
from .network import Network, SimLinks
from .ports import SimClock, SimRandom, SimWorker
from .virtual_time import VirtualLoop

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
