"""How long links and fetches hold the event loop: thread CPU time of each callback.

Three hosts in one process over TLS on loopback. Exit status 1 if a callback of ours
took over 10 ms. Run from the root: python -m bench.links_hold
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from moonraker_netqueue.files.fetch import Fetcher
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.machine import (
    MachineDisk,
    ThreadWorker,
    this_machine,
)
from tests.peers.hosts import Host, until

LIMIT = 0.010  # seconds
BATCH = [{"i": n, "t": 3, "k": "cmd", "p": "x" * 4000} for n in range(1000)]
CONTENT = b"G1 X1 Y7 E0.3\n" * 4_000_000


class Held:
    """The longest callback since the last report, the bench's own task left out."""

    def __init__(self) -> None:
        self.own_task: asyncio.Task[Any] | None = None
        self.longest = self.worst = 0.0
        handles: Any = asyncio.Handle
        run = handles._run

        def timed(handle: Any) -> None:
            callback = handle._callback
            task = getattr(callback, "__self__", None)
            begun = time.thread_time()
            run(handle)
            if task is not self.own_task:
                self.longest = max(self.longest, time.thread_time() - begun)

        handles._run = timed

    def report(self, what: str) -> None:
        print(f"{what:40} {self.longest * 1000:6.2f} ms")
        self.worst = max(self.worst, self.longest)
        self.longest = 0.0


@asynccontextmanager
async def linked_hosts(folder: Path, worker: ThreadWorker) -> AsyncIterator[list[Host]]:
    hosts = [Host(folder / f"host{n}", worker) for n in range(3)]
    for host in hosts:
        await host.start("demo")
    for host in hosts:
        for other in hosts:
            host.hear(other)
    await until(lambda: all(len(h.network.connected("demo")) == 2 for h in hosts))
    yield hosts
    for host in hosts:
        await host.network.close()


async def send_all(hosts: list[Host], held: Held) -> None:
    network, other = hosts[0].network, hosts[1]
    heard = other.listeners["demo"].messages
    for n in range(3000):
        network.send("demo", other.host_id, {"n": n})
    await until(lambda: len(heard) == 3000)
    held.report("3000 small messages")
    network.send("demo", other.host_id, {"entries": BATCH})
    await until(lambda: len(heard) == 3001)
    held.report("a batch of 1000 entries, 4 MB")


async def fetch(hosts: list[Host], held: Held, folder: Path, w: ThreadWorker) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    for host in hosts[1:]:
        path = host.folder / "content"
        path.write_bytes(CONTENT)
        host.contents.paths["demo", sha256] = path
    store = ContentStore(folder, MachineDisk(), w)
    await store.load()
    fetcher = Fetcher(store, hosts[0].network, this_machine(w), print)
    holders = tuple(host.host_id for host in hosts[1:])
    begun = time.monotonic()
    await fetcher.fetch("demo", sha256, len(CONTENT), lambda: holders)
    seconds = time.monotonic() - begun
    held.report(f"fetch of {len(CONTENT) >> 20} MiB in {seconds:.1f} s")
    await store.materialise(sha256, "demo", "a.gcode")
    held.report("copy to print it")


async def main() -> int:
    held = Held()
    held.own_task = asyncio.current_task()
    worker = ThreadWorker()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with linked_hosts(folder, worker) as hosts:
            held.report("three hosts link")
            await send_all(hosts, held)
            await fetch(hosts, held, folder, worker)
    worker.close()
    print(f"longest {held.worst * 1000:.2f} ms, allowed {LIMIT * 1000:.0f} ms")
    return 0 if held.worst <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
