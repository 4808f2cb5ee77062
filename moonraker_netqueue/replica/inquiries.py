"""What this host asks the others of one queue."""

from __future__ import annotations

from typing import Any

from ..ports import Links, Message
from .welcome import Welcome, parse_welcome

_JOIN_TIMEOUT = 3.0
_TIMEOUT = 10.0
_SUBMIT_TIMEOUT = 4.0  # less than a leader waits for a commit: so a refusal is one


class Inquiries:
    """Requests over the links; each raises a NetqueueError if it is not answered."""

    def __init__(self, queue: str, links: Links) -> None:
        self._queue = queue
        self._links = links

    async def ask(self, host: str, method: str, params: dict[str, Any]) -> Message:
        """What a host answers."""
        return await self._links.request(self._queue, host, method, params, _TIMEOUT)

    async def submit(self, host: str, params: dict[str, Any]) -> Message:
        """A leader's answer to a command of this host."""
        return await self._links.request(
            self._queue, host, "submit", params, _SUBMIT_TIMEOUT
        )

    async def join(self, host: str) -> Welcome:
        """The group of a host, and whom to follow there."""
        form = await self._links.request(self._queue, host, "join", {}, _JOIN_TIMEOUT)
        return parse_welcome(form)

    async def voters(self, host: str) -> tuple[str, tuple[str, ...]]:
        """The group that a host is in, and that group's voters."""
        welcome = await self.join(host)
        return welcome.group, welcome.voters
