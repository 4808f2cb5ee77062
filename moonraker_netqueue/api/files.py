"""Endpoints about the registry of files: list it, drop what nobody needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..files.errors import FilesError
from ..model.command import ContentDropped, ContentHeld
from ..model.content import Content, FileRef
from .arguments import Arguments
from .errors import ApiError
from .host import Host, file_error
from .queue import ServedQueue

_LIMIT = 500  # rows of one answer: the registry may have 20000
_Answer = Callable[[Arguments], Awaitable[dict[str, Any]]]


class FileEndpoints:
    """What GET and DELETE of `files` do; its POST is an upload."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def answers(self) -> dict[tuple[str, str], _Answer]:
        """By endpoint and request type."""
        return {("files", "GET"): self.list_files, ("files", "DELETE"): self.drop_file}

    async def list_files(self, arguments: Arguments) -> dict[str, Any]:
        """The registry of a queue by name, from row `offset`, at most `limit`.

        `orphans` are contents of this host that no queue of it has in its registry:
        those of jobs that were removed.
        """
        queue = self._host.queue(arguments)
        offset = arguments.integer("offset", 0)
        limit = arguments.integer("limit", _LIMIT)
        arguments.finish()
        if offset < 0 or not 1 <= limit <= _LIMIT:
            raise ApiError(400, f"'offset' counts from 0, 'limit' from 1 to {_LIMIT}")
        contents = sorted(queue.state.contents.values(), key=_by_name)
        used = _used(queue)
        return {
            "queue": queue.name,
            "total": len(contents),
            "files": [
                {
                    "name": content.name,
                    "sha256": content.sha256,
                    "key": content.key,
                    "size": content.size,
                    "holders": list(content.holders),
                    "here": self._host.store.has(content.sha256),
                    "referenced": content.sha256 in used,
                }
                for content in contents[offset : offset + limit]
            ],
            "orphans": self._orphans()[:limit],
        }

    def _orphans(self) -> list[dict[str, Any]]:
        queues = self._host.queues.values()
        return [
            {"sha256": sha256, "key": entry.md5, "size": entry.size}
            for sha256, entry in sorted(self._host.store.entries().items())
            if not any(sha256 in queue.state.contents for queue in queues)
        ]

    async def drop_file(self, arguments: Arguments) -> dict[str, Any]:
        """Delete a content of this host that no job and no print speaks of (R17)."""
        sha256 = arguments.text("sha256")
        arguments.finish()
        store = self._host.store
        if not store.has(sha256):
            raise ApiError(404, f"this host has no content {sha256[:64]!r}")
        self._require_unused(sha256)
        held = [
            (queue, content)
            for queue in self._host.queues.values()
            if (content := queue.state.contents.get(sha256)) is not None
            and self._host.host_id in content.holders
        ]
        for queue, content in held:
            await self._let_go(queue, content)
        # A job may have been added meanwhile, or have waited in the outbox.
        self._require_unused(sha256)
        try:
            await store.drop(sha256)
        except FilesError as error:
            raise file_error(error) from error
        return {"sha256": sha256, "queues": [queue.name for queue, _ in held]}

    async def _let_go(self, queue: ServedQueue, content: Content) -> None:
        """Commit that this host is no holder; take it back if a job came first."""
        if await queue.submit(ContentDropped(content.sha256)):
            missing = ", ".join(queue.missing()) or "a leader"
            raise ApiError(503, f"nothing is deleted: {missing} does not answer")
        if content.sha256 in _used(queue):
            file = FileRef(content.key, content.sha256, content.size, content.name)
            await queue.submit(ContentHeld(file))

    def _require_unused(self, sha256: str) -> None:
        for queue in self._host.queues.values():
            if sha256 in _used(queue):
                raise ApiError(
                    409, f"a job or a print of queue {queue.name!r} needs this file"
                )
        if self._host.is_fresh(sha256):
            raise ApiError(
                409, "this file was added a moment ago: drop it in a minute, if at all"
            )


def _by_name(content: Content) -> tuple[str, str]:
    return content.name, content.sha256


def _used(queue: ServedQueue) -> set[str]:
    """SHA-256 of what jobs and live prints speak of."""
    state = queue.state
    return {
        file.sha256
        for job in state.jobs.values()
        for item in job.items
        for file in item.spec.files
    } | {print_.sha256 for print_ in state.prints.values()}
