"""Hosts of several versions in one simulated cluster."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.model.command import Body, Command, CommandId, encode
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.peers.errors import RequestRefused
from moonraker_netqueue.ports import LinkListener, Links, Machine, Message
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.replica import Replica
from moonraker_netqueue.replica.status import ReplicaStatus, Role
from moonraker_netqueue.replica.submission import SubmitOutcome, SubmitState
from moonraker_netqueue.sim.network import SimLinks
from tests.replica.simulation import Cluster, SimHost
from tests.versions import FIRST, FUTURE, module

NEW = "new"


@contextmanager
def _as(kind: type[Exception], caught: Any) -> Iterator[None]:
    """An error of one version's classes, as the other version knows it."""
    try:
        yield
    except caught as error:
        raise kind(str(error)) from error


class _OldLinks:
    """The simulated links, with the errors of an earlier version."""

    def __init__(self, links: SimLinks, version: str) -> None:
        self._links = links
        self.host_id, self.signer = links.host_id, links.signer
        self.connected, self.send = links.connected, links.send
        self.unsubscribe, self.fetch = links.unsubscribe, links.fetch
        self._refused = module(version, "peers.errors").RequestRefused
        self._base = module(version, "errors").NetqueueError

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        self._links.subscribe(queue, _OldListener(listener, self._base))

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        with _as(self._refused, NetqueueError):
            return await self._links.request(queue, peer, method, params, timeout)


class _OldListener:
    def __init__(self, listener: LinkListener, base: type[Exception]) -> None:
        self._listener = listener
        self._base = base
        self.on_message = listener.on_message
        self.on_peer_connected = listener.on_peer_connected
        self.on_peer_disconnected = listener.on_peer_disconnected

    async def on_request(self, peer: str, method: str, params: Message) -> Message:
        with _as(RequestRefused, self._base):
            return await self._listener.on_request(peer, method, params)


def _program(version: str) -> Callable[..., Replica]:
    program: Callable[..., Replica] = module(version, "replica.replica").Replica
    if "machine" in inspect.signature(program).parameters:
        return program

    def of_ports(
        queue: str, host: str, folder: Path, links: Links, of: Machine, **more: Any
    ) -> Replica:
        ports = (of.clock, of.random, of.worker, of.disk)
        return program(queue, host, folder, links, *ports, **more)

    return of_ports


class MixedHost(SimHost):
    """A host whose program may be another version at each start."""

    def __init__(self, cluster: Cluster, host_id: str, version: str) -> None:
        super().__init__(cluster, host_id)
        self.version = version

    async def start(self) -> None:
        if self.version == NEW:
            await super().start()
            return
        await self.run(
            _program(self.version), lambda links: _OldLinks(links, self.version)
        )

    @property
    def status(self) -> ReplicaStatus:
        told = self.replica.status()
        known = {field.name for field in fields(ReplicaStatus)}
        values = {name: value for name, value in vars(told).items() if name in known}
        values["role"] = Role(told.role.value)
        values["phase"] = Phase(told.phase.value)
        return ReplicaStatus(**values)

    async def give(self, body: Body, timeout: float = 5.0) -> SubmitOutcome:
        if self.version == NEW:
            return await super().give(body, timeout)
        text = encode(Command(CommandId("anybody", 1, 1), 0.0, body))
        old_body = module(self.version, "model.command").decode(text).body
        assert self.life is not None
        told = await self.life.spawn(self.replica.submit(old_body, timeout=timeout))
        state = SubmitState(told.state.value)
        rule = None if told.rule is None else Rule(told.rule.value)
        return SubmitOutcome(
            state, told.command_id, told.index, rule, told.reason, told.ref
        )

    async def become(self, version: str) -> None:
        """Its program is replaced, as a person does it: stopped, changed, started."""
        if self.life is not None:
            await self.close()
        self.version = version
        await self.start()


async def start(cluster: Cluster, **versions: str) -> list[MixedHost]:
    """Start hosts of these versions and let them agree."""
    hosts = []
    for host_id, version in versions.items():
        host = MixedHost(cluster, host_id * 8, version)
        cluster.hosts[host.id] = host
        hosts.append(host)
        await host.start()
        await asyncio.sleep(0.2)
    await cluster.until(lambda: cluster.agreed(*(host.id for host in hosts)))
    return hosts


__all__ = ["FIRST", "FUTURE", "NEW", "MixedHost", "start"]
