"""The archive of a queue: a tar of manifest.json and contents/<sha256>."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from . import manifest as manifests
from .client import OnBytes
from .errors import ArchiveBad, CliError
from .manifest import Manifest
from .text import clean

_MANIFEST = "manifest.json"
_CONTENTS = "contents/"
_CHUNK = 1 << 20

Sink = Callable[[bytes], object]


class Writer:
    """Writes an archive; it gets its name when it is complete."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self._manifest = manifest
        self._part = path.with_name(f"{path.name}.part")
        self._path = path

    @contextlib.contextmanager
    def writing(self) -> Iterator[Callable[[str, Callable[[Sink], object]], None]]:
        """`add(sha256, fill)` takes a content in: `fill(write)` writes its bytes.

        Raises CliError where the disk refuses, or bytes are not those of the hash.
        """
        try:
            with self._part.open("wb") as file:
                _write_file(file, _MANIFEST, self._manifest.to_json())
                yield lambda sha256, fill: self._add(file, sha256, fill)
                file.write(bytes(2 * tarfile.BLOCKSIZE))  # the end of a tar
            self._part.replace(self._path)
        except OSError as error:
            raise CliError(
                f"{clean(self._path)} cannot be written: {error.strerror or error}"
            ) from error
        finally:
            self._part.unlink(missing_ok=True)

    def _add(
        self, file: IO[bytes], sha256: str, fill: Callable[[Sink], object]
    ) -> None:
        size = self._manifest.contents[sha256]
        file.write(_header(f"{_CONTENTS}{sha256}", size))
        digest, count = hashlib.sha256(), 0

        def write(piece: bytes) -> None:
            nonlocal count
            digest.update(piece)
            count += len(piece)
            if count <= size:
                file.write(piece)

        fill(write)
        if count != size or digest.hexdigest() != sha256:
            raise CliError(
                f"the host sent other bytes for content {sha256[:8]} than its hash"
                " says: its disk is bad, or somebody wrote into gcodes/.netqueue"
            )
        file.write(bytes(-size % tarfile.BLOCKSIZE))


def _write_file(file: IO[bytes], name: str, data: bytes) -> None:
    file.write(_header(name, len(data)))
    file.write(data + bytes(-len(data) % tarfile.BLOCKSIZE))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


class Reader:
    """An archive that was found whole: every content is there and has its hash."""

    def __init__(self, tar: tarfile.TarFile, on_bytes: OnBytes) -> None:
        """Reads all of it; raises ArchiveBad naming what is wrong."""
        self._tar = tar
        self._on_bytes = on_bytes
        self._members: dict[str, tarfile.TarInfo] = {}
        self.manifest = self._read_manifest()
        self._find_contents()
        self._check_contents()

    def _read_manifest(self) -> Manifest:
        first = self._tar.next()
        if first is None or first.name != _MANIFEST or not first.isreg():
            raise ArchiveBad(f"it does not begin with a file {_MANIFEST}")
        if first.size > manifests.SIZE_MAX:
            raise ArchiveBad(f"its {_MANIFEST} is of {first.size} bytes")
        return manifests.from_json(self._bytes_of(first).read())

    def _find_contents(self) -> None:
        wanted = self.manifest.contents
        while (member := self._tar.next()) is not None:
            sha256 = member.name.removeprefix(_CONTENTS)
            named = member.name == _CONTENTS + sha256 and sha256 in wanted
            if not named or not member.isreg() or sha256 in self._members:
                raise ArchiveBad(
                    f"{clean(member.name)[:80]!r} does not belong into it: a link, a"
                    " path of its own, or a content twice"
                )
            if member.size != wanted[sha256]:
                raise ArchiveBad(f"content {sha256[:8]} has {member.size} bytes")
            self._members[sha256] = member
        for sha256 in wanted:
            if sha256 not in self._members:
                raise ArchiveBad(f"content {sha256[:8]} is missing: it was cut off")

    def _check_contents(self) -> None:
        for sha256 in self._members:
            digest = hashlib.sha256()
            file = self.content(sha256)
            while piece := file.read(_CHUNK):
                digest.update(piece)
                self._on_bytes(len(piece))
            if digest.hexdigest() != sha256:
                raise ArchiveBad(f"content {sha256[:8]} has other bytes than its hash")

    def content(self, sha256: str) -> IO[bytes]:
        """The bytes of a content, from their beginning."""
        return self._bytes_of(self._members[sha256])

    def _bytes_of(self, member: tarfile.TarInfo) -> IO[bytes]:
        file = self._tar.extractfile(member)
        return io.BytesIO() if file is None else file


@contextlib.contextmanager
def opened(path: Path, on_bytes: OnBytes) -> Iterator[Reader]:
    """Read an archive and check all of it; raises CliError, or ArchiveBad."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise CliError(f"{clean(path)} cannot be read: {error.strerror}") from error
    with file:
        try:
            # "r:" takes no compression: a small file cannot become a huge one.
            tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - closed below
            reader = Reader(tar, on_bytes)
        except ArchiveBad as error:
            raise ArchiveBad(f"{clean(path)}: {error}. Nothing was added") from error
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ArchiveBad(
                f"{clean(path)} is no tar, or was cut off: {error}. Nothing was added"
            ) from error
        with tar:
            yield reader
