"""Errors of the interface, as HTTP status codes."""

from __future__ import annotations

from ..errors import NetqueueError
from ..model.errors import Rejected, Rule

CONFLICT = 409
_MESSAGE_MAX = 2000  # characters
_STATUS = {
    Rule.INVALID: 400,
    Rule.PERMISSION: 403,
    Rule.NOT_FOUND: 404,
    Rule.CONFLICT: CONFLICT,
    Rule.DISSOLVED: 503,
}


class ApiError(NetqueueError):
    """A request that cannot be served: `status` is its HTTP code.

    Over HTTP Moonraker puts the message into the status line, which clients and web
    servers in front of it take only up to some length.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message[:_MESSAGE_MAX])
        self.status = status

    @classmethod
    def from_rejection(cls, rejection: Rejected) -> ApiError:
        """What a client is told of a command that a rule forbids."""
        return cls(_STATUS[rejection.rule], rejection.reason)
