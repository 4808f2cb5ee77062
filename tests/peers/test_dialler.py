"""When a host dials another, in virtual time over a pretend network."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio

from moonraker_netqueue.peers.dialler import Dialler, NothingInCommon, State
from moonraker_netqueue.peers.errors import ExchangeFailed, PeersError
from moonraker_netqueue.peers.link import Link
from moonraker_netqueue.peers.targets import Targets
from tests.peers.manual_clock import ManualClock, settle

pytestmark = pytest.mark.asyncio

LOW, OWN, HIGH = "1" * 64, "5" * 64, "9" * 64
HERE, THERE = ("192.0.2.1", 6700), ("192.0.2.2", 6701)


class PretendLink:
    """Only its end matters here."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def wait_closed(self) -> None:
        await self.over.wait()


class PretendNetwork:
    """Hosts by address."""

    host_id = OWN

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.hosts: dict[tuple[str, int], str | PeersError] = {}
        self.links: dict[str, PretendLink] = {}
        self.dialled: list[tuple[float, tuple[str, int]]] = []
        self.asked: list[tuple[str, int]] = []
        self.refuses_links = False
        self.serving = True

    def serves_any(self) -> bool:
        return self.serving

    def find_link(self, host_id: str) -> Link | None:
        link = self.links.get(host_id)
        if link is not None and link.over.is_set():
            return None
        return cast("Link | None", link)

    async def ask_admission(self, address: tuple[str, int]) -> str:
        self.asked.append(address)
        return self._reach(address)

    async def open_link(self, host_id: str, address: tuple[str, int]) -> Link:
        self._reach(address)
        if self.refuses_links:
            raise ExchangeFailed("refused")
        self.links[host_id] = PretendLink()
        return cast("Link", self.links[host_id])

    def _reach(self, address: tuple[str, int]) -> str:
        self.dialled.append((self.clock.monotonic() - 1000, address))
        found = self.hosts.get(address, ExchangeFailed("nobody there"))
        if isinstance(found, PeersError):
            raise found
        return found


class Half:
    """Randomness in the middle of its range: pauses are exact."""

    def random(self) -> float:
        return 0.5

    def token(self, size: int) -> bytes:
        return b"\0" * size


class Bench:
    """Makes diallers and ends them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.network = PretendNetwork(self.clock)
        self.diallers: list[Dialler] = []

    def dial(self, host_id: str | None, address: tuple[str, int] = HERE) -> Dialler:
        dialler = Dialler(self.network, host_id, address, self.clock, Half())
        self.diallers.append(dialler)
        return dialler


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    """Everything a dialler needs."""
    bench = Bench()
    yield bench
    for dialler in bench.diallers:
        await dialler.close()


async def test_lower_id_dials_at_once(bench: Bench) -> None:
    """It asks for admission first: the other host may not know it."""
    bench.network.hosts[HERE] = HIGH
    dialler = bench.dial(HIGH)
    await settle()
    assert dialler.state is State.LINKED
    assert bench.network.asked == [HERE]


async def test_higher_id_waits_and_then_helps(bench: Bench) -> None:
    """The lower one dials; but it may not have heard us."""
    bench.network.hosts[HERE] = LOW
    dialler = bench.dial(LOW)
    await bench.clock.advance(1.9)
    assert bench.network.dialled == []
    await bench.clock.advance(0.2)
    assert dialler.state is State.LINKED


async def test_link_that_the_other_dialled_is_enough(bench: Bench) -> None:
    """No second one is opened."""
    bench.network.hosts[HERE] = LOW
    bench.network.links[LOW] = PretendLink()
    dialler = bench.dial(LOW)
    await bench.clock.advance(60)
    assert dialler.state is State.LINKED
    assert bench.network.dialled == []


async def test_pauses_double_up_to_five_seconds(bench: Bench) -> None:
    """A host that is off costs one attempt in five seconds."""
    bench.dial(HIGH)
    await bench.clock.advance(20)
    times = [time for time, _ in bench.network.dialled]
    gaps = [round(b - a, 3) for a, b in itertools.pairwise(times)]
    assert gaps == [0.6, 1.2, 2.4, 4.8, 5.0, 5.0]


async def test_lost_link_is_dialled_again_at_once(bench: Bench) -> None:
    """After 0.3 s, without asking for admission anew."""
    bench.network.hosts[HERE] = HIGH
    bench.dial(HIGH)
    await settle()
    bench.network.links[HIGH].over.set()
    await bench.clock.advance(0.31)
    assert bench.network.find_link(HIGH) is not None
    assert bench.network.asked == [HERE]


async def test_refused_link_asks_for_admission_anew(bench: Bench) -> None:
    """The other host may have lost its record of members."""
    bench.network.hosts[HERE] = HIGH
    dialler = bench.dial(HIGH)
    await settle()
    bench.network.refuses_links = True
    bench.network.links[HIGH].over.set()
    await bench.clock.advance(1)
    bench.network.refuses_links = False
    await bench.clock.advance(5)
    assert dialler.state is State.LINKED
    assert len(bench.network.asked) > 1


async def test_new_address_is_dialled_at_once(bench: Bench) -> None:
    """Lesson 4: a host that comes back elsewhere is not waited for at its old place."""
    dialler = bench.dial(HIGH)
    await bench.clock.advance(30)
    bench.network.hosts[THERE] = HIGH
    dialler.add_address(THERE)
    await settle()
    assert dialler.state is State.LINKED


async def test_all_addresses_are_tried_in_turn(bench: Bench) -> None:
    """A host with two networks is reached over the one that works."""
    bench.network.hosts[THERE] = HIGH
    dialler = bench.dial(HIGH, THERE)
    await settle()
    bench.network.links[HIGH].over.set()
    dialler.add_address(HERE)  # the newest, which does not work
    await bench.clock.advance(2)
    assert dialler.state is State.LINKED


async def test_another_host_at_the_address_is_not_linked(bench: Bench) -> None:
    """A discovered id must answer there; an address alone takes who answers."""
    bench.network.hosts[HERE] = LOW
    wrong = bench.dial(HIGH)
    configured = bench.dial(None)
    await bench.clock.advance(10)
    assert wrong.state is not State.LINKED
    assert configured.state is State.LINKED
    assert set(bench.network.links) == {LOW}


async def test_a_stranger_at_an_address_does_not_hold_the_dialler(
    bench: Bench,
) -> None:
    """Announced by somebody else: it answers, and never lets this host in."""
    bench.network.hosts[THERE] = HIGH
    bench.network.hosts[HERE] = NothingInCommon("a person has to answer", LOW)
    dialler = bench.dial(HIGH, THERE)
    dialler.add_address(HERE)
    await bench.clock.advance(2)
    assert dialler.state is State.LINKED


async def test_made_up_addresses_do_not_hide_where_a_host_was(bench: Bench) -> None:
    """Announced anew all the time, each is the newest one."""
    bench.network.hosts[HERE] = HIGH
    dialler = bench.dial(HIGH)
    await settle()
    made_up = [("192.0.2.9", port) for port in range(1, 40)]
    for address in made_up[:20]:
        dialler.add_address(address)
    bench.network.links[HIGH].over.set()
    for address in made_up[20:]:
        dialler.add_address(address)
        await bench.clock.advance(0.1)
    assert dialler.state is State.LINKED


async def test_configured_address_may_change_its_host(bench: Bench) -> None:
    """A printer was replaced; its place in the network is the same."""
    bench.network.hosts[HERE] = LOW
    bench.dial(None)
    await settle()
    bench.network.hosts[HERE] = HIGH
    bench.network.refuses_links = True  # the certificate does not fit
    bench.network.links[LOW].over.set()
    await bench.clock.advance(0.5)
    bench.network.refuses_links = False
    await bench.clock.advance(5)
    assert bench.network.find_link(HIGH) is not None


async def test_nothing_in_common_is_asked_rarely_until_there_is_news(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Once in ten seconds, logged once; at once when a queue is added."""
    caplog.set_level("INFO")
    bench.network.hosts[HERE] = NothingInCommon("it serves none of: demo", HIGH)
    dialler = bench.dial(HIGH)
    await bench.clock.advance(59)
    assert 5 <= len(bench.network.asked) <= 8
    assert caplog.text.count("it serves none of: demo") == 1
    bench.network.hosts[HERE] = HIGH
    dialler.wake()
    await settle()
    assert dialler.state is State.LINKED


async def test_without_a_queue_nobody_is_dialled(bench: Bench) -> None:
    """Until one is served."""
    bench.network.serving = False
    bench.network.hosts[HERE] = HIGH
    dialler = bench.dial(HIGH)
    await bench.clock.advance(10)
    assert bench.network.dialled == []
    bench.network.serving = True
    dialler.wake()
    await settle()
    assert dialler.state is State.LINKED


async def test_targets_are_bounded_and_lost_ones_make_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Announcements can be made up; own address and repeated ones cost nothing."""
    clock = ManualClock()
    targets = Targets(PretendNetwork(clock), clock, Half())
    targets.add(OWN, *HERE)
    for n in range(200):
        targets.add(f"{n:064x}", *HERE)
        targets.add(f"{n:064x}", *HERE)
    assert len(targets._diallers) == 128
    assert "more than 128 hosts" in caplog.text
    targets.lose(f"{5:064x}")
    targets.add(HIGH, *HERE)
    assert HIGH in targets._diallers
    assert f"{5:064x}" not in targets._diallers
    await targets.close()


async def test_made_up_hosts_do_not_keep_real_ones_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever can announce can announce hundreds: those that answer are kept, the
    others make room, and the log says it once."""
    clock = ManualClock()
    network = PretendNetwork(clock)
    real = f"{7:064x}"
    network.hosts[HERE] = real
    targets = Targets(network, clock, Half())
    targets.add(real, *HERE)
    await clock.advance(5)
    for n in range(400):
        targets.add(f"{1000 + n:064x}", "192.0.2.99", 1000 + n)
    assert len(targets._diallers) == 128
    await clock.advance(5)  # none of them answers
    late = f"{8:064x}"
    network.hosts[THERE] = late
    targets.add(late, *THERE)
    await clock.advance(5)
    assert {real, late} <= network.links.keys()
    assert {real, late} <= targets._diallers.keys()
    assert len([r for r in caplog.records if r.levelname == "WARNING"]) == 1
    await targets.close()
