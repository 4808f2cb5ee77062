"""The asking side of HTTP between hosts: one connection, one request, no reuse."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from tornado.httputil import HTTPHeaders, HTTPInputError, parse_response_start_line
from tornado.iostream import SSLIOStream, StreamClosedError, UnsatisfiableReadError

from ..names import clean_name
from ..ports import Clock
from .errors import ExchangeFailed

CONNECT_SECONDS = 4.0
ANSWER_SECONDS = 4.0
_LARGEST_HEAD = 8 << 10  # bytes
_PIECE = 64 << 10  # bytes read in one go, so that a body never holds the loop


class WrongStatus(ExchangeFailed):
    """The peer answered with another HTTP status than the one asked for."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"it answered {status} {reason}")
        self.status = status


async def connect(
    host: str, port: int, context: ssl.SSLContext, clock: Clock
) -> SSLIOStream:
    """A TLS connection; raises ExchangeFailed."""
    with _failures():
        family, address = await clock.wait_for(_resolve(host, port), CONNECT_SECONDS)
        stream = SSLIOStream(socket.socket(family), ssl_options=context)
        try:
            # Shielded: a stream whose connecting was cancelled cannot be closed, it
            # raises CancelledError, which would end whoever dials.
            connecting = asyncio.shield(stream.connect(address))
            await clock.wait_for(connecting, CONNECT_SECONDS)
            stream.set_nodelay(True)
        except BaseException:  # cancelled, too: the socket must not outlive us
            stream.close()
            raise
    return stream


async def ask(
    stream: SSLIOStream, clock: Clock, head: str, body: bytes, status: int
) -> HTTPHeaders:
    """Send a request and await the head of its answer.

    `head` is "METHOD target" and header lines, without Host and Content-Length.
    Raises ExchangeFailed, of it WrongStatus if the answer is not `status`.
    """
    request_line, _, more = head.partition("\n")
    lines = [f"{request_line} HTTP/1.1", "Host: netqueue", *more.splitlines()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with _failures():
        await clock.wait_for(
            stream.write("\r\n".join([*lines, "", ""]).encode("latin1") + body),
            ANSWER_SECONDS,
        )
        answer = await clock.wait_for(
            stream.read_until(b"\r\n\r\n", _LARGEST_HEAD), ANSWER_SECONDS
        )
        first, _, rest = answer.decode("latin1").partition("\r\n")
        start = parse_response_start_line(first)
        if start.code != status:
            raise WrongStatus(start.code, clean_name(start.reason))
        return HTTPHeaders.parse(rest)


async def read_body(
    stream: SSLIOStream, clock: Clock, headers: HTTPHeaders, largest: int
) -> bytes:
    """The body that `headers` announce; raises ExchangeFailed."""
    try:
        size = int(headers["Content-Length"])
    except (KeyError, ValueError):
        raise ExchangeFailed("it answered without a length") from None
    if not 0 <= size <= largest:
        raise ExchangeFailed(f"it answered {size} bytes, at most {largest} expected")
    body = bytearray()
    with _failures():
        while len(body) < size:
            piece = stream.read_bytes(min(_PIECE, size - len(body)))
            body += await clock.wait_for(piece, ANSWER_SECONDS)
            await clock.sleep(0)  # read_bytes does not when the bytes are there
    return bytes(body)


async def _resolve(host: str, port: int) -> tuple[int, tuple[object, ...]]:
    found = await asyncio.get_running_loop().getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )
    family, _, _, _, address = found[0]
    return family, address


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except StreamClosedError as error:
        cause = error.real_error
        raise ExchangeFailed(str(cause or "the connection broke")) from error
    except TimeoutError as error:
        raise ExchangeFailed(str(error)) from error
    except OSError as error:
        raise ExchangeFailed(error.strerror or str(error)) from error
    except (HTTPInputError, UnsatisfiableReadError, ValueError) as error:
        raise ExchangeFailed("it does not answer in HTTP") from error
