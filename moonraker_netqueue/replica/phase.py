"""The life of a replica as a table of transitions (R14)."""

from __future__ import annotations

import enum


class Phase(enum.Enum):
    """Where a replica is."""

    STARTING = "starting"  # opens its files
    LISTENING = "listening"  # without a group: hears whether there is one
    JOINING = "joining"  # asks a host of a group to be let in
    FOUNDING = "founding"  # nobody has one: makes a group of its own
    MEMBER = "member"  # takes part in a group
    DISSOLVING = "dissolving"  # its group ended: sets it aside
    YIELDING = "yielding"  # its group stands still here: it goes on in another one
    FAILED = "failed"  # stopped for good; the status says why
    CLOSED = "closed"


_ENDS = frozenset({Phase.FAILED, Phase.CLOSED})

TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.STARTING: _ENDS | {Phase.LISTENING, Phase.MEMBER},
    Phase.LISTENING: _ENDS | {Phase.JOINING, Phase.FOUNDING},
    Phase.JOINING: _ENDS | {Phase.LISTENING, Phase.MEMBER},
    Phase.FOUNDING: _ENDS | {Phase.MEMBER},
    Phase.MEMBER: _ENDS | {Phase.DISSOLVING, Phase.YIELDING},
    Phase.YIELDING: _ENDS | {Phase.MEMBER, Phase.LISTENING},
    Phase.DISSOLVING: _ENDS | {Phase.LISTENING},
    Phase.FAILED: frozenset({Phase.CLOSED, Phase.STARTING}),  # a person decided
    Phase.CLOSED: frozenset(),
}
