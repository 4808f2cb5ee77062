"""TLS 1.3 contexts: pinned self-signed certificates as the only trust anchors.

`Admission` says which certificates are members'; the handshake refuses all others,
and because a member's key could sign another certificate, the fingerprint of what
was presented is compared as well (`server.py`, `dialler.py`).
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterable

from .identity import Identity, fingerprint

_LOGGER = logging.getLogger(__name__)


def server_context(identity: Identity, members: Iterable[bytes]) -> ssl.SSLContext:
    """The listening side: members by certificate, others only anonymous. Blocks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(identity.path)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.num_tickets = 0  # no resumption: every handshake proves the identity
    # Just this certificate, whatever other one of the same subject, that is of the
    # same key, a member has brought: else OpenSSL takes the first and refuses both.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    for certificate in members:
        trust(context, certificate)
    return context


def member_context(identity: Identity, certificate: bytes) -> ssl.SSLContext:
    """For a connection to exactly the host with this certificate. Blocks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False  # the certificate is the name
    context.load_cert_chain(identity.path)
    trust(context, certificate)
    return context


def stranger_context() -> ssl.SSLContext:
    """For first contact: anonymous, and the server's certificate is taken from it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trust(context: ssl.SSLContext, certificate: bytes) -> None:
    """Accept `certificate` (DER) in handshakes from now on; live contexts too.

    One that OpenSSL does not read lets nobody in, and keeps no other member out.
    """
    try:
        context.load_verify_locations(cadata=certificate)
    except ssl.SSLError as error:
        _LOGGER.error(
            "host %s cannot connect: OpenSSL does not read its certificate (%s); forget"
            " that host, it is none that netqueue made",
            fingerprint(certificate)[:8],
            error.reason or error,
        )
