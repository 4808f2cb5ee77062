"""A member that lies: admitted, with a good certificate, and sends what it likes."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgpack
from tornado.httputil import HTTPHeaders
from tornado.iostream import SSLIOStream, StreamClosedError

from moonraker_netqueue.machine import MachineClock, MachineDisk
from moonraker_netqueue.peers import exchange, frames, tls
from moonraker_netqueue.peers.admission_request import (
    LARGEST_BODY,
    Answer,
    pack_request,
    unpack_answer,
)
from moonraker_netqueue.peers.identity import Identity, load_or_create
from moonraker_netqueue.peers.server import UPGRADE
from tests.peers.hosts import LOOPBACK

ELSEWHERE = "127.0.0.9"  # where it comes from: strangers are counted by address


class LyingLink:
    """A connection that was upgraded: bytes and frames go out unchecked."""

    def __init__(self, stream: SSLIOStream) -> None:
        self.stream = stream
        self._asked = 0

    async def ask(self, queue: str, method: str, params: dict[str, Any]) -> str:
        """What a request is answered, or the error that it is refused with."""
        self._asked += 1
        form = {"t": "req", "q": queue, "n": self._asked, "f": method, "p": params}
        await self.send(form)
        while (answer := await self.read()).get("n") != self._asked:
            pass
        return str(answer.get("e", answer.get("r")))

    async def send_bytes(self, data: bytes) -> None:
        """As they are; nothing happens if the other side has closed."""
        try:
            await self.stream.write(data)
        except StreamClosedError:
            return

    async def send(self, form: object) -> None:
        """Any value as a frame."""
        await self.send_bytes(framed(msgpack.packb(form)))

    async def read(self) -> dict[str, Any]:
        """The next frame; raises StreamClosedError."""
        data, more = b"", True
        while more:
            header = await self.stream.read_bytes(frames.HEADER.size)
            length, more = frames.parse_header(header)
            data += await self.stream.read_bytes(length)
        form: dict[str, Any] = msgpack.unpackb(data)
        return form

    async def wait_for(self, kind: str) -> dict[str, Any]:
        """The next frame of a kind."""
        while (form := await self.read()).get("t") != kind:
            pass
        return form

    async def wait_closed(self) -> None:
        """Until the other side breaks the connection."""
        try:
            while True:
                await self.read()
        except StreamClosedError:
            return


class Liar:
    """A host with a key; what it says is up to the test."""

    def __init__(self, folder: Path, address: str = ELSEWHERE) -> None:
        self.identity: Identity = load_or_create(folder, MachineDisk())
        self._address = address
        self._streams: list[SSLIOStream] = []

    @property
    def host_id(self) -> str:
        return self.identity.host_id

    async def ask_admission(self, port: int, host_id: str, *queues: str) -> Answer:
        """Ask as a newcomer does; raises ExchangeFailed."""
        body = pack_request(self.identity, "liar", queues, host_id)
        return unpack_answer(await self.post(port, body))

    async def post(self, port: int, body: bytes) -> bytes:
        """Any body, to where newcomers ask; raises ExchangeFailed."""
        clock = MachineClock()
        stream = await self.connect(port, tls.stranger_context())
        head = "POST /netqueue/admission"
        try:
            headers = await exchange.ask(stream, clock, head, body, 200)
            return await exchange.read_body(stream, clock, headers, LARGEST_BODY)
        finally:
            stream.close()

    async def connect(self, port: int, context: Any) -> SSLIOStream:
        """A TLS connection."""
        plain = socket.socket()
        plain.bind((self._address, 0))
        stream = SSLIOStream(plain, ssl_options=context)
        self._streams.append(stream)
        await stream.connect((LOOPBACK, port))
        return stream

    async def get(
        self,
        port: int,
        certificate: bytes,
        path: str,
        more: str = "",
        status: int = 206,
    ) -> tuple[SSLIOStream, HTTPHeaders]:
        """A request as a member; the body is left unread. Raises ExchangeFailed."""
        context = tls.member_context(self.identity, certificate)
        stream = await self.connect(port, context)
        head = f"GET {path}\n{more}"
        return stream, await exchange.ask(stream, MachineClock(), head, b"", status)

    async def dial(self, port: int, certificate: bytes) -> LyingLink:
        """A link on which nothing was said yet. Raises ExchangeFailed."""
        upgrade = f"Connection: Upgrade\nUpgrade: {UPGRADE}"
        stream, _ = await self.get(port, certificate, "/netqueue/link", upgrade, 101)
        return LyingLink(stream)

    async def link(
        self, port: int, certificate: bytes, queues: Mapping[str, bool]
    ) -> LyingLink:
        """A link that is up for those queues."""
        link = await self.dial(port, certificate)
        await link.send(hello(queues))
        await link.wait_for("hello")
        return link

    def close(self) -> None:
        """Close what is open."""
        for stream in self._streams:
            stream.close()


def hello(queues: Mapping[str, bool], **other: Any) -> dict[str, Any]:
    """A hello as hosts say it, but for what the test makes different."""
    form = {"t": "hello", "v": 1, "name": "liar", "nonce": b"n" * 16, "port": 6700}
    return {**form, "queues": dict(queues), "intro": True, **other}


def framed(data: bytes) -> bytes:
    """The chunks of a frame."""
    return b"".join(frames.chunks(data))


def endless_frame() -> Iterator[bytes]:
    """Chunks of a frame that does not end."""
    more = frames.HEADER.pack(1 << 31 | 1 << 16)
    while True:
        yield more + b"x" * (1 << 16)
