"""Who leads each queue, and who votes: told whenever it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..replica.status import ReplicaStatus, Role
from .host import WholeHost
from .story import Story

_PATIENCE = 5  # looks without a leader until that is worth telling


class Leaders:
    """Looks at the hosts now and then."""

    def __init__(
        self, hosts: Iterable[WholeHost], queues: Iterable[str], story: Story
    ) -> None:
        self._hosts = tuple(hosts)
        self._names: Mapping[str, str] = {host.id: host.name for host in self._hosts}
        self._story = story
        self._leader: dict[str, str | None] = dict.fromkeys(queues)
        self._voters: dict[str, tuple[str, ...]] = {}
        self._without: dict[str, int] = dict.fromkeys(self._leader, 0)

    def look(self) -> None:
        """Tell what changed since the last look."""
        for queue in self._leader:
            statuses = [
                host.replicas[queue].status()
                for host in self._hosts
                if queue in host.replicas
            ]
            leading = [status for status in statuses if status.role is Role.LEADER]
            if leading:
                self._led(queue, max(leading, key=lambda status: status.term))
            elif statuses:
                self._leaderless(queue, statuses[0])

    def _led(self, queue: str, status: ReplicaStatus) -> None:
        self._without[queue] = 0
        if status.leader is not None and status.leader != self._leader[queue]:
            self._leader[queue] = status.leader
            self._story.tell(
                f"{self._names[status.leader]} leads queue {queue}", "cyan"
            )
        if status.voters != self._voters.get(queue):
            self._voters[queue] = status.voters
            voters = ", ".join(sorted(self._names[host] for host in status.voters))
            self._story.tell(f"queue {queue}: voters are {voters}", "dim")

    def _leaderless(self, queue: str, status: ReplicaStatus) -> None:
        self._without[queue] += 1
        if self._without[queue] != _PATIENCE or self._leader[queue] is None:
            return
        self._leader[queue] = None
        missing = ", ".join(sorted(self._names[h] for h in status.missing_voters))
        why = f"missing: {missing}" if missing else "an election is under way"
        self._story.tell(f"queue {queue} has no leader; {why}", "red")
