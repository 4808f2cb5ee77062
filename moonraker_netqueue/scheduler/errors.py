"""Errors of the scheduler."""

from __future__ import annotations

from ..errors import NetqueueError


class SchedulerError(NetqueueError):
    """Base of everything the scheduler raises on purpose."""


class ProblemError(SchedulerError):
    """A problem cannot be understood, or contradicts itself."""


class SolverError(SchedulerError):
    """A solver gave no answer, or one that is not the optimum."""
