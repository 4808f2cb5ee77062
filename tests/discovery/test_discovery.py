"""Real multicast on loopback, between real processes and in this one."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import ifaddr
import pytest
import pytest_asyncio

from moonraker_netqueue.discovery import discovery as module
from moonraker_netqueue.discovery.discovery import Discovery, State
from moonraker_netqueue.discovery.errors import MulticastUnavailable
from moonraker_netqueue.discovery.record import Found, instance_name
from moonraker_netqueue.machine import MachineClock, ThreadWorker

pytestmark = pytest.mark.asyncio
UNHEARD = "no-such-queue"  # a demo may run on this machine meanwhile
ANNOUNCER = Path(__file__).parent / "announcer.py"


class Process:
    """An announcer in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def heard(self) -> list[object]:
        """Its next line."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        heard = json.loads(line)
        assert isinstance(heard, list)
        return heard

    def announce(self, queues: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{queues}\n".encode())

    async def end(self) -> None:
        """Close in order, unless it was killed."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        await self.process.communicate()


async def spawn(host_id: str, port: int, queues: str) -> Process:
    return Process(
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(ANNOUNCER), host_id, str(port), queues),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
    )


async def test_processes_of_one_machine_find_each_other() -> None:
    """Three of them; of them only those of a common queue; goodbyes and kills.

    A host that was killed and came back at another port is found there.
    """
    demo = f"demo-{os.getpid()}"  # real demos are heard as well
    a, b, c, other = "a" * 64, "b" * 64, "c" * 64, "d" * 64
    first = await spawn(a, 6700, demo)
    second = await spawn(b, 6701, f"{demo},x")
    third = await spawn(c, 6702, f"{demo},other")
    stranger = await spawn(other, 6703, "elsewhere")
    try:
        found = {json.dumps(await first.heard()) for _ in range(2)}
        assert found == {
            json.dumps(["found", b, 6701, [demo, "x"]]),
            json.dumps(["found", c, 6702, [demo, "other"]]),
        }
        third.announce("unrelated")
        assert await first.heard() == ["lost", c]
        second.process.kill()
        await second.process.wait()
        await second.end()
        second = await spawn(b, 6801, demo)
        assert await first.heard() == ["found", b, 6801, [demo]]
        await second.end()
        assert await first.heard() == ["lost", b]
    finally:
        for process in (first, second, third, stranger):
            await process.end()


class Watcher:
    """A discovery whose callbacks are remembered."""

    def __init__(self, interface: str | None, worker: ThreadWorker) -> None:
        self.found: list[Found] = []
        self.lost: list[str] = []
        self.warnings: list[str | None] = []
        self.news = asyncio.Event()
        self.discovery = Discovery(
            "0" * 64,
            "watcher",
            6700,
            interface=interface,
            on_found=self.found.append,
            on_lost=self.lost.append,
            on_warning=self._on_warning,
            clock=MachineClock(),
            worker=worker,
        )

    def _on_warning(self, text: str | None) -> None:
        self.warnings.append(text)
        self.news.set()


@pytest.fixture
def worker() -> Iterator[ThreadWorker]:
    """Threads that end with the test."""
    worker = ThreadWorker()
    yield worker
    worker.close()


@pytest_asyncio.fixture
async def watcher(worker: ThreadWorker) -> AsyncIterator[Watcher]:
    """Not started."""
    watcher = Watcher("127.0.0.1", worker)
    yield watcher
    await watcher.discovery.close()


async def test_wrong_interface_is_a_warning_with_remedy(worker: ThreadWorker) -> None:
    """Moonraker starts; the text names option, value and the way out."""
    watcher = Watcher("192.0.2.99", worker)
    watcher.discovery.start([UNHEARD])
    await watcher.news.wait()
    text = watcher.discovery.warning
    assert text is not None
    assert "'discovery_interface: 192.0.2.99' is not an IPv4 address" in text
    assert "'peers:'" in text
    assert watcher.discovery.state is State.FAILED
    await watcher.discovery.announce(["other"])
    await watcher.discovery.close()


async def test_network_that_comes_later_is_used(
    worker: ThreadWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi starts before its network: warned, tried again, warning withdrawn."""
    real = ifaddr.get_adapters
    monkeypatch.setattr(module, "_CHECK_SECONDS", 0.02)
    monkeypatch.setattr(ifaddr, "get_adapters", list)
    watcher = Watcher("127.0.0.1", worker)
    watcher.discovery.start([UNHEARD])
    await watcher.news.wait()
    watcher.news.clear()
    monkeypatch.setattr(ifaddr, "get_adapters", real)
    await watcher.news.wait()
    assert watcher.warnings[-1] is None
    assert watcher.discovery.state is State.HEARING
    await watcher.discovery.close()


async def test_failed_sockets_are_a_warning(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No multicast in this kernel or container: not an exception."""

    def fail(*_args: object) -> None:
        raise MulticastUnavailable("No such device")

    monkeypatch.setattr(module, "Session", fail)
    watcher.discovery.start([UNHEARD])
    await watcher.news.wait()
    assert "No such device" in (watcher.discovery.warning or "")


async def test_own_announcement_is_not_found(watcher: Watcher) -> None:
    """Multicast comes back to its sender."""
    own = Found("0" * 64, "watcher", ("127.0.0.1",), 6700, ("demo",))
    watcher.discovery._queues = frozenset({"demo"})
    watcher.discovery._on_heard(instance_name("0" * 64), own)
    assert watcher.found == []


async def test_hosts_are_bounded_and_told_once(watcher: Watcher) -> None:
    """A flood of made-up hosts does not grow for ever; repetition is no news."""
    watcher.discovery._queues = frozenset({"demo"})
    for n in range(1000):
        found = Found(f"{n:064x}", "", ("127.0.0.1",), 6700, ("demo",))
        watcher.discovery._on_heard(f"instance{n}", found)
        watcher.discovery._on_heard(f"instance{n}", found)
    assert len(watcher.found) == module._MOST_HEARD


async def test_hosts_not_heard_on_the_new_network_are_lost(watcher: Watcher) -> None:
    """After a change of address nothing old is believed without being heard again."""
    watcher.discovery._queues = frozenset({"demo"})
    one, two = (
        Found(digit * 64, "", ("127.0.0.1",), 6700, ("demo",)) for digit in "12"
    )
    watcher.discovery._on_heard("one", one)
    watcher.discovery._on_heard("two", two)
    watcher.discovery._unconfirmed = {"one", "two"}
    watcher.discovery._on_heard("two", two)
    watcher.discovery._drop_unconfirmed()
    assert watcher.lost == [one.host_id]
