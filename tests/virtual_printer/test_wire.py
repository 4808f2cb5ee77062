"""Klipper's wire protocol, against values of its own documentation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.virtual_printer.wire import (
    BlockReader,
    crc16,
    decode_int,
    encode_int,
    make_block,
    next_sequence,
)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (-33, "ff5f"),
        (-32, "60"),
        (95, "5f"),
        (96, "8060"),
        (12287, "df7f"),
        (12288, "80e000"),
        (-4096, "e000"),
        (-4097, "ffdf7f"),
    ],
)
def test_integers_change_length_where_the_protocol_says(
    value: int, encoded: str
) -> None:
    """The limits of Protocol.md: -32..95 one byte, -4096..12287 two, and so on."""
    assert encode_int(value).hex() == encoded


@given(st.integers(-(2**31), 2**31 - 1))
def test_an_integer_survives_the_wire(value: int) -> None:
    """Decoding gives back what was encoded, and where it ended."""
    encoded = encode_int(value)
    assert decode_int(b"\x05" + encoded + b"\x05", 1) == (value, 1 + len(encoded))


@given(st.integers(0, 2**32 - 1))
def test_an_unsigned_integer_survives_modulo_2_32(value: int) -> None:
    """Clocks use all 32 bits."""
    decoded, _ = decode_int(encode_int(value), 0)
    assert decoded & 0xFFFFFFFF == value


def test_an_integer_that_breaks_off_is_an_error() -> None:
    """A truncated integer never reads as a shorter one."""
    with pytest.raises(IndexError):
        decode_int(b"\x80", 0)


def test_checksum_is_crc16_mcrf4xx() -> None:
    """The catalogue's check value of CRC-16/MCRF4XX."""
    assert crc16(b"123456789") == 0x6F91


@given(st.lists(st.binary(max_size=59), max_size=5), st.integers(1, 7))
def test_blocks_are_found_in_any_pieces(payloads: list[bytes], piece: int) -> None:
    """However the bytes arrive, each block is read once, in order."""
    stream = b"".join(make_block(0x10, payload) for payload in payloads)
    reader = BlockReader()
    found = [
        block
        for start in range(0, len(stream), piece)
        for block in reader.feed(stream[start : start + piece])
    ]
    assert found == [(0x10, payload) for payload in payloads]


def test_damage_is_reported_and_the_next_block_read() -> None:
    """One flipped bit loses its own block only."""
    damaged = bytearray(make_block(0x10, b"abc"))
    damaged[3] ^= 1
    found = list(BlockReader().feed(bytes(damaged) + make_block(0x11, b"de")))
    assert found == [None, (0x11, b"de")]


def test_noise_is_skipped_up_to_the_next_sync() -> None:
    """A length that cannot be makes the reader look for a sync byte."""
    found = list(BlockReader().feed(b"\xff\xff\xff\xff\x7e" + make_block(0x10)))
    assert found == [None, (0x10, b"")]


def test_sequence_wraps_in_four_bits() -> None:
    """0x1f is followed by 0x10."""
    assert [next_sequence(0x10), next_sequence(0x1F)] == [0x11, 0x10]
