"""Typed reading of one mapping of a YAML file.

Every error names file, line, key, reason and remedy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timezone
from difflib import get_close_matches
from typing import Any, TypeVar

from .document import LinedList, LinedMapping
from .errors import ProblemError

_T = TypeVar("_T")

NUMBER_MAX = 10**9  # of a whole number whose key has no bound of its own
_SHOWN_MAX = 60  # characters of a value in a message
_EARLIEST, _LATEST = 0, 2**33  # Unix seconds: 1970 to 2242


class Section:
    """A mapping of document.py that allows only `keys`."""

    def __init__(
        self,
        value: object,
        file: str,
        keys: Iterable[str],
        *,
        path: str = "",
        line: int = 1,
    ) -> None:
        """Check the shape; `path` are the keys that lead to it. Raises ProblemError."""
        if not isinstance(value, LinedMapping):
            reason = f"is {_kind(value)}"
            raise _problem(file, line, path, reason, "write a mapping, `key: value`")
        self._values = value
        self._file, self._path, self._line = file, path, line
        known = tuple(keys)
        for key in value:
            if key not in known:
                reason = f"unknown key {key!r}"
                raise _problem(
                    file, value.lines[key], path, reason, _remedy(key, known)
                )

    def __contains__(self, key: str) -> bool:
        """Whether the file has the key, with a value."""
        return self._values.get(key) is not None

    def error(self, key: str, reason: str, remedy: str) -> ProblemError:
        """An error about one key of this mapping, to be raised."""
        return _problem(
            self._file, self._line_of(key), self._where(key), reason, remedy
        )

    def entries(self, key: str, keys: Iterable[str]) -> list[tuple[str, Section]]:
        """A mapping of names to mappings: every name with its section."""
        names = self._mapping(key, "a mapping of names")
        where = self._where(key)
        return [
            (name, self._section(value, f"{where}.{name}", names.lines[name], keys))
            for name, value in names.items()
        ]

    def sections(self, key: str, keys: Iterable[str]) -> list[Section]:
        """A list of mappings."""
        if key not in self:
            return []
        found = self._values[key]
        if not isinstance(found, LinedList):
            raise self._mistyped(key, "a list")
        where = self._where(key)
        return [
            self._section(value, f"{where}[{number}]", line, keys)
            for number, (value, line) in enumerate(zip(found, found.lines, strict=True))
        ]

    def section(self, key: str, keys: Iterable[str]) -> Section:
        """A mapping; an empty one if it is left out."""
        value = self._values[key] if key in self else LinedMapping()
        return self._section(value, self._where(key), self._line_of(key), keys)

    def text(self, key: str, default: str) -> str:
        """A string; a number counts as its own."""
        value = self._get(key, default)
        if isinstance(value, (LinedMapping, LinedList, bool)):
            raise self._mistyped(key, "a word")
        return str(value)

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of strings."""
        if key not in self:
            return default
        value = self._values[key]
        if not isinstance(value, LinedList):
            raise self._mistyped(key, "a list, [] for none")
        for entry in value:
            if isinstance(entry, bool):  # what YAML makes of yes and on
                raise self.error(key, f"has {entry!r} in it", "put words in quotes")
            if isinstance(entry, (LinedMapping, LinedList)) or entry is None:
                raise self._mistyped(key, "a list of words")
            if not str(entry).strip():
                raise self.error(key, "has an empty word in it", "leave it out")
        return tuple(str(entry) for entry in value)

    def materials(self, key: str) -> tuple[str, ...]:
        """A list of materials, each with or without a colour; may be left out."""
        found = self.texts(key, ())
        for material in found:
            name, colon, colour = material.partition(":")
            if not name.strip() or (colon and not colour.strip()):
                reason = f"{material!r} is no material"
                raise self.error(key, reason, "write PLA or PLA:black")
        return found

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self._mistyped(key, "true or false")
        return value

    def whole(
        self,
        key: str,
        default: int,
        least: int = -NUMBER_MAX,
        most: int = NUMBER_MAX,
    ) -> int:
        """A whole number from `least` to `most`."""
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._mistyped(key, "a whole number")
        if value < least:
            remedy = f"give a whole number from {least} up"
            raise self.error(key, f"{_kind(value)} is too small", remedy)
        if value > most:
            remedy = f"give a whole number up to {most}"
            raise self.error(key, f"{_kind(value)} is too large", remedy)
        return value

    def whole_numbers(
        self, key: str, least: int, most: int = NUMBER_MAX
    ) -> dict[str, int]:
        """A mapping of words to whole numbers of that size; may be left out."""
        found = self._mapping(key, "a mapping of words to whole numbers")
        numbers = self._section(found, self._where(key), self._line_of(key), found)
        for word in found:
            if word not in numbers:
                raise numbers.error(word, "is missing", "give a whole number")
        return {word: numbers.whole(word, least, least, most) for word in found}

    def measure(self, key: str, default: _T) -> float | _T:
        """A finite number, not below 0."""
        value = self._get(key, default)
        return value if value is default else self._measured(key, value)

    def measures(self, key: str, count: int) -> tuple[float, ...] | None:
        """A list of `count` such numbers; None if it is left out."""
        if key not in self:
            return None
        value = self._values[key]
        if not isinstance(value, LinedList) or len(value) != count:
            raise self._mistyped(key, f"a list of {count} numbers")
        return tuple(self._measured(key, entry) for entry in value)

    def moment(self, key: str) -> int:
        """A point in time in ISO 8601, as Unix seconds; UTC where no zone is given."""
        value = self._values[key]
        try:
            moment = int(_as_datetime(value).timestamp())
        except (ValueError, OverflowError):
            raise self._mistyped(key, "a time like 2026-03-22T10:00:00Z") from None
        if not _EARLIEST <= moment <= _LATEST:
            raise self.error(
                key, f"{value} is out of reach", "give a time from 1970 to 2242"
            )
        return moment

    def _section(
        self, value: object, path: str, line: int, keys: Iterable[str]
    ) -> Section:
        return Section(value, self._file, keys, path=path, line=line)

    def _mapping(self, key: str, wanted: str) -> LinedMapping:
        found = self._values[key] if key in self else LinedMapping()
        if not isinstance(found, LinedMapping):
            raise self._mistyped(key, wanted)
        return found

    def _get(self, key: str, default: _T) -> Any | _T:
        return self._values[key] if key in self else default

    def _line_of(self, key: str) -> int:
        return self._values.lines.get(key, self._line)

    def _where(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _mistyped(self, key: str, wanted: str) -> ProblemError:
        return self.error(key, f"is {_kind(self._values.get(key))}", f"give {wanted}")

    def _measured(self, key: str, value: object) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self._mistyped(key, "a number")
        if not 0 <= value < math.inf:
            raise self.error(key, f"{_kind(value)} is not possible", "give 0 or more")
        if value > NUMBER_MAX:
            remedy = f"give a number up to {NUMBER_MAX}"
            raise self.error(key, f"{_kind(value)} is too large", remedy)
        return value


def _problem(file: str, line: int, path: str, reason: str, remedy: str) -> ProblemError:
    where = f"{path}: " if path else ""
    return ProblemError(f"{file}, line {line}: {where}{reason}; {remedy}")


def _as_datetime(value: object) -> datetime:
    """YAML makes dates of unquoted times; raises ValueError for anything else."""
    if isinstance(value, str):
        # Python 3.10 does not read the Z.
        value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    if not isinstance(value, datetime):
        raise ValueError("not a time")
    return value if value.tzinfo else value.replace(tzinfo=timezone.utc)


def _kind(value: object) -> str:
    if value is None:
        return "missing"
    if isinstance(value, (LinedMapping, LinedList)):
        return "a mapping" if isinstance(value, LinedMapping) else "a list"
    shown = repr(value)
    return shown if len(shown) <= _SHOWN_MAX else shown[:_SHOWN_MAX] + "..."


def _remedy(key: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "one of " + ", ".join(known)
