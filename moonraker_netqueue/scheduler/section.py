"""Typed reading of one mapping of a YAML file; every error names file, key, remedy."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timezone
from difflib import get_close_matches
from typing import Any, TypeVar

from .errors import ProblemError

_T = TypeVar("_T")


class Section:
    """A mapping at `path` (file and keys so far) that allows only `keys`."""

    def __init__(self, value: object, path: str, keys: Iterable[str]) -> None:
        """Check the shape; raises ProblemError."""
        if not isinstance(value, dict):
            raise ProblemError(
                f"{path}: is {_kind(value)}; write a mapping, `key: value`"
            )
        self._values: dict[str, Any] = value
        self._path = path
        known = tuple(keys)
        for key in value:
            if key not in known:
                raise ProblemError(
                    f"{path}: unknown key {key!r}; {_remedy(key, known)}"
                )

    def __contains__(self, key: str) -> bool:
        """Whether the file has the key, with a value."""
        return self._values.get(key) is not None

    def error(self, key: str, reason: str, remedy: str) -> ProblemError:
        """An error about one key of this mapping, to be raised."""
        return ProblemError(f"{self._where(key)}: {reason}; {remedy}")

    def entries(self, key: str, keys: Iterable[str]) -> list[tuple[str, Section]]:
        """A mapping of names to mappings: every name with its section."""
        names = self._values.get(key) or {}
        if not isinstance(names, dict):
            raise self._mistyped(key, "a mapping of names")
        return [
            (str(name), Section(value, f"{self._where(key)}.{name}", keys))
            for name, value in names.items()
        ]

    def sections(self, key: str, keys: Iterable[str]) -> list[Section]:
        """A list of mappings."""
        found = self._values.get(key) or []
        if not isinstance(found, list):
            raise self._mistyped(key, "a list")
        return [
            Section(value, f"{self._where(key)}[{number}]", keys)
            for number, value in enumerate(found)
        ]

    def section(self, key: str, keys: Iterable[str]) -> Section:
        """A mapping; an empty one if it is left out."""
        return Section(self._values.get(key) or {}, self._where(key), keys)

    def text(self, key: str, default: str) -> str:
        """A string; a number counts as its own."""
        value = self._get(key, default)
        if isinstance(value, (dict, list, bool)):
            raise self._mistyped(key, "a word")
        return str(value)

    def texts(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of strings."""
        if key not in self:
            return default
        value = self._values[key]
        if not isinstance(value, list):
            raise self._mistyped(key, "a list, [] for none")
        if any(isinstance(entry, (dict, list)) or entry is None for entry in value):
            raise self._mistyped(key, "a list of words")
        return tuple(str(entry) for entry in value)

    def flag(self, key: str) -> bool:
        """True or false; false if it is left out."""
        value = self._get(key, default=False)
        if not isinstance(value, bool):
            raise self._mistyped(key, "true or false")
        return value

    def whole(self, key: str, default: int, least: int | None = None) -> int:
        """A whole number, `least` or more."""
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._mistyped(key, "a whole number")
        if least is not None and value < least:
            raise self.error(
                key, f"{value} is too small", f"give a whole number from {least} up"
            )
        return value

    def whole_numbers(self, key: str, least: int) -> dict[str, int]:
        """A mapping of words to whole numbers of `least` or more; may be left out."""
        found = self._values.get(key) or {}
        if not isinstance(found, dict):
            raise self._mistyped(key, "a mapping of words to whole numbers")
        numbers = Section(found, self._where(key), found)
        for word in found:
            if word not in numbers:
                raise numbers.error(str(word), "is missing", "give a whole number")
        return {str(word): numbers.whole(word, least, least) for word in found}

    def measure(self, key: str, default: _T) -> float | _T:
        """A finite number, not below 0."""
        value = self._get(key, default)
        return value if value is default else self._measured(key, value)

    def measures(self, key: str, count: int) -> tuple[float, ...] | None:
        """A list of `count` such numbers; None if it is left out."""
        if key not in self:
            return None
        value = self._values[key]
        if not isinstance(value, list) or len(value) != count:
            raise self._mistyped(key, f"a list of {count} numbers")
        return tuple(self._measured(key, entry) for entry in value)

    def moment(self, key: str) -> int:
        """A point in time in ISO 8601, as Unix seconds; UTC where no zone is given."""
        value = self._values[key]
        try:
            moment = _as_datetime(value)
        except ValueError:
            raise self._mistyped(key, "a time like 2026-03-22T10:00:00Z") from None
        return int(moment.timestamp())

    def _get(self, key: str, default: _T) -> Any | _T:
        return self._values[key] if key in self else default

    def _where(self, key: str) -> str:
        return (
            f"{self._path}: {key}" if ":" not in self._path else f"{self._path}.{key}"
        )

    def _mistyped(self, key: str, wanted: str) -> ProblemError:
        return self.error(key, f"is {_kind(self._values.get(key))}", f"give {wanted}")

    def _measured(self, key: str, value: object) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self._mistyped(key, "a number")
        if not math.isfinite(value) or value < 0:
            raise self.error(key, f"{value} is not possible", "give 0 or more")
        return value


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
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value)


def _remedy(key: object, known: tuple[str, ...]) -> str:
    near = get_close_matches(str(key), known, n=1)
    return f"did you mean {near[0]!r}?" if near else "one of " + ", ".join(known)
