"""Whom to ask for the next range: linked holders that did not just fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from ..ports import Clock, Links, Random

Holders = Callable[[], tuple[str, ...]]
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0  # seconds after a failure, doubling
_FORGIVE_SECONDS = 60.0  # a host that sent wrong bytes may have repaired its store


@dataclass(frozen=True)
class Source:
    """A host to ask, and the queue that both are members of."""

    queue: str
    holder: str


class Sources:
    """The holders of one content, over all queues that want it."""

    def __init__(self, links: Links, clock: Clock, random: Random) -> None:
        self._links = links
        self._clock = clock
        self._random = random
        self._wanted_by: dict[object, tuple[str, Holders]] = {}
        self._busy: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}

    def add(self, key: object, queue: str, holders: Holders) -> None:
        """A fetch for `queue` counts on `holders`."""
        self._wanted_by[key] = (queue, holders)

    def remove(self, key: object) -> None:
        """That fetch is over."""
        del self._wanted_by[key]

    def is_wanted(self) -> bool:
        """Whether any fetch is left."""
        return bool(self._wanted_by)

    def pick(self, only: str | None = None) -> Source | None:
        """The least busy holder that may be asked now, or `only` that one."""
        now = self._clock.monotonic()
        free = [
            source
            for source in self._linked()
            if self._not_before.get(source.holder, now) <= now
            and only in (None, source.holder)
        ]
        if not free:
            return None
        return min(free, key=lambda s: (self._busy[s.holder], self._random.random()))

    def begin(self, source: Source) -> None:
        """A range is asked for."""
        self._busy[source.holder] += 1

    def end(self, source: Source, failed: bool) -> None:
        """It came, or it did not: then the holder is left alone for a while."""
        holder = source.holder
        self._busy[holder] -= 1
        if not failed:
            self._failures[holder] = 0
            return
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** self._failures[holder])
        self._failures[holder] = min(self._failures[holder] + 1, 10)
        self._pause(holder, pause * (0.75 + self._random.random() / 2))

    def blame(self, holder: str) -> None:
        """It sent wrong bytes: it is not asked again for long."""
        self._pause(holder, _FORGIVE_SECONDS)

    def _linked(self) -> list[Source]:
        found: dict[str, Source] = {}
        for queue, holders in self._wanted_by.values():
            linked = self._links.connected(queue)
            for holder in holders():
                if holder in linked:
                    found.setdefault(holder, Source(queue, holder))
        return list(found.values())

    def _pause(self, holder: str, seconds: float) -> None:
        self._not_before[holder] = self._clock.monotonic() + seconds
