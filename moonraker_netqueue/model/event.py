"""What a command changed, for those who watch a queue."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Topic(str, enum.Enum):
    """The kind of thing that changed."""

    JOB = "job"
    PRINT = "print"
    PRINTER = "printer"
    CONTENT = "content"
    QUEUE = "queue"
    OVERRULED = "overruled"  # key: name of a job that a merge found removed and changed


@dataclass(frozen=True)
class Event:
    """Thing `key` of kind `topic` changed, appeared or is gone."""

    topic: Topic
    key: str


def overruled(events: Iterable[Event]) -> set[str]:
    """Names of jobs that a merge found removed on one side and changed on the other."""
    return {event.key for event in events if event.topic is Topic.OVERRULED}
