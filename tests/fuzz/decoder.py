"""What a decoder is, for the lists of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Decoder:
    """`read` may raise `refusals` and nothing else."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refusals: tuple[type[Exception], ...]
    heavy: bool = False  # it takes long for each input, as YAML does


class NoJson(Exception):
    """What others would refuse before it came to us."""


def as_text(data: bytes) -> str:
    """The characters that some bytes are, or stand for."""
    return data.decode("utf-8", "replace")


def json_value(data: bytes) -> Any:
    """What Moonraker, or its metadata script, read as JSON."""
    try:
        return json.loads(as_text(data))
    except (ValueError, RecursionError) as error:
        raise NoJson from error


def as_json(*values: object) -> tuple[bytes, ...]:
    """A seed of each value."""
    return tuple(json.dumps(value).encode() for value in values)
