"""How what another group hands in changes a queue."""

from __future__ import annotations

import re

from .command import Command, HandIn
from .errors import Rejected, Rule
from .event import Event, Topic
from .intake import note_ancestors, take_in
from .queue_data import QueueData
from .soundness import check_part

MERGED = "merged"
_GROUP = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)


def hand_in(queue: QueueData, command: Command, body: HandIn) -> tuple[Event, ...]:
    """Merge a part; the last one makes its group an ancestor of this one (R8)."""
    check_part(queue, body.part)
    for group in (body.group, *body.ancestors):
        if not _GROUP.fullmatch(group):  # all hosts will say it in their hellos
            raise Rejected(Rule.INVALID, f"{group[:80]!r} is no id of a group")
    events = take_in(queue, body.part)
    if not body.complete:
        return events
    note_ancestors(queue, {**body.ancestors, body.group: body.generation})
    return (*events, Event(Topic.QUEUE, MERGED))
