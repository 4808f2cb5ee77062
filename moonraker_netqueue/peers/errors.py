"""Errors of identities, admission and links."""

from __future__ import annotations

from ..errors import NetqueueError


class PeersError(NetqueueError):
    """Base of the errors of this package."""


class IdentityDamaged(PeersError):
    """The key file of this host cannot be used."""


class AdmissionDamaged(PeersError):
    """The record of admitted members cannot be used."""


class AdmissionRefused(PeersError):
    """A host was not admitted."""


class TokenInvalid(PeersError):
    """A text that is no token."""


class PortUnavailable(PeersError):
    """No port to listen on."""


class FrameInvalid(PeersError):
    """Bytes from a peer that are no frame."""


class ExchangeFailed(PeersError):
    """An HTTP request to a peer came to nothing."""


class LinkError(PeersError):
    """A request over a link came to nothing."""


class LinkGone(LinkError):
    """There is no link to the peer for that queue, or it broke."""


class RequestRefused(LinkError):
    """The peer answered with an error; the message is the peer's."""


class RequestTimedOut(LinkError):
    """The peer did not answer in time; it may still act on the request."""


class FrameTooLarge(LinkError):
    """A message above the size that a link carries."""
