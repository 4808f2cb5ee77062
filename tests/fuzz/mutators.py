"""Bytes that are nearly right, as a damaged disk or a hostile peer sends them.

The mutations are those of AFL's havoc stage: most break the form, some keep it and
change a value only. Half of the inputs of JSON or msgpack are those of `trees`, which
keep the form.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.fuzz.trees import changed

LONGEST = 64 << 10  # bytes of one input

_WORDS = (
    b"\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff\xff\xff\xff\xff", b"-1", b"0",
    b"1e999", b"NaN", b"-Infinity", b"null", b"true", b'""', b"[]", b"{}", b"../",
    b"/etc/passwd", b"%s%n", b"'\"<script>", b"\r\n", b"\n---\n", b"&a [*a]", b"<<: ",
    b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xed\xa0\x80",
    b"9" * 400, b"[" * 2_000, b'{"a":' * 2_000, b"\xf0\x9f\x98\x80",
    b"!!python/object/apply:os.system [x]",
)  # fmt: skip

_Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutated(draw: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds` after one to eight mutations; at most LONGEST bytes."""
    seed = draw.choice(seeds)
    if draw.random() < 0.5 and (tree := changed(draw, seed)) is not None:
        return tree[:LONGEST]
    data = bytearray(seed)
    for _ in range(1 << draw.randrange(4)):
        draw.choice(_MUTATIONS)(draw, data, seeds)
        del data[LONGEST:]
    return bytes(data)


def _span(draw: random.Random, data: bytearray) -> slice:
    """A part of it, mostly a short one."""
    start = draw.randrange(len(data) + 1)
    return slice(start, start + draw.choice((1, 2, 4, 8, 32, 1_000)))


def _flip_bit(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _set_byte(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[draw.randrange(len(data))] = draw.randrange(256)


def _cut(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[_span(draw, data)]


def _truncate(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[draw.randrange(len(data) + 1) :]


def _repeat(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    span = _span(draw, data)
    data[span] = data[span] * draw.choice((2, 3, 50))


def _insert_word(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    at = draw.randrange(len(data) + 1)
    data[at:at] = draw.choice(_WORDS)


def _replace_by_word(draw: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    data[_span(draw, data)] = draw.choice(_WORDS)


def _splice(draw: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = draw.choice(seeds)
    at = draw.randrange(len(data) + 1)
    data[at:] = other[draw.randrange(len(other) + 1) :]


_MUTATIONS: tuple[_Mutation, ...] = (
    _flip_bit,
    _set_byte,
    _cut,
    _truncate,
    _repeat,
    _insert_word,
    _replace_by_word,
    _splice,
)
