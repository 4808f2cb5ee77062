"""Persist before send: raft messages wait for the disk, in order (R18)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from .database import Database


class _Held(NamedTuple):
    position: int  # of the database, at the time of sending
    host: str
    message: dict[str, Any]


class Sender:
    """Lets a message go once all that was journalled before it is durable."""

    def __init__(
        self, database: Database, deliver: Callable[[str, dict[str, Any]], object]
    ) -> None:
        self._database = database
        self._deliver = deliver
        self._held: deque[_Held] = deque()

    def send(self, host: str, message: dict[str, Any]) -> None:
        """Send now or as soon as the disk has caught up."""
        self._held.append(_Held(self._database.position, host, message))
        self.release()

    def release(self) -> None:
        """Send what the disk has caught up with."""
        written = self._database.durable_position
        while self._held and self._held[0].position <= written:
            held = self._held.popleft()
            self._deliver(held.host, held.message)

    def forget_link(self, host: str) -> None:
        """The link is gone: what waited for it must not go over the next one."""
        self._held = deque(held for held in self._held if held.host != host)

    def stop(self) -> None:
        """Send nothing any more."""
        self._held.clear()
        self._deliver = lambda _host, _message: None
