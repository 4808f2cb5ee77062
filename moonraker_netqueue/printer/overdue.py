"""Printers that do not take what every plan of this host gives them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .board import ClassKey

_PATIENCE = 20.0  # seconds: who can take a copy has it reserved within a few
_PASSED_OVER = 120.0  # seconds, then it is counted on again
_BREAK = 10.0  # seconds without a plan: what was before it says nothing


class Overdue:
    """Whom not to count on for a while, by host id; times are monotonic seconds.

    Linked to this host, but not to the leader, a printer can take nothing. The leader
    sees that, and its plan may give the copy to this printer, whose plan gives it to
    that one: both would be idle for as long as the wire is broken.
    """

    def __init__(self) -> None:
        self._since: dict[tuple[str, ClassKey], float] = {}
        self._until: dict[str, float] = {}
        self._last = 0.0

    def note(self, given: Iterable[tuple[str, ClassKey]], now: float) -> None:
        """What a plan of now gives to idle printers of other hosts."""
        known = self._since if now - self._last <= _BREAK else {}
        self._since = {one: known.get(one, now) for one in given}
        self._last = now
        for (host, _), since in self._since.items():
            if now - since > _PATIENCE:
                self._until[host] = now + _PASSED_OVER

    def hosts(self, now: float) -> frozenset[str]:
        """Who is passed over now."""
        self._until = {host: end for host, end in self._until.items() if end > now}
        return frozenset(self._until)
