"""How a group began that goes on without some hosts, as a person wanted it (R7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .joins import text_of

FOUNDINGS_MAX = 16  # kept of all groups that a queue came from; the latest ones


@dataclass(frozen=True)
class Founding:
    """Of `group`, the queue's `generation`.

    `by` whom, in front of which `host`; the Moonraker `user` and the `address` that it
    was asked from, for the audit log; `at` what Unix time, for display. `following` and
    `missing` are host ids.
    """

    group: str
    generation: int
    by: str
    at: float
    following: tuple[str, ...]
    missing: tuple[str, ...]
    host: str = ""
    user: str = ""
    address: str = ""


def latest_foundings(foundings: Iterable[Founding]) -> tuple[Founding, ...]:
    """Those to keep, each once, oldest first."""
    ordered = sorted(set(foundings), key=lambda f: (f.generation, f.at, text_of(f)))
    return tuple(ordered[-FOUNDINGS_MAX:])
