"""Metadata and thumbnails of a queue's files that are on other hosts only.

A dashboard asks its own Moonraker about every row of the job queue. What that one does
not have is asked of a host that holds the file, and remembered.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ..errors import NetqueueError
from ..files.pictures import Picture, read_picture
from ..model.content import FileRef
from ..peers.errors import LinkError
from ..ports import Disk, Message, Worker
from .host import Host
from .job_queue_rows import file_of
from .queue import ServedQueue

DETAILS_METHOD = "file_details"  # link request: sha256 -> metadata, thumbnails
THUMBNAIL_FOLDER = ".netqueue-thumbs"  # inside gcodes, where Moonraker serves it
_TIMEOUT = 5.0  # seconds
_KNOWN_MAX = 256  # files remembered
_METADATA_MAX = 64 << 10  # bytes as JSON
_THUMBNAILS_MAX, _THUMBNAIL_MAX = 4, 512 << 10  # of a file; bytes of one
_NAME_DIGITS = 32  # of the SHA-256, in a thumbnail's name
_SIDE_MAX = 2048  # points

Metadata = Mapping[str, Any]


class _Named(NamedTuple):
    queue: ServedQueue
    file: FileRef
    filename: str


class FileDetails:
    """Answers for the files of all queues of this host."""

    def __init__(
        self,
        host: Host,
        gcodes: Path,
        metadata: Callable[[str], Metadata],
        disk: Disk,
        worker: Worker,
    ) -> None:
        """`metadata(filename)` is what this host's Moonraker knows; empty: nothing."""
        self._host = host
        self._gcodes = gcodes
        self._metadata = metadata
        self._disk = disk
        self._worker = worker
        self._known: OrderedDict[str, dict[str, Any]] = OrderedDict()  # by SHA-256

    async def find(self, filename: str) -> dict[str, Any] | None:
        """Metadata of a file that is not here, as Moonraker gives it; None: unknown."""
        named = self._named(filename)
        if named is None:
            return None
        known = self._known.get(named.file.sha256)
        if known is None:
            known = await self._ask_holders(named)
            if known is None:
                return None
            self._known[named.file.sha256] = known
            while len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)
        return _placed(known, filename)

    async def answer_peer(
        self, queue: ServedQueue, _peer: str, params: Message
    ) -> Message:
        """What this host's Moonraker knows of a content of that queue (R13)."""
        for named in _named_in(queue):
            if named.file.sha256 != params.get("sha256"):
                continue
            name, metadata = named.filename, dict(self._metadata(named.filename))
            if metadata.get("size") == named.file.size:  # else another of that name
                thumbnails = metadata.pop("thumbnails", [])
                read = self._read_thumbnails
                images = await self._worker.run(read, name, thumbnails)
                return {"metadata": metadata, "thumbnails": images}
        return {}

    def _named(self, filename: str) -> _Named | None:
        every = chain.from_iterable(map(_named_in, self._host.queues.values()))
        return next((one for one in every if one.filename == filename), None)

    async def _ask_holders(self, named: _Named) -> dict[str, Any] | None:
        content = named.queue.state.contents.get(named.file.sha256)
        holders = content.holders if content is not None else ()
        for holder in holders:
            if holder == self._host.host_id:
                continue
            try:
                answer = await self._host.links.request(
                    named.queue.name,
                    holder,
                    DETAILS_METHOD,
                    {"sha256": named.file.sha256},
                    _TIMEOUT,
                )
            except LinkError:
                continue  # it is off; another one may have it
            metadata = answer.get("metadata")
            if metadata and isinstance(metadata, dict) and _is_harmless(metadata):
                images = answer.get("thumbnails")
                return await self._kept(named.file, metadata, images)
        return None

    async def _kept(
        self, file: FileRef, metadata: dict[str, Any], images: object
    ) -> dict[str, Any]:
        """The metadata, with the thumbnails on this host's disk."""
        thumbnails: list[dict[str, Any]] = []
        wanted = frozenset(
            sha256[:_NAME_DIGITS]
            for queue in self._host.queues.values()
            for sha256 in queue.state.contents
        )
        for image in images if isinstance(images, list) else []:
            data = image.get("data") if isinstance(image, dict) else None
            if not isinstance(data, bytes) or len(thumbnails) == _THUMBNAILS_MAX:
                continue
            picture = _harmless_picture(data)
            if picture is None:
                continue
            suffix, width, height = picture
            name = f"{file.sha256[:_NAME_DIGITS]}-{width}x{height}.{suffix}"
            try:
                await self._worker.run(self._write_thumbnail, name, data, wanted)
            except (OSError, NetqueueError):
                continue  # a picture less
            size = {"width": width, "height": height, "size": len(data)}
            thumbnails.append(size | {"relative_path": f"{THUMBNAIL_FOLDER}/{name}"})
        return metadata | {"size": file.size, "thumbnails": thumbnails}

    def _write_thumbnail(self, name: str, data: bytes, wanted: frozenset[str]) -> None:
        """Write one, and forget those of files that no queue has any more."""
        folder = self._gcodes / THUMBNAIL_FOLDER
        self._disk.make_directory(folder)
        for path in self._disk.list(folder):
            if path.name[:_NAME_DIGITS] not in wanted:
                self._disk.remove(path)
        fresh = folder / f"{name}.new"
        with self._disk.open(fresh, "wb") as file:
            file.write(data)
        self._disk.replace(fresh, folder / name)

    def _read_thumbnails(
        self, filename: str, thumbnails: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        images = []
        for entry in thumbnails[:_THUMBNAILS_MAX]:
            path = self._gcodes / filename
            path = path.parent / str(entry.get("relative_path", ""))
            try:
                if self._disk.size(path) <= _THUMBNAIL_MAX:
                    with self._disk.open(path, "rb") as file:
                        data = file.read()
                    size = {name: entry.get(name, 0) for name in ("width", "height")}
                    images.append(size | {"data": data})
            except OSError:
                continue  # Moonraker is about to make or to delete it
        return images


def _named_in(queue: ServedQueue) -> Iterator[_Named]:
    """The file of every item of a queue, as dashboards know it."""
    for job in queue.state.ordered_jobs():
        for item in job.items:
            yield _Named(queue, item.spec.files[0], file_of(item))


def _placed(metadata: dict[str, Any], filename: str) -> dict[str, Any]:
    """The paths of thumbnails are relative to the folder of the file."""
    up = "../" * (len(PurePosixPath(filename).parts) - 1)
    thumbnails = [
        entry | {"relative_path": up + entry["relative_path"]}
        for entry in metadata["thumbnails"]
    ]
    return metadata | {"filename": filename, "thumbnails": thumbnails}


def _is_harmless(metadata: dict[Any, Any]) -> bool:
    """Whether a peer's metadata is a small JSON object."""
    try:
        return len(json.dumps(metadata, allow_nan=False)) <= _METADATA_MAX
    except (TypeError, ValueError, RecursionError):
        return False


def _harmless_picture(data: bytes) -> Picture | None:
    """A peer's picture of bounded size; None if it is none.

    It is served under this host's name: nothing but pictures may get there.
    """
    picture = read_picture(data) if len(data) <= _THUMBNAIL_MAX else None
    if picture is None or not all(0 < side <= _SIDE_MAX for side in picture[1:]):
        return None
    return picture
