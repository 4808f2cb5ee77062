"""What strangers can do to the port of a host: little."""

from __future__ import annotations

import asyncio
import socket

import pytest
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.peers import exchange, server, tls
from moonraker_netqueue.peers.admission_request import (
    LARGEST_BODY,
    Answer,
    Verdict,
    pack_answer,
    pack_request,
    unpack_answer,
    unpack_request,
)
from moonraker_netqueue.peers.content import parse_range
from moonraker_netqueue.peers.errors import ExchangeFailed, FrameInvalid
from moonraker_netqueue.peers.limits import (
    LARGEST_RANGE,
    MOST_CONNECTIONS,
    MOST_OF_ONE,
)
from tests.peers.hosts import LOOPBACK, Host, until

pytestmark = pytest.mark.asyncio

_CONTENT = "a" * 64


async def post(host: Host, body: bytes, head: str = "") -> bytes:
    """An anonymous request for admission."""
    clock = MachineClock()
    stream = await exchange.connect(
        LOOPBACK, host.network.port, tls.stranger_context(), clock
    )
    try:
        headers = await exchange.ask(
            stream, clock, f"POST /netqueue/admission{head}", body, 200
        )
        return await exchange.read_body(stream, clock, headers, LARGEST_BODY)
    finally:
        stream.close()


async def linked(a: Host, b: Host) -> HTTPServer:
    """Link two members; what listens at the port of `a`."""
    await a.start("demo")
    await b.start("demo")
    a.hear(b)
    b.hear(a)
    await until(lambda: a.network.connected("demo"))
    assert a.network._server is not None
    return a.network._server._server


async def test_flood_of_silent_connections_is_bounded(
    hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost little memory and end; a member that was linked stays linked."""
    monkeypatch.setattr(server, "IDLE_SECONDS", 3.0)
    a, b, _ = hosts
    http = await linked(a, b)
    sockets = [socket.create_connection((LOOPBACK, a.network.port)) for _ in range(100)]
    await until(lambda: len(http._connections) == MOST_OF_ONE)
    assert await b.network.request("demo", a.host_id, "echo", {}, timeout=60) == {}
    await until(lambda: not http._connections)
    assert a.network.connected("demo") == (b.host_id,)
    for open_socket in sockets:
        open_socket.close()


async def test_strangers_of_many_addresses_do_not_keep_members_out(
    hosts: list[Host],
) -> None:
    """They hold all connections that there may be; a member still gets its file."""
    a, b, _ = hosts
    http = await linked(a, b)
    path = a.contents.paths["demo", _CONTENT] = a.folder / "part"
    path.write_bytes(b"G28\n")
    sockets = [
        socket.create_connection(
            (LOOPBACK, a.network.port), source_address=(f"127.0.0.{2 + n % 8}", 0)
        )
        for n in range(MOST_CONNECTIONS)
    ]
    await until(lambda: len(http._connections) == MOST_CONNECTIONS)
    data = await b.network.fetch("demo", a.host_id, _CONTENT, 0, 4)
    assert data == b"G28\n"
    for open_socket in sockets:
        open_socket.close()


async def test_a_member_of_many_addresses_does_not_keep_others_out(
    hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has most makes room: it, not one that a stranger or another member opens."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 4)
    a, b, _ = hosts
    http = await linked(a, b)
    certificate = a.admission.roll("demo").own.certificate
    context = tls.member_context(b.identity, certificate)
    clock = MachineClock()
    address = (LOOPBACK, a.network.port)
    mine = [await exchange.connect(*address, context, clock) for _ in range(3)]
    strange = socket.create_connection(address)
    await until(lambda: len(http._connections) == len([*mine, strange]))
    streams = [one.stream for one in http._connections]
    await until(lambda: sum(server._shown(one) is not None for one in streams) == 3)
    answer = await post(a, pack_request(hosts[2].identity, "c", ("demo",), a.host_id))
    assert unpack_answer(answer).verdicts == {"demo": Verdict.ADMITTED}
    with pytest.raises(StreamClosedError):
        await mine[0].read_bytes(1)
    strange.setblocking(False)
    with pytest.raises(BlockingIOError):
        strange.recv(1)
    strange.close()
    for stream in mine:
        stream.close()


async def test_garbage_on_the_port_does_no_harm(hosts: list[Host]) -> None:
    """Not TLS, or TLS and then not HTTP."""
    a = hosts[0]
    await a.start("demo")
    with socket.create_connection((LOOPBACK, a.network.port)) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        await asyncio.sleep(0)
    clock = MachineClock()
    stream = await exchange.connect(
        LOOPBACK, a.network.port, tls.stranger_context(), clock
    )
    with pytest.raises(ExchangeFailed):
        await exchange.ask(stream, clock, "\x00\x01\x02", b"", 200)
    stream.close()
    answer = await post(a, pack_request(hosts[1].identity, "b", ("demo",), a.host_id))
    assert unpack_answer(answer).verdicts == {"demo": Verdict.ADMITTED}


async def test_request_for_admission_is_answered_per_queue(hosts: list[Host]) -> None:
    """Only for what is served; nothing is said about other queues."""
    a, b, _ = hosts
    await a.start("demo")
    answer = await post(a, pack_request(b.identity, "b", ("demo", "x"), a.host_id))
    heard = unpack_answer(answer)
    assert heard.name == a.folder.name
    assert heard.verdicts == {"demo": Verdict.ADMITTED, "x": Verdict.NOT_SERVED}
    assert a.admission.is_member("demo", b.host_id)


async def test_close_waits_for_an_admission_that_is_being_written(
    hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of a network that is closed goes on behind its owner's back."""
    a, b, _ = hosts
    await a.start("demo")
    begun, go_on = asyncio.Event(), asyncio.Event()
    admit = a.admission.admit

    async def admit_slowly(queue: str, certificate: bytes, name: str) -> None:
        begun.set()
        await go_on.wait()
        await admit(queue, certificate, name)

    monkeypatch.setattr(a.admission, "admit", admit_slowly)
    asked = asyncio.create_task(
        post(a, pack_request(b.identity, "b", ("demo",), a.host_id))
    )
    await begun.wait()
    closing = asyncio.create_task(a.network.close())
    with pytest.raises(ExchangeFailed):
        await asked  # its connection is cut at once
    assert not closing.done()
    go_on.set()
    await closing
    assert a.admission.is_member("demo", b.host_id)


async def test_request_meant_for_another_host_is_refused(hosts: list[Host]) -> None:
    """Who stands between two hosts cannot pass a request on."""
    a, b, c = hosts
    await a.start("demo")
    with pytest.raises(exchange.WrongStatus, match="400"):
        await post(a, pack_request(b.identity, "b", ("demo",), c.host_id))
    assert a.admission.find(b.host_id) is None


@pytest.mark.parametrize("body", [b"", b"x", b"\x80", b"x" * (LARGEST_BODY + 1)])
async def test_bad_request_for_admission_is_refused(
    hosts: list[Host], body: bytes
) -> None:
    """Garbage and too much of it, without an error in the log or out of the loop."""
    a = hosts[0]
    await a.start("demo")
    with pytest.raises(ExchangeFailed):
        await post(a, body)


async def test_full_queue_refuses(
    hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newcomer learns it, instead of trying to link."""
    monkeypatch.setattr("moonraker_netqueue.peers.roll.MOST_MEMBERS", 0)
    a, b, _ = hosts
    await a.start("demo")
    answer = await post(a, pack_request(b.identity, "b", ("demo",), a.host_id))
    assert unpack_answer(answer).verdicts == {"demo": Verdict.REFUSED}


async def test_request_survives_the_wire(hosts: list[Host]) -> None:
    """And its signature covers the queues."""
    a, b, _ = hosts
    body = pack_request(b.identity, "b", ("demo",), a.host_id)
    request = unpack_request(body, a.host_id)
    assert request.certificate == b.identity.certificate
    assert request.queues == ("demo",)
    with pytest.raises(FrameInvalid, match="signature"):
        unpack_request(body.replace(b"demo", b"evil"), a.host_id)


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x80", pack_answer(Answer("n", {})) + b"x", b"\x81\xa6queues\x81\xa1q\x01"],
)
async def test_hostile_answer_is_invalid(answer: bytes) -> None:
    """The other side is a stranger, too."""
    with pytest.raises(FrameInvalid):
        unpack_answer(answer)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=0-", "bytes=-5", "bytes=0-1,3-4", "bytes=5-4", "lines=0-1"],
)
async def test_odd_ranges_are_refused(header: str | None) -> None:
    """One closed range, not empty."""
    with pytest.raises(HTTPError):
        parse_range(header)


async def test_ranges_are_bounded() -> None:
    """4 MiB and not a byte more."""
    last = LARGEST_RANGE - 1
    assert parse_range(f"bytes=0-{last}") == (0, LARGEST_RANGE)
    with pytest.raises(HTTPError):
        parse_range(f"bytes=0-{last + 1}")
