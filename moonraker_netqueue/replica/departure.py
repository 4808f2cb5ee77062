"""Ending in order: leadership handed over, the seat given up if the rest needs it."""

from __future__ import annotations

from ..errors import NetqueueError
from ..ports import Clock, Links
from .group import Group

_PATIENCE = 2.5  # seconds; Moonraker ends a component that takes longer than a few
_LOOK = 0.05  # seconds between looks


async def depart(queue: str, group: Group, links: Links, clock: Clock) -> None:
    """Return once the others can go on without this host, or nobody is there to.

    The last voter keeps its seat: the queue waits for it.
    """
    deadline = clock.monotonic() + _PATIENCE
    while (left := deadline - clock.monotonic()) > 0:
        if not group.has_seat or not group.staying() or not group.has_quorum:
            return
        if group.is_leader:
            group.hand_over()
        elif group.leader is not None:
            try:
                params = {"g": group.id}
                await links.request(queue, group.leader, "leave", params, left)
            except NetqueueError:
                pass  # the leader changes just now: look again
            else:
                return
        await clock.sleep(_LOOK)
