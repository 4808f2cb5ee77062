"""When the log grew long: a snapshot of what is applied takes its beginning's place."""

from __future__ import annotations

import asyncio
import logging

from ..model.queue_state import QueueState
from . import snapshot
from .journal import Journal

_LOGGER = logging.getLogger(__name__)


class Compaction:
    """Takes snapshots of one group, one at a time, off the loop."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._task: asyncio.Task[None] | None = None

    def look(self, state: QueueState, applied_index: int) -> None:
        """Start if the log is worth it; `state` is that at `applied_index`."""
        if self._task is None and self._journal.is_heavy():
            entry = self._journal.entry(applied_index)
            if entry is not None and applied_index > self._journal.snapshot_index:
                work = self._compact(state.copied(), entry.index, entry.term)
                self._task = asyncio.get_running_loop().create_task(work)

    def stop(self) -> None:
        """Give up what is under way; the log stays as it is."""
        if self._task is not None:
            self._task.cancel()

    async def _compact(self, state: QueueState, index: int, term: int) -> None:
        journal = self._journal
        seats, changed = journal.seats_at(index), journal.change_at(index)
        try:
            taken, text = await journal.database.worker.run(
                snapshot.write, state, index, term, seats, changed
            )
            # A leader's snapshot may have replaced the log meanwhile.
            if journal.snapshot_index < index and journal.database.error is None:
                journal.compact(taken, text)
                _LOGGER.info("log up to %d is a snapshot of %d bytes", index, len(text))
        finally:
            self._task = None
