"""What a picture says of itself, without unpacking it.

A few bytes can claim 65,535 x 65,535 points, for which a phone that shows the page
would take gigabytes.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG: markers with sides
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # JPEG: markers without a length


class Picture(NamedTuple):
    """A format, as the suffix of a file's name, and the sides in points."""

    suffix: str
    width: int
    height: int


def read_picture(data: bytes) -> Picture | None:
    """What a PNG or JPEG says of itself; None for anything else."""
    if data.startswith(_PNG):
        return _read_png(data)
    return _read_jpeg(data) if data.startswith(_JPEG) else None


def _read_png(data: bytes) -> Picture | None:
    if data[12:16] != b"IHDR" or len(data) < 24:
        return None
    return Picture("png", *struct.unpack(">II", data[16:24]))


def _read_jpeg(data: bytes) -> Picture | None:
    at = len(_JPEG)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAME:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Picture("jpg", width, height)
        (length,) = struct.unpack(">H", data[at + 2 : at + 4])
        at += 2 if marker in _ALONE else 2 + max(length, 2)
    return None
