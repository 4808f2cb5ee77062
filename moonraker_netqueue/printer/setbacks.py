"""What went wrong here lately, and when it may be tried here again."""

from __future__ import annotations

from .board import ClassKey
from .queues import Claim, Queues

_FIRST, _LONGEST = 15.0, 1800.0  # seconds to the next try, doubled each time


def class_of(claim: Claim) -> ClassKey:
    """The copies that a reservation is one of."""
    return ClassKey(claim.queue, claim.print_.job_id, claim.print_.item)


class Setbacks:
    """Counts, per class of copies, how often in a row this printer got nowhere."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._counts: dict[ClassKey, int] = {}

    def pause_after(self, claim: Claim) -> float:
        """Seconds until what failed is tried here again, longer each time."""
        key = class_of(claim)
        before = self._counts.get(key, 0)
        self._counts = {
            key: count
            for key, count in {**self._counts, key: before + 1}.items()
            if key.queue in self._queues.names
            and key.job_id in self._queues.state(key.queue).jobs
        }
        return min(_FIRST * 2.0**before, _LONGEST)

    def forget(self, claim: Claim) -> None:
        """It worked."""
        self._counts.pop(class_of(claim), None)
