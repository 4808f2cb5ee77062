"""Contents: bytes of files, and which hosts have them."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import Rejected, Rule


@dataclass(frozen=True)
class FileRef:
    """A file an item can be printed from.

    SHA-256 and size are its identity, the MD5 `key` an alias for look-up (R17).
    `models` names the printer models it is sliced for; empty: any.
    """

    key: str
    sha256: str
    size: int
    name: str
    models: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise Rejected unless this can name a content."""
        check_digest("key", self.key, 32)
        check_digest("sha256", self.sha256, 64)
        if self.size < 1:
            raise Rejected(Rule.INVALID, f"file {self.name!r} is empty")
        if not self.name or "/" in self.name or len(self.name) > 255:
            raise Rejected(Rule.INVALID, f"{self.name!r} is no file name")


@dataclass(frozen=True)
class Content:
    """One content and its holders, host ids in order."""

    sha256: str
    size: int
    key: str
    name: str
    holders: tuple[str, ...] = ()


def check_digest(what: str, text: str, digits: int) -> None:
    """Raise Rejected unless `text` is a lower-case hex digest of `digits`."""
    if len(text) != digits or any(c not in "0123456789abcdef" for c in text):
        raise Rejected(Rule.INVALID, f"{what} {text[:80]!r} is not {digits} hex digits")
