"""Which machine this is, so that a copied SD card does not pass for the first (R5).

A folder belongs to the machine that made it: on other hardware a host begins with a
new key, and the folder it found is put beside, whole. What was written under a key that
is gone is put beside, too: nobody would take it from another host.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from .durable_file import (
    free_path,
    parse_json,
    read_what_is_left,
    replace_durably,
    set_aside,
)
from .errors import NetqueueError
from .peers.identity import has_identity
from .ports import Disk

_LOGGER = logging.getLogger(__name__)
_FILE_NAME = "machine.json"
_SERIAL = "proc/device-tree/serial-number"  # of a Raspberry Pi and its like
_INTERFACES = "sys/class/net"
_PERMANENT = "0"  # addr_assign_type of an address that the hardware brought along
# What a host does and knows as the host that it is. The journals last: while they are
# there, it is not done.
_OF_A_KEY = ("printer.json", "admission.json", "queues")


class FolderNotOurs(NetqueueError):
    """The folder is another machine's and cannot be put aside."""


def machine_marks(root: Path = Path("/")) -> frozenset[str]:
    """Serial number of the board, else the MAC addresses built in; may be empty."""
    serial = _text(root / _SERIAL).strip("\0 ")
    if serial.strip("0"):
        return frozenset({f"serial {serial}"})
    folder = root / _INTERFACES
    cards = sorted(folder.iterdir()) if folder.is_dir() else []
    return frozenset(
        f"mac {_text(card / 'address')}"
        for card in cards
        if (card / "device").exists()
        and _text(card / "addr_assign_type") == _PERMANENT
        and _text(card / "address").strip("0:")
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def claim_folder(directory: Path, marks: frozenset[str], disk: Disk) -> Path | None:
    """Make a folder this machine's own. Blocks.

    Returns where another machine's was put. Raises FolderNotOurs or OSError.
    """
    path = directory / _FILE_NAME
    owner = _owner(path, disk)
    if not marks or marks <= owner:
        return None
    aside = None
    if owner & marks:
        marks |= owner  # a card that shows up late, or was added
    elif owner:
        aside = _put_aside(directory, disk)
        _LOGGER.warning("%s was another machine's: it is now %s", directory, aside)
    disk.make_directory(directory)
    replace_durably(path, json.dumps(sorted(marks)).encode(), disk)
    return aside


def take_folder(directory: Path, marks: frozenset[str], disk: Disk) -> list[str]:
    """Make a folder this machine's and this key's; returns what people must know.

    Blocks. Raises FolderNotOurs or OSError.
    """
    told = []
    if damaged := _set_damaged_marks_aside(directory, disk):
        told.append(
            f"the file that says whose folder {directory} is was damaged and is kept as"
            f" {damaged.name}; it is written anew for this machine. If this card or"
            " disk is a copy of another printer's, stop Moonraker, move that folder"
            " away and start Moonraker again"
        )
    if aside := claim_folder(directory, marks, disk):
        told.append(
            f"the card or disk was another machine's; its folder is now {aside}."
            " This host joins under a new key, as a new one"
        )
    elif aside := leave_lost_key(directory, disk):
        told.append(
            f"this host's key was gone; what it had written is now in {aside}. It"
            " joins under a new key, as a new one: forget the old one"
        )
    return told


def _set_damaged_marks_aside(directory: Path, disk: Disk) -> Path | None:
    path = directory / _FILE_NAME
    if not disk.exists(path) or _marks(path, disk) is not None:
        return None
    return set_aside(path, disk)


def leave_lost_key(directory: Path, disk: Disk) -> Path | None:
    """Begin anew where the key is gone and what it wrote is not. Blocks.

    Returns where that was put. Raises FolderNotOurs or OSError.
    """
    if has_identity(directory, disk) or not disk.exists(directory / _OF_A_KEY[-1]):
        return None
    aside = free_path(directory / "of-another-key", disk)
    disk.make_directory(aside)
    for name in _OF_A_KEY:
        if disk.exists(directory / name):
            _rename(directory / name, aside / name, "of a key that is gone", disk)
    _LOGGER.warning(
        "%s has no key: what was written under it is in %s", directory, aside
    )
    return aside


def _owner(path: Path, disk: Disk) -> frozenset[str]:
    if not disk.exists(path):
        return frozenset()
    return _marks(path, disk) or frozenset()


def _marks(path: Path, disk: Disk) -> frozenset[str] | None:
    """What the file says; None: it is damaged."""
    try:
        marks = parse_json(read_what_is_left(path, disk))
    except ValueError:
        return None
    if not isinstance(marks, list) or not all(isinstance(m, str) for m in marks):
        return None
    return frozenset(marks)


def _put_aside(directory: Path, disk: Disk) -> Path:
    target = free_path(
        directory.with_name(f"{directory.name}-of-another-machine"), disk
    )
    _rename(
        directory, target, "another machine's, as if its card had been copied,", disk
    )
    return target


def _rename(path: Path, target: Path, whose: str, disk: Disk) -> None:
    try:
        disk.replace(path, target)
    except OSError as error:
        raise FolderNotOurs(
            f"{path} is {whose} and cannot be put aside ({error.strerror}): move it"
            " away by hand"
        ) from error
    disk.sync_directory(path.parent)
