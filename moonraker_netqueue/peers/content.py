"""Serving ranges of contents to members of the queue that they belong to."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tornado.web import HTTPError, RequestHandler

from ..names import is_sha256
from ..ports import Clock, ContentSource, Disk, Worker
from .limits import LARGEST_RANGE, STALLED_SECONDS

_PIECE = 64 << 10  # bytes encrypted in one go, so that a range never holds the loop
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{1,15})")


class ContentReader:
    """Reads ranges off the loop."""

    def __init__(self, source: ContentSource, disk: Disk, worker: Worker) -> None:
        self._source = source
        self._disk = disk
        self._worker = worker

    async def read(self, queue: str, sha256: str, start: int, stop: int) -> bytes:
        """Bytes [start, stop); raises HTTPError."""
        path = self._source.content_path(queue, sha256) if is_sha256(sha256) else None
        if path is None:
            raise HTTPError(404, reason="this host has no such content")
        try:
            data = await self._worker.run(self._read, path, start, stop)
        except OSError as error:
            raise HTTPError(404, reason="this host cannot read it") from error
        if len(data) != stop - start:
            raise HTTPError(416, reason="the content is shorter")
        return data

    def _read(self, path: Path, start: int, stop: int) -> bytes:
        with self._disk.open(path, "rb") as file:
            file.seek(start)
            return file.read(stop - start)


def parse_range(header: str | None) -> tuple[int, int]:
    """(start, stop) of a Range header with one closed range; raises HTTPError."""
    match = _RANGE.fullmatch(header or "")
    if match is None:
        raise HTTPError(400, reason="one closed byte range is needed")
    start, stop = int(match[1]), int(match[2]) + 1
    if not start < stop <= start + LARGEST_RANGE:
        raise HTTPError(416, reason="an empty or too large range")
    return start, stop


async def write_range(
    handler: RequestHandler, clock: Clock, data: bytes, cut: Callable[[], None]
) -> None:
    """Answer 206 with `data`, a piece a turn; `cut` a peer that does not read it."""
    handler.set_status(206)
    handler.set_header("Content-Type", "application/octet-stream")
    handler.set_header("Content-Length", str(len(data)))
    view = memoryview(data)
    for start in range(0, len(data), _PIECE):
        handler.write(bytes(view[start : start + _PIECE]))
        stalled = clock.call_later(STALLED_SECONDS, cut)
        try:
            await handler.flush()
        finally:
            stalled.cancel()
        await clock.sleep(0)  # flush does not when the socket takes all
