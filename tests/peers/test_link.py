"""One link, in virtual time over a pretend connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgpack
import pytest
import pytest_asyncio
from tornado.iostream import StreamClosedError

from moonraker_netqueue.peers import frames, link
from moonraker_netqueue.peers.frames import Frame, Hello, Keepalive, OneWay
from moonraker_netqueue.peers.limits import LARGEST_CHUNK, LARGEST_FRAME
from moonraker_netqueue.peers.link import Link, Phase
from tests.peers.manual_clock import ManualClock, settle

pytestmark = pytest.mark.asyncio

HELLO = Hello("peer", b"n" * 16, 6700, {"demo": True})


class PretendStream:
    """The test is the other end."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()
        self.written = bytearray()
        self.can_write = asyncio.Event()
        self.can_write.set()
        self.is_closed = False

    def receive(self, frame: Frame) -> None:
        self.receive_bytes(b"".join(frames.chunks(frames.encode(frame))))

    def receive_bytes(self, data: bytes) -> None:
        self.reader.feed_data(data)

    def sent(self) -> list[Frame | None]:
        """The frames written so far, keepalives left out; one chunk each."""
        found, rest = [], bytes(self.written)
        while rest:
            length, _ = frames.parse_header(rest[: frames.HEADER.size])
            found.append(frames.decode(rest[frames.HEADER.size :][:length]))
            rest = rest[frames.HEADER.size + length :]
        return [frame for frame in found if frame != Keepalive()]

    async def read_bytes(self, num_bytes: int) -> bytes:
        try:
            return await self.reader.readexactly(num_bytes)
        except asyncio.IncompleteReadError as error:
            raise StreamClosedError from error

    async def write(self, data: bytes) -> None:
        await self.can_write.wait()
        self.written += data

    def close(self) -> None:
        self.is_closed = True
        self.reader.feed_eof()


class Owner:
    """Accepts every hello and remembers."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.unknown = 0
        self.closed: list[str] = []

    def on_hello(self, link: Link, hello: Hello) -> None:
        if link.phase is Phase.GREETING:
            link.accept()

    def on_frame(self, link: Link, frame: Frame) -> None:
        if frame == OneWay("demo", {"bug": 1}):
            raise RuntimeError("a bug")
        self.frames.append(frame)

    def on_unknown_frame(self, link: Link) -> None:
        self.unknown += 1

    def on_closed(self, link: Link) -> None:
        self.closed.append(link.reason)


class Bench:
    """A link and what is around it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.stream = PretendStream()
        self.owner = Owner()
        self.link = Link(
            self.stream, "a" * 64, "127.0.0.1", True, self.clock, self.owner
        )


@pytest_asyncio.fixture
async def greeting() -> AsyncIterator[Bench]:
    """A link whose peer has not said hello."""
    bench = Bench()
    yield bench
    bench.link.close("end of test")
    await bench.link.finish()


@pytest_asyncio.fixture
async def bench(greeting: Bench) -> Bench:
    """A link that is up."""
    greeting.stream.receive(HELLO)
    await settle()
    assert greeting.link.phase is Phase.UP
    return greeting


async def test_frames_arrive_in_order(bench: Bench) -> None:
    """Small ones and one of many chunks."""
    sent = [OneWay("demo", {"n": n}) for n in range(100)]
    sent.insert(50, OneWay("demo", {"big": b"x" * 300_000}))
    for frame in sent:
        bench.stream.receive(frame)
    await settle()
    assert bench.owner.frames == sent


async def test_frame_before_the_hello_closes(greeting: Bench) -> None:
    """Nothing counts before we know whose queues it is about."""
    greeting.stream.receive(OneWay("demo", {}))
    await settle()
    assert greeting.owner.frames == []
    assert greeting.owner.closed == [
        "the peer sent an invalid frame: it came before the hello"
    ]


async def test_silent_newcomer_is_closed(greeting: Bench) -> None:
    """A connection that never says hello does not stay, whatever keeps it alive."""
    for _ in range(5):
        greeting.stream.receive(Keepalive())
        await greeting.clock.advance(1)
    assert greeting.owner.closed == ["the peer did not say hello"]


async def test_dead_peer_is_noticed_within_four_seconds(bench: Bench) -> None:
    """A stopped or vanished peer breaks no connection: its silence must."""
    await bench.clock.advance(2.9)
    assert bench.link.phase is Phase.UP
    await bench.clock.advance(1.1)
    assert bench.owner.closed == ["nothing heard for 3 s"]
    assert bench.stream.is_closed


async def test_living_peer_keeps_its_link(bench: Bench) -> None:
    """Keepalives suffice, and ours go out too."""
    for _ in range(20):
        bench.stream.receive(Keepalive())
        await bench.clock.advance(1)
    assert bench.link.phase is Phase.UP
    assert len(bench.stream.written) >= 20


async def test_slow_large_frame_is_life(bench: Bench) -> None:
    """A peer on a weak network that sends one frame for 10 s is not dead."""
    data = frames.encode(OneWay("demo", {"big": b"x" * 600_000}))
    for chunk in frames.chunks(data):
        bench.stream.receive_bytes(chunk)
        await bench.clock.advance(1)
    assert bench.link.phase is Phase.UP
    assert len(bench.owner.frames) == 1


async def test_own_stall_is_not_taken_for_the_peers_silence(bench: Bench) -> None:
    """Lesson 18: after a stall of our loop what waits is read before judging."""
    bench.clock.jump(10)
    await bench.clock.advance(0)
    assert bench.owner.closed == []
    await bench.clock.advance(1)
    assert bench.owner.closed == ["nothing heard for 3 s"]


async def test_unread_bytes_are_bounded(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that does not read is dropped, with what waits for it."""
    monkeypatch.setattr(link, "UNSENT_LIMIT", 1 << 20)
    bench.stream.can_write.clear()
    sent = 0
    while bench.link.phase is Phase.UP:
        bench.link.send(OneWay("demo", {"b": b"x" * 100_000}))
        sent += 1
    assert sent < 15
    assert bench.owner.closed == ["the peer does not read what it is sent"]
    bench.link.send(OneWay("demo", {}))  # does nothing


async def test_hello_is_sent_only_when_it_is_news(bench: Bench) -> None:
    """Refreshing a link costs nothing if nothing changed."""
    changed = Hello("me", b"m" * 16, 6701, {"demo": True})
    bench.link.greet(HELLO)
    bench.link.greet(HELLO)
    bench.link.greet(changed)
    await settle()
    assert bench.stream.sent() == [HELLO, changed]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 8,  # a length beyond any chunk
        b"\x00\x00\x00\x00",  # an empty chunk
        b"\x00\x00\x00\x01\xc1",  # not msgpack
        b"\x00\x00\x00\x01\x01",  # not a map
    ],
)
async def test_garbage_closes_the_link(bench: Bench, data: bytes) -> None:
    """Nothing raises, the owner is told once."""
    bench.stream.receive_bytes(data)
    await settle()
    assert len(bench.owner.closed) == 1
    assert "invalid frame" in bench.owner.closed[0]


async def test_huge_frame_closes_the_link(bench: Bench) -> None:
    """A frame that goes on for ever is not collected for ever."""
    header = frames.HEADER.pack(LARGEST_CHUNK | 1 << 31)
    for _ in range(LARGEST_FRAME // LARGEST_CHUNK + 1):
        bench.stream.receive_bytes(header + b"x" * LARGEST_CHUNK)
        await asyncio.sleep(0)
    await settle()
    assert "more than" in bench.owner.closed[0]


async def test_unknown_kind_is_left_alone(bench: Bench) -> None:
    """A later version may send it; the link goes on."""
    data = msgpack.packb({"t": "later"})
    bench.stream.receive_bytes(frames.HEADER.pack(len(data)) + data)
    bench.stream.receive(OneWay("demo", {}))
    await settle()
    assert bench.owner.unknown == 1
    assert bench.owner.frames == [OneWay("demo", {})]


async def test_bug_of_a_listener_closes_the_link(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Better a new link than one that nobody reads; the log says why."""
    bench.stream.receive(OneWay("demo", {"bug": 1}))
    await settle()
    assert bench.owner.closed == ["internal error"]
    assert "a bug" in caplog.text


async def test_broken_connection_is_told_once(bench: Bench) -> None:
    """Whatever notices first."""
    bench.stream.close()
    await settle()
    bench.link.close("again")
    assert bench.owner.closed == ["the connection broke"]
