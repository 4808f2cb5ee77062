"""What the agent needs of a queue and of files, as Protocols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..model.command import Body
from ..model.content import FileRef
from ..model.event import Event
from ..model.queue_state import QueueState


@dataclass(frozen=True)
class Submission:
    """How a submit ended: accepted, rejected, or pending in the outbox (R11)."""

    accepted: bool
    pending: bool = False  # no answer yet: durable here, repeated until there is one
    reason: str = ""


class QueuePort(Protocol):
    """One replicated queue."""

    @property
    def state(self) -> QueueState:
        """The queue as this host has applied it; to read only."""

    @property
    def ready(self) -> bool:
        """Whether a leader with a quorum is known: a command would be answered."""

    async def submit(
        self, body: Body, client_id: str = "", timeout: float = 5.0
    ) -> Submission:
        """Give a command; raises a NetqueueError if it cannot even be kept."""

    def add_listener(self, callback: Callable[[tuple[Event, ...]], None]) -> None:
        """Call `callback` after each applied command that changed something."""

    def connected(self) -> tuple[str, ...]:
        """Host ids of the queue that a live link leads to."""


class Files(Protocol):
    """The content store and its fetcher."""

    def has(self, sha256: str) -> bool:
        """Whether the content is in the store of this host."""

    async def fetch(
        self, queue: str, file: FileRef, holders: Callable[[], tuple[str, ...]]
    ) -> None:
        """Get a content into the store, verified; waits for holders until cancelled."""

    async def materialise(self, queue: str, file: FileRef) -> str:
        """Copy a content to where Klipper finds it, verified; its name in gcodes."""
