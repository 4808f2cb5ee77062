"""How what another group hands in changes a queue."""

from __future__ import annotations

from .command import Command, HandIn
from .errors import Rejected, Rule
from .event import Event, Topic
from .intake import note_ancestors, take_in
from .part import Part
from .queue_data import QueueData, is_sound

MERGED = "merged"


def hand_in(queue: QueueData, command: Command, body: HandIn) -> tuple[Event, ...]:
    """Merge a part; the last one makes its group an ancestor of this one (R8)."""
    _check(body.part)
    events = take_in(queue, body.part)
    if not body.complete:
        return events
    note_ancestors(queue, {**body.ancestors, body.group: body.generation})
    return (*events, Event(Topic.QUEUE, MERGED))


def _check(part: Part) -> None:
    """Refuse what types cannot say and rules rely on."""
    logs = (log for lives in part.authors.values() for log in lives)
    sound = all(is_sound(job.job_id, job) for job in part.jobs) and all(
        text.isdecimal() for log in logs for text in log.recent
    )
    if part.settings is not None:
        part.settings.check()
    if not sound:
        raise Rejected(Rule.INVALID, "a part that no group of this queue can have")
