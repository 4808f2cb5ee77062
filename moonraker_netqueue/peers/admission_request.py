"""First contact: a newcomer asks to be admitted, and proves that it has its key.

The signature covers the certificate of the server as the newcomer met it, so that
nobody in the middle can pass the request on as its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import msgpack

from ..names import clean_name, is_queue_name
from .errors import FrameInvalid
from .frames import unpack_map
from .identity import Identity, fingerprint, signed_by

LARGEST_BODY = 16 << 10  # bytes, either way
_CONTEXT = b"netqueue admission 1"  # so that the signature means nothing elsewhere
_MOST_QUEUES = 16
_LARGEST_FIELD = 2048  # bytes


class Verdict(Enum):
    """What a host says about one queue of a request."""

    ADMITTED = "admitted"
    NOT_SERVED = "not served"
    REFUSED = "refused"


@dataclass(frozen=True)
class AdmissionRequest:
    """A request whose signature is good."""

    certificate: bytes
    name: str
    queues: tuple[str, ...]


def pack_request(
    identity: Identity, name: str, queues: tuple[str, ...], server: str
) -> bytes:
    """The body that asks the host id `server` for admission to `queues`."""
    signature = identity.sign(_signed(identity.host_id, server, queues))
    body: bytes = msgpack.packb(
        {
            "certificate": identity.certificate,
            "name": name,
            "queues": list(queues),
            "signature": signature,
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
    return AdmissionRequest(certificate, clean_name(fields.get("name")), tuple(queues))


def pack_answer(name: str, verdicts: Mapping[str, Verdict]) -> bytes:
    """The body that answers a request."""
    verdict_of = {queue: verdict.value for queue, verdict in verdicts.items()}
    body: bytes = msgpack.packb({"name": name, "queues": verdict_of})
    return body


def unpack_answer(body: bytes) -> tuple[str, dict[str, Verdict]]:
    """(name of the host, its verdicts); raises FrameInvalid."""
    fields = unpack_map(body)
    queues = fields.get("queues")
    if not isinstance(queues, dict) or len(queues) > _MOST_QUEUES:
        raise FrameInvalid("queues")
    try:
        verdicts = {str(queue): Verdict(value) for queue, value in queues.items()}
    except ValueError as error:
        raise FrameInvalid("verdict") from error
    return clean_name(fields.get("name")), verdicts


def _short(fields: Mapping[str, object], key: str) -> bytes:
    value = fields.get(key)
    if not isinstance(value, bytes) or not 0 < len(value) <= _LARGEST_FIELD:
        raise FrameInvalid(key)
    return value


def _signed(newcomer: str, server: str, queues: tuple[str, ...]) -> bytes:
    fields: bytes = msgpack.packb([_CONTEXT, newcomer, server, list(queues)])
    return fields
