"""Commits of three voters: our event-driven replicas against stock PySyncObj.

`python3 -m bench.commit_latency` at the root of the checkout. Both run in one process
on loopback; ours write every commit to three SQLite files with fsync, stock PySyncObj
keeps its log in memory. Trust the ratio, not the digits.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pysyncobj import SyncObj, SyncObjConf, replicated

from moonraker_netqueue.machine import (
    MachineClock,
    MachineDisk,
    MachineRandom,
    ThreadWorker,
)
from moonraker_netqueue.model.command import QueuePause
from moonraker_netqueue.replica.replica import Replica
from moonraker_netqueue.replica.status import Role
from tests.replica.switchboard import Switchboard

_COMMITS = 100
_LARGE_LOG = 3000
_HOSTS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


class _Counter(SyncObj):  # type: ignore[misc]  # the library is untyped
    """A replicated number, as the library's documentation makes one."""

    def __init__(self, address: str, others: list[str], conf: SyncObjConf) -> None:
        super().__init__(address, others, conf)
        self.value = 0

    @replicated  # type: ignore[untyped-decorator]  # the library is untyped
    def increment(self) -> None:
        self.value += 1


class _HeldLoop:
    """The longest CPU time that one callback held the loop for."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._run: Callable[..., Any] = asyncio.Handle._run

    def __enter__(self) -> _HeldLoop:
        run = self._run

        def timed(handle: asyncio.Handle) -> Any:
            start = time.thread_time()
            result = run(handle)
            self.longest = max(self.longest, time.thread_time() - start)
            return result

        asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]  # a probe
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]  # a probe


def _addresses() -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in _HOSTS]
    addresses = [f"127.0.0.1:{sock.getsockname()[1]}" for sock in sockets]
    for sock in sockets:
        sock.close()
    return addresses


def _stock(**options: Any) -> list[float]:
    """Seconds of each commit on the leader, default driver and transport."""
    addresses = _addresses()
    nodes = [
        _Counter(a, [o for o in addresses if o != a], SyncObjConf(**options))
        for a in addresses
    ]
    while not all(node.isReady() for node in nodes):
        time.sleep(0.05)
    leader = next(node for node in nodes if node._isLeader())
    times: list[float] = []
    for _ in range(_COMMITS):
        done = threading.Event()
        start = time.perf_counter()
        leader.increment(callback=lambda _result, _error, done=done: done.set())
        done.wait()
        times.append(time.perf_counter() - start)
    for node in nodes:
        node.destroy_synchronous()
    return times


async def _ours(folder: Path) -> None:
    board, worker = Switchboard(), ThreadWorker()
    replicas = [_replica(host, folder, board, worker) for host in _HOSTS]
    for replica in replicas:
        await replica.start()
    await _until(lambda: all(r.status().voters == _HOSTS for r in replicas))
    leader = next(r for r in replicas if r.status().role is Role.LEADER)
    follower = next(r for r in replicas if r is not leader)
    with _HeldLoop() as held:
        _report("ours, submitted on the leader", await _time(leader))
        _report("ours, submitted on a follower", await _time(follower))
    print(f"  longest callback: {1000 * held.longest:.1f} ms of CPU")
    while leader.status().last_index < _LARGE_LOG:
        await asyncio.gather(*(_time(replica) for replica in replicas))
    for replica in replicas[1:]:
        await replica.close()
    again = [_replica(host, folder, board, worker) for host in _HOSTS[1:]]
    newcomer = _replica("dddddddd", folder, board, worker)
    with _HeldLoop() as held:
        for replica in (*again, newcomer):
            await replica.start()
        target = _LARGE_LOG
        await _until(lambda: newcomer.status().applied_index >= target)
    print(f"a newcomer and two restarts replay {_LARGE_LOG} entries:")
    print(f"  longest callback: {1000 * held.longest:.1f} ms of CPU")
    for replica in (replicas[0], *again, newcomer):
        await replica.close()
    worker.close()


def _replica(
    host: str, folder: Path, board: Switchboard, worker: ThreadWorker
) -> Replica:
    return Replica(
        "bench",
        host,
        folder / host,
        board.links(host),
        MachineClock(),
        MachineRandom(),
        worker,
        MachineDisk(),
        listen_seconds=0.2,
    )


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  a status has no event to wait for
        await asyncio.sleep(0.01)


async def _time(replica: Replica) -> list[float]:
    times: list[float] = []
    for number in range(_COMMITS):
        start = time.perf_counter()
        await replica.submit(QueuePause(number % 2 == 0), timeout=30)
        times.append(time.perf_counter() - start)
    return times


def _report(what: str, times: list[float]) -> float:
    median = statistics.median(times)
    worst = max(times)
    print(f"  {what:32} median {1000 * median:7.2f} ms, worst {1000 * worst:7.2f} ms")
    return median


def main() -> None:
    """Print latencies of the same number of commits."""
    print(f"three voters, {_COMMITS} commits one after another:")
    _report("PySyncObj, defaults", _stock())
    _report("PySyncObj, no batching", _stock(appendEntriesUseBatch=False))
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_ours(Path(folder)))


if __name__ == "__main__":
    main()
