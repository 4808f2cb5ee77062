"""The endpoint `rules`: whether all hosts of a queue know what this one does (R23)."""

from __future__ import annotations

from typing import Any

from ..model.schema import SCHEMA
from ..version import __version__
from .arguments import Arguments
from .asking import origin
from .host import Host
from .queue import ServedQueue


class RulesEndpoints:
    """What `rules` does."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def show(self, arguments: Arguments) -> dict[str, Any]:
        """What the queue goes by, and who does not know what this host does."""
        queue = self._host.queue(arguments)
        arguments.finish()
        return self._view(queue)

    async def act(self, arguments: Arguments) -> dict[str, Any]:
        """Use all that this version can; hosts `without` are not waited for."""
        queue = self._host.queue(arguments)
        without = arguments.words("without", ())
        arguments.finish()
        await queue.replica.raise_rules(without, origin())
        return self._view(queue)

    def _view(self, queue: ServedQueue) -> dict[str, Any]:
        behind = queue.replica.behind()
        return {
            "queue": queue.name,
            "version": __version__,
            "rules": queue.replica.status().rules,
            "known": SCHEMA,
            "behind": [
                {
                    "host_id": host,
                    "name": queue.host_name(host),
                    "version": word.version,
                    "rules": word.rules,
                    "connected": self._host.reaches(queue, host),
                }
                for host, word in sorted(behind.items())
            ],
        }
