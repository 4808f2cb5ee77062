"""The simulated disk: an ordinary one, but that power cuts are easily made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from moonraker_netqueue.durable_file import replace_durably
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.ports import Disk
from moonraker_netqueue.sim.disk import SimDisk

_A, _B = Path("/data/a"), Path("/data/b")


@pytest.fixture
def disk() -> Iterator[SimDisk]:
    with closing(SimDisk()) as disk:
        yield disk


def _write(disk: Disk, path: Path, data: bytes, sync: bool = False) -> None:
    with disk.open(path, "wb") as file:
        file.write(data)
        if sync:
            disk.sync(file)


def _read(disk: Disk, path: Path) -> bytes:
    with disk.open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("kind", ["simulated", "real"])
def test_it_does_what_a_real_one_does(kind: str, tmp_path: Path) -> None:
    """The same calls, the same bytes."""
    disk: Disk = SimDisk() if kind == "simulated" else MachineDisk()
    a, b = tmp_path / "a", tmp_path / "b"
    _write(disk, a, b"0123456789")
    with disk.open(a, "r+b") as file:
        file.seek(4)
        file.write(b"xy")
    with disk.open(a, "ab") as file:
        file.write(b"!")
    with disk.open(a, "r+b") as file:
        file.seek(12)
        file.write(b"z")
    assert _read(disk, a) == b"0123xy6789!\0z"
    before = disk.stamp(a)
    disk.copy(a, b)
    assert disk.stamp(a) == before
    assert disk.stamp(b) != before
    _write(disk, a, b"new")
    assert disk.stamp(a) != before
    assert (disk.size(a), disk.size(b)) == (3, 13)
    disk.replace(a, b)
    assert not disk.exists(a)
    assert list(disk.list(tmp_path)) == [b]
    assert _read(disk, b) == b"new"
    with pytest.raises(FileNotFoundError):
        disk.open(a, "rb")
    with pytest.raises(FileNotFoundError):
        disk.replace(a, b)
    disk.remove(b)
    disk.remove(b)
    assert list(disk.list(tmp_path)) == []


def test_what_is_not_synced_is_gone_after_a_power_cut(disk: SimDisk) -> None:
    """Bytes need an fsync of the file, names one of the folder."""
    _write(disk, _A, b"old", sync=True)
    disk.sync_directory(_A.parent)
    with disk.open(_A, "r+b") as file:
        file.write(b"NEW")
    _write(disk, _B, b"nameless", sync=True)
    disk.lose_power()
    assert _read(disk, _A) == b"old"
    assert not disk.exists(_B)


def test_a_name_without_its_bytes_is_an_empty_file(disk: SimDisk) -> None:
    """The classic: renamed in time, written too late."""
    _write(disk, _B, b"data")
    disk.replace(_B, _A)
    disk.sync_directory(_A.parent)
    disk.lose_power()
    assert _read(disk, _A) == b""


def test_an_unsynced_rename_is_undone(disk: SimDisk) -> None:
    """Both names are as they were."""
    for path in (_A, _B):
        _write(disk, path, path.name.encode(), sync=True)
    disk.sync_directory(_A.parent)
    disk.replace(_A, _B)
    assert _read(disk, _B) == b"a"
    disk.lose_power()
    assert (_read(disk, _A), _read(disk, _B)) == (b"a", b"b")


def test_a_file_replaced_durably_survives(disk: SimDisk) -> None:
    """What the package itself does about all this."""
    replace_durably(_A, b"one", disk)
    replace_durably(_A, b"two", disk)
    disk.lose_power()
    assert _read(disk, _A) == b"two"


def test_a_database_keeps_what_was_committed(disk: SimDisk) -> None:
    """If its name was synced, too."""
    named, nameless = (disk.connect(path) for path in (_A, _B))
    named.execute("CREATE TABLE t (x)")
    named.execute("INSERT INTO t VALUES (1)")
    nameless.execute("CREATE TABLE t (x)")
    disk.replace(_B, Path("/elsewhere/b"))
    disk.sync_directory(_A.parent)
    disk.lose_power()
    assert disk.connect(_A).execute("SELECT x FROM t").fetchall() == [(1,)]
    assert list(disk.files) == [_A]


def test_a_backup_goes_its_own_way(disk: SimDisk) -> None:
    """Files and databases, as they were."""
    disk.connect(_A).execute("CREATE TABLE t (x)")
    _write(disk, _B, b"then")
    backup = disk.copied()
    disk.connect(_A).execute("INSERT INTO t VALUES (1)")
    _write(disk, _B, b"now")
    backup.lose_power()
    assert backup.connect(_A).execute("SELECT x FROM t").fetchall() == []
    assert _read(backup, _B) == b"then"


def test_a_file_is_no_database(disk: SimDisk) -> None:
    """Nor the other way round."""
    _write(disk, _A, b"text")
    disk.connect(_B)
    with pytest.raises(sqlite3.DatabaseError):
        disk.connect(_A)
    with pytest.raises(PermissionError):
        disk.open(_B, "rb")
