"""A part of a queue's state: small enough for one command, and merged on its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .codec import from_plain, since, to_plain
from .content import Content
from .founding import Founding
from .gaps import Gap
from .identity import Stamp
from .job import Job
from .member import Standing
from .outcome import AuthorLog, ClientOutcome
from .print import Print
from .printer import Printer
from .settings import QueueSettings
from .totals import Totals

NUMBER_MAX = 1 << 56  # of what is handed in; counters go up one by one, below 1 << 62


@dataclass(frozen=True)
class Stretch:
    """What became of an author's commands from `first` to `last`, but some `missing`.

    They were all heard, and of what they made only the jobs, live prints and holders
    that `alive` commands made are left.
    """

    author: str
    incarnation: int
    first: int
    last: int
    missing: tuple[Gap, ...] = ()
    alive: tuple[int, ...] = ()


@dataclass(frozen=True)
class Part:
    """Some of a state. `paused` and `settings` are the queue's own parts."""

    jobs: tuple[Job, ...] = ()
    contents: tuple[Content, ...] = ()
    printers: tuple[Printer, ...] = ()
    prints: tuple[Print, ...] = ()  # live and ended
    stretches: tuple[Stretch, ...] = ()
    authors: Mapping[str, tuple[AuthorLog, ...]] = field(default_factory=dict)
    clients: Mapping[str, ClientOutcome] = field(default_factory=dict)
    counted: Mapping[str, Totals] = field(default_factory=dict)
    foundings: tuple[Founding, ...] = ()
    paused: bool | None = None
    settings: QueueSettings | None = None
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    roles: tuple[Standing, ...] = since(4, ())


def numbers(name: str, plain: Any) -> Iterator[tuple[str, int]]:
    """All whole numbers of a JSON value, with the names of their fields."""
    if type(plain) is int:
        yield name, plain
    elif isinstance(plain, dict):
        for key, value in plain.items():
            yield from numbers(key, value)
    elif isinstance(plain, list):
        for value in plain:
            yield from numbers(name, value)


def capped(part: Part) -> Part:
    """The part with nothing above NUMBER_MAX: what a member brought to there, and this
    group then raised, would be refused in the next one."""
    plain = to_plain(part)
    if all(number <= NUMBER_MAX for _, number in numbers("", plain)):
        return part
    return from_plain(Part, _capped(plain))


def _capped(plain: Any) -> Any:
    if isinstance(plain, dict):
        return {key: _capped(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_capped(value) for value in plain]
    return min(plain, NUMBER_MAX) if type(plain) is int else plain
