"""A small file that is replaced as a whole, or not at all."""

from __future__ import annotations

from pathlib import Path

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
