"""Errors of contents and files."""

from __future__ import annotations

from ..errors import NetqueueError


class FilesError(NetqueueError):
    """Base of the errors of this package."""


class ContentMissing(FilesError):
    """There is no such file or content on this host."""


class NotGcode(FilesError):
    """The file is nothing that a printer could print."""


class FileEmpty(FilesError):
    """The file has no bytes."""


class FileChanging(FilesError):
    """The file was written to while it was read."""


class DiskFull(FilesError):
    """There is no room for the content: `needed` more bytes must be free."""

    def __init__(self, text: str, needed: int) -> None:
        super().__init__(text)
        self.needed = needed


class ContentNeeded(FilesError):
    """A content stays on this host; the text says for whom."""


class StoreUnusable(FilesError):
    """The folder of contents cannot be read or written."""


class ContentDamaged(FilesError):
    """The bytes in the store are not those of the content any more."""
