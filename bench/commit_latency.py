"""Latency of a commit: our replicas over TLS links against PySyncObj as it comes.

`python3 -m bench.commit_latency` at the root of the checkout. Both in one process on
loopback, the same number of commits one after another. Ours write each commit to an
SQLite file per host, with fsync and without; stock PySyncObj keeps its log in memory.
Trust the ratios, not the digits. Seven hosts are five voters and two observers with us,
and seven voters with PySyncObj. A raw fsync is measured beside each row, where the
replicas' files are: the target of a follower of three is stated in it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from pysyncobj import SyncObj, SyncObjConf, replicated

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.model.command import QueuePause
from moonraker_netqueue.replica.membership import VOTERS_MAX
from moonraker_netqueue.replica.status import Role

from .live_host import LiveHost, UnsyncedDisk, until

_COMMITS = 60
_HOSTS = (1, 3, 5, 7)
_FSYNCS = 200
_TARGET = (3, "follower")  # hosts, submitted on: within ...
_TARGET_FSYNCS, _TARGET_MORE = 3, 0.005  # ... so many raw fsyncs and seconds

_Times = dict[str, list[float]]  # where it was submitted -> seconds of each commit


class _Counter(SyncObj):  # type: ignore[misc]  # the library is untyped
    """A replicated number, as the library's documentation makes one."""

    def __init__(self, address: str, others: list[str]) -> None:
        super().__init__(address, others, SyncObjConf())
        self.value = 0

    @replicated  # type: ignore[untyped-decorator]  # the library is untyped
    def increment(self) -> None:
        self.value += 1


def _addresses(count: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{sock.getsockname()[1]}" for sock in sockets]
    for sock in sockets:
        sock.close()
    return addresses


def _stock(count: int) -> _Times:
    """Default driver, transport and options."""
    addresses = _addresses(count)
    nodes = [_Counter(a, [o for o in addresses if o != a]) for a in addresses]
    while not all(node.isReady() for node in nodes):
        time.sleep(0.05)
    leader = next(node for node in nodes if node._isLeader())
    times = {"leader": _time_stock(leader)}
    if count > 1:
        follower = next(node for node in nodes if node is not leader)
        times["follower"] = _time_stock(follower)
    for node in nodes:
        node.destroy_synchronous()
    return times


def _time_stock(node: _Counter) -> list[float]:
    times: list[float] = []
    for _ in range(_COMMITS):
        done = threading.Event()
        start = time.perf_counter()
        node.increment(callback=lambda _result, _error, done=done: done.set())
        done.wait()
        times.append(time.perf_counter() - start)
    return times


async def _ours(count: int, disk: MachineDisk) -> _Times:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hosts = [await LiveHost.start(folder / "host0", disk)]
        await until(lambda: hosts[0].replica.status().role is Role.LEADER)
        for number in range(1, count):
            hosts.append(await LiveHost.start(folder / f"host{number}", disk))
            for other in hosts[:-1]:
                hosts[-1].meet(other.network.port)
        voters = min(count, VOTERS_MAX)
        await until(lambda: _settled(hosts, voters))
        leader = next(h for h in hosts if h.replica.status().role is Role.LEADER)
        times = {"leader": await _time_ours(leader)}
        if count > 1:
            followers = [h for h in hosts if h.replica.status().role is Role.FOLLOWER]
            times["follower"] = await _time_ours(followers[0])
        for host in reversed(hosts):
            await host.close()
        return times


def _settled(hosts: list[LiveHost], voters: int) -> bool:
    statuses = [host.replica.status() for host in hosts]
    last = max(status.last_index for status in statuses)
    return all(
        len(status.voters) == voters and status.applied_index == last
        for status in statuses
    )


async def _time_ours(host: LiveHost) -> list[float]:
    times: list[float] = []
    for number in range(_COMMITS):
        start = time.perf_counter()
        await host.replica.submit(QueuePause(number % 2 == 0), timeout=30)
        times.append(time.perf_counter() - start)
    return times


def _raw_fsync() -> float:
    """Median seconds of appending 200 bytes and syncing them."""
    times: list[float] = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_FSYNCS):
            start = time.perf_counter()
            file.write(b"x" * 200)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def _report(count: int, stock: _Times, ours: dict[str, _Times], raw: float) -> None:
    for role, reference in stock.items():
        rival = statistics.median(reference)
        cells = [f"{count} {role:9}{1000 * rival:8.1f}", f"{1000 * raw:8.2f}"]
        for times in ours.values():
            median, worst = statistics.median(times[role]), max(times[role])
            cells.append(
                f"{1000 * median:8.1f} {1000 * worst:8.1f} {rival / median:7.1f}x"
            )
        print(" | ".join(cells), flush=True)
        if (count, role) == _TARGET:
            _judge(statistics.median(ours["fsync"][role]), raw)


def _judge(median: float, raw: float) -> None:
    allowed = _TARGET_FSYNCS * raw + _TARGET_MORE
    print(
        f"  target: {_TARGET_FSYNCS} x raw fsync + {1000 * _TARGET_MORE:g} ms ="
        f" {1000 * allowed:.1f} ms: {'met' if median <= allowed else 'not met'}"
    )


def main() -> None:
    """Print medians and the worst, in milliseconds, and how much faster ours are."""
    print(f"{_COMMITS} commits each; milliseconds, medians")
    print(
        "hosts, on    PySyncObj | raw fsync | fsync:   worst    ratio"
        " |  no fsync: worst  ratio"
    )
    disks: dict[str, Any] = {"fsync": MachineDisk(), "no fsync": UnsyncedDisk()}
    for count in _HOSTS:
        stock = _stock(count)
        before = _raw_fsync()
        ours = {name: asyncio.run(_ours(count, disk)) for name, disk in disks.items()}
        raw = statistics.median([before, _raw_fsync()])
        _report(count, stock, ours, raw)


if __name__ == "__main__":
    main()
