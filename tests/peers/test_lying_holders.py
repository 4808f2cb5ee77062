"""Members that answer what they were not asked for, such as files of a wrong length."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from moonraker_netqueue.peers import exchange, tls
from moonraker_netqueue.peers.errors import LinkError, LinkGone, PeersError
from tests.peers.hosts import LOOPBACK, Host

pytestmark = pytest.mark.asyncio
SIZE = 1000
_OK = b"HTTP/1.1 206 Partial Content\r\n"
ANSWERS = {
    "longer than it was asked for": _OK + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001,
    "a gigabyte": _OK + b"Content-Length: 1073741824\r\n\r\n" + b"x" * 70_000,
    "shorter": _OK + b"Content-Length: 999\r\n\r\n" + b"x" * 999,
    "shorter than it says": _OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 999,
    "no length": _OK + b"\r\n" + b"x" * 1000,
    "in chunks": _OK + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000,
    "a negative length": _OK + b"Content-Length: -1000\r\n\r\n" + b"x" * 1000,
    "two lengths": _OK + b"Content-Length: 1000, 2000\r\n\r\n" + b"x" * 1000,
    "a length that is none": _OK + b"Content-Length: NaN\r\n\r\n" + b"x" * 1000,
    "another status": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000,
    "a redirection": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    "an endless head": _OK + b"X: " + b"y" * 100_000,
    "a reason with control characters": b"HTTP/1.1 500 \x1b[31m\x07bad\r\n\r\n",
    "no HTTP": b"\x00" * 5000,
    "nothing": b"",
}


@asynccontextmanager
async def answering(
    lying: Host, asking: Host, answer: bytes, closes: bool = True
) -> AsyncIterator[tuple[str, int]]:
    """A host with the liar's key that answers everything with the same bytes."""
    open_ones: list[asyncio.StreamWriter] = []

    async def answer_one(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        open_ones.append(writer)
        await reader.read(100)
        writer.write(answer)
        if closes:
            writer.close()

    context = tls.server_context(lying.identity, (asking.identity.certificate,))
    server = await asyncio.start_server(answer_one, LOOPBACK, 0, ssl=context)
    try:
        yield LOOPBACK, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()


async def _members(hosts: list[Host]) -> tuple[Host, Host]:
    """An honest host, and one that it has let in."""
    honest, lying, _ = hosts
    await honest.start("demo")
    await honest.admission.admit("demo", lying.identity.certificate, "liar")
    return honest, lying


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_range_of_another_length_is_refused(
    hosts: list[Host], name: str
) -> None:
    """Nothing of it is used, and no more of it is read than was asked for."""
    honest, lying = await _members(hosts)
    gate = honest.network._gate
    async with answering(lying, honest, ANSWERS[name]) as address:
        with pytest.raises(LinkError) as refused:
            await gate.fetch(lying.host_id, address, "demo/x", 0, SIZE)
        assert str(refused.value).isprintable()
        with pytest.raises(PeersError):
            await gate.dial(lying.host_id, address)
        with pytest.raises(PeersError):
            await gate.ask_admission(address, ("demo",))


async def test_a_range_that_only_trickles_is_given_up(
    hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another holder is asked instead, while this one still sends."""
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 0.5)
    honest, lying = await _members(hosts)
    begun = _OK + b"Content-Length: 1000\r\n\r\n" + b"x"
    async with answering(lying, honest, begun, closes=False) as address:
        with pytest.raises(LinkGone, match="no answer"):
            await honest.network._gate.fetch(lying.host_id, address, "demo/x", 0, SIZE)


async def test_another_host_at_the_address_is_not_believed(hosts: list[Host]) -> None:
    """Even a member is only itself: its key does not open the others' words."""
    honest, lying = await _members(hosts)
    third = hosts[2]
    await honest.admission.admit("demo", third.identity.certificate, "third")
    good = _OK + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000
    async with answering(lying, honest, good) as address:
        with pytest.raises(LinkGone):
            await honest.network._gate.fetch(third.host_id, address, "demo/x", 0, SIZE)
        found = await honest.network._gate.fetch(
            lying.host_id, address, "demo/x", 0, SIZE
        )
    assert found == b"x" * 1000
