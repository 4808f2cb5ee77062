"""First contact: a newcomer asks to be admitted, and proves that it has its key.

The signature covers the certificate of the server as the newcomer met it, so that
nobody in the middle can pass the request on as its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

import msgpack

from ..names import clean_name, is_queue_name
from .errors import FrameInvalid
from .frames import unpack_map
from .identity import Identity, fingerprint, signed_by
from .pairing import NONCE_BYTES
from .record import Record, unpack_record

LARGEST_BODY = 64 << 10  # bytes, either way
_MOST_RECORDS = 48  # in one body; ours have about 700 bytes each
_CONTEXT = b"netqueue admission 1"  # so that the signature means nothing elsewhere
_MOST_QUEUES = 16
_LARGEST_FIELD = 2048  # bytes


class Verdict(Enum):
    """What a host says about one queue of a request."""

    ADMITTED = "admitted"
    NOT_SERVED = "not served"
    REFUSED = "refused"
    PENDING = "pending"  # a person is asked
    BUSY = "busy"  # no room for another request now, or too many came


@dataclass(frozen=True)
class AdmissionRequest:
    """A request whose signature is good.

    `commitment` empty: an older version asks. `nonce` empty: not told yet. `proofs`
    of a token, by queue. `records` are what members said of the asking host. `new_in`:
    queues in which it takes the first one that lets it in, by its own word.
    """

    certificate: bytes
    name: str
    queues: tuple[str, ...]
    commitment: bytes = b""
    nonce: bytes = b""
    proofs: Mapping[str, bytes] = field(default_factory=dict)
    records: tuple[Record, ...] = ()
    new_in: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Answer:
    """What a host says to a request; `challenge` is its nonce, `new_in` as there."""

    name: str
    verdicts: Mapping[str, Verdict]
    challenge: bytes = b""
    records: tuple[Record, ...] = ()
    new_in: frozenset[str] = frozenset()


def pack_request(
    identity: Identity,
    name: str,
    queues: tuple[str, ...],
    server: str,
    *,
    commitment: bytes = b"",
    nonce: bytes = b"",
    proofs: Mapping[str, bytes] | None = None,
    records: Iterable[Record] = (),
    new_in: Iterable[str] = (),
) -> bytes:
    """The body that asks the host id `server` for admission to `queues`.

    Only that server gets what the signature does not cover.
    """
    signature = identity.sign(_signed(identity.host_id, server, queues))
    body: bytes = msgpack.packb(
        {
            "certificate": identity.certificate,
            "name": name,
            "queues": list(queues),
            "signature": signature,
            "commitment": commitment,
            "nonce": nonce,
            "proofs": dict(proofs or {}),
            "records": _packed(records),
            "new": sorted(new_in),
        }
    )
    return body


def unpack_request(body: bytes, server: str) -> AdmissionRequest:
    """Check a stranger's request to this host, `server`; raises FrameInvalid."""
    fields = unpack_map(body)
    certificate, signature = _short(fields, "certificate"), _short(fields, "signature")
    queues = fields.get("queues")
    if not isinstance(queues, list) or not 0 < len(queues) <= _MOST_QUEUES:
        raise FrameInvalid("queues")
    if not all(is_queue_name(queue) for queue in queues):
        raise FrameInvalid("queue names")
    signed = _signed(fingerprint(certificate), server, tuple(queues))
    if not signed_by(certificate, signature, signed):
        raise FrameInvalid("the signature does not fit")
    return AdmissionRequest(
        certificate,
        clean_name(fields.get("name")),
        tuple(queues),
        _fixed(fields, "commitment", NONCE_BYTES),
        _fixed(fields, "nonce", NONCE_BYTES),
        _proofs(fields.get("proofs", {})),
        _records(fields),
        _new_in(fields),
    )


def pack_answer(answer: Answer) -> bytes:
    """The body that answers a request."""
    body: bytes = msgpack.packb(
        {
            "name": answer.name,
            "queues": {queue: v.value for queue, v in answer.verdicts.items()},
            "challenge": answer.challenge,
            "records": _packed(answer.records),
            "new": sorted(answer.new_in),
        }
    )
    return body


def unpack_answer(body: bytes) -> Answer:
    """What a host answered; raises FrameInvalid."""
    fields = unpack_map(body)
    queues = fields.get("queues")
    if not isinstance(queues, dict) or len(queues) > _MOST_QUEUES:
        raise FrameInvalid("queues")
    try:
        verdicts = {str(queue): Verdict(value) for queue, value in queues.items()}
    except ValueError as error:
        raise FrameInvalid("verdict") from error
    challenge = _fixed(fields, "challenge", NONCE_BYTES)
    return Answer(
        clean_name(fields.get("name")),
        verdicts,
        challenge,
        _records(fields),
        _new_in(fields),
    )


def _packed(records: Iterable[Record]) -> list[bytes]:
    return [record.pack() for record in islice(records, _MOST_RECORDS)]


def _records(fields: Mapping[str, object]) -> tuple[Record, ...]:
    records = fields.get("records", [])
    if not isinstance(records, list) or len(records) > _MOST_RECORDS:
        raise FrameInvalid("records")
    return tuple(unpack_record(record) for record in records)


def _new_in(fields: Mapping[str, object]) -> frozenset[str]:
    """Left out by version 0.1.0, which says this of no queue."""
    queues = fields.get("new", [])
    if not isinstance(queues, list) or len(queues) > _MOST_QUEUES:
        raise FrameInvalid("new")
    if not all(is_queue_name(queue) for queue in queues):
        raise FrameInvalid("new")
    return frozenset(queues)


def _proofs(value: object) -> dict[str, bytes]:
    if not isinstance(value, dict) or len(value) > _MOST_QUEUES:
        raise FrameInvalid("proofs")
    if not all(isinstance(proof, bytes) for proof in value.values()):
        raise FrameInvalid("proofs")
    return {str(queue): proof for queue, proof in value.items()}


def _fixed(fields: Mapping[str, object], key: str, size: int) -> bytes:
    """A field that may be left out, or has just that size."""
    value = fields.get(key, b"")
    if not isinstance(value, bytes) or len(value) not in (0, size):
        raise FrameInvalid(key)
    return value


def _short(fields: Mapping[str, object], key: str) -> bytes:
    value = fields.get(key)
    if not isinstance(value, bytes) or not 0 < len(value) <= _LARGEST_FIELD:
        raise FrameInvalid(key)
    return value


def _signed(newcomer: str, server: str, queues: tuple[str, ...]) -> bytes:
    fields: bytes = msgpack.packb([_CONTEXT, newcomer, server, list(queues)])
    return fields
