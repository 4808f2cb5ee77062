"""Who has a seat: the fold of a log's membership entries, and who gets the next."""

from __future__ import annotations

from collections.abc import Iterable

from .entry import Kind

VOTERS_MAX = 5
Change = tuple[int, Kind, str]  # index of the entry, add or remove, host id


def voters_after(changes: Iterable[Change]) -> frozenset[str]:
    """The voters once these changes are in the log, committed or not."""
    voters: set[str] = set()
    for _, kind, host in changes:
        if kind is Kind.ADD:
            voters.add(host)
        else:
            voters.discard(host)
    return frozenset(voters)


def seats_for(members: int) -> int:
    """How many of `members` hosts vote: 1, 2, 3, 3, then 5: odd above two."""
    if members <= 2:
        return members
    return 3 if members < VOTERS_MAX else VOTERS_MAX


def next_seat(voters: frozenset[str], caught_up: Iterable[str]) -> str | None:
    """The observer that gets a seat now, if any.

    Going from three to five voters passes four: it starts only when both newcomers
    are there and caught up, so that an even count is never a resting state.
    """
    candidates = sorted(set(caught_up) - voters)
    seats = seats_for(len(voters) + len(candidates))
    return candidates[0] if candidates and len(voters) < seats else None
