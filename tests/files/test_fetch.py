"""Fetching from pretended holders, on a real disk, in small ranges."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from moonraker_netqueue.files import download, part, sources
from moonraker_netqueue.files.errors import DiskFull, FilesError
from moonraker_netqueue.files.fetch import Fetcher
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.machine import MachineDisk, ThreadWorker, this_machine
from moonraker_netqueue.peers.errors import LinkGone
from moonraker_netqueue.ports import LinkListener, Message
from moonraker_netqueue.sim.key import SimKey

pytestmark = pytest.mark.asyncio

RANGE = 1000
DATA = b"".join(b"G1 X%d\n" % n for n in range(2000))
SHA256 = hashlib.sha256(DATA).hexdigest()
COUNT = -(-len(DATA) // RANGE)
A, B, C = "a" * 64, "b" * 64, "c" * 64


class PretendLinks:
    """Holders by host id: each a function that alters the right bytes or raises."""

    host_id = "0" * 64
    signer = SimKey(host_id)

    def __init__(self) -> None:
        self.holders: dict[str, Callable[[int, bytes], bytes]] = {}
        self.asked: Counter[str] = Counter()
        self.starts: list[int] = []
        self.flying = self.most_flying = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def holder_ids(self) -> tuple[str, ...]:
        return (A, B, C)

    def connected(self, queue: str) -> tuple[str, ...]:
        return tuple(sorted(self.holders)) if queue == "demo" else ()

    async def fetch(
        self, queue: str, peer: str, sha256: str, start: int, stop: int
    ) -> bytes:
        self.asked[peer] += 1
        self.starts.append(start)
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        try:
            await asyncio.sleep(0)
            await self.gate.wait()
            if peer not in self.holders:
                raise LinkGone("no link")
            return self.holders[peer](start // RANGE, DATA[start:stop])
        finally:
            self.flying -= 1

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        raise NotImplementedError

    def unsubscribe(self, queue: str) -> None:
        raise NotImplementedError

    def send(self, queue: str, peer: str, message: Message) -> bool:
        raise NotImplementedError

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        raise NotImplementedError


def honest(_number: int, data: bytes) -> bytes:
    return data


def liar(_number: int, data: bytes) -> bytes:
    return b"!" + data[1:]


class Bench:
    """A fetcher and what is around it."""

    def __init__(self, store: ContentStore, worker: ThreadWorker) -> None:
        self.store = store
        self.machine = this_machine(worker)
        self.links = PretendLinks()
        self.blamed: list[str] = []
        self.fetcher = self.new_fetcher()

    def new_fetcher(self) -> Fetcher:
        return Fetcher(self.store, self.links, self.machine, self.blamed.append)

    async def fetch(self, progress: Callable[[int], None] | None = None) -> Path:
        return await self.fetcher.fetch(
            "demo", SHA256, len(DATA), self.links.holder_ids, progress
        )


@pytest.fixture
def bench(
    store: ContentStore, worker: ThreadWorker, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    """Small ranges and short pauses."""
    monkeypatch.setattr(part, "RANGE_BYTES", RANGE)
    monkeypatch.setattr(download, "_WAIT_SECONDS", 0.005)
    monkeypatch.setattr(sources, "_FIRST_PAUSE", 0.005)
    return Bench(store, worker)


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.002)


async def test_content_comes_from_all_holders_at_once(bench: Bench) -> None:
    """Each range once, at most four in flight, nothing left beside the content."""
    bench.links.holders = {A: honest, B: honest}
    progress: list[int] = []
    path = await bench.fetch(progress.append)
    assert path.read_bytes() == DATA
    assert sum(bench.links.asked.values()) == COUNT
    assert min(bench.links.asked.values()) > 1
    assert bench.links.most_flying == 4
    assert progress == sorted(progress)
    assert progress[-1] == len(DATA)
    names = {path.name for path in bench.store.folder.iterdir()}
    assert names == {SHA256, "index.json"}


async def test_content_that_is_here_is_not_fetched(bench: Bench) -> None:
    """The second fetch asks nobody."""
    bench.links.holders = {A: honest}
    await bench.fetch()
    bench.links.holders = {}
    assert (await bench.fetch()).read_bytes() == DATA


async def test_concurrent_fetches_share_one_download(bench: Bench) -> None:
    """Two queues want it at once: each range travels once."""
    bench.links.holders = {A: honest}
    first, second = await asyncio.gather(bench.fetch(), bench.fetch())
    assert first == second
    assert bench.links.asked[A] == COUNT


async def test_who_gives_up_does_not_stop_the_others(bench: Bench) -> None:
    """The download ends with its last fetch only, and then at once."""
    bench.links.holders = {A: honest}
    bench.links.gate.clear()
    first, second = (asyncio.create_task(bench.fetch()) for _ in range(2))
    await until(lambda: bench.links.flying == 4)
    first.cancel()
    await asyncio.wait([first])
    assert first.cancelled()
    assert bench.links.flying == 4
    second.cancel()
    await asyncio.wait([second])
    assert bench.links.flying == 0
    bench.links.gate.set()
    assert (await bench.fetch()).read_bytes() == DATA


async def test_fetch_goes_on_where_it_was_broken_off(bench: Bench) -> None:
    """After a kill only what is missing is asked for."""
    bench.links.holders = {A: honest}
    progress: list[int] = []
    bench.links.gate.clear()
    task = asyncio.create_task(bench.fetch(progress.append))
    for _ in range(3):  # let a few through, four at a time
        await until(lambda: bench.links.flying == 4)
        bench.links.gate.set()
        await asyncio.sleep(0)
        bench.links.gate.clear()
    await bench.fetcher.close()
    await asyncio.wait([task])
    had = len((bench.store.folder / f"{SHA256}.part.ranges").read_bytes().split())
    assert had >= 4
    bench.links.gate.set()
    bench.links.asked.clear()
    bench.fetcher = bench.new_fetcher()
    assert (await bench.fetch()).read_bytes() == DATA
    assert bench.links.asked[A] == COUNT - had


async def test_what_a_power_cut_lost_is_fetched_again(bench: Bench) -> None:
    """The list of ranges got to the disk, the ranges did not: no holder is blamed."""
    bench.links.holders = {A: honest, B: honest}
    folder = bench.store.folder
    (folder / f"{SHA256}.part").write_bytes(b"\0" * 5000)
    (folder / f"{SHA256}.part.ranges").write_bytes(b"0\n1\n2\n999999\nx\n3")
    assert (await bench.fetch()).read_bytes() == DATA
    assert bench.blamed == []


@pytest.mark.parametrize("seed", range(5))
async def test_liar_is_caught_and_blamed(bench: Bench, seed: int) -> None:
    """One wrong byte among three holders: right bytes in the end, one name."""
    bench.links.holders = {A: honest, B: liar, C: honest}
    assert (await bench.fetch()).read_bytes() == DATA
    assert bench.blamed == [B]


async def test_single_wrong_range_is_enough_for_blame(bench: Bench) -> None:
    """The one who sent it wrong first is named, nobody else."""
    senders: list[str] = []

    def sending(holder: str) -> Callable[[int, bytes], bytes]:
        def send(number: int, data: bytes) -> bytes:
            if number != 7:
                return data
            senders.append(holder)
            return liar(number, data) if len(senders) == 1 else data

        return send

    bench.links.holders = {A: sending(A), B: sending(B)}
    assert (await bench.fetch()).read_bytes() == DATA
    assert bench.blamed == senders[:1]


async def test_lonely_liar_is_blamed_and_an_honest_holder_awaited(
    bench: Bench,
) -> None:
    """Wrong bytes are never used; the fetch goes on when somebody else comes."""
    bench.links.holders = {A: liar}
    task = asyncio.create_task(bench.fetch())
    await until(lambda: bench.blamed)
    asked = bench.links.asked[A]
    await asyncio.sleep(0.05)
    assert bench.links.asked[A] == asked  # it is left alone
    assert not bench.store.has(SHA256)
    bench.links.holders[B] = honest
    assert (await task).read_bytes() == DATA
    assert bench.blamed == [A]


async def test_wrong_length_counts_as_a_failure(bench: Bench) -> None:
    """A short range never shifts what follows."""
    bench.links.holders = {A: lambda _n, data: data[:-1], B: honest}
    assert (await bench.fetch()).read_bytes() == DATA


async def test_holder_that_goes_is_replaced(bench: Bench) -> None:
    """The others send what it did not."""

    def leaving(number: int, data: bytes) -> bytes:
        if bench.links.asked[A] > 3:
            bench.links.holders.pop(A, None)
            raise LinkGone("gone")
        return data

    bench.links.holders = {A: leaving, B: honest}
    assert (await bench.fetch()).read_bytes() == DATA


async def test_holders_are_awaited(bench: Bench) -> None:
    """Nobody has it now: the fetch waits, and goes on when a holder returns."""
    task = asyncio.create_task(bench.fetch())
    await asyncio.sleep(0.05)
    assert not task.done()
    bench.links.holders = {C: honest}
    assert (await task).read_bytes() == DATA


async def test_failing_holder_is_not_asked_in_a_circle(bench: Bench) -> None:
    """Pauses double; the loop stays free."""

    def broken(_number: int, _data: bytes) -> bytes:
        raise LinkGone("503")

    bench.links.holders = {A: broken}
    task = asyncio.create_task(bench.fetch())
    await asyncio.sleep(0.2)
    assert bench.links.asked[A] < 40
    task.cancel()
    await asyncio.wait([task])


async def test_no_room_is_an_error_before_anything_is_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person who waits learns it at once."""
    bench.links.holders = {A: honest}
    monkeypatch.setattr(MachineDisk, "free_bytes", lambda *_: 1000)
    with pytest.raises(DiskFull):
        await bench.fetch()
    assert not bench.links.asked


@pytest.mark.parametrize(("sha256", "size"), [("../x", 10), (SHA256, 0)])
async def test_nonsense_is_refused(bench: Bench, sha256: str, size: int) -> None:
    """Ids come from other hosts and name files here."""
    with pytest.raises(FilesError, match="is no content"):
        await bench.fetcher.fetch("demo", sha256, size, bench.links.holder_ids)


async def test_two_sizes_of_one_content_are_an_error(bench: Bench) -> None:
    """One of the two queues holds nonsense; neither corrupts the other's fetch."""
    bench.links.gate.clear()
    bench.links.holders = {A: honest}
    task = asyncio.create_task(bench.fetch())
    await until(lambda: bench.links.flying)
    with pytest.raises(FilesError, match="is said to have"):
        await bench.fetcher.fetch("demo", SHA256, 5, bench.links.holder_ids)
    bench.links.gate.set()
    await task
