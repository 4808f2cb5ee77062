"""Klipper's wire protocol: message blocks, variable-length integers, checksums."""

from __future__ import annotations

import binascii
from collections.abc import Iterator

SYNC = 0x7E
_HEADER_SIZE = 2  # length, sequence
_TRAILER_SIZE = 3  # two bytes of checksum, SYNC
BLOCK_MIN = _HEADER_SIZE + _TRAILER_SIZE
BLOCK_MAX = 64
_SEQUENCE_FLAG = 0x10
_SEQUENCE_MASK = 0x0F

# An integer takes another leading 7-bit group where it leaves these limits.
_GROUPS = (
    (28, -0x4000000, 0xC000000),
    (21, -0x80000, 0x180000),
    (14, -0x1000, 0x3000),
    (7, -0x20, 0x60),
)

_REVERSED_BITS = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def crc16(data: bytes) -> int:
    """CRC-16/MCRF4XX: binascii's CRC-CCITT on bit-reversed bytes."""
    value = binascii.crc_hqx(data.translate(_REVERSED_BITS), 0xFFFF)
    return _REVERSED_BITS[value & 0xFF] << 8 | _REVERSED_BITS[value >> 8]


def encode_int(value: int) -> bytes:
    """The variable-length form of a 32-bit integer, signed or not."""
    out = bytearray()
    for shift, low, high in _GROUPS:
        if not low <= value < high:
            out.append(value >> shift & 0x7F | 0x80)
    out.append(value & 0x7F)
    return bytes(out)


def decode_int(data: bytes, position: int) -> tuple[int, int]:
    """(value, position after it); raises IndexError where the data ends early."""
    byte = data[position]
    value = byte & 0x7F
    if byte & 0x60 == 0x60:
        value |= -0x20
    while byte & 0x80:
        position += 1
        byte = data[position]
        value = value << 7 | byte & 0x7F
    return value, position + 1


def next_sequence(sequence: int) -> int:
    """The sequence byte that follows `sequence`."""
    return _SEQUENCE_FLAG | (sequence + 1) & _SEQUENCE_MASK


FIRST_SEQUENCE = _SEQUENCE_FLAG


def make_block(sequence: int, payload: bytes = b"") -> bytes:
    """A message block; an empty one is an acknowledgement."""
    head = bytes((len(payload) + BLOCK_MIN, sequence)) + payload
    return head + crc16(head).to_bytes(2, "big") + bytes((SYNC,))


class BlockReader:
    """Cuts a stream of bytes into blocks."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes] | None]:
        """Yield (sequence, payload) per block, None per stretch of damage."""
        self._buffer += data
        while len(self._buffer) >= BLOCK_MIN:
            size = self._buffer[0]
            if size == SYNC:
                del self._buffer[0]
                continue
            if not self._plausible(size):
                self._skip_damage()
                yield None
                continue
            if len(self._buffer) < size:
                return
            block = bytes(self._buffer[:size])
            if not _intact(block):
                self._skip_damage()
                yield None
                continue
            del self._buffer[:size]
            yield block[1], block[_HEADER_SIZE:-_TRAILER_SIZE]

    def _plausible(self, size: int) -> bool:
        flag = self._buffer[1] & ~_SEQUENCE_MASK
        return BLOCK_MIN <= size <= BLOCK_MAX and flag == _SEQUENCE_FLAG

    def _skip_damage(self) -> None:
        end = self._buffer.find(SYNC)
        if end < 0:
            self._buffer.clear()
        else:
            del self._buffer[: end + 1]


def _intact(block: bytes) -> bool:
    checksum = int.from_bytes(block[-3:-1], "big")
    return block[-1] == SYNC and crc16(block[:-_TRAILER_SIZE]) == checksum
