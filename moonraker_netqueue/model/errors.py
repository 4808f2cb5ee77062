"""Why the model refuses."""

from __future__ import annotations

import enum

from ..errors import NetqueueError

REASON_MAX = 400  # characters: reasons quote what peers wrote and are remembered


class ModelError(NetqueueError):
    """Base of the model's errors."""


class CommandInvalid(ModelError):
    """A text that is no command: wrong shape, type or size."""


class CommandTooNew(CommandInvalid):
    """A command of a later schema: this host must be updated first."""


class Rule(str, enum.Enum):
    """Which kind of rule a rejected command broke."""

    INVALID = "invalid"  # an argument is wrong
    NOT_FOUND = "not_found"  # what it speaks of is not here (any more)
    PERMISSION = "permission"  # this author may not do that
    CONFLICT = "conflict"  # the state changed meanwhile
    DISSOLVED = "dissolved"  # this group ended; ask the one it went into


class Rejected(ModelError):
    """The rules forbid a command; the state is as it was."""

    def __init__(self, rule: Rule, reason: str) -> None:
        reason = reason[:REASON_MAX]
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
