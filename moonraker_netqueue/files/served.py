"""What a host gives to others: contents of the queue that they ask about (R13)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import NetqueueError
from ..model.command import ContentDropped
from ..replica.replica import Replica
from ..tasks import stop
from .store import ContentStore

_LOGGER = logging.getLogger(__name__)


class ServedContents:
    """The ContentSource of a host. Called on the loop.

    Where the queue takes this host for a holder and the bytes are gone (an old disk was
    put in, somebody deleted them), it says so once it is asked for them: else others
    would ask for ever.
    """

    def __init__(self, store: ContentStore) -> None:
        self._store = store
        self.replicas: Callable[[], Mapping[str, Replica]] = dict  # by queue
        self._owning_up: dict[tuple[str, str], asyncio.Task[Any]] = {}

    def content_path(self, queue: str, sha256: str) -> Path | None:
        replica = self.replicas().get(queue)
        # By its own word: who knows the hash of another queue's content, and writes
        # it into this queue, gets nothing for that.
        if replica is None or not replica.state.held_by(replica.host_id, sha256):
            return None
        path = self._store.path(sha256)
        key = (queue, sha256)
        if path is None and key not in self._owning_up:
            work = self._own_up(replica, sha256)
            task = self._owning_up[key] = asyncio.get_running_loop().create_task(work)
            task.add_done_callback(lambda _: self._owning_up.pop(key))
        return path

    async def close(self) -> None:
        """Say nothing any more."""
        await stop(*self._owning_up.values())

    async def _own_up(self, replica: Replica, sha256: str) -> None:
        _LOGGER.warning("content %.12s is gone from this host's disk", sha256)
        try:
            await replica.submit(ContentDropped(sha256))
        except NetqueueError as error:
            _LOGGER.warning("that could not be told: %s", error)
