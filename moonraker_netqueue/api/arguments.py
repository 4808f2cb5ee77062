"""Typed reading of a request's arguments: JSON values, or texts of a query string."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from ..model.checks import TEXT_MAX, has_control
from .errors import ApiError

_TRUE = ("true", "1", "yes", "on")
_FALSE = ("false", "0", "no", "off")
_INTEGER_MAX = (1 << 53) - 1  # what every client's JSON carries exactly


class Arguments:
    """The arguments of one request; every getter answers 400 naming what is wrong."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values = values
        self._path = path
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def plain(self) -> dict[str, Any]:
        """The values as they came, to be passed on to another host."""
        return dict(self._values)

    def finish(self) -> None:
        """Answer 400 if an argument was given that nothing has read."""
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            known = ", ".join(sorted(self._read))
            raise ApiError(
                400, f"unknown argument '{self._path}{unknown[0]}'; known: {known}"
            )

    def text(self, name: str, default: str | None = None) -> str:
        value = self._take(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, value, "a text")
        return value

    def who(self) -> str:
        """The argument `by`: who says it, as people read it in logs and reasons."""
        by = self.text("by", "a person at the dashboard")
        if not by.strip() or len(by) > TEXT_MAX or has_control(by):
            raise self._wrong("by", by, f"1 to {TEXT_MAX} characters, on one line")
        return by

    def optional_text(self, name: str) -> str | None:
        return self.text(name) if self._has(name) else None

    def integer(self, name: str, default: int | None = None) -> int:
        value = self._take(name, default)
        try:
            number = int(value) if isinstance(value, str | float) else value
        except (ValueError, OverflowError):
            raise self._wrong(name, value, "a whole number") from None
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or (isinstance(value, float) and number != value):
            raise self._wrong(name, value, "a whole number")
        if abs(number) > _INTEGER_MAX:
            raise self._wrong(name, value, f"a number up to {_INTEGER_MAX}")
        return int(number)

    def optional_integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number; JSON null says none, leaving it out says `default`."""
        if not self._has(name):
            return None if name in self._values else default
        return self.integer(name)

    def optional_number(self, name: str, default: float | None = None) -> float | None:
        """A finite number; JSON null says none, leaving it out says `default`."""
        if not self._has(name):
            return None if name in self._values else default
        return self._finite(name, self._take(name, None))

    def boolean(self, name: str, default: bool | None = None) -> bool:
        value = self._take(name, default)
        if isinstance(value, str) and value.lower() in _TRUE + _FALSE:
            return value.lower() in _TRUE
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def words(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts, or one text with commas."""
        value = self._take(name, list(default))
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._wrong(name, value, "a list of texts")
        return tuple(value)

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers, or one text of them with commas."""
        value = self._take(name, None)
        if isinstance(value, str):
            try:
                value = [int(part) for part in value.split(",")]
            except ValueError:
                raise self._wrong(name, value, "a list of whole numbers") from None
        if not isinstance(value, list) or not all(type(v) is int for v in value):
            raise self._wrong(name, value, "a list of whole numbers")
        return tuple(value)

    def sides(
        self, name: str, default: tuple[float, ...] | None
    ) -> tuple[float, ...] | None:
        """A list of finite numbers, or one text of them with commas.

        JSON null says none, leaving it out says `default`.
        """
        if not self._has(name):
            return None if name in self._values else default
        value = self._take(name, None)
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list):
            raise self._wrong(name, value, "a list of numbers")
        return tuple(self._finite(name, part) for part in value)

    def numbers(self, name: str) -> dict[str, float | None]:
        """An object of finite numbers by name, or null: such as the weights."""
        value = self._from_json(name, "an object of numbers")
        if not isinstance(value, dict):
            raise self._wrong(name, value, "an object of numbers")
        inner = Arguments(value, f"{self._path}{name}.")
        return {str(word): inner.optional_number(word) for word in value}

    def lines(self, name: str) -> tuple[str, ...]:
        """Texts that may have commas; in a query string as JSON, or with semicolons.

        Left out, it is none.
        """
        if not self._has(name):
            return ()
        value = self._values[name]
        if isinstance(value, str) and value.lstrip().startswith("["):
            value = self._from_json(name, "a list of texts")
        elif isinstance(value, str):
            value = [part.strip() for part in value.split(";") if part.strip()]
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._wrong(name, value, "a list of texts")
        return tuple(value)

    def objects(self, name: str) -> list[Arguments]:
        """A list of objects, such as the items of a job."""
        value = self._from_json(name, "a list of objects")
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self._wrong(name, value, "a list of objects")
        return [
            Arguments(item, f"{self._path}{name}[{index}].")
            for index, item in enumerate(value)
        ]

    def _from_json(self, name: str, expected: str) -> Any:
        """A value that a query string can only carry as JSON text."""
        value = self._take(name, None)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise self._wrong(name, value, expected) from None

    def _finite(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise self._wrong(name, value, "a number")
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise self._wrong(name, value, "a number") from None
        if not math.isfinite(number):
            raise self._wrong(name, value, "a number")
        return number

    def _has(self, name: str) -> bool:
        self._read.add(name)
        return self._values.get(name) is not None

    def _take(self, name: str, default: Any) -> Any:
        self._read.add(name)
        value = self._values.get(name)
        if value is not None:
            return value
        if default is None:
            raise ApiError(400, f"argument '{self._path}{name}' is missing")
        return default

    def _wrong(self, name: str, value: Any, expected: str) -> ApiError:
        shown = repr(value)[:80]
        return ApiError(
            400, f"argument '{self._path}{name}': expected {expected}, not {shown}"
        )
