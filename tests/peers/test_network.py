"""Hosts that link, with real TLS on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl

import pytest

from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.peers import exchange, tls
from moonraker_netqueue.peers.dialler import NothingInCommon
from moonraker_netqueue.peers.errors import (
    ExchangeFailed,
    LinkGone,
    PortUnavailable,
    RequestRefused,
    RequestTimedOut,
)
from moonraker_netqueue.peers.frames import OneWay, Request
from moonraker_netqueue.peers.link import Phase
from tests.peers.hosts import LOOPBACK, Host, until

pytestmark = pytest.mark.asyncio


async def link(*hosts: Host, queue: str = "demo") -> None:
    """Start what is not started, and wait until all are linked."""
    for host in hosts:
        if not host.network.port:
            await host.start(queue)
    for host in hosts:
        for other in hosts:
            host.hear(other)
    everyone = {host.host_id for host in hosts}
    await until(
        lambda: all(
            {*host.network.connected(queue), host.host_id} == everyone for host in hosts
        )
    )


async def test_hosts_of_one_queue_link(hosts: list[Host]) -> None:
    """Open admission and links come by themselves; both sides know the name."""
    await link(*hosts)
    a, b, _ = hosts
    assert a.network.peer_name(b.host_id) == b.folder.name
    assert ("connected", b.host_id) in a.listeners["demo"].events
    assert a.admission.is_member("demo", b.host_id)


async def test_members_outlive_a_restart(hosts: list[Host]) -> None:
    """A host that starts anew links as the same host, at a new port, at once."""
    a, b, _ = hosts
    await link(a, b)
    await b.restart()
    a.hear(b)
    b.hear(a)
    await until(lambda: b.network.connected("demo"))
    await until(lambda: a.network.connected("demo"))
    assert [e for e, _ in a.listeners["demo"].events] == [
        "connected",
        "disconnected",
        "connected",
    ]


async def test_restarted_peer_replaces_its_stale_link(hosts: list[Host]) -> None:
    """Its new nonce says that the old connection is dead, whatever TCP thinks."""
    a, b, _ = hosts
    await link(a, b)
    stale = a.network.find_link(b.host_id)
    twin = b.new_network()  # the same host; its former process vanished unseen
    b.admission.on_changed = None
    await twin.start()
    twin.subscribe("demo", b.listeners["demo"])
    try:
        await twin.open_link(a.host_id, (LOOPBACK, a.network.port))
        assert stale is not None
        assert stale.reason == "a newer link replaces it"
        assert a.network.connected("demo") == (b.host_id,)
    finally:
        await twin.close()


async def test_messages_keep_their_order(hosts: list[Host]) -> None:
    """Small and large, each exactly once."""
    a, b, _ = hosts
    await link(a, b)
    for n in range(200):
        size = 500_000 if n % 50 == 0 else 1
        assert a.network.send("demo", b.host_id, {"n": n, "fill": b"x" * size})
    heard = b.listeners["demo"].messages
    await until(lambda: len(heard) == 200)
    assert [message["n"] for message in heard] == list(range(200))


async def test_requests_are_answered_concurrently(hosts: list[Host]) -> None:
    """One that takes long does not hold the others up."""
    a, b, _ = hosts
    await link(a, b)
    slow = asyncio.create_task(
        a.network.request("demo", b.host_id, "wait", {}, timeout=60)
    )
    answers = await asyncio.gather(
        *(
            a.network.request("demo", b.host_id, "echo", {"n": n}, timeout=60)
            for n in range(20)
        )
    )
    assert [answer["n"] for answer in answers] == list(range(20))
    assert not slow.done()
    b.listeners["demo"].release.set()
    assert await slow == {}


async def test_request_ends_in_the_peers_error(
    hosts: list[Host], caplog: pytest.LogCaptureFixture
) -> None:
    """An error on purpose arrives as it is, a bug only as "internal error"."""
    a, b, _ = hosts
    await link(a, b)
    with pytest.raises(RequestRefused, match="no method fly"):
        await a.network.request("demo", b.host_id, "fly", {}, timeout=60)
    with pytest.raises(RequestRefused, match="internal error"):
        await a.network.request("demo", b.host_id, "bug", {}, timeout=60)
    assert "a bug" in caplog.text


async def test_request_times_out(hosts: list[Host]) -> None:
    """A peer that does not answer is not waited for; the link stays."""
    a, b, _ = hosts
    await link(a, b)
    with pytest.raises(RequestTimedOut, match="no answer to wait"):
        await a.network.request("demo", b.host_id, "wait", {}, timeout=0.05)
    assert await a.network.request("demo", b.host_id, "echo", {}, timeout=60) == {}


async def test_open_requests_end_with_the_link(hosts: list[Host]) -> None:
    """Who waits learns at once that the link is gone."""
    a, b, _ = hosts
    await link(a, b)
    waiting = asyncio.create_task(
        a.network.request("demo", b.host_id, "wait", {}, timeout=60)
    )
    await until(lambda: b.network._peers[a.host_id].calls._answering)
    await b.network.close()
    with pytest.raises(LinkGone):
        await waiting
    assert not a.network.send("demo", b.host_id, {})


async def test_peer_cannot_open_requests_without_bound(hosts: list[Host]) -> None:
    """The 65th at once is refused, not queued."""
    a, b, _ = hosts
    await link(a, b)
    requests = [
        asyncio.create_task(
            a.network.request("demo", b.host_id, "wait", {}, timeout=60)
        )
        for _ in range(70)
    ]
    await until(lambda: sum(request.done() for request in requests) == 6)
    b.listeners["demo"].release.set()
    results = await asyncio.gather(*requests, return_exceptions=True)
    assert [type(result) for result in results].count(RequestRefused) == 6
    assert results.count({}) == 64


async def test_frame_for_another_queue_is_dropped(
    hosts: list[Host], caplog: pytest.LogCaptureFixture
) -> None:
    """R13: a member of one queue says nothing about another on the same port."""
    a, b, _ = hosts
    await link(a, b)
    private = await b.serve("private")
    attacker = a.network.find_link(b.host_id)
    assert attacker is not None
    for _ in range(3):
        attacker.send(OneWay("private", {"evil": 1}))
    attacker.send(Request("private", 1, "echo", {}))
    attacker.send(OneWay("demo", {"good": 1}))
    await until(lambda: b.listeners["demo"].messages)
    assert private.messages == []
    assert private.events == []
    assert b.network.dropped["unauthorised"] == 4
    said = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(said) == 1  # once per cause


async def test_queue_served_later_uses_the_same_link(hosts: list[Host]) -> None:
    """One link serves all queues; serving one no more ends it for that queue."""
    a, b, _ = hosts
    await link(a, b)
    first = a.network.find_link(b.host_id)
    await a.serve("second")
    await b.serve("second")
    await until(lambda: a.network.connected("second") and b.network.connected("second"))
    assert a.network.find_link(b.host_id) is first
    b.network.unsubscribe("second")
    await until(lambda: not a.network.connected("second"))
    assert a.network.connected("demo") == (b.host_id,)
    assert a.listeners["second"].events == [
        ("connected", b.host_id),
        ("disconnected", b.host_id),
    ]


async def test_hosts_without_a_common_queue_do_not_link(hosts: list[Host]) -> None:
    """Neither admits the other."""
    a, b, _ = hosts
    await a.start("one")
    await b.start("two")
    with pytest.raises(NothingInCommon, match="it serves none of: one"):
        await a.network.ask_admission((LOOPBACK, b.network.port))
    with pytest.raises(LinkGone, match="not a member"):
        await a.network.open_link(b.host_id, (LOOPBACK, b.network.port))
    assert a.admission.find(b.host_id) is None
    assert b.admission.find(a.host_id) is None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_links_both_sides_keep_the_same(
    hosts: list[Host], order: tuple[int, int]
) -> None:
    """The one dialled by the lower id stays, whichever came first."""
    low, high, _ = hosts
    await low.start("demo")
    await high.start("demo")
    await low.network.ask_admission((LOOPBACK, high.network.port))
    pair = (low, high)
    for index in order:
        dialling, other = pair[index], pair[1 - index]
        address = (LOOPBACK, other.network.port)
        await dialling.network.open_link(other.host_id, address)
    await until(lambda: not low.network._greeting and not high.network._greeting)
    kept_low = low.network.find_link(high.host_id)
    kept_high = high.network.find_link(low.host_id)
    assert kept_low is not None
    assert kept_high is not None
    await until(
        lambda: len(low.network._peers) == 1 and kept_high.phase is not Phase.CLOSED
    )
    assert (kept_low.dialled, kept_high.dialled) == (True, False)
    answer = await high.network.request("demo", low.host_id, "echo", {}, timeout=60)
    assert answer == {}


async def test_simultaneous_dialling_settles(hosts: list[Host]) -> None:
    """Everybody configured everywhere, all dial at once: one link a pair stays."""
    for host in hosts:
        await host.start("demo")
    for host in hosts:
        for other in hosts:  # its own address, too: people copy one list
            host.network.add_address(None, LOOPBACK, other.network.port)
    await until(lambda: all(len(h.network.connected("demo")) == 2 for h in hosts))
    await until(lambda: not any(host.network._greeting for host in hosts))
    pairs = [(h, o) for h in hosts for o in hosts]
    while True:  # what is being dialled may replace a link, but not for ever
        before = [h.network.find_link(o.host_id) for h, o in pairs]
        await asyncio.sleep(0.7)  # longer than the first pauses between attempts
        after = [h.network.find_link(o.host_id) for h, o in pairs]
        if before == after:
            break
    assert [link is not None for link in after] == [h is not o for h, o in pairs]


async def test_unknown_certificate_is_refused_in_the_handshake(
    hosts: list[Host],
) -> None:
    """Whoever is no member of any queue here gets no HTTP answer at all."""
    a, b, _ = hosts
    await a.start("demo")
    await b.start("demo")
    context = tls.member_context(b.identity, a.identity.certificate)
    clock = MachineClock()
    # In TLS 1.3 the client finishes first and meets the refusal when it reads.
    stream = await exchange.connect(LOOPBACK, a.network.port, context, clock)
    try:
        with pytest.raises(ExchangeFailed) as caught:
            await exchange.ask(stream, clock, "GET /netqueue/link", b"", 101)
    finally:
        stream.close()
    assert not isinstance(caught.value, exchange.WrongStatus)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /netqueue/link\nUpgrade: netqueue/1", 403),
        (f"GET /netqueue/content/demo/{'a' * 64}\nRange: bytes=0-0", 403),
        ("GET /netqueue/admission", 405),
        ("GET /", 404),
    ],
)
async def test_anonymous_gets_only_admission(
    hosts: list[Host], head: str, status: int
) -> None:
    """Without a certificate nothing answers but the request to be admitted."""
    a = hosts[0]
    await a.start("demo")
    clock = MachineClock()
    context = tls.stranger_context()
    stream = await exchange.connect(LOOPBACK, a.network.port, context, clock)
    try:
        with pytest.raises(exchange.WrongStatus) as caught:
            await exchange.ask(stream, clock, head, b"", 101)
    finally:
        stream.close()
    assert caught.value.status == status


async def test_dialling_another_host_than_expected_fails(hosts: list[Host]) -> None:
    """An announcement with a false id leads to no link and no admission."""
    a, b, c = hosts
    await link(a, b)
    await c.start("demo")
    with pytest.raises(ExchangeFailed):
        await a.network.open_link(b.host_id, (LOOPBACK, c.network.port))
    a.network.add_address("0" * 64, LOOPBACK, c.network.port)
    await until(lambda: c.admission.find(a.host_id))
    assert a.admission.find("0" * 64) is None


async def test_old_tls_is_refused(hosts: list[Host]) -> None:
    """TLS 1.3 at least."""
    a = hosts[0]
    await a.start("demo")
    context = tls.stranger_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ExchangeFailed):
        await exchange.connect(LOOPBACK, a.network.port, context, MachineClock())


async def test_ranges_of_a_content(hosts: list[Host]) -> None:
    """Any range, byte for byte; one beyond the end and unknown contents fail."""
    a, b, _ = hosts
    await link(a, b)
    data = bytes(n * 7 % 256 for n in range(300_000))
    sha256 = hashlib.sha256(data).hexdigest()
    path = b.folder / "content"
    path.write_bytes(data)
    b.contents.paths["demo", sha256] = path
    fetch = a.network.fetch
    assert await fetch("demo", b.host_id, sha256, 0, 1) == data[:1]
    assert await fetch("demo", b.host_id, sha256, 99_999, 300_000) == data[99_999:]
    with pytest.raises(LinkGone, match="shorter"):
        await fetch("demo", b.host_id, sha256, 0, 300_001)
    with pytest.raises(LinkGone, match="too large"):
        await fetch("demo", b.host_id, sha256, 0, (4 << 20) + 1)
    with pytest.raises(LinkGone, match="no such content"):
        await fetch("demo", b.host_id, "a" * 64, 0, 1)
    with pytest.raises(LinkGone, match="no link"):
        await fetch("demo", "f" * 64, sha256, 0, 1)


async def test_range_of_another_queue_is_refused(hosts: list[Host]) -> None:
    """R13: a member of one queue reads no content of another on the same port."""
    a, b, _ = hosts
    await link(a, b)
    await b.serve("private")
    path = b.folder / "content"
    path.write_bytes(b"secret")
    b.contents.paths["private", "a" * 64] = path
    address = (LOOPBACK, b.network.port)
    with pytest.raises(LinkGone, match="not a member of that queue"):
        await a.network._gate.fetch(b.host_id, address, f"private/{'a' * 64}", 0, 6)


async def test_port_in_use_is_named(hosts: list[Host]) -> None:
    """A configured port is not silently replaced by another."""
    a, b, _ = hosts
    await a.start()
    b.network = b.new_network(a.network.port)
    with pytest.raises(PortUnavailable, match=f"port {a.network.port} of 127.0.0.1"):
        await b.start()


async def test_bad_bind_address_is_named(hosts: list[Host]) -> None:
    """The remedy says what to correct."""
    a = hosts[0]
    a.network._bind = "192.0.2.99"
    a.network._wanted_port = None
    with pytest.raises(PortUnavailable, match=r"192\.0\.2\.99.*address to bind"):
        await a.start()


async def test_without_a_configured_port_the_first_free_one_is_taken(
    hosts: list[Host],
) -> None:
    """Two hosts on one machine do not collide."""
    a, b, _ = hosts
    for host in (a, b):
        host.network._wanted_port = None
        await host.start()
    assert a.network.port != b.network.port
    assert min(a.network.port, b.network.port) >= 6700
    assert max(a.network.port, b.network.port) < 6800
