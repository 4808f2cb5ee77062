"""What two hosts that do not know each other yet can prove to a person: a code.

Each draws a nonce; the asking one commits to its own before it sees the other's, so
that nobody between them can search for certificates that give both the same six
digits. A token needs no person: its holder proves it by a keyed hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from .errors import TokenInvalid

NONCE_BYTES = 32
_DIGITS = 6
_CODE = b"netqueue code 1"
_TOKEN = b"netqueue token 1"
_PREFIX = "nq-"
_PART_BYTES = 16  # of the host id, and of the secret


def commitment(asker: str, server: str, nonce: bytes) -> bytes:
    """What the asking host sends first."""
    return _digest(b"commit", asker, server, nonce)


def code(asker: str, server: str, asker_nonce: bytes, server_nonce: bytes) -> str:
    """Six digits that both ends show."""
    digest = _digest(_CODE, asker, server, asker_nonce, server_nonce)
    return f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}}"


@dataclass(frozen=True)
class Token:
    """Lets one host into one queue: of which host, and the secret."""

    host: bytes  # the first bytes of the id of the host that made it
    secret: bytes

    def __str__(self) -> str:
        text = base64.b32encode(self.host + self.secret).decode("ascii")
        return _PREFIX + text.rstrip("=").lower()

    def is_of(self, host_id: str) -> bool:
        """Whether that host made it."""
        return bytes.fromhex(host_id)[:_PART_BYTES] == self.host

    def proof(self, queue: str, asker: str, server: str) -> bytes:
        """What shows that the asking host has it, to that host only."""
        message = b"\0".join(
            part.encode() for part in (_TOKEN.decode(), queue, asker, server)
        )
        return hmac.new(self.secret, message, hashlib.sha256).digest()


def new_token(host_id: str, secret: bytes) -> Token:
    """A token that this host makes, with 16 unpredictable bytes."""
    return Token(bytes.fromhex(host_id)[:_PART_BYTES], secret)


def parse_token(text: str) -> Token:
    """The token that a person typed; raises TokenInvalid."""
    body = text.strip().lower().removeprefix(_PREFIX).upper()
    try:
        data = base64.b32decode(body + "=" * (-len(body) % 8))
    except ValueError as error:
        raise TokenInvalid("that is no token: copy all of it, nq-...") from error
    if len(data) != 2 * _PART_BYTES:
        raise TokenInvalid("that is no whole token: copy all of it, nq-...")
    return Token(data[:_PART_BYTES], data[_PART_BYTES:])


def same(one: bytes, other: bytes) -> bool:
    """Whether two secrets are one, in a time that tells nothing."""
    return hmac.compare_digest(one, other)


def _digest(context: bytes, asker: str, server: str, *nonces: bytes) -> bytes:
    digest = hashlib.sha256(context + b"\0")
    for part in (bytes.fromhex(asker), bytes.fromhex(server), *nonces):
        digest.update(part)
    return digest.digest()
