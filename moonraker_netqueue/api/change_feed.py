"""notify_netqueue_changed: what changed in a queue, a few times a second at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..model.event import Event, Topic
from ..ports import Clock
from .gathering import Gathering
from .queue import ServedQueue
from .settings import settings_view
from .views import counts_view, job_view, print_view

Notify = Callable[[dict[str, Any]], object]


class ChangeFeed:
    """Gathers the events of one queue and tells clients, numbered without a gap."""

    def __init__(self, queue: ServedQueue, clock: Clock, notify: Notify) -> None:
        self._queue = queue
        self._notify = notify
        self._changed: dict[Event, None] = {}
        self._gathering = Gathering(clock, self._send)

    def on_events(self, events: tuple[Event, ...]) -> None:
        """Events of an applied command."""
        self._changed.update(dict.fromkeys(events))
        self._gathering.soon()

    def close(self) -> None:
        """Tell no more."""
        self._gathering.close()

    def _send(self) -> None:
        changes = [self._view(event) for event in self._changed]
        self._changed.clear()
        self._queue.revision += 1
        self._notify(
            {
                "queue": self._queue.name,
                "revision": self._queue.revision,
                "changes": changes,
            }
        )

    def _view(self, event: Event) -> dict[str, Any]:
        """The thing as it is now; null if it is gone."""
        state, value = self._queue.state, None
        if event.topic is Topic.JOB and event.key in state.jobs:
            prints = tuple(state.prints_of_job(event.key))
            value = job_view(state, state.jobs[event.key], prints)
        elif event.topic is Topic.PRINT and event.key in state.prints:
            value = print_view(state, state.prints[event.key])
        elif event.topic is Topic.QUEUE:
            value = counts_view(state) | settings_view(state.settings)
        return {"topic": event.topic.value, "key": event.key, "value": value}
