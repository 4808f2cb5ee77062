"""What a picture says of itself, without unpacking it.

A few bytes can claim 65,535 x 65,535 points, for which a phone that shows the page
would take gigabytes, and so would Moonraker, which unpacks the pictures of each file
that it finds.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..ports import Disk

SIDE_MAX = 4096  # points of a picture in a file: 64 MiB once it is unpacked
PICTURES_MAX = 32  # of a file; Moonraker looks for the end of each in all of it
_LOOKED_AT = 1 << 20  # bytes at both ends of a file in which Moonraker looks for them
_BEGIN = re.compile(rb"thumbnail(?:_([A-Za-z0-9]+))? begin[^\r\n]*")
_KINDS = frozenset((b"png", b"jpg", b"qoi"))  # others Moonraker passes over
_NO_DIGITS = b"; \t\r\n"
_PNG, _JPEG, _QOI = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"qoif"
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


def _read_qoi(data: bytes) -> Picture | None:
    if not data.startswith(_QOI) or len(data) < 12:
        return None
    return Picture("qoi", *struct.unpack(">II", data[4:12]))


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


def harm_of(path: Path, disk: Disk) -> str:
    """What is wrong with the pictures in a g-code file; "": nothing. Blocks."""
    for number, data in enumerate(_pictures(_ends(path, disk)), 1):
        picture = read_picture(data) or _read_qoi(data)
        if number > PICTURES_MAX:
            return f"more than {PICTURES_MAX} pictures"
        if picture is None and data:
            return "a picture that is no PNG, JPEG or QOI"
        if picture is not None and max(picture.width, picture.height) > SIDE_MAX:
            return f"a picture of {picture.width} x {picture.height} points"
    return ""


def _ends(path: Path, disk: Disk) -> bytes:
    size = disk.size(path)
    with disk.open(path, "rb") as file:
        head = file.read(_LOOKED_AT)
        file.seek(max(size - _LOOKED_AT, len(head)))
        return head + file.read(_LOOKED_AT)


def _pictures(text: bytes) -> Iterator[bytes]:
    """The pictures in a file; empty: it is none that Moonraker would unpack."""
    for begin in _BEGIN.finditer(text):
        if begin[1] and begin[1].lower() not in _KINDS:
            yield b""
            continue
        end = text.find(b"thumbnail", begin.end())
        digits = text[begin.end() : end if end >= 0 else len(text)]
        digits = digits.translate(None, _NO_DIGITS)
        try:
            yield base64.b64decode(digits[: len(digits) // 4 * 4])
        except ValueError:
            yield b""
