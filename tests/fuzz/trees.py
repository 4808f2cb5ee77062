"""Values that are nearly right, in JSON or msgpack that is: a value of another kind, a
key that is missing, strange or there twice, a part in the place of another one."""

from __future__ import annotations

import copy
import functools
import json
import random
from collections.abc import Callable
from typing import Any

import msgpack

_LARGE = 2_000  # values: it grows no more
_LINE = b"\n"  # a snapshot is JSON line by line
_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 255, 1 << 31, 1 << 53, (1 << 63) - 1, -(1 << 63),
    0.0, -0.0, 0.5, 1e308, 5e-324, float("nan"), float("inf"), "", " ", "x", "a" * 64,
    "1" * 64, "\0", "a\nb", "\u202e", "é", "\U0001f600", "x" * 5_000, "9" * 400, "1e9",
    "٣", "../x", "/", "__proto__", "2026-11-29", "08:00", "UTC", "demo", "default",
    [], {}, [[]], [{}], {"": None}, ["x"] * 300, [0, 0], {"t": "hello"},
)  # fmt: skip
_MSGPACK_ONLY = (b"", b"x" * 32, b"\xff" * 64, {b"x": 1}, {b"x": 1, "y": 2})
_JSON_ONLY = ("\ud800", 1 << 64, -(10**30), 10**400)

_Place = tuple[Any, Any]  # a container, and the key or index of a value in it


@functools.lru_cache(maxsize=512)
def _read(seed: bytes) -> tuple[Any, Callable[[Any], bytes], tuple[Any, ...]] | None:
    """The value of a seed, what writes it, and odd values; None: it is neither."""
    lines = seed.split(_LINE)
    try:
        value = [json.loads(line) for line in lines]
    except ValueError:
        pass
    else:
        return value, _write_lines, _ODD + _JSON_ONLY
    try:
        value = msgpack.unpackb(seed)
    except (ValueError, TypeError):
        return None
    if not isinstance(value, dict | list):
        return None
    return value, msgpack.packb, _ODD + _MSGPACK_ONLY


def _write_lines(value: Any) -> bytes:
    lines = value if isinstance(value, list) and value else [value]
    return _LINE.join(json.dumps(line).encode() for line in lines)


def changed(draw: random.Random, seed: bytes) -> bytes | None:
    """A seed with one to eight changed values; None: it is no JSON or msgpack."""
    read = _read(seed)
    if read is None:
        return None
    value, write, odd = read
    whole = [copy.deepcopy(value)]
    for _ in range(1 << draw.randrange(4)):
        places = _places(whole)
        if len(places) > _LARGE:
            break
        container, key = draw.choice(places)
        draw.choice(_CHANGES)(draw, container, key, whole, odd)
    try:
        return write(whole[0])
    except (ValueError, OverflowError, TypeError):
        return None  # what nobody can send


def _places(whole: list[Any]) -> list[_Place]:
    """Every value in it, and it."""
    found: list[_Place] = [(whole, 0)]
    for container, key in found:  # grows
        if len(found) > _LARGE:
            break
        value = container[key]
        if isinstance(value, dict):
            found += [(value, name) for name in value]
        elif isinstance(value, list):
            found += [(value, index) for index in range(len(value))]
    return found


_Odd = tuple[Any, ...]


def _replace(d: random.Random, at: Any, key: Any, _whole: list[Any], odd: _Odd) -> None:
    at[key] = copy.deepcopy(d.choice(odd))


def _transplant(
    d: random.Random, at: Any, key: Any, whole: list[Any], _odd: _Odd
) -> None:
    container, other = d.choice(_places(whole))
    at[key] = copy.deepcopy(container[other])


def _remove(_d: random.Random, at: Any, key: Any, whole: list[Any], _odd: _Odd) -> None:
    if at is not whole:
        del at[key]


def _add(d: random.Random, at: Any, key: Any, whole: list[Any], odd: _Odd) -> None:
    value = at[key]
    if isinstance(value, list):
        value.insert(d.randrange(len(value) + 1), copy.deepcopy(d.choice(odd)))
    elif isinstance(value, dict):
        value[d.choice([one for one in odd if isinstance(one, str)])] = d.choice(odd)


def _repeat(d: random.Random, at: Any, key: Any, _whole: list[Any], _odd: _Odd) -> None:
    if isinstance(at[key], list) and len(at[key]) < 1_000:
        at[key] *= d.choice((2, 3, 50))


def _nudge(d: random.Random, at: Any, key: Any, _whole: list[Any], _odd: _Odd) -> None:
    value = at[key]
    if type(value) is int:
        at[key] = value + d.choice((-1, 1, 1 << 31, -(1 << 31)))
    elif type(value) is float:
        at[key] = value * d.choice((-1, 0.5, 1e300))
    elif isinstance(value, str | bytes):
        cut = d.randrange(len(value) + 1)
        at[key] = value[:cut]


_CHANGES = (_replace, _replace, _transplant, _remove, _add, _repeat, _nudge, _nudge)
