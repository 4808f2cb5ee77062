"""A replica that tells a simulation what it goes through, at that very moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ..model.command import Command
from ..model.event import Event
from ..model.outcome import Outcome
from ..replica.replica import Replica
from ..replica.status import ReplicaStatus


class Witness(Protocol):
    """Who is told."""

    def on_applied(
        self, host: str, group: str, command: Command, index: int, outcome: Outcome
    ) -> None:
        """A host applied a command."""

    def on_standing(self, host: str, status: ReplicaStatus) -> None:
        """A host has another leader, term or configuration."""

    def on_relied(self, host: str, index: int, on_disk: int, what: str) -> None:
        """A host acknowledged or applied entry `index`; its disk has `on_disk`."""


class SeenReplica(Replica):
    """Replica; `witness` is told first."""

    witness: Witness | None = None
    on_disk: Callable[[], int] | None = None  # the highest entry that is safe there

    def on_applied(
        self, command: Command, index: int, outcome: Outcome, events: tuple[Event, ...]
    ) -> None:
        group = self._lifecycle.group
        if self.witness is not None and group is not None:
            self.witness.on_applied(self.host_id, group.id, command, index, outcome)
            self._tell_reliance(index, "applies")
        super().on_applied(command, index, outcome, events)

    def on_group_changed(self) -> None:
        if self.witness is not None:
            self.witness.on_standing(self.host_id, self.status())
        super().on_group_changed()

    def _deliver(self, host: str, message: dict[str, Any]) -> object:
        raft = message["m"]
        acks = raft["type"] == "next_node_idx" and raft["success"]
        group = self._lifecycle.group
        # One of an earlier term was true then: what it names may be replaced by now.
        if acks and group is not None and raft["term"] == group.term:
            self._tell_reliance(raft["next_node_idx"] - 1, "acks")
        return super()._deliver(host, message)

    def _tell_reliance(self, index: int, what: str) -> None:
        if self.witness is not None and self.on_disk is not None:
            self.witness.on_relied(self.host_id, index, self.on_disk(), what)
