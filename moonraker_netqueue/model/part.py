"""A part of a queue's state: small enough for one command, and merged on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .codec import since
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
