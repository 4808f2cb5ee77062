"""One authenticated connection to a peer: frames in order, a heartbeat, a limit."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
from collections import deque
from collections.abc import Awaitable
from typing import Protocol

from tornado.iostream import StreamClosedError

from ..ports import Clock, Timer
from . import frames
from .budget import Budget
from .errors import FrameInvalid
from .frames import Frame, Hello, Keepalive
from .limits import (
    HELLOS,
    LARGEST_CHUNK,
    LARGEST_FRAME,
    LARGEST_HELLO,
    UNSENT_LIMIT,
)

_LOGGER = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 1.0
SILENCE_SECONDS = 3.0  # then the peer is taken for dead; checked each keepalive
HELLO_SECONDS = 4.0
_TURN_SECONDS = 0.004  # then others get the loop, for as long at least


class ByteStream(Protocol):
    """What a link needs of a connection (Tornado's IOStream has it)."""

    def read_bytes(self, num_bytes: int) -> Awaitable[bytes]:
        """Exactly so many bytes; raises StreamClosedError."""

    def write(self, data: bytes) -> Awaitable[None]:
        """Done when the bytes are out; raises StreamClosedError."""

    def close(self) -> None:
        """Break the connection at once."""


class LinkOwner(Protocol):
    """Who is told what happens on a link."""

    def on_hello(self, link: Link, hello: Hello) -> None:
        """The peer's first hello, or news of its queues."""

    def on_frame(self, link: Link, frame: Frame) -> None:
        """Any other frame, in order; only after the hello."""

    def on_unknown_frame(self, link: Link) -> None:
        """A frame of a kind that this version does not know."""

    def on_closed(self, link: Link) -> None:
        """The link is over; `link.reason` says why."""


class Phase(enum.Enum):
    """Life of a link."""

    GREETING = "greeting"
    UP = "up"
    CLOSED = "closed"


_NEXT = {
    Phase.GREETING: {Phase.UP, Phase.CLOSED},
    Phase.UP: {Phase.CLOSED},
    Phase.CLOSED: set(),
}


class Link:
    """Moves frames between this host and the authenticated host `peer`."""

    def __init__(
        self,
        stream: ByteStream,
        peer: str,
        address: str,
        dialled: bool,
        clock: Clock,
        owner: LinkOwner,
    ) -> None:
        self.peer = peer
        self.address = address
        self.dialled = dialled
        self.phase = Phase.GREETING
        self.reason = ""
        self.broke_rule = False  # the peer did what no version of ours does
        self._stream = stream
        self._clock = clock
        self._owner = owner
        self._unsent: deque[bytes] = deque()
        self._unsent_bytes = 0
        self._to_send = asyncio.Event()
        self._closed = asyncio.Event()
        self._greeted = asyncio.Event()
        self._said: Hello | None = None
        self._hellos = Budget(HELLOS, clock)
        self._heard_at = self._checked_at = clock.monotonic()
        self._beat: Timer = clock.call_later(KEEPALIVE_SECONDS, self._keep_alive)
        self._opened_at = self._heard_at
        self._tasks = (
            asyncio.create_task(self._read_all()),
            asyncio.create_task(self._write_all()),
        )
        for task in self._tasks:
            task.add_done_callback(self._on_task_done)

    @property
    def silent_s(self) -> float:
        """Seconds since something was heard."""
        return self._clock.monotonic() - self._heard_at

    def send(self, frame: Frame) -> None:
        """Queue a frame; never blocks. Nothing happens on a closed link.

        Raises FrameTooLarge.
        """
        if self.phase is Phase.CLOSED:
            return
        for chunk in frames.chunks(frames.encode(frame)):
            self._unsent.append(chunk)
            self._unsent_bytes += len(chunk)
        if self._unsent_bytes > UNSENT_LIMIT:
            self.close("the peer does not read what it is sent")
            return
        self._to_send.set()

    def greet(self, hello: Hello) -> None:
        """Tell the peer who we are, unless that is what it was told last."""
        if hello != self._said:
            self._said = hello
            self.send(hello)

    def accept(self) -> None:
        """The owner takes the peer's hello: the link is up."""
        self._become(Phase.UP)
        self._greeted.set()

    def close(self, reason: str) -> None:
        """Break the connection; the owner is told, once."""
        if self.phase is Phase.CLOSED:
            return
        self._become(Phase.CLOSED)
        self.reason = reason
        self._beat.cancel()
        self._unsent.clear()
        self._stream.close()
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
        self._closed.set()
        self._greeted.set()
        self._owner.on_closed(self)

    def blame(self, rule: str) -> None:
        """Break the connection to a peer that broke a rule."""
        self.broke_rule = True
        self.close(rule)

    async def wait_greeted(self) -> None:
        """Return when the link is up or over."""
        await self._greeted.wait()

    async def wait_closed(self) -> None:
        """Return when the link is over."""
        await self._closed.wait()

    async def finish(self) -> None:
        """Wait for the tasks of a closed link to end."""
        await asyncio.wait(self._tasks)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        """A bug of a listener must not leave a link that nobody reads."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOGGER.error("link to %s: internal error", self.peer[:8], exc_info=error)
            self.close("internal error")

    def _become(self, phase: Phase) -> None:
        if phase not in _NEXT[self.phase]:
            raise AssertionError(f"link {self.phase} -> {phase}")
        self.phase = phase

    def _keep_alive(self) -> None:
        now = self._clock.monotonic()
        stalled = now - self._checked_at > 2 * KEEPALIVE_SECONDS
        self._checked_at = now
        self._beat = self._clock.call_later(KEEPALIVE_SECONDS, self._keep_alive)
        # After a stall of our own loop what the peer sent may still wait to be read.
        if now - self._heard_at >= SILENCE_SECONDS and not stalled:
            self.close(f"nothing heard for {SILENCE_SECONDS:g} s")
        elif self.phase is Phase.GREETING and now - self._opened_at > HELLO_SECONDS:
            self.close("the peer did not say hello")
        else:
            self.send(Keepalive())

    async def _read_all(self) -> None:
        try:
            turn = self._clock.monotonic()
            busy = 0.0
            while self.phase is not Phase.CLOSED:
                data = await self._read_frame()
                begun = self._clock.monotonic()
                self._handle(data)
                busy += self._clock.monotonic() - begun
                if self._clock.monotonic() - turn > _TURN_SECONDS:
                    # A flood is read no faster: it waits at the peer's end.
                    await self._clock.sleep(busy if busy > _TURN_SECONDS else 0)
                    turn, busy = self._clock.monotonic(), 0.0
        except StreamClosedError:
            self.close("the connection broke")
        except FrameInvalid as error:
            self.blame(f"the peer sent an invalid frame: {error}")

    async def _read_frame(self) -> bytes:
        data = bytearray()
        more = True
        largest = LARGEST_HELLO if self.phase is Phase.GREETING else LARGEST_FRAME
        while more:
            header = await self._stream.read_bytes(frames.HEADER.size)
            length, more = frames.parse_header(header)
            if len(data) + length > largest:
                raise FrameInvalid(f"more than {largest} bytes")
            data += await self._stream.read_bytes(length)
            self._heard_at = self._clock.monotonic()
        return bytes(data)

    def _handle(self, data: bytes) -> None:
        frame = frames.decode(data)
        if frame is None:
            self._owner.on_unknown_frame(self)
        elif isinstance(frame, Hello):
            if not self._hellos.take():
                raise FrameInvalid("one hello after the other")
            self._owner.on_hello(self, frame)
        elif isinstance(frame, Keepalive):
            return
        elif self.phase is Phase.GREETING:
            raise FrameInvalid("it came before the hello")
        elif self.phase is Phase.UP:
            self._owner.on_frame(self, frame)

    async def _write_all(self) -> None:
        with contextlib.suppress(StreamClosedError):  # the reader notices and closes
            turn = self._clock.monotonic()
            while True:
                await self._to_send.wait()
                await self._stream.write(self._next_piece())
                if self._clock.monotonic() - turn > _TURN_SECONDS:
                    await self._clock.sleep(0)
                    turn = self._clock.monotonic()

    def _next_piece(self) -> bytes:
        """What goes out in one write: as many small chunks as make one large."""
        piece = bytearray()
        while self._unsent and (
            not piece or len(piece) + len(self._unsent[0]) <= LARGEST_CHUNK
        ):
            piece += self._unsent.popleft()
        self._unsent_bytes -= len(piece)
        if not self._unsent:
            self._to_send.clear()
        return bytes(piece)
