"""Contents: bytes of files, and which hosts have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .checks import TEXT_MAX, check_range, check_words, has_control
from .errors import Rejected, Rule
from .identity import Said

SIZE_MAX = 1 << 40  # bytes of a file
ESTIMATE_MAX_S = 365 * 24 * 3600


@dataclass(frozen=True)
class FileRef:
    """A file an item can be printed from.

    SHA-256 and size are its identity, the MD5 `key` an alias for look-up (R17).
    `models` names the printer models it is sliced for; empty: any. `estimate_s` is what
    its slicer says, where the item's files differ in that.
    """

    key: str
    sha256: str
    size: int
    name: str
    models: tuple[str, ...] = ()
    estimate_s: int | None = None

    def check(self) -> None:
        """Raise Rejected unless this can name a content."""
        check_digest("key", self.key, 32)
        check_digest("sha256", self.sha256, 64)
        if self.size < 1:
            raise Rejected(Rule.INVALID, f"file {self.name[:TEXT_MAX]!r} is empty")
        check_range("size of a file", self.size, 1, SIZE_MAX)
        if not is_file_name(self.name):
            raise Rejected(Rule.INVALID, f"{self.name[:TEXT_MAX]!r} is no file name")
        check_words("models of a file", self.models)
        check_range("estimate_s of a file", self.estimate_s, 0, ESTIMATE_MAX_S)


@dataclass(frozen=True)
class Content:
    """One content and its holders, host ids in order; `said`: when each said so."""

    sha256: str
    size: int
    key: str
    name: str
    holders: tuple[str, ...] = ()
    said: Mapping[str, Said] = field(default_factory=dict)

    def held(self, said: Mapping[str, Said]) -> Content:
        """The content with these holders."""
        known = {host: at for host, at in said.items() if at != Said()}
        return replace(self, holders=tuple(sorted(said)), said=known)

    def sayings(self) -> dict[str, Said]:
        """When each holder said so; what version 0.1.0 noted is unknown."""
        return {host: self.said.get(host, Said()) for host in self.holders}


def is_file_name(name: str) -> bool:
    """Whether a folder of any Linux host can hold a file of this name."""
    return (
        name.strip() not in ("", ".", "..")
        and "/" not in name
        and not has_control(name)
        and len(name.encode("utf-8", "replace")) <= TEXT_MAX
    )


def check_digest(what: str, text: str, digits: int) -> None:
    """Raise Rejected unless `text` is a lower-case hex digest of `digits`."""
    if len(text) != digits or any(c not in "0123456789abcdef" for c in text):
        raise Rejected(Rule.INVALID, f"{what} {text[:80]!r} is not {digits} hex digits")
