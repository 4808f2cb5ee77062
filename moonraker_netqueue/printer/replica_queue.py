"""A replica and the links of its queue, as the agent's QueuePort."""

from __future__ import annotations

from collections.abc import Callable

from ..model.command import Body
from ..model.event import Event
from ..model.queue_state import QueueState
from ..ports import Links
from ..replica.replica import Replica
from ..replica.submission import SubmitState
from .queue_port import Submission


class ReplicaQueue:
    """One queue of this host."""

    def __init__(self, replica: Replica, links: Links) -> None:
        self._replica = replica
        self._links = links

    @property
    def state(self) -> QueueState:
        return self._replica.state

    @property
    def ready(self) -> bool:
        return self._replica.status().ready

    async def submit(
        self, body: Body, client_id: str = "", timeout: float = 5.0
    ) -> Submission:
        outcome = await self._replica.submit(body, client_id, timeout)
        return Submission(
            accepted=outcome.state is SubmitState.ACCEPTED,
            pending=outcome.state is SubmitState.PENDING,
            reason=outcome.reason,
        )

    def add_listener(self, callback: Callable[[tuple[Event, ...]], None]) -> None:
        self._replica.add_listener(callback)

    def connected(self) -> tuple[str, ...]:
        return self._links.connected(self._replica.queue)
