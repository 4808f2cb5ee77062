"""One host of a queue with real links, as the benches start several of."""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.machine import (
    MachineDisk,
    ThreadWorker,
    this_machine,
)
from moonraker_netqueue.peers.admission import Admission
from moonraker_netqueue.peers.identity import load_or_create
from moonraker_netqueue.peers.network import PeerNetwork
from moonraker_netqueue.replica.replica import Replica


class _Unsynced(sqlite3.Connection):
    def executescript(self, script: str) -> sqlite3.Cursor:
        return super().executescript(
            script.replace("synchronous=FULL", "synchronous=OFF")
        )


class UnsyncedDisk(MachineDisk):
    """The real disk, but SQLite never waits for it."""

    def connect(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=_Unsynced
        )


class _NoContents:
    def content_path(self, _queue: str, _sha256: str) -> Path | None:
        return None


class LiveHost:
    """A replica over TLS on loopback, without discovery: addresses are told."""

    def __init__(self, replica: Replica, network: PeerNetwork) -> None:
        self.replica = replica
        self.network = network
        self._closing = AsyncExitStack()

    @classmethod
    async def start(cls, folder: Path, disk: MachineDisk) -> LiveHost:
        """Start on its folder, looking for others only shortly.

        The folders of hosts that share a queue lie in one folder: two benches on one
        machine, whose hosts may dial each other's former ports, stay apart.
        """
        queue = f"bench-{zlib.crc32(bytes(folder.parent)):08x}"
        worker = ThreadWorker()
        machine = replace(this_machine(worker), disk=disk)
        identity = await worker.run(load_or_create, folder, disk)
        admission = Admission(identity, folder, machine)
        await admission.load()
        await admission.serve(queue, AdmissionMode.OPEN)
        network = PeerNetwork(
            identity,
            admission,
            _NoContents(),
            machine,
            name=folder.name,
            bind="127.0.0.1",
        )
        await network.start()
        replica = Replica(
            queue,
            network.host_id,
            folder,
            network,
            machine,
            listen_seconds=1.0,
            host_name=folder.name,
        )
        host = cls(replica, network)
        host._closing.callback(worker.close)
        host._closing.push_async_callback(network.close)
        await replica.start()
        host._closing.push_async_callback(replica.close)
        return host

    def meet(self, port: int) -> None:
        """Look for another host at a port of this machine."""
        self.network.add_address(None, "127.0.0.1", port)

    async def close(self) -> None:
        """End in order."""
        await self._closing.aclose()


async def until(condition: Callable[[], object]) -> None:
    """Wait for what has no event to wait for."""
    while not condition():  # noqa: ASYNC110  a status has none
        await asyncio.sleep(0.01)
