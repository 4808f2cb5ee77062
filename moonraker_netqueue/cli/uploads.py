"""Local files on their way to a host: what was typed, hashed and sent."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from .client import Client
from .errors import CliError, WrongUsage
from .text import clean

_CHUNK = 1 << 20
_COUNTED = re.compile(r"(.+):(\d{1,6})", re.DOTALL)


@dataclass(frozen=True)
class Wanted:
    """A file and how often it is to be printed; the count may come from --count."""

    name: str
    count: int | None


def parse_wanted(text: str, is_file: Callable[[str], bool]) -> Wanted:
    """FILE or FILE:COUNT. A file whose own name ends like that goes first."""
    found = _COUNTED.fullmatch(text)
    if found is None or is_file(text):
        return Wanted(text, None)
    return Wanted(found[1], int(found[2]))


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine and where it goes below the host's gcodes."""

    path: Path
    target: str
    size: int
    sha256: str


def local_files(names: Sequence[str]) -> list[LocalFile]:
    """The files with their hashes; raises CliError for one that cannot be read.

    Two that have one name go into folders named as those they come from.
    """
    paths = [Path(name) for name in names]
    alike = Counter(path.name for path in {path.resolve() for path in paths})
    files = []
    for path in paths:
        target = path.name
        if alike[path.name] > 1:
            target = f"{path.resolve().parent.name or 'root'}/{path.name}"
        size, sha256 = hash_of(path)
        files.append(LocalFile(path, target, size, sha256))
    contents: dict[str, str] = {}
    for file in files:
        if contents.setdefault(file.target, file.sha256) != file.sha256:
            raise WrongUsage(f"two files would become {file.target}: rename one")
    return files


def hash_of(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file; raises CliError if it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        raise CliError(
            f"file {clean(path)} cannot be read: {error.strerror}; for a file that is"
            " on the host already, use --on-host"
        ) from error
    return size, digest.hexdigest()


def send(client: Client, files: Sequence[LocalFile]) -> None:
    """Upload files, each once."""
    distinct = list({file.target: file for file in files}.values())
    with progress("uploading", sum(file.size for file in distinct)) as advance:
        for file in distinct:
            with _opened(file.path) as content:
                client.upload(file.target, content, file.size, file.sha256, advance)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise CliError(f"file {clean(path)} is gone: {error.strerror}") from error


@contextlib.contextmanager
def progress(words: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while bytes go over; nothing without a terminal."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(escape(clean(words)), total=total)
        yield lambda count: bar.advance(task, count)
