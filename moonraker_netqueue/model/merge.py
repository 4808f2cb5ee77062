"""Two states of one queue become one: no job lost, none that was removed back (R21)."""

from __future__ import annotations

from .event import Event
from .intake import note_ancestors, take_in
from .parts import whole
from .queue_state import QueueState


def merge(one: QueueState, other: QueueState) -> QueueState:
    """What two groups know together. Commutative, associative, idempotent."""
    return merge_telling(one, other)[0]


def merge_telling(
    one: QueueState, other: QueueState
) -> tuple[QueueState, tuple[Event, ...]]:
    """The merged state, and what of `one` changed by it."""
    merged = one.copied()
    events = take_in(merged, whole(other))
    note_ancestors(merged, other.ancestors)
    merged.rules = max(one.rules, other.rules)
    into = [state.dissolved_into for state in (one, other) if state.dissolved_into]
    merged.dissolved_into = max(into, default=None)
    return merged, events
