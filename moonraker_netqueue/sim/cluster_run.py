"""One random life of a cluster: trouble, then repair, then all must be well."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .caretaker import Caretaker
from .faults import Faults
from .host import WholeHost
from .ledger import PromiseBroken
from .people import People
from .shop import QUEUE, Shop
from .virtual_time import VirtualLoop, play

_T = TypeVar("_T")

STEPS = 60
_APART = 0.5  # seconds between the starts of two hosts
_PAUSE = 4.0  # seconds, at most, between two things that happen
_LOOK = 1.0  # seconds between looks at all promises
_BEGIN = 60.0  # seconds until all hosts have found each other
REPAIR = 900.0  # seconds within which all is well again
_LAST = "last"
_TRIES, _ANSWER = 3, 12.0  # to add it, and seconds that an answer may take


@dataclass(frozen=True)
class Life:
    """Figures of a life that kept all promises. `repair_s`: how long that took."""

    seconds: float
    repair_s: float
    elections: int
    groups: int
    commands: int
    jobs: int
    made: int
    spoiled: int
    risked: int
    given_up: int


def live(
    seed: int,
    hosts: int,
    steps: int,
    listener: Callable[[str], object],
    disk_budget: int | None = None,
) -> Life:
    """Live it; raises PromiseBroken. The same arguments give the same story.

    `disk_budget`: bytes that files may take on a host; None: they take what they need.
    """

    async def whole(loop: VirtualLoop) -> Life:
        shop = Shop(loop, seed, hosts, listener, disk_budget)
        try:
            return await ClusterRun(shop).run(steps)
        finally:
            await shop.close()

    return play(whole, VirtualLoop())


class ClusterRun:
    """Trouble and repair of one workshop."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.people = People(shop)
        self.faults = Faults(shop)

    async def run(self, steps: int) -> Life:
        """The whole of it; raises PromiseBroken."""
        shop = self.shop
        await self.begin()
        await self.rage(steps)
        before = shop.seconds
        self.faults.heal()
        await self.repair()
        shop.invariants.check_end(shop.here)
        state = shop.here[0].replicas[QUEUE].state
        shop.account.check_end(state)
        shop.require()
        jobs = shop.account.jobs.values()
        return Life(
            seconds=shop.seconds,
            repair_s=shop.seconds - before,
            elections=shop.invariants.elections,
            groups=shop.invariants.groups,
            commands=shop.invariants.commands,
            jobs=len(jobs),
            made=sum(job.made for job in jobs),
            spoiled=sum(job.spoiled for job in jobs),
            risked=sum(job.risked for job in jobs),
            given_up=shop.invariants.given_up,
        )

    async def begin(self) -> None:
        """Switch all on, and wait until they are one."""
        shop = self.shop
        for host in shop.here:
            shop.start(host)
            await asyncio.sleep(_APART)
        shop.spawn(self.people.tidy())
        await self._until(lambda: shop.invariants.is_settled(shop.here), _BEGIN)
        shop.invariants.watch_voters(len(shop.hosts))

    async def rage(self, steps: int) -> None:
        """So many random things, one after another."""
        shop = self.shop
        for _ in range(steps):
            host = self._one_of(shop.here)
            if host.life is None:
                shop.start(host)
            elif shop.random.random() < 0.5:
                self._one_of(self.people.acts)(host)
            else:
                self._one_of(self.faults.acts)(host)
            await self._pass(_PAUSE * shop.random.random())

    async def repair(self) -> None:
        """Let a caretaker work until all jobs are printed, one more included."""
        shop = self.shop
        caretaker = Caretaker(shop, self.people)

        def is_well() -> bool:
            caretaker.round()
            if shop.is_stopping or not self._all_done():
                return False
            return shop.invariants.is_settled(shop.here)

        await self._until(is_well, REPAIR)
        count = len(shop.here)
        for _ in range(_TRIES):
            self.people.add(self._one_of(shop.here), _LAST, count)
            await self._pass(_ANSWER)
            if shop.account.jobs[_LAST].accepted:
                break
        else:
            raise PromiseBroken(f"the queue takes no job: {self._tell_all()}")
        await self._until(is_well, REPAIR)

    def _all_done(self) -> bool:
        state = self.shop.here[0].state(QUEUE)
        if state is None:
            return False
        return all(job.completed is not None for job in state.jobs.values())

    async def _until(self, condition: Callable[[], bool], limit: float) -> None:
        deadline = self.shop.seconds + limit
        while not condition():
            if self.shop.seconds > deadline:
                raise PromiseBroken(f"not within {limit:.0f} s: {self._tell_all()}")
            await self._pass(_LOOK)

    async def _pass(self, seconds: float) -> None:
        end = self.shop.seconds + seconds
        while (left := end - self.shop.seconds) > 0:
            await asyncio.sleep(min(left, _LOOK))
            self.shop.check()

    def _tell_all(self) -> str:
        return "; ".join(map(_standing, self.shop.here))

    def _one_of(self, things: Sequence[_T]) -> _T:
        return things[int(self.shop.random.random() * len(things))]


def _standing(host: WholeHost) -> str:
    replica = host.replicas.get(QUEUE)
    if replica is None:
        return f"{host.name} is off"
    status, state = replica.status(), replica.state
    open_jobs = [job.wishes.name for job in state.ordered_jobs() if not job.completed]
    return (
        f"{host.name}: {status.phase.value} {status.role.value} group"
        f" {str(status.group)[:8]} term {status.term} applied {status.applied_index} of"
        f" {status.last_index}, {len(status.pending)} pending, open {open_jobs}"
        f" {status.error or ''}"
    )
