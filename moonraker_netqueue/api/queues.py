"""The endpoint `queues`: which queues this host serves, and their settings."""

from __future__ import annotations

from typing import Any, Protocol

from ..names import is_queue_name, queue_name_remedy
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .leaving import require_no_loss
from .settings import NAMES, read_change, settings_view
from .views import counts_view

_SERVED_MAX = 16  # queues of one host: each has a replica with its own disk writes


class Serving(Protocol):
    """What begins and ends a queue on this host; both survive a restart."""

    @property
    def configured(self) -> tuple[str, ...]:
        """Queues that moonraker.conf names."""

    async def begin(self, name: str) -> None:
        """Serve a queue: join it where other hosts have it, else found it."""

    async def end(self, name: str) -> None:
        """Serve it no more; raises NetqueueError while a print of it is here."""


class QueueEndpoints:
    """What `queues` does."""

    def __init__(self, host: Host, serving: Serving) -> None:
        self._host = host
        self._serving = serving

    async def list_queues(self, arguments: Arguments) -> dict[str, Any]:
        """Each queue with its counts, and whether moonraker.conf names it."""
        arguments.finish()
        return {"queues": [self._view(name) for name in self._host.queues]}

    async def write_queue(self, arguments: Arguments) -> dict[str, Any]:
        """Serve one more queue, or with a setting change that of a served one."""
        if any(name in arguments for name in NAMES):
            return await self._change_settings(arguments)
        name = arguments.text("queue")
        arguments.finish()
        if not is_queue_name(name):
            raise ApiError(400, f"argument 'queue': {queue_name_remedy(name[:64])}")
        if name in self._host.queues:
            raise ApiError(409, f"this host serves queue {name!r} already")
        if len(self._host.queues) >= _SERVED_MAX:
            raise ApiError(409, f"a host serves at most {_SERVED_MAX} queues")
        await self._serving.begin(name)
        return {"queue": self._view(name)}

    async def _change_settings(self, arguments: Arguments) -> dict[str, Any]:
        queue = self._host.queue(arguments)
        change = read_change(arguments)
        arguments.finish()
        pending = await queue.submit(change)
        return {"queue": self._view(queue.name), "pending": pending}

    async def leave_queue(self, arguments: Arguments) -> dict[str, Any]:
        """Serve a queue no more. Its jobs stay with the other hosts, and on disk.

        `anyway`: also if this disk is then the only one that has something of them.
        """
        queue = self._host.queue(arguments)
        name = queue.name
        if name in self._serving.configured:
            raise ApiError(
                409,
                f"moonraker.conf names queue {name!r}: take it out of option 'queues'"
                " of [netqueue] there, and restart Moonraker",
            )
        require_no_loss(queue, self._host.host_id, self._host.host_id, arguments)
        arguments.finish()
        await self._serving.end(name)
        return {"queue": name}

    def _view(self, name: str) -> dict[str, Any]:
        queue = self._host.queues[name]
        status = queue.replica.status()
        return {
            "queue": name,
            "configured": name in self._serving.configured,
            "role": status.role.value,
            "quorum": status.quorum,
            "members": len(status.members),
            **counts_view(queue.state),
            **settings_view(queue.state.settings),
        }
