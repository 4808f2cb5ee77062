"""Endpoints about the registry of files: list it, drop what nobody needs."""

from __future__ import annotations

import heapq
import itertools
import operator
from collections.abc import Awaitable, Callable
from typing import Any

from ..files.errors import ContentNeeded, FilesError
from ..model.content import Content
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .host_files import file_error
from .paging import Key, Page

_LIMIT = 500  # rows of one answer: the registry may have 20000
_SLICE = 500  # rows looked at and sorted at once
_Answer = Callable[[Arguments], Awaitable[dict[str, Any]]]


class FileEndpoints:
    """What GET and DELETE of `files` do; its POST is an upload."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def answers(self) -> dict[tuple[str, str], _Answer]:
        """By endpoint and request type."""
        return {("files", "GET"): self.list_files, ("files", "DELETE"): self.drop_file}

    async def list_files(self, arguments: Arguments) -> dict[str, Any]:
        """The registry of a queue by name: a page of it, from its row `offset` on.

        `orphans` are contents of this host that no queue of it has in its registry:
        those of jobs that were removed.
        """
        queue = self._host.queue(arguments)
        offset = arguments.integer("offset", 0)
        page = Page.asked(arguments, _LIMIT, _LIMIT)
        arguments.finish()
        if offset < 0:
            raise ApiError(400, "argument 'offset': counts from 0")
        known = tuple(queue.state.contents.values())
        behind = await self._ordered(known, page, offset + _LIMIT + 1)
        contents, following = page.cut(behind[offset:], _by_name)
        orphans = await self._orphans()
        used = queue.state.all_referenced()
        return {
            "queue": queue.name,
            "total": len(known),
            "files": [
                {
                    "name": content.name,
                    "sha256": content.sha256,
                    "key": content.key,
                    "size": content.size,
                    "holders": list(content.holders),
                    "here": self._host.files.store.has(content.sha256),
                    "referenced": content.sha256 in used,
                }
                for content in contents
            ],
            "next": following,
            "orphans": orphans[: page.limit],
        }

    async def _ordered(
        self, contents: tuple[Content, ...], page: Page, count: int
    ) -> list[Content]:
        """The first contents behind the page's key, in order, without a long sort."""
        runs = [
            sorted((c for c in part if page.is_behind(_by_name(c))), key=_by_name)
            async for part in self._host.in_slices(contents, _SLICE)
        ]
        merged = itertools.islice(heapq.merge(*runs, key=_by_name), count)
        slices = self._host.in_slices(merged, _SLICE)
        return [content async for part in slices for content in part]

    async def _orphans(self) -> list[dict[str, Any]]:
        registries = [queue.state.contents for queue in self._host.queues.values()]
        entries = tuple(self._host.files.store.entries().items())
        orphans = [
            {"sha256": sha256, "key": entry.md5, "size": entry.size}
            async for part in self._host.in_slices(entries, _SLICE)
            for sha256, entry in part
            if not any(sha256 in contents for contents in registries)
        ]
        return sorted(orphans, key=operator.itemgetter("sha256"))

    async def drop_file(self, arguments: Arguments) -> dict[str, Any]:
        """Delete a content of this host that no job and no print speaks of (R17)."""
        sha256 = arguments.text("sha256")
        arguments.finish()
        store = self._host.files.store
        if not store.has(sha256):
            raise ApiError(404, f"this host has no content {sha256[:64]!r}")
        self._require_unused(sha256)
        try:
            queues = await self._host.files.eviction.evict(sha256)
        except ContentNeeded as error:
            raise ApiError(409, f"nothing is deleted: {error}") from error
        except FilesError as error:
            raise file_error(error) from error
        return {"sha256": sha256, "queues": list(queues)}

    def _require_unused(self, sha256: str) -> None:
        for queue in self._host.queues.values():
            if queue.state.referenced(sha256):
                raise ApiError(
                    409, f"a job or a print of queue {queue.name!r} needs this file"
                )
        if self._host.files.is_fresh(sha256):
            raise ApiError(
                409, "this file was added a moment ago: drop it in a minute, if at all"
            )


def _by_name(content: Content) -> Key:
    return content.name, content.sha256
