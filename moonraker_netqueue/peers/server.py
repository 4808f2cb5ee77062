"""The one port of this host: links, contents and admission, over TLS 1.3."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, StreamClosedError
from tornado.web import Application, HTTPError, RequestHandler

from ..ports import Clock
from ..tasks import Tasks
from .admission_request import LARGEST_BODY
from .budget import Budgets
from .content import ContentReader, parse_range, write_range
from .errors import FrameInvalid, PortUnavailable
from .identity import fingerprint
from .limits import (
    ADMISSION_REQUESTS,
    IDLE_SECONDS,
    MOST_CONNECTIONS,
    MOST_OF_ONE,
    RANGES_AT_ONCE,
    RANGES_OF_ONE,
)
from .strangers_log import StrangersLog

FIRST_PORT, LAST_PORT = 6700, 6799
UPGRADE = "netqueue/1"  # the name of the protocol after the HTTP upgrade


@dataclass(frozen=True)
class Callbacks:
    """What the server asks its owner."""

    is_known: Callable[[str], bool]
    is_authorised: Callable[[str, str], bool]  # (queue, host id)
    on_link: Callable[[IOStream, str, str], None]  # (stream, host id, address)
    # (body, address); raises FrameInvalid
    on_admission: Callable[[bytes, str], Awaitable[bytes]]


class PeerServer:
    """Listens for other hosts."""

    def __init__(
        self,
        context: ssl.SSLContext,
        callbacks: Callbacks,
        reader: ContentReader,
        clock: Clock,
    ) -> None:
        self._ranges: set[_ContentHandler] = set()
        self._answering = Tasks()
        arguments = {
            "callbacks": callbacks,
            "reader": reader,
            "clock": clock,
            "answering": self._answering,
        }
        asked = Budgets(ADMISSION_REQUESTS, clock)
        application = Application(
            [
                (r"/netqueue/link", _LinkHandler, arguments),
                (
                    r"/netqueue/admission",
                    _AdmissionHandler,
                    {**arguments, "asked": asked},
                ),
                (
                    r"/netqueue/content/([^/]+)/([^/]+)",
                    _ContentHandler,
                    {**arguments, "running": self._ranges},
                ),
            ],
            default_handler_class=_NothingHandler,
            log_function=lambda _handler: None,  # strangers do not fill the log
        )
        self._log = StrangersLog(clock)
        self._server = _BoundedServer(
            application,
            ssl_options=context,
            no_keep_alive=True,
            max_header_size=8 << 10,
            max_body_size=LARGEST_BODY,
            idle_connection_timeout=IDLE_SECONDS,
            body_timeout=IDLE_SECONDS,
        )

    def listen(self, address: str, port: int | None) -> int:
        """Bind `port`, or the first free one; returns it. Raises PortUnavailable."""
        self._log.begin()
        if port is not None:
            try:
                return self._bind(address, port)
            except OSError as error:
                raise PortUnavailable(
                    f"port {port} of {address or 'this host'} cannot be used: "
                    f"{os.strerror(error.errno or 0)}; stop the other program, name "
                    "another port, or name none: then the first free one is taken"
                ) from error
        for candidate in range(FIRST_PORT, LAST_PORT + 1):
            bound = self._bind_if_free(address, candidate)
            if bound is not None:
                return bound
        raise PortUnavailable(
            f"no free port from {FIRST_PORT} to {LAST_PORT}; name one that is free"
        )

    def trust_only(self, context: ssl.SSLContext) -> None:
        """Use another context from the next handshake on."""
        self._server.ssl_options = context

    def cut(self, queue: str, host_id: str) -> None:
        """End the ranges of a queue that a host is reading."""
        for handler in tuple(self._ranges):
            if handler.reads == (queue, host_id):
                handler.cut()

    async def close(self) -> None:
        """Stop listening, break what is not a link, let answers begun come to an end.

        One of them may be in the middle of writing who is let in.
        """
        self._log.end()
        self._server.stop()
        await self._server.close_all_connections()
        await self._answering.finish()

    def _bind_if_free(self, address: str, port: int) -> int | None:
        try:
            return self._bind(address, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return None
            raise PortUnavailable(
                f"cannot listen on {address or 'this host'}: "
                f"{os.strerror(error.errno or 0)}; correct the address to bind"
            ) from error

    def _bind(self, address: str, port: int) -> int:
        listening = _listen(address, port)
        listening.setblocking(False)
        self._server.add_socket(listening)
        return int(listening.getsockname()[1])


class _BoundedServer(HTTPServer):
    """Keeps few connections. For a new one the oldest of who has most makes room.

    Strangers count as one: each has as many addresses as it likes, and would keep the
    members out.
    """

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        super().initialize(*args, **kwargs)
        self._arrived: list[IOStream] = []

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        kept = {one.stream: one.context for one in self._connections}
        self._arrived = [one for one in self._arrived if one in kept]
        addresses = [getattr(one, "remote_ip", "") for one in kept.values()]
        if addresses.count(address[0]) >= MOST_OF_ONE:
            stream.close()
            return
        if len(self._arrived) >= MOST_CONNECTIONS:
            self._make_room()
        self._arrived.append(stream)
        super().handle_stream(stream, address)

    def _make_room(self) -> None:
        shown = {stream: _shown(stream) for stream in self._arrived}
        ((most, _),) = Counter(shown.values()).most_common(1)
        oldest = next(stream for stream in self._arrived if shown[stream] == most)
        self._arrived.remove(oldest)
        oldest.close()


def _shown(stream: IOStream) -> bytes | None:
    """The certificate of the member that connected; None: nobody's, so far."""
    connection = cast(ssl.SSLSocket, stream.socket)
    try:
        return connection.getpeercert(binary_form=True)
    except ValueError:  # the handshake is not done
        return None


class _Handler(RequestHandler):
    """Reads who asks; everything but admission refuses strangers."""

    def initialize(
        self,
        callbacks: Callbacks,
        reader: ContentReader,
        clock: Clock,
        answering: Tasks,
    ) -> None:
        self.callbacks = callbacks
        self.reader = reader
        self.clock = clock
        self._answering = answering

    def prepare(self) -> None:
        self._answering.watch(cast("asyncio.Task[object]", asyncio.current_task()))

    def write_error(self, status_code: int, **_kwargs: Any) -> None:
        self.finish()  # the reason is in the status line

    def set_default_headers(self) -> None:
        self.clear_header("Server")

    def require_member(self) -> str:
        """The host id of the peer; raises HTTPError."""
        certificate = cast(
            "bytes | None", self.request.get_ssl_certificate(binary_form=True)
        )
        host_id = fingerprint(certificate) if certificate else ""
        if not self.callbacks.is_known(host_id):
            raise HTTPError(403, reason="not a member")
        return host_id


class _LinkHandler(_Handler):
    async def get(self) -> None:
        host_id = self.require_member()
        if self.request.headers.get("Upgrade") != UPGRADE:
            raise HTTPError(426, reason=f"this version speaks {UPGRADE}")
        address = str(self.request.remote_ip).removeprefix("::ffff:")
        stream = self.detach()
        try:
            await stream.write(
                b"HTTP/1.1 101 Switching Protocols\r\n"
                b"Connection: Upgrade\r\n"
                b"Upgrade: " + UPGRADE.encode() + b"\r\n\r\n"
            )
        except StreamClosedError:
            return
        stream.set_nodelay(True)
        self.callbacks.on_link(stream, host_id, address)


class _ContentHandler(_Handler):
    def initialize(  # type: ignore[override]
        self, running: set[_ContentHandler], **arguments: Any
    ) -> None:
        super().initialize(**arguments)
        self._running = running
        self.reads = ("", "")  # (queue, host id)
        self.size = 0  # bytes that are in memory for it

    def cut(self) -> None:
        """Break the connection: to no member any more, or to one that reads nothing."""
        connection = cast("HTTP1Connection", self.request.connection)
        connection.stream.close()

    async def get(self, queue: str, sha256: str) -> None:
        host_id = self.require_member()
        if not self.callbacks.is_authorised(queue, host_id):
            raise HTTPError(403, reason="not a member of that queue")
        start, stop = parse_range(self.request.headers.get("Range"))
        self.reads, self.size = (queue, host_id), stop - start
        self._require_room(host_id)
        self._running.add(self)
        try:
            data = await self.reader.read(queue, sha256, start, stop)
            await write_range(self, self.clock, data, self.cut)
        except StreamClosedError:
            return  # the peer has gone or given up, or was forgotten
        finally:
            self._running.discard(self)

    def _require_room(self, host_id: str) -> None:
        """Answer 503 for more than may be in memory; who asks tries again soon."""
        others = [(one.reads[1], one.size) for one in self._running]
        of_one = sum(size for reader, size in others if reader == host_id)
        of_all = sum(size for _, size in others)
        if self.size > min(RANGES_OF_ONE - of_one, RANGES_AT_ONCE - of_all):
            raise HTTPError(503, reason="too many ranges at once")


class _AdmissionHandler(_Handler):
    def initialize(  # type: ignore[override]
        self, asked: Budgets, **arguments: Any
    ) -> None:
        super().initialize(**arguments)
        self._asked = asked

    async def post(self) -> None:
        address = str(self.request.remote_ip)
        if not self._asked.take(address):
            raise HTTPError(429, reason="too many requests from that address")
        try:
            answer = await self.callbacks.on_admission(self.request.body, address)
        except FrameInvalid as error:
            raise HTTPError(400, reason="not an admission request") from error
        self.set_header("Content-Type", "application/x-msgpack")
        self.write(answer)


class _NothingHandler(RequestHandler):
    def prepare(self) -> None:
        self.set_status(404)
        self.finish()


def _listen(address: str, port: int) -> socket.socket:
    """A listening socket; all addresses of both families if `address` is empty."""
    if address:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return socket.create_server((address, port), family=family)
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True
        )
    return socket.create_server(("", port))
