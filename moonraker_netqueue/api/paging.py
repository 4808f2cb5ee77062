"""Long lists in pages."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .arguments import Arguments
from .errors import ApiError

_Row = TypeVar("_Row")
_TILDE = "~"  # needs no escape in an URL
Key = tuple[str, str]
"""What a list is sorted by, no two rows by one; the second text has no tilde."""


@dataclass(frozen=True)
class Page:
    """Which rows are asked for: at most `limit`, behind a key.

    That the row of the key is gone or moved does not matter: what follows are the rows
    behind where it was.
    """

    limit: int | None
    after: Key | None

    @classmethod
    def asked(cls, arguments: Arguments, most: int, default: int | None = None) -> Page:
        """The arguments `limit`, from 1 to `most`, and `after`."""
        limit = arguments.optional_integer("limit")
        if limit is None:
            limit = default
        elif not 1 <= limit <= most:
            raise ApiError(400, f"argument 'limit': 1 to {most}, not {limit}")
        text = arguments.optional_text("after")
        if text is None:
            return cls(limit, None)
        first, tilde, second = text.rpartition(_TILDE)
        if not tilde:
            raise ApiError(
                400, "argument 'after': give what an answer before has as 'next'"
            )
        return cls(limit, (first, second))

    def is_behind(self, key: Key) -> bool:
        """Whether a row is on this page or a later one."""
        return self.after is None or key > self.after

    def cut(
        self, rows: Sequence[_Row], key: Callable[[_Row], Key]
    ) -> tuple[Sequence[_Row], str | None]:
        """This page of rows that are in order, and `after` of the next one, if any."""
        start = 0
        if self.after is not None:
            start = bisect.bisect_right(rows, self.after, key=key)
        stop = len(rows) if self.limit is None else start + self.limit
        following = _TILDE.join(key(rows[stop - 1])) if stop < len(rows) else None
        return rows[start:stop], following
