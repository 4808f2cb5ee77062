"""Several replicas in one process on virtual time, on simulated disks and links.

Everything random comes from one seed; nothing waits for real time, so a run repeats.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from moonraker_netqueue.model.command import Body, ContentHeld, JobAdd
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.ports import Links
from moonraker_netqueue.replica.replica import Replica
from moonraker_netqueue.replica.status import ReplicaStatus, Role
from moonraker_netqueue.replica.submission import SubmitOutcome
from moonraker_netqueue.sim.computer import Computer, World
from moonraker_netqueue.sim.network import Network, SimLinks
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

QUEUE = "bench"
FILE = FileRef("0" * 32, "0" * 64, 1, "part.gcode")


class Net(Network):
    """Keeps all that was sent."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        super().__init__(loop, seed)
        self.sent: list[tuple[str, str, dict[str, Any]]] = []

    def send(
        self, queue: str, source: str, target: str, message: dict[str, Any]
    ) -> bool:
        sent = super().send(queue, source, target, message)
        if sent:
            self.sent.append((source, target, message))
        return sent


class SimHost(Computer):
    """A computer with one replica."""

    def __init__(self, cluster: Cluster, host_id: str) -> None:
        super().__init__(cluster, host_id)
        self._cluster = cluster
        self._replica: Replica | None = None

    @property
    def replica(self) -> Replica:
        assert self._replica is not None
        return self._replica

    @property
    def status(self) -> ReplicaStatus:
        return self.replica.status()

    @property
    def jobs(self) -> list[str]:
        return [job.job_id for job in self.replica.state.ordered_jobs()]

    async def start(self) -> None:
        await self.run(Replica, lambda links: links)

    async def run(
        self, program: Callable[..., Replica], view: Callable[[SimLinks], Links]
    ) -> None:
        """Start with this program, another version's perhaps, and its view of links."""
        life, machine = self.begin()
        self._replica = program(
            QUEUE,
            self.id,
            Path("/data"),
            view(self.links),
            machine,
            host_name=f"host {self.id}",
            seat_ttl=self._cluster.seat_ttl,
        )
        await life.spawn(self._replica.start())

    async def close(self) -> None:
        assert self.life is not None
        await self.life.spawn(self.replica.close())
        self.life.alive = False
        self.life = None

    async def submit(self, job_id: str, timeout: float = 5.0) -> SubmitOutcome:
        """Add a job, and first the content that it prints."""
        if not self.replica.state.contents:
            await self.give(ContentHeld(FILE), timeout)
        return await self.give(job(job_id), timeout)

    async def give(self, body: Body, timeout: float = 5.0) -> SubmitOutcome:
        assert self.life is not None
        return await self.life.spawn(self.replica.submit(body, timeout=timeout))


class Cluster(World):
    """All hosts of one simulation."""

    net: Net

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        super().__init__(seed, loop)
        self.hosts: dict[str, SimHost] = {}
        self.net = Net(loop, seed)
        self.seat_ttl = 60.0
        self._leaders: dict[tuple[str, int], str] = {}

    async def start(self, *ids: str) -> list[SimHost]:
        """Start hosts; those that are new get an empty disk."""
        for host_id in ids:
            host = self.hosts.setdefault(host_id, SimHost(self, host_id))
            await host.start()
        return [self.hosts[host_id] for host_id in ids]

    @property
    def alive(self) -> list[SimHost]:
        return [host for host in self.hosts.values() if host.life is not None]

    def leader(self) -> SimHost | None:
        leaders = [h for h in self.alive if h.status.role is Role.LEADER]
        return max(leaders, key=lambda host: host.status.term, default=None)

    async def until(self, condition: Callable[[], object], limit: float = 60.0) -> None:
        """Let virtual time pass until a condition holds, checking what must hold."""
        deadline = self.loop.time() + limit
        while True:
            self.check()
            if condition():
                return
            if self.loop.time() > deadline:
                raise AssertionError(
                    f"seed {self.seed}: not within {limit} s: "
                    + "; ".join(f"{h.id}: {h.status}" for h in self.alive)
                )
            await asyncio.sleep(0.05)

    async def run_for(self, seconds: float) -> None:
        end = self.loop.time() + seconds
        await self.until(lambda: self.loop.time() >= end, seconds + 1)

    def check(self) -> None:
        """One leader a term; equal logs up to what is applied; nothing undurable."""
        logs: dict[str, dict[int, tuple[str, tuple[bytes, int]]]] = {}
        for host in self.alive:
            status = host.status
            life = host.replica._lifecycle
            if status.group is None or life.journal is None:
                continue
            assert status.applied_index <= max(1, status.durable_index), status
            if status.role is Role.LEADER:
                key = (status.group, status.term)
                assert self._leaders.setdefault(key, host.id) == host.id, key
            log = logs.setdefault(status.group, {})
            for data, index, term in life.journal[:]:
                # A no-op stands for the entry at an installed snapshot's end.
                if life.journal.snapshot_index < index <= status.applied_index:
                    first, entry = log.setdefault(index, (host.id, (data, term)))
                    assert entry == (data, term), (
                        f"seed {self.seed}: entry {index} of {first} and {host.id}"
                    )

    def agreed(self, *ids: str) -> bool:
        """Whether these hosts are in one settled group with the same state."""
        hosts = [self.hosts[host_id] for host_id in ids]
        statuses = [host.status for host in hosts]
        return (
            len({status.group for status in statuses}) == 1
            and statuses[0].group is not None
            and len({status.leader for status in statuses}) == 1
            and statuses[0].leader is not None
            and len({status.applied_index for status in statuses}) == 1
            and statuses[0].applied_index == statuses[0].last_index
            and len({host.replica.state.canonical() for host in hosts}) == 1
        )

    async def close(self) -> None:
        for host in self.alive:
            host.kill()
        await asyncio.sleep(0.1)
        for host in self.hosts.values():
            host.disk.close()


def job(job_id: str) -> JobAdd:
    """A command that adds a job."""
    return JobAdd(job_id, Wishes(job_id), (ItemSpec("part", 1, (FILE,)),))


def simulate(
    scenario: Callable[[Cluster], Coroutine[Any, Any, None]], seed: int = 1
) -> None:
    """Run a scenario on virtual time; a failing seed is in the message."""

    async def whole(loop: VirtualLoop) -> None:
        cluster = Cluster(seed, loop)
        try:
            await scenario(cluster)
        finally:
            await cluster.close()

    play(whole, VirtualLoop())
