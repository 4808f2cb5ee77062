"""Pictures in g-code files, which Moonraker unpacks as soon as it finds a file."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

from moonraker_netqueue.files.pictures import PICTURES_MAX, SIDE_MAX, harm_of
from moonraker_netqueue.machine import MachineDisk

PNG, JPEG, QOI = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"qoif"


def png(width: int, height: int) -> bytes:
    return PNG + b"\0\0\0\rIHDR" + struct.pack(">II", width, height) + bytes(900)


def jpeg(width: int, height: int) -> bytes:
    sides = struct.pack(">HH", height, width)
    return JPEG + b"\xff\xe0\0\x04ab" + b"\xff\xc0\0\x11\x08" + sides + bytes(900)


def qoi(width: int, height: int) -> bytes:
    return QOI + struct.pack(">II", width, height) + bytes(900)


def block(data: bytes, kind: str = "thumbnail") -> str:
    """As slicers write it."""
    text = base64.b64encode(data).decode()
    lines = [f"; {text[at : at + 78]}" for at in range(0, len(text), 78)]
    return "\n".join([f"; {kind} begin 32x32 {len(text)}", *lines, f"; {kind} end\n"])


def harm(folder: Path, text: str) -> str:
    path = folder / "a.gcode"
    path.write_text(text)
    return harm_of(path, MachineDisk())


@pytest.mark.parametrize("make", [png, jpeg, qoi])
def test_large_pictures_are_found(tmp_path: Path, make: object) -> None:
    """One of 900 KiB took 1.3 GB of memory when Moonraker made a small one of it."""
    assert callable(make)
    begin, end = "; a slicer\nG28\n", "G1 X1\n" * 400_000
    for text in (begin + block(make(300, 200)), begin + end + block(make(48, 48))):
        assert not harm(tmp_path, text)
    large = block(make(SIDE_MAX + 1, 2))
    for text in (begin + large, begin + block(make(9, 9)) + large, begin + end + large):
        assert f"{SIDE_MAX + 1} x 2 points" in harm(tmp_path, text)


@pytest.mark.parametrize("data", [b"BM" + bytes(99), b"GIF89a" + b"\xff" * 99])
def test_pictures_of_other_kinds_are_found(tmp_path: Path, data: bytes) -> None:
    """Who unpacks them looks at their bytes, not at what they are called."""
    assert "no PNG" in harm(tmp_path, block(data, "thumbnail_JPG"))


def test_what_moonraker_does_not_unpack_is_harmless(tmp_path: Path) -> None:
    """Slicers write kinds of their own, and files are cut off or edited by hand."""
    assert not harm(tmp_path, block(b"a kind of its own", "thumbnail_COLPIC"))
    assert not harm(tmp_path, "; thumbnail begin 9x9 4\n; ====\n; thumbnail end\n")
    assert not harm(tmp_path, "; thumbnail begin\nG28\n")


def test_pictures_without_end_are_found(tmp_path: Path) -> None:
    """Moonraker takes minutes for a file in which thousands begin and none ends."""
    assert not harm(tmp_path, block(png(9, 9)) * PICTURES_MAX)
    assert "more than" in harm(tmp_path, block(png(9, 9)) * (PICTURES_MAX + 1))
    for kind in ("thumbnail", "thumbnail_COLPIC"):
        assert "more than" in harm(tmp_path, f"; {kind} begin 9\n" * 50_000)


@pytest.mark.parametrize("text", ["", "G28\n", "; thumbnail", "G1\n" * 700_000])
def test_files_without_pictures_are_harmless(tmp_path: Path, text: str) -> None:
    """Those are most."""
    assert not harm(tmp_path, text)
