# Moonraker's file metadata, completed by what other hosts know
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

# Annotation imports
if TYPE_CHECKING:
    from moonraker.common import WebRequest
    from moonraker.server import Server

    from ..api.file_details import FileDetails

_ROOT = "/server/files"


class FileDetailsTakeover:
    """Answers `metadata` and `thumbnails` as Moonraker does, also for queue files."""

    def __init__(self, server: Server, details: FileDetails) -> None:
        self.server = server
        self._files = server.lookup_component("file_manager")
        self._details = details
        application = server.lookup_component("application")
        for endpoint, handler in (
            ("metadata", self._handle_metadata),
            ("thumbnails", self._handle_thumbnails),
        ):
            application.remove_endpoint(f"{_ROOT}/{endpoint}")
            server.register_endpoint(f"{_ROOT}/{endpoint}", ["GET"], handler)

    async def _handle_metadata(self, web_request: WebRequest) -> dict[str, Any]:
        filename: str = web_request.get_str("filename")
        metadata = await self._metadata(filename)
        if metadata is None:
            raise self.server.error(f"Metadata not available for <{filename}>", 404)
        return metadata

    async def _handle_thumbnails(self, web_request: WebRequest) -> list[dict[str, Any]]:
        filename: str = web_request.get_str("filename")
        metadata = await self._metadata(filename) or {}
        folder = PurePosixPath(filename).parent
        thumbnails = []
        for entry in metadata.get("thumbnails", []):
            path = folder / entry.pop("relative_path", "")
            thumbnails.append(entry | {"thumbnail_path": str(path)})
        return thumbnails

    async def _metadata(self, filename: str) -> dict[str, Any] | None:
        own: dict[str, Any] = self._files.get_metadata_storage().get(filename, {})
        if own:
            return own | {"filename": filename}
        return await self._details.find(filename)
