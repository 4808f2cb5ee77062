"""A folder belongs to the machine that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonraker_netqueue.hardware import (
    FolderNotOurs,
    claim_folder,
    leave_lost_key,
    machine_marks,
    take_folder,
)
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.identity import load_or_create

_PI = frozenset({"serial 100000001234abcd"})
_OTHER = frozenset({"serial 10000000ffffffff"})
_DISK = MachineDisk()


def _card(root: Path, name: str, address: str, kind: str, built_in: bool) -> None:
    card = root / "sys/class/net" / name
    card.mkdir(parents=True)
    (card / "address").write_text(f"{address}\n")
    (card / "addr_assign_type").write_text(f"{kind}\n")
    if built_in:
        (card / "device").mkdir()


def test_a_board_is_known_by_its_serial_number(tmp_path: Path) -> None:
    """A Pi has one; its network addresses do not matter then."""
    tree = tmp_path / "proc/device-tree"
    tree.mkdir(parents=True)
    (tree / "serial-number").write_bytes(b"100000001234abcd\0")
    _card(tmp_path, "eth0", "b8:27:eb:00:00:01", "0", built_in=True)
    assert machine_marks(tmp_path) == _PI


def test_else_by_the_addresses_built_in(tmp_path: Path) -> None:
    """Not by those that a bridge, a container or a random choice gave."""
    assert machine_marks(tmp_path) == frozenset()
    _card(tmp_path, "lo", "00:00:00:00:00:00", "0", built_in=False)
    _card(tmp_path, "docker0", "02:42:00:00:00:01", "3", built_in=False)
    _card(tmp_path, "wlan0", "4a:00:00:00:00:02", "1", built_in=True)
    _card(tmp_path, "usb0", "00:00:00:00:00:00", "0", built_in=True)
    assert machine_marks(tmp_path) == frozenset()
    _card(tmp_path, "eth0", "b8:27:eb:00:00:01", "0", built_in=True)
    assert machine_marks(tmp_path) == {"mac b8:27:eb:00:00:01"}


def test_a_copied_card_begins_with_a_new_key(tmp_path: Path) -> None:
    """The folder of the first machine is kept whole, beside it."""
    folder = tmp_path / "netqueue"
    assert claim_folder(folder, _PI, _DISK) is None
    host_id = load_or_create(folder, _DISK).host_id
    assert claim_folder(folder, _PI, _DISK) is None
    assert load_or_create(folder, _DISK).host_id == host_id
    for number in (1, 2):
        marks = (_OTHER, _PI)[number - 1]
        aside = claim_folder(folder, marks, _DISK)
        assert aside == tmp_path / f"netqueue-of-another-machine-{number}"
        assert load_or_create(folder, _DISK).host_id != host_id
        assert claim_folder(folder, marks, _DISK) is None
    first = tmp_path / "netqueue-of-another-machine-1"
    assert load_or_create(first, _DISK).host_id == host_id


@pytest.mark.parametrize("spoil", [b"{torn", b'["a", 1]', b"\xff\xfe", None])
def test_marks_that_are_damaged_are_kept_and_written_anew(
    tmp_path: Path, spoil: bytes | None
) -> None:
    """None: a folder in the file's place. The host stays who it is, and is told what
    to do if its card was copied; from then on a copy is known again."""
    folder = tmp_path / "netqueue"
    assert take_folder(folder, _PI, _DISK) == []
    host_id = load_or_create(folder, _DISK).host_id
    path = folder / "machine.json"
    path.unlink()
    path.mkdir() if spoil is None else path.write_bytes(spoil)
    (told,) = take_folder(folder, _PI, _DISK)
    assert "machine.json-damaged-1" in told
    assert "copy of another printer's" in told
    assert load_or_create(folder, _DISK).host_id == host_id
    kept = folder / "machine.json-damaged-1"
    assert kept.is_dir() if spoil is None else kept.read_bytes() == spoil
    assert take_folder(folder, _PI, _DISK) == []
    (told,) = take_folder(folder, _OTHER, _DISK)
    assert "another machine's" in told


def test_a_folder_of_the_last_version_is_taken_as_it_is(tmp_path: Path) -> None:
    """It does not say whose it is."""
    folder = tmp_path / "netqueue"
    folder.mkdir()
    host_id = load_or_create(folder, _DISK).host_id
    assert claim_folder(folder, _PI, _DISK) is None
    assert load_or_create(folder, _DISK).host_id == host_id
    assert claim_folder(folder, _OTHER, _DISK) is not None


def test_a_mark_that_changes_among_others_is_learnt(tmp_path: Path) -> None:
    """A network card is replaced, later the other one."""
    folder = tmp_path / "netqueue"
    for marks in ({"a", "b"}, {"a"}, {"b"}, {"b", "c"}, {"c", "d"}, {"a"}):
        assert claim_folder(folder, frozenset(marks), _DISK) is None
    assert claim_folder(folder, frozenset({"e"}), _DISK) is not None


def test_without_marks_nothing_is_told_apart(tmp_path: Path) -> None:
    """Some machines have none; others cannot be read for a while."""
    folder = tmp_path / "netqueue"
    assert claim_folder(folder, frozenset(), _DISK) is None
    assert not folder.exists()
    claim_folder(folder, _PI, _DISK)
    assert claim_folder(folder, frozenset(), _DISK) is None
    assert claim_folder(folder, _PI, _DISK) is None


@pytest.mark.parametrize("content", ["", "{}", "[1]", "\x00"])
def test_a_damaged_mark_is_written_anew(tmp_path: Path, content: str) -> None:
    """It costs the host nothing."""
    folder = tmp_path / "netqueue"
    claim_folder(folder, _PI, _DISK)
    (folder / "machine.json").write_text(content)
    assert claim_folder(folder, _PI, _DISK) is None
    assert claim_folder(folder, _OTHER, _DISK) is not None


class _Stuck(MachineDisk):
    def replace(self, source: Path, target: Path) -> None:
        if source.is_dir():
            raise PermissionError(13, "Permission denied")
        super().replace(source, target)


def test_a_folder_that_cannot_be_put_aside_is_not_used(tmp_path: Path) -> None:
    """Two machines with one key would print the same things twice."""
    folder = tmp_path / "netqueue"
    claim_folder(folder, _PI, _DISK)
    with pytest.raises(FolderNotOurs, match="move it away by hand"):
        claim_folder(folder, _OTHER, _Stuck())


def _host(folder: Path) -> None:
    """What a host has besides its key."""
    (folder / "queues" / "lab").mkdir(parents=True)
    (folder / "queues" / "lab" / "outbox.db").write_text("what only this key may say")
    for name in ("admission.json", "printer.json", "queues.json", "entries.json"):
        (folder / name).write_text(name)


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_a_lost_key_wrote_is_put_aside(tmp_path: Path) -> None:
    """Others would refuse the rest of the outbox from another host, for ever."""
    folder = tmp_path / "netqueue"
    assert leave_lost_key(folder, _DISK) is None  # a new host
    load_or_create(folder, _DISK)
    _host(folder)
    assert leave_lost_key(folder, _DISK) is None
    (folder / "identity.pem").unlink()
    before = _files(folder)
    aside = leave_lost_key(folder, _DISK)
    assert aside == folder / "of-another-key-1"
    assert _files(aside).keys() == {
        "printer.json", "admission.json", "queues/lab/outbox.db",
    }  # fmt: skip
    left = _files(folder)
    assert left.keys() - {f"{aside.name}/{name}" for name in _files(aside)} == {
        "queues.json", "entries.json",
    }  # fmt: skip
    assert before == {name.removeprefix(f"{aside.name}/"): left[name] for name in left}
    assert leave_lost_key(folder, _DISK) is None


class _PowerCut(MachineDisk):
    def replace(self, source: Path, target: Path) -> None:
        super().replace(source, target)
        if source.name == "printer.json":
            raise OSError(5, "Input/output error")


def test_a_power_cut_meanwhile_leaves_nothing_of_the_old_key(tmp_path: Path) -> None:
    folder = tmp_path / "netqueue"
    _host(folder)
    before = _files(folder)
    with pytest.raises(FolderNotOurs, match=r"printer\.json"):
        leave_lost_key(folder, _PowerCut())
    assert leave_lost_key(folder, _DISK) == folder / "of-another-key-2"
    assert {path.name for path in folder.iterdir()} == {
        "queues.json", "entries.json", "of-another-key-1", "of-another-key-2",
    }  # fmt: skip
    assert sorted(_files(folder).values()) == sorted(before.values())
