"""What a member says about who is one, signed and passed on outside the log (R19)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import msgpack

from ..names import clean_name, is_host_id, is_queue_name
from .errors import FrameInvalid
from .identity import Identity, fingerprint, signed_by

_CONTEXT = b"netqueue member 1"  # so that the signature means nothing elsewhere
LARGEST_RECORD = 4096  # bytes; ours have about 700
LARGEST_CERTIFICATE = 2048  # bytes; ours have about 400
MOST_ROUNDS = 1 << 20


class Word(enum.Enum):
    """What a record says of its subject."""

    ADMIT = "admit"
    FORGET = "forget"


@dataclass(frozen=True)
class Record:
    """The word of host `issuer` on the owner of `certificate`, about one queue.

    `round` counts how often the subject was admitted anew after it was forgotten: to
    forget wins over every admission of its round and those before.
    """

    queue: str
    word: Word
    round: int
    certificate: bytes
    name: str
    issuer: str
    signature: bytes
    subject: str

    def is_signed_by(self, certificate: bytes) -> bool:
        """Whether the owner of the issuer's `certificate` wrote this."""
        if fingerprint(certificate) != self.issuer:
            return False
        return signed_by(certificate, self.signature, _signed(self))

    def pack(self) -> bytes:
        """The bytes that `unpack_record` reads."""
        packed: bytes = msgpack.packb([_signed(self), self.signature])
        return packed


def write_record(
    identity: Identity,
    queue: str,
    word: Word,
    count: int,
    certificate: bytes,
    name: str,
) -> Record:
    """A record of this host's own."""
    draft = Record(
        queue,
        word,
        count,
        certificate,
        clean_name(name),
        identity.host_id,
        b"",
        fingerprint(certificate),
    )
    return replace(draft, signature=identity.sign(_signed(draft)))


def unpack_record(data: object) -> Record:
    """Check the form of a stranger's record, not its signature.

    Raises FrameInvalid.
    """
    if not isinstance(data, bytes) or len(data) > LARGEST_RECORD:
        raise FrameInvalid("a record of members")
    try:
        body, signature = msgpack.unpackb(data)
        context, queue, word, count, certificate, name, issuer = msgpack.unpackb(body)
        parsed = Word(word)
    except (ValueError, TypeError, RecursionError) as error:
        raise FrameInvalid("a record of members") from error
    if not (
        context == _CONTEXT
        and is_queue_name(queue)
        and type(count) is int
        and 1 <= count <= MOST_ROUNDS
        and isinstance(certificate, bytes)
        and 0 < len(certificate) <= LARGEST_CERTIFICATE
        and clean_name(name) == name
        and is_host_id(issuer)
        and isinstance(signature, bytes)
    ):
        raise FrameInvalid("a record of members")
    record = Record(
        queue,
        parsed,
        count,
        certificate,
        name,
        issuer,
        signature,
        fingerprint(certificate),
    )
    if _signed(record) != body:
        raise FrameInvalid("a record of members in another form")
    return record


def _signed(record: Record) -> bytes:
    body: bytes = msgpack.packb(
        [
            _CONTEXT,
            record.queue,
            record.word.value,
            record.round,
            record.certificate,
            record.name,
            record.issuer,
        ]
    )
    return body
