"""Errors of discovery."""

from __future__ import annotations

from ..errors import NetqueueError


class DiscoveryError(NetqueueError):
    """Base of the errors of this package."""


class RecordInvalid(DiscoveryError):
    """An announcement that is not one of ours, or is damaged."""


class MulticastUnavailable(DiscoveryError):
    """This host cannot announce itself or hear others at present."""
