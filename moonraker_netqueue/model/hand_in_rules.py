"""How what another group hands in changes a queue."""

from __future__ import annotations

from .command import Command, HandIn
from .event import Event, Topic
from .intake import note_ancestors, take_in
from .queue_data import QueueData
from .soundness import check_part

MERGED = "merged"


def hand_in(queue: QueueData, command: Command, body: HandIn) -> tuple[Event, ...]:
    """Merge a part; the last one makes its group an ancestor of this one (R8)."""
    check_part(queue, body.part)
    events = take_in(queue, body.part)
    if not body.complete:
        return events
    note_ancestors(queue, {**body.ancestors, body.group: body.generation})
    return (*events, Event(Topic.QUEUE, MERGED))
