"""The files of the page, as they go over the wire."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..ports import Disk

FOLDER = Path(__file__).parent
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain; charset=utf-8",
}
_PAGE = "index.html"
_LANGUAGES = "strings/"  # of these the page loads the one it needs
_LATER = "vendor/sortable.js"  # not needed to show anything
_DIGITS = 12  # of the digest, in the paths


@dataclass(frozen=True)
class Asset:
    """A file and its compressed form."""

    data: bytes
    packed: bytes
    content_type: str


@dataclass(frozen=True)
class Assets:
    """The page and what it loads.

    `digest` is of all of it: it stands in the paths, so that browsers may keep a file
    for ever and yet never mix two versions.
    """

    digest: str
    page: Asset
    files: Mapping[str, Asset]


def read_assets(disk: Disk) -> Assets:
    """Read and compress all files: for a thread. Raises OSError."""
    read = dict(_read(disk, FOLDER, ""))
    page = read.pop(_PAGE)
    digest = hashlib.sha256()
    for name, data in sorted({**read, _PAGE: page}.items()):
        digest.update(f"{name} {len(data)}\n".encode() + data)
    version = digest.hexdigest()[:_DIGITS]
    base = f"ui/{version}/"
    early = [
        name
        for name in sorted(read)
        if name.endswith(".js") and name != _LATER and not name.startswith(_LANGUAGES)
    ]
    # Without these a browser would learn of each file only from the one before.
    links = "\n".join(f'<link rel="modulepreload" href="{base}{n}">' for n in early)
    html = page.decode().replace("$links", links).replace("$base", base)
    return Assets(
        digest=version,
        page=_asset(html.encode(), "text/html; charset=utf-8"),
        files={
            name: _asset(data, TYPES[Path(name).suffix]) for name, data in read.items()
        },
    )


def _read(disk: Disk, folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(disk.list(folder)):
        if path.suffix in TYPES or path.name == _PAGE:
            with disk.open(path, "rb") as file:
                yield f"{prefix}{path.name}", file.read()
        elif not path.suffix and not path.name.startswith("_"):
            yield from _read(disk, path, f"{prefix}{path.name}/")


def _asset(data: bytes, content_type: str) -> Asset:
    return Asset(data, gzip.compress(data, mtime=0), content_type)
