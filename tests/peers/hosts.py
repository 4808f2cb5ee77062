"""Hosts of one process with real sockets on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.machine import MachineDisk, ThreadWorker, this_machine
from moonraker_netqueue.peers.admission import Admission
from moonraker_netqueue.peers.identity import Identity, load_or_create
from moonraker_netqueue.peers.network import PeerNetwork
from moonraker_netqueue.ports import Clock, Message

LOOPBACK = "127.0.0.1"


class Listener:
    """Remembers what it hears; answers requests by method."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.messages: list[Message] = []
        self.release = asyncio.Event()

    def on_peer_connected(self, peer: str) -> None:
        self.events.append(("connected", peer))

    def on_peer_disconnected(self, peer: str) -> None:
        self.events.append(("disconnected", peer))

    def on_message(self, peer: str, message: Message) -> None:
        self.messages.append(message)

    async def on_request(self, peer: str, method: str, params: Message) -> Message:
        if method == "echo":
            return params
        if method == "wait":
            await self.release.wait()
            return {}
        if method == "bug":
            raise RuntimeError("a bug")
        raise NetqueueError(f"no method {method}")


class Contents:
    """Contents by (queue, SHA-256)."""

    def __init__(self) -> None:
        self.paths: dict[tuple[str, str], Path] = {}

    def content_path(self, queue: str, sha256: str) -> Path | None:
        return self.paths.get((queue, sha256))


class Host:
    """One host: its folder, its network, a listener per queue."""

    def __init__(
        self, folder: Path, worker: ThreadWorker, clock: Clock | None = None
    ) -> None:
        self.folder = folder
        self.worker = worker
        self.identity: Identity = load_or_create(folder, MachineDisk())
        self.contents = Contents()
        self.listeners: dict[str, Listener] = {}
        self._clock = clock
        self.admission = self.new_admission()
        self.network = self.new_network()

    def new_admission(self) -> Admission:
        machine = this_machine(self.worker)
        if self._clock is not None:
            machine = replace(machine, clock=self._clock)
        return Admission(self.identity, self.folder, machine)

    def new_network(self, port: int = 0) -> PeerNetwork:
        return PeerNetwork(
            self.identity,
            self.admission,
            self.contents,
            this_machine(self.worker),
            name=self.folder.name,
            bind=LOOPBACK,
            port=port,
        )

    async def start(
        self,
        *queues: str,
        mode: AdmissionMode = AdmissionMode.OPEN,
        is_new: bool = False,
    ) -> None:
        await self.admission.load()
        await self.network.start()
        for queue in queues:
            await self.serve(queue, mode, is_new)

    async def serve(
        self, queue: str, mode: AdmissionMode = AdmissionMode.OPEN, is_new: bool = False
    ) -> Listener:
        await self.admission.serve(queue, mode, is_new)
        self.listeners[queue] = Listener()
        self.network.subscribe(queue, self.listeners[queue])
        return self.listeners[queue]

    async def restart(
        self, port: int = 0, mode: AdmissionMode = AdmissionMode.OPEN
    ) -> None:
        """As if the process had been started anew."""
        queues = tuple(self.listeners)
        await self.network.close()
        self.admission = self.new_admission()
        self.network = self.new_network(port)
        await self.start(*queues, mode=mode)

    @property
    def host_id(self) -> str:
        return self.identity.host_id

    def hear(self, other: Host) -> None:
        """As if discovery had found `other`."""
        self.network.add_address(other.host_id, LOOPBACK, other.network.port)


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that comes without an event; the test's limit bounds it."""
    while not condition():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.005)
