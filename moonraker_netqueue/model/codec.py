"""Frozen dataclasses <-> plain JSON values, strictly checked.

One codec serves commands from peers, the journal and snapshots, so whatever it
lets through has the declared types: unknown or missing keys, wrong types, NaN and
over-long texts raise CommandInvalid with the path of the offending value.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar, Union

from .errors import CommandInvalid

_T = TypeVar("_T")

_TEXT_MAX = 4096  # characters; a command must fit 48 KiB anyway
_INTEGER_MAX = 1 << 62
_PLAIN = frozenset({str, int, float, bool, type(None)})  # most values: no more checks
_SINCE = "since"  # in a field's metadata: the schema that brought it
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can name it, UTF-8 cannot carry it


def since(schema: int, default: Any) -> Any:
    """A field that came with `schema`: written only if it is not at its default.

    So versions that do not know it read all that does without it (R23).
    """
    return dataclasses.field(default=default, metadata={_SINCE: schema})


def schema_of(value: Any) -> int:
    """The highest schema that a field came with which a dataclass tree uses; else 0."""
    if isinstance(value, Mapping):
        return max(map(schema_of, value.values()), default=0)
    if isinstance(value, tuple):
        return max(map(schema_of, value), default=0)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return 0
    fields = _fields(type(value))
    if not any(field.newer for field in fields.values()):
        return 0
    return max(
        max(field.since, schema_of(getattr(value, name)))
        for name, field in fields.items()
        if not field.is_left_out(getattr(value, name))
    )


def is_written(kind: type[Any], name: str, value: Any) -> bool:
    """Whether a field of dataclass `kind` is written with this value."""
    return not _fields(kind)[name].is_left_out(value)


def dumps(value: Any) -> str:
    """Canonical ASCII JSON: sorted keys, no spaces; equal values, equal bytes.

    Raises CommandInvalid for NaN and infinity.
    """
    try:
        return json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=True,
            allow_nan=False,
        )
    except ValueError as error:
        raise CommandInvalid(f"not JSON: {error}") from error


def loads(text: str) -> Any:
    """Parse JSON; raises CommandInvalid."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CommandInvalid(f"not JSON: {error}") from error


def to_plain(value: Any) -> Any:
    """The JSON value of a dataclass tree."""
    if type(value) in _PLAIN:
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            name: to_plain(getattr(value, name))
            for name, field in _fields(type(value)).items()
            if not field.is_left_out(getattr(value, name))
        }
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[_T], plain: Any, path: str = "") -> _T:
    """Build dataclass `kind` from JSON value `plain`; raises CommandInvalid."""
    where = path or kind.__name__
    if not isinstance(plain, dict):
        raise CommandInvalid(f"{where}: expected an object, got {_name(plain)}")
    fields = _fields(kind)
    unknown = sorted(set(plain) - set(fields))
    if unknown:
        raise CommandInvalid(f"{where}: unknown key {unknown[0][:80]!r}")
    values = {}
    for name, field in fields.items():
        if name in plain:
            values[name] = _convert(field.hint, plain[name], f"{where}.{name}")
        elif field.required:
            raise CommandInvalid(f"{where}: key {name!r} is missing")
    return kind(**values)


class _Field(NamedTuple):
    """A field of a dataclass; `newer`: it or what it holds may have come later."""

    hint: Any
    required: bool
    since: int
    default: Any
    newer: bool

    def is_left_out(self, value: Any) -> bool:
        """Whether an earlier version can do without it."""
        return self.since > 0 and value == self.default


_known_fields: dict[type, dict[str, _Field]] = {}  # one entry a dataclass


def _fields(kind: type[Any]) -> dict[str, _Field]:
    """The fields of a dataclass; hints are costly to resolve."""
    if kind not in _known_fields:
        _known_fields[kind] = _resolve_fields(kind)
    return _known_fields[kind]


def _resolve_fields(kind: type[Any]) -> dict[str, _Field]:
    hints = typing.get_type_hints(kind)
    return {
        field.name: _Field(
            hints[field.name],
            field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING,
            field.metadata.get(_SINCE, 0),
            field.default,
            _SINCE in field.metadata or _may_be_newer(hints[field.name]),
        )
        for field in dataclasses.fields(kind)
    }


def _may_be_newer(hint: Any) -> bool:
    """Whether a value of this type may use a field that came later."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return any(field.newer for field in _fields(hint).values())
    return any(map(_may_be_newer, typing.get_args(hint)))


def _convert(hint: Any, plain: Any, path: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (Union, types.UnionType):
        return _convert_optional(hint, plain, path)
    if origin is tuple:
        if not isinstance(plain, list):
            raise CommandInvalid(f"{path}: expected a list, got {_name(plain)}")
        (item, *_) = typing.get_args(hint)
        return tuple(
            _convert(item, value, f"{path}[{i}]") for i, value in enumerate(plain)
        )
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(plain, dict):
            raise CommandInvalid(f"{path}: expected an object, got {_name(plain)}")
        item = typing.get_args(hint)[1]
        return {
            _text(key, path): _convert(item, value, f"{path}.{key[:80]}")
            for key, value in plain.items()
        }
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return from_plain(hint, plain, path)
    return _scalar(hint, plain, path)


def _convert_optional(hint: Any, plain: Any, path: str) -> Any:
    choices = typing.get_args(hint)
    if plain is None and type(None) in choices:
        return None
    (choice, *_) = [kind for kind in choices if kind is not type(None)]
    return _convert(choice, plain, path)


def _scalar(hint: Any, plain: Any, path: str) -> Any:
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        try:
            return hint(plain)
        except ValueError:
            words = ", ".join(str(member.value) for member in hint)
            raise CommandInvalid(f"{path}: not one of {words}") from None
    if hint is str:
        return _text(plain, path)
    if hint is bool and isinstance(plain, bool):
        return plain
    if hint is int and isinstance(plain, int) and not isinstance(plain, bool):
        if abs(plain) > _INTEGER_MAX:
            raise CommandInvalid(f"{path}: the number is out of range")
        return plain
    if hint is float and isinstance(plain, int | float) and not isinstance(plain, bool):
        if abs(plain) > _INTEGER_MAX or not math.isfinite(plain):
            raise CommandInvalid(f"{path}: the number is out of range")
        return float(plain)
    raise CommandInvalid(f"{path}: expected {hint.__name__}, got {_name(plain)}")


def _text(plain: Any, path: str) -> str:
    if not isinstance(plain, str):
        raise CommandInvalid(f"{path}: expected text, got {_name(plain)}")
    if len(plain) > _TEXT_MAX:
        raise CommandInvalid(f"{path}: text longer than {_TEXT_MAX} characters")
    if not plain.isascii() and _SURROGATE.search(plain):
        raise CommandInvalid(f"{path}: text with half a character")
    return plain


def _name(value: Any) -> str:
    return type(value).__name__


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")
