"""How what is on a disk is read, replaced or put aside, so that nothing is lost."""

from __future__ import annotations

import errno
import itertools
import json
from pathlib import Path
from typing import Any

from .ports import Disk


def replace_durably(path: Path, data: bytes, disk: Disk, private: bool = False) -> None:
    """Make `data` the file's content, also after a crash. Blocks; raises OSError.

    What is `private` only its owner may read.
    """
    fresh = path.with_name(f"{path.name}.new")
    with disk.open_private(fresh) if private else disk.open(fresh, "wb") as file:
        file.write(data)
        disk.sync(file)
    disk.replace(fresh, path)
    disk.sync_directory(path.parent)


def read_what_is_left(path: Path, disk: Disk) -> bytes:
    """The file's content; b"" where it is gone. Blocks; raises OSError.

    It is gone if a folder is in its place, or the medium cannot read it any more. A
    file that is only not ours to read has its content still: that is an error.
    """
    try:
        with disk.open(path, "rb") as file:
            return file.read()
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.EIO):
            return b""
        raise


def parse_json(text: str | bytes) -> Any:
    """The value in a file that anybody may have written; raises ValueError."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def set_aside(path: Path, disk: Disk) -> Path:
    """Keep what is damaged under a free name; returns that. Blocks; raises OSError."""
    aside = free_path(path.with_name(f"{path.name}-damaged"), disk)
    disk.replace(path, aside)
    disk.sync_directory(path.parent)
    return aside


def free_path(path: Path, disk: Disk, suffix: str = "") -> Path:
    """The first of PATH-1SUFFIX, PATH-2SUFFIX, ... that is not there. Blocks."""
    candidates = (
        path.with_name(f"{path.name}-{number}{suffix}") for number in itertools.count(1)
    )
    return next(free for free in candidates if not disk.exists(free))
