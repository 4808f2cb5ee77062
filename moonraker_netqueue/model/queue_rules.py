"""How commands about a queue as a whole change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from .checks import check_id
from .command import Command, Dissolve, QueuePause, QueueSet, RulesRaise
from .errors import Rejected, Rule
from .event import Event, Topic
from .queue_data import PAUSED, QueueData
from .schema import BASE, SCHEMA

_N = TypeVar("_N", int, float)


def pause_queue(
    queue: QueueData, command: Command, body: QueuePause
) -> tuple[Event, ...]:
    """Pause or resume: live prints go on, no new copy is reserved while paused."""
    queue.paused = body.paused
    queue.stamp(PAUSED, command.dot)
    return (Event(Topic.QUEUE, "paused"),)


def set_queue(queue: QueueData, command: Command, body: QueueSet) -> tuple[Event, ...]:
    """Change settings; what others set meanwhile stays."""
    old, changes = queue.settings, vars(body)
    given: dict[str, Any] = {k: v for k, v in changes.items() if v is not None}
    if body.weights is not None:
        given["weights"] = _merged(old.weights, body.weights)
    if body.shares is not None:
        given["shares"] = _merged(old.shares, body.shares)
    new = replace(old, **given)
    new.check()
    queue.settings = new
    for name in given:
        queue.stamp(name, command.dot)
    return (Event(Topic.QUEUE, "settings"),)


def may_say(queue: QueueData, command: Command) -> None:
    """Raise Rejected for a command above the rules of this queue (R23)."""
    if command.schema > queue.rules and not isinstance(command.body, RulesRaise):
        raise Rejected(
            Rule.CONFLICT,
            f"a command of schema {command.schema}, the queue goes by {queue.rules}",
        )


def raise_rules(
    queue: QueueData, command: Command, body: RulesRaise
) -> tuple[Event, ...]:
    """Go by these rules from now on, never by lower ones again."""
    if not BASE <= body.rules <= SCHEMA:
        raise Rejected(Rule.INVALID, f"rules are {BASE} to {SCHEMA}")
    if body.rules <= queue.rules:
        return ()
    queue.rules = body.rules
    return (Event(Topic.QUEUE, "rules"),)


def dissolve(queue: QueueData, command: Command, body: Dissolve) -> tuple[Event, ...]:
    """Give the group up in favour of another: only if it never had a job (R14)."""
    if queue.ever_had_jobs:
        raise Rejected(
            Rule.CONFLICT, "this group has had jobs: it cannot simply be dissolved"
        )
    check_id("into, the id of a group,", body.into)
    queue.dissolved_into = body.into
    return (Event(Topic.QUEUE, "dissolved"),)


def _merged(
    old: Mapping[str, _N], changes: Mapping[str, _N | None]
) -> Mapping[str, _N]:
    merged: dict[str, _N] = dict(old)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged
