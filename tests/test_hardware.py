"""A folder belongs to the machine that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonraker_netqueue.hardware import FolderNotOurs, claim_folder, machine_marks
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
