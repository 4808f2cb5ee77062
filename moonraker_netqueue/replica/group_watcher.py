"""Who is told what happens in a group."""

from __future__ import annotations

from typing import Protocol

from ..model.command import Command
from ..model.event import Event
from ..model.outcome import Outcome
from .errors import ReplicaError


class GroupWatcher(Protocol):
    """Called on the loop, must not raise."""

    def on_applied(
        self, command: Command, index: int, outcome: Outcome, events: tuple[Event, ...]
    ) -> None:
        """A command was applied."""

    def on_replayed(self) -> None:
        """The state is that of a leader's snapshot: anything may have changed."""

    def on_acked(self, host: str, incarnation: str, index: int) -> None:
        """A host's journal has all committed entries up to `index`."""

    def on_group_changed(self) -> None:
        """Leader, term or configuration changed."""

    def on_group_failed(self, error: ReplicaError) -> None:
        """The group stopped for good on this host."""
