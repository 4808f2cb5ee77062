"""The form of entries and raft messages."""

from __future__ import annotations

import contextlib
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.replica import wire
from moonraker_netqueue.replica.entry import PAYLOAD_MAX, Entry, Kind, pack, unpack
from moonraker_netqueue.replica.errors import WireInvalid

_ASCII = st.text(st.characters(max_codepoint=127), max_size=60)
_HOST = st.from_regex(r"[0-9a-f]{8,64}", fullmatch=True)


def _append(*entries: list[Any], **changed: Any) -> dict[str, Any]:
    return {
        "type": "append_entries",
        "term": 3,
        "commit_index": 1,
        "prevLogIdx": 4,
        "prevLogTerm": 2,
        "entries": list(entries),
    } | changed


@given(_ASCII, _HOST)
def test_entries_come_back_as_they_were(text: str, host: str) -> None:
    """Packed, unpacked: the same kind and payload."""
    for kind, payload in (
        (Kind.COMMAND, text),
        (Kind.ADD, host),
        (Kind.REMOVE, host),
        (Kind.NOOP, ""),
    ):
        assert unpack(pack(kind, payload)) == (kind, payload)


@given(st.lists(_ASCII, max_size=5))
def test_messages_come_back_as_they_were(payloads: list[str]) -> None:
    """Through msgpack and the checks, the library gets what the library sent."""
    entries = [
        Entry(pack(Kind.COMMAND, text), 5 + number, 3)
        for number, text in enumerate(payloads)
    ]
    message = _append() | {"entries": entries}
    form = wire.encode("g" * 8, "life1", message)
    assert (form["t"], form["g"], form["i"]) == ("raft", "g" * 8, "life1")
    assert wire.decode(msgpack.unpackb(msgpack.packb(form["m"]))) == message


@pytest.mark.parametrize(
    "form",
    [
        _append([5, 3, "cmd"]),
        _append([5, 3, "cmd", "x", 1]),
        _append([5, 3, "ver", "x"]),
        _append([5, 3, "cmd", b"x"]),
        _append([5, 3, "cmd", "\u00e9"]),
        _append([5, 3, "cmd", "x" * (PAYLOAD_MAX + 1)]),
        _append([5, 3, "add", "not a host id"]),
        _append([5, 3, "noop", "x"]),
        _append([6, 3, "noop", ""]),  # a gap
        _append([5, 4, "noop", ""]),  # of a later term than its sender's
        _append([5, 1, "noop", ""]),  # of an earlier term than the entry before
        _append(prevLogIdx=0),
        _append(prevLogIdx=None),
        _append(entries=None),
        _append(entries={"a": 1}),
        _append(transmission="start"),
        _append(type="serialized"),
        {"type": "next_node_idx", "term": 1, "next_node_idx": 1}
        | {"reset": False, "success": True},
        {"type": "next_node_idx", "term": 1, "next_node_idx": 2}
        | {"reset": 0, "success": True},
    ],
)
def test_what_breaks_the_form_is_refused(form: dict[str, Any]) -> None:
    """Each of these is WireInvalid, never another error."""
    with pytest.raises(WireInvalid):
        wire.decode(form)


def test_a_batch_has_a_limit() -> None:
    """More bytes of entries than a leader sends in one message are refused."""
    size = PAYLOAD_MAX
    count = wire.BATCH_BYTES // size + 3
    entries = [[5 + n, 3, "cmd", "x" * size] for n in range(count)]
    with pytest.raises(WireInvalid, match="bytes of entries"):
        wire.decode(_append(*entries))
    assert len(wire.decode(_append(*entries[:-2]))["entries"]) == count - 2
    assert size + 1 < wire.BATCH_BYTES  # else the library sends it in pieces


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_is_decoded_or_refused(value: object) -> None:
    """No other exception leaves, whatever a peer sends."""
    with contextlib.suppress(WireInvalid):
        wire.decode(value)
    with contextlib.suppress(WireInvalid):
        wire.decode(_append(entries=value))
    with contextlib.suppress(WireInvalid):
        wire.decode(_append(entries=[[5, 3, "cmd", value], value]))


@given(st.binary(max_size=30))
def test_any_bytes_are_unpacked_or_refused(data: bytes) -> None:
    """The bytes of an entry are never trusted either."""
    try:
        kind, payload = unpack(data)
    except WireInvalid:
        return
    assert data[1:].decode() == payload
    assert isinstance(kind, Kind)
