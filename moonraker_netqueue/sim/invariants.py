"""What must hold at every moment of a cluster's life, and how it must end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..model.command import Command, CommandId, ContentDropped, ContentEvict
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..replica.status import ReplicaStatus, Role
from .host import WholeHost


class Invariants:
    """A Witness of all hosts of one queue."""

    def __init__(self, queue: str, broken: Callable[[str], object]) -> None:
        """`broken(text)` is called with what does not hold."""
        self.commands = 0  # applied for the first time
        self.given_up = 0  # contents that a host deleted, as it said before
        self.fewest_voters = 0  # that any leader had, since `watch_voters`
        self._queue = queue
        self._broken = broken
        self._leaders: dict[tuple[str, int], str] = {}
        self._logs: dict[str, dict[int, tuple[CommandId, Outcome]]] = {}
        self._furthest: dict[str, int] = {}  # by group: highest index applied
        self._accepted: dict[str, dict[CommandId, None]] = {}  # by group

    # Witness.

    def on_applied(
        self, host: str, group: str, command: Command, index: int, outcome: Outcome
    ) -> None:
        """The prefixes that hosts of a group applied are equal."""
        log = self._logs.setdefault(group, {})
        if index not in log:
            self.commands += 1
            given_up = isinstance(command.body, (ContentEvict, ContentDropped))
            self.given_up += given_up and outcome.rule is None
        applied = (command.id, outcome)
        if log.setdefault(index, applied) != applied:
            self._broken(
                f"entry {index} of group {group[:8]} is {log[index]} elsewhere and"
                f" {applied} on {host[:8]}"
            )
        self._furthest[group] = max(index, self._furthest.get(group, 0))

    def on_standing(self, host: str, status: ReplicaStatus) -> None:
        """At most one leader per group and term."""
        if status.role is Role.LEADER and status.group is not None:
            self.fewest_voters = min(self.fewest_voters, len(status.voters))
            key = (status.group, status.term)
            other = self._leaders.setdefault(key, host)
            if other != host:
                self._broken(
                    f"{host[:8]} and {other[:8]} both lead group {status.group[:8]}"
                    f" in term {status.term}"
                )

    def on_relied(self, host: str, index: int, on_disk: int, what: str) -> None:
        """What a host says that it has, and acts on, survives a power cut there."""
        if index > on_disk:
            self._broken(
                f"{host[:8]} {what} entry {index}, but only {on_disk} are on its disk"
            )

    def watch_voters(self, count: int) -> None:
        """From now on there are so many, or fewer."""
        self.fewest_voters = count

    @property
    def elections(self) -> int:
        """Leaders that there were."""
        return len(self._leaders)

    @property
    def groups(self) -> int:
        """Groups that anything was applied in."""
        return len(self._logs)

    # What people were promised.

    def note_accepted(self, group: str | None, command: CommandId) -> None:
        """Somebody was told so, by a host of that group."""
        if group is not None:
            self._accepted.setdefault(group, {})[command] = None

    def check(self, hosts: Sequence[WholeHost]) -> None:
        """Whoever has applied most of a group knows what was accepted in it."""
        for host in hosts:
            replica = host.replicas.get(self._queue)
            if replica is None:
                continue
            status = replica.status()
            group = status.group
            if group is None or status.role is not Role.LEADER:
                continue
            if status.applied_index >= self._furthest.get(group, 0):
                self._require(host, replica.state, self._accepted.get(group, {}))

    def check_end(self, hosts: Sequence[WholeHost]) -> None:
        """All hosts are equal and know all that was ever accepted."""
        states = {host.replicas[self._queue].state.canonical() for host in hosts}
        if len(states) != 1:
            self._broken("the hosts' states differ in the end")
        for commands in self._accepted.values():
            self._require(hosts[0], hosts[0].replicas[self._queue].state, commands)

    def _require(
        self, host: WholeHost, state: QueueState, commands: dict[CommandId, None]
    ) -> None:
        for command in commands:
            if state.outcomes.of(command) is None:
                self._broken(
                    f"{host.name} does not know command {command.sequence} of"
                    f" {command.author[:8]}, which was accepted"
                )

    def is_settled(self, hosts: Sequence[WholeHost]) -> bool:
        """Whether these hosts are in one group, equal, with nothing under way."""
        if any(self._queue not in host.replicas for host in hosts):
            return False
        replicas = [host.replicas[self._queue] for host in hosts]
        statuses = [replica.status() for replica in replicas]
        first = statuses[0]
        return (
            first.group is not None
            and first.leader is not None
            and all(
                (s.group, s.leader, s.applied_index, s.last_index)
                == (first.group, first.leader, first.applied_index, first.applied_index)
                and not s.pending
                for s in statuses
            )
            and len({replica.state.canonical() for replica in replicas}) == 1
        )
