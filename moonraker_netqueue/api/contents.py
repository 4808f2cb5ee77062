"""The endpoint that brings a content onto this host, for whoever wants its bytes."""

from __future__ import annotations

from typing import Any

from ..files.errors import FilesError
from ..model.content import FileRef
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .queue import ServedQueue

_WAIT = 10.0  # seconds a client waits; a large file needs several calls


class ContentEndpoints:
    """What `fetch` does."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def fetch(self, arguments: Arguments) -> dict[str, Any]:
        """Get a content of the queue from its holders; it goes on when asked again.

        Then Moonraker serves it as gcodes/.netqueue/<sha256>, and others may get it
        from here.
        """
        queue = self._host.queue(arguments)
        sha256 = arguments.text("sha256")
        arguments.finish()
        content = queue.state.contents.get(sha256)
        if content is None:
            raise ApiError(404, f"queue {queue.name!r} has no content {sha256[:64]!r}")
        try:
            here = await self._host.files.fetch(queue, content, _WAIT)
        except FilesError as error:
            raise ApiError(409, str(error)) from error
        if not here:
            self._require_holder(queue, sha256)
        elif queue.replica.status().ready and self._may_hold(queue):
            await self._host.files.hold(
                queue, FileRef(content.key, sha256, content.size, content.name)
            )
        return {
            "queue": queue.name,
            "sha256": sha256,
            "size": content.size,
            "here": here,
        }

    def _may_hold(self, queue: ServedQueue) -> bool:
        return self._host.host_id not in queue.state.viewers

    def _require_holder(self, queue: ServedQueue, sha256: str) -> None:
        """Answer 503 where none of the holders is on."""
        content = queue.state.contents.get(sha256)
        holders = content.holders if content else ()
        if any(self._host.reaches(queue, holder) for holder in holders):
            return
        who = ", ".join(queue.host_name(holder) for holder in holders) or "no host"
        name = content.name if content else sha256[:8]
        raise ApiError(503, f"{name} is on {who}, out of reach: switch one of them on")
