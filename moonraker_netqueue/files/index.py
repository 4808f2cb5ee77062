"""What the store holds: contents by SHA-256 with size and MD5, kept beside them.

Losing the index loses nothing: what it does not name is hashed again at start.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ..durable_file import parse_json, replace_durably
from ..names import is_sha256
from ..ports import Disk
from .digest import read_digest

_LOGGER = logging.getLogger(__name__)
FILE_NAME = "index.json"


@dataclass(frozen=True)
class Entry:
    """A content of the store."""

    size: int
    md5: str


def read_index(folder: Path, disk: Disk) -> dict[str, Entry]:
    """The contents that `folder` really holds. Blocks; raises OSError."""
    known = _read_known(folder / FILE_NAME, disk)
    index: dict[str, Entry] = {}
    for path in disk.list(folder):
        if not is_sha256(path.name):
            continue
        entry = known.get(path.name)
        if entry is None or entry.size != disk.size(path):
            entry = _hash_again(path, disk)
        if entry is not None:
            index[path.name] = entry
    return index


def write_index(folder: Path, disk: Disk, index: Mapping[str, Entry]) -> None:
    """Keep the index. Blocks; raises OSError."""
    text = json.dumps({sha256: asdict(entry) for sha256, entry in index.items()})
    replace_durably(folder / FILE_NAME, text.encode(), disk)


def _read_known(path: Path, disk: Disk) -> dict[str, Entry]:
    if not disk.exists(path):
        return {}
    with disk.open(path, "rb") as file:
        text = file.read()
    try:
        return dict(_parse(parse_json(text)))
    except (ValueError, TypeError, AttributeError, KeyError):
        _LOGGER.warning("%s is damaged; the contents are hashed again", path)
        return {}


def _parse(record: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, Entry]]:
    for sha256, fields in record.items():
        size, md5 = fields["size"], fields["md5"]
        if not isinstance(size, int) or not isinstance(md5, str):
            raise TypeError("fields")
        yield sha256, Entry(size, md5)


def _hash_again(path: Path, disk: Disk) -> Entry | None:
    digest = read_digest(path, disk)
    if digest.sha256 == path.name:
        return Entry(digest.size, digest.md5)
    _LOGGER.warning("content %s was damaged on disk and is removed", path.name)
    disk.remove(path)
    return None
