"""How often a peer may do something: token buckets."""

from __future__ import annotations

from collections import OrderedDict

from ..ports import Clock

_MOST_KEYS = 1024


class Budget:
    """So many at once, and then so many a second."""

    def __init__(self, limit: tuple[int, float], clock: Clock) -> None:
        self._burst, self._a_second = limit
        self._clock = clock
        self._left = float(self._burst)
        self._at = clock.monotonic()

    @property
    def spent(self) -> bool:
        """Whether there is no room for one more."""
        now = self._clock.monotonic()
        earned = (now - self._at) * self._a_second
        self._left, self._at = min(self._burst, self._left + earned), now
        return self._left < 1

    def take(self) -> bool:
        """Whether one more is within the budget, from which it then is taken."""
        if self.spent:
            return False
        self._left -= 1
        return True


class Budgets:
    """One for each peer or address; whoever was not heard for longest is forgotten."""

    def __init__(self, limit: tuple[int, float], clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._budgets: OrderedDict[str, Budget] = OrderedDict()

    def take(self, key: str) -> bool:
        """Whether one more of `key` is within its budget."""
        budget = self._budgets.pop(key, None) or Budget(self._limit, self._clock)
        self._budgets[key] = budget
        if len(self._budgets) > _MOST_KEYS:
            self._budgets.popitem(last=False)
        return budget.take()

    def spent(self, key: str) -> bool:
        """Whether there is no room for one more of `key`."""
        budget = self._budgets.get(key)
        return budget is not None and budget.spent
