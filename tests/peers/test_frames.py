"""Frames: what is written is read, and what a stranger writes is checked."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.peers import frames
from moonraker_netqueue.peers.errors import FrameInvalid, FrameTooLarge
from moonraker_netqueue.peers.frames import (
    Hello,
    Keepalive,
    OneWay,
    Refusal,
    Reply,
    Request,
)
from moonraker_netqueue.peers.limits import LARGEST_CHUNK, LARGEST_FRAME

HELLO = {"t": "hello", "v": 1, "name": "n", "nonce": b"0" * 16, "port": 1, "queues": {}}


@pytest.mark.parametrize(
    "frame",
    [
        Hello("name", b"n" * 16, 6700, {"demo": True, "other": False}),
        Keepalive(),
        OneWay("demo", {"a": [1, b"x", None, 0.5]}),
        Request("demo", 7, "method", {}),
        Reply(7, {"r": 1}),
        Refusal(7, "because"),
    ],
)
def test_frame_survives_the_wire(frame: frames.Frame) -> None:
    """Every kind comes out as it went in."""
    assert frames.decode(frames.encode(frame)) == frame


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {"t": "msg"},
        {"t": "msg", "q": "../demo", "m": {}},
        {"t": "msg", "q": "demo", "m": []},
        {"t": "req", "q": "demo", "n": -1, "f": "m", "p": {}},
        {"t": "req", "q": "demo", "n": True, "f": "m", "p": {}},
        {"t": "req", "q": "demo", "n": 1, "f": "", "p": {}},
        {"t": "req", "q": "demo", "n": 1, "f": "m" * 65, "p": {}},
        {"t": "ok", "n": 1, "r": 3},
        {"t": "no", "n": 1, "e": 3},
        {**HELLO, "nonce": b"short"},
        {**HELLO, "port": 0},
        {**HELLO, "port": 65536},
        {**HELLO, "queues": {"demo": 1}},
        {**HELLO, "queues": {f"q{n}": True for n in range(65)}},
    ],
)
def test_wrong_fields_are_invalid(fields: object) -> None:
    """Types, ranges and sizes are checked."""
    with pytest.raises(FrameInvalid):
        frames.decode(msgpack.packb(fields))


def test_unknown_kind_and_unknown_fields_are_left_to_later_versions() -> None:
    """Another version may say more."""
    assert frames.decode(msgpack.packb({"t": "new"})) is None
    assert frames.decode(msgpack.packb({"t": ["new"]})) is None
    assert frames.decode(msgpack.packb({"t": "alive", "more": 1})) == Keepalive()


def test_name_of_a_stranger_is_cleaned() -> None:
    """It goes to logs and pages."""
    hello = frames.decode(msgpack.packb({**HELLO, "name": "a\x1b[2J\nb" + "c" * 99}))
    assert isinstance(hello, Hello)
    assert hello.name == ("a [2J b" + "c" * 99)[:64]


@given(st.binary(max_size=200))
def test_garbage_is_invalid_or_ignored(data: bytes) -> None:
    """No bytes raise anything but FrameInvalid."""
    try:
        frames.decode(data)
    except FrameInvalid:
        return


def test_deep_nesting_is_invalid() -> None:
    """A small frame cannot exhaust the stack."""
    with pytest.raises(FrameInvalid):
        frames.decode(b"\x91" * 100_000)


def test_too_large_message_is_an_error_of_the_sender() -> None:
    """It is not cut off, and the receiver never sees it."""
    with pytest.raises(FrameTooLarge):
        frames.encode(OneWay("demo", {"b": b"x" * LARGEST_FRAME}))


@pytest.mark.parametrize("size", [1, 65535, 65536, 65537, 131072, 200_000])
def test_chunks_join_to_the_frame(size: int) -> None:
    """Cut at any size, all but the last chunk say that more follows."""
    data = bytes(n % 251 for n in range(size))
    joined, flags = b"", []
    for chunk in frames.chunks(data):
        length, more = frames.parse_header(chunk[: frames.HEADER.size])
        assert length == len(chunk) - frames.HEADER.size
        joined += chunk[frames.HEADER.size :]
        flags.append(more)
    assert joined == data
    assert flags == [True] * (len(flags) - 1) + [False]


@pytest.mark.parametrize("length", [0, LARGEST_CHUNK + 1])
def test_header_with_a_wrong_length_is_invalid(length: int) -> None:
    """A stranger cannot make us reserve memory."""
    with pytest.raises(FrameInvalid):
        frames.parse_header(frames.HEADER.pack(length))
