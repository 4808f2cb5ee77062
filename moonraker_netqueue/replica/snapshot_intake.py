"""A follower that is far behind takes its leader's snapshot (R3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ..errors import NetqueueError
from ..ports import Clock, Message
from . import snapshot
from .errors import SnapshotInvalid
from .journal import Journal
from .snapshot import Loaded

_LOGGER = logging.getLogger(__name__)

PART_SIZE = 128 << 10  # characters of one answer
_RETRY = 2.0  # seconds after a failure; the leader repeats its offer more often

Ask = Callable[[str, str, dict[str, Any]], Awaitable[Message]]


class Offer(NamedTuple):
    """What a leader says of its snapshot."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs
    term: int
    size: int
    digest: str


class SnapshotIntake:
    """At most one snapshot on its way to this host.

    `ask(host, method, params)` puts a request; `installed(loaded)` is called in the
    turn in which the snapshot is known to be on disk, in the log's place.
    """

    def __init__(
        self,
        group: str,
        journal: Journal,
        clock: Clock,
        ask: Ask,
        installed: Callable[[Loaded], None],
    ) -> None:
        self._group = group
        self._journal = journal
        self._clock = clock
        self._ask = ask
        self._installed = installed
        self._task: asyncio.Task[None] | None = None
        self.progress: tuple[int, int] | None = None  # (bytes here, bytes in all)
        self.error: str | None = None  # why the last one was not taken

    def take(self, host: str, offer: Offer) -> None:
        """Start, if nothing is under way: a leader repeats its offer."""
        if self._task is None:
            work = self._run(host, offer)
            self._task = asyncio.get_running_loop().create_task(work)

    def notices(self) -> list[str]:
        """What a person should know of it."""
        notices = [] if self.error is None else [self.error]
        if self.progress is not None:
            here, size = self.progress
            notices.append(
                f"this host was away for long and fetches the queue: {here >> 10} of"
                f" {size >> 10} KiB"
            )
        return notices

    def stop(self) -> None:
        """Give up what is under way; the log stays as it is."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, host: str, offer: Offer) -> None:
        try:
            text = await self._fetch(host, offer)
            loaded = await self._journal.database.worker.run(_checked, text, offer)
            await self._install(loaded, text)
            self.error = None
        except NetqueueError as error:
            _LOGGER.warning("snapshot %d of host %.8s: %s", offer.index, host, error)
            self.error = f"the queue from host {host[:8]} is not taken over: {error}"
            await self._clock.sleep(_RETRY)
        finally:
            self._task = self.progress = None

    async def _fetch(self, host: str, offer: Offer) -> str:
        parts: list[str] = []
        here = 0
        while here < offer.size:
            self.progress = (here, offer.size)
            params = {"g": self._group, "digest": offer.digest, "start": here}
            part = (await self._ask(host, "snapshot", params)).get("text")
            if not isinstance(part, str) or not 0 < len(part) <= offer.size - here:
                raise SnapshotInvalid("a part of another size than it must have")
            parts.append(part)
            here += len(part)
        return "".join(parts)

    async def _install(self, loaded: Loaded, text: str) -> None:
        journal = self._journal
        taken = loaded.snapshot
        mine = journal.entry(taken.index)
        here = mine is not None and mine.term == taken.term
        if here or journal.getRaftCommitIndex() >= taken.index:
            return  # the entries came meanwhile, perhaps more that were acked
        position = journal.install(loaded.snapshot, text)
        await journal.database.wait_durable(position)
        self._installed(loaded)


def _checked(text: str, offer: Offer) -> Loaded:
    if not text.isascii() or snapshot.digest_of(text) != offer.digest:
        raise SnapshotInvalid("its bytes are not those that were offered: refused")
    loaded = snapshot.read(text)
    if (loaded.snapshot.index, loaded.snapshot.term) != (offer.index, offer.term):
        raise SnapshotInvalid("it is of another entry than it was offered as: refused")
    return loaded
