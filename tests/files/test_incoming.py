"""Uploads on their way in, in files of their own."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.border.upload_form import UploadForm
from moonraker_netqueue.files.errors import DiskFull
from moonraker_netqueue.files.incoming import Incoming, IncomingFile
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.machine import MachineDisk, MachineRandom
from moonraker_netqueue.ports import FileMode
from tests.component.slicer import BOUNDARY, form

KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
CONTENT = b"G28\r\n--\r\n" * 300 + f"--{BOUNDARY}x\r\n".encode()


class FullDisk(MachineDisk):
    """Takes `room` bytes of each file."""

    room = 1000

    def open(self, path: Path, mode: FileMode) -> Any:
        return _FullFile(super().open(path, mode), self.room)


class _FullFile:
    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def write(self, block: bytes) -> int:
        self._room -= len(block)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._file.write(block))

    def close(self) -> None:
        """A full disk may be told of as late as here."""
        self._file.close()
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[IncomingFile]:
    file = IncomingFile(tmp_path / "x.upload", MachineDisk())
    yield file
    file.discard()


@pytest.mark.asyncio
async def test_no_two_uploads_share_a_file(store: ContentStore) -> None:
    """Whatever the second; what a crash left is cleared at the start."""
    incoming = Incoming(store, MachineDisk(), MachineRandom())
    await incoming.load()
    assert len({incoming.new().path for _ in range(100)}) == 100
    left = incoming.new()
    left.open()
    left.close()
    assert left.path.exists()
    await incoming.load()
    assert list(incoming.folder.iterdir()) == []


@pytest.mark.asyncio
async def test_a_full_disk_is_told_and_leaves_nothing(store: ContentStore) -> None:
    """In words, from the write or the close in which it shows."""
    incoming = Incoming(store, FullDisk(), MachineRandom())
    await incoming.load()
    file = incoming.new()
    upload = UploadForm(KIND, file, (), str)
    with pytest.raises(DiskFull, match="is full; delete files"):
        await store.run(upload.feed, form([("file", "a.gcode", b"G28\n" * 500)]))
    with pytest.raises(DiskFull, match="is full; delete files"):
        await store.run(file.discard)
    assert list(incoming.folder.iterdir()) == []


@pytest.mark.parametrize("step", [1, 7, 1000, 1 << 20])
def test_a_form_may_come_in_any_pieces(file: IncomingFile, step: int) -> None:
    """The bytes are those that were sent, also where they look like a border."""
    upload = UploadForm(KIND, file, ("print", "path"), str)
    body = form(
        [
            ("print", None, b"true"),
            ("other", None, b"ignored"),
            ("file", "W\u00fcrfel%22.gcode", CONTENT),
            ("path", None, "s\u00fcd".encode()),
        ]
    )
    for start in range(0, len(body), step):
        upload.feed(body[start : start + step])
    assert upload.filename() == 'W\u00fcrfel".gcode'
    assert upload.values() == {"print": "true", "path": "s\u00fcd"}
    assert file.path.read_bytes() == CONTENT


def test_a_file_that_is_not_wanted_is_not_written(file: IncomingFile) -> None:
    """Its name is known before its bytes."""

    def check(name: str) -> None:
        raise ApiError(400, f"no {name}")

    upload = UploadForm(KIND, file, (), check)
    with pytest.raises(ApiError, match=r"no a\.stl"):
        upload.feed(form([("file", "a.stl", CONTENT)]))
    assert not file.path.exists()


def test_half_a_form_is_not_a_file(file: IncomingFile) -> None:
    """What ends before its border is not complete, though it was sent so."""
    upload = UploadForm(KIND, file, (), str)
    upload.feed(form([("file", "a.gcode", CONTENT)])[:2000])
    with pytest.raises(ApiError, match="not complete"):
        upload.filename()


def test_who_writes_to_a_file_is_seen(tmp_path: Path) -> None:
    """Another program or this one; readers do not count."""
    path, disk = tmp_path / "a.gcode", MachineDisk()
    path.write_bytes(b"G28\n")
    assert not disk.is_being_written(path)
    with path.open("rb"):
        assert not disk.is_being_written(path)
    with path.open("ab"):
        assert disk.is_being_written(path)
    code = "import sys; f = open(sys.argv[1], 'ab'); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert disk.is_being_written(path)
        writer.communicate(b"\n")
    assert not disk.is_being_written(path)
