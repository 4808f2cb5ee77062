"""Random trouble for a whole cluster."""

from __future__ import annotations

import asyncio

from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost


class Chaos:
    """Random kills, cuts, lost messages, slow disks, and jobs given meanwhile."""

    def __init__(self, cluster: Cluster, hosts: list[SimHost]) -> None:
        self._cluster = cluster
        self._hosts = hosts
        self._given = 0
        self._clients: list[asyncio.Task[None]] = []
        self.accepted: list[str] = []

    async def rage(self, steps: int) -> None:
        """Do `steps` random things."""
        draw = self._cluster.random.random
        self._cluster.net.filter = lambda *_: draw() > 0.01
        for _ in range(steps):
            await self._act(self._hosts[int(draw() * len(self._hosts))], draw())
            await self._cluster.run_for(3 * draw())

    async def _act(self, host: SimHost, draw: float) -> None:
        if host.life is None:
            await host.start()
        elif draw < 0.25:
            host.kill()
        elif draw < 0.45:
            neighbour = self._hosts[self._hosts.index(host) - 1]
            self._cluster.net.cut ^= {frozenset((host.id, neighbour.id))}
            self._cluster.net.refresh()
        elif draw < 0.55:
            host.delays = (0.001, 0.02) if host.delays[1] > 1 else (0.1, 2.0)
        else:
            self._clients.append(asyncio.ensure_future(self._client(host)))

    async def _client(self, host: SimHost) -> None:
        self._given += 1
        name = f"job-{self._given:04}"
        outcome = await host.submit(name, timeout=3)
        if outcome.state is SubmitState.ACCEPTED:
            self.accepted.append(name)

    async def calm(self) -> None:
        """Heal everything and wait until nothing is under way."""
        self._cluster.net.filter = lambda *_: True
        self._cluster.net.cut.clear()
        self._cluster.net.refresh()
        for host in self._hosts:
            host.delays = (0.001, 0.02)
            if host.life is None:
                await host.start()
        await self._cluster.until(
            lambda: (
                self._cluster.agreed(*(host.id for host in self._hosts))
                and not any(host.status.pending for host in self._hosts)
            ),
            120,
        )
        for client in self._clients:
            client.cancel()
