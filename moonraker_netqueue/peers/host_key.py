"""What a host's key says outside of its links: signatures of its commands (R12).

A signature carries the certificate, whose hash is the host id: nothing else need be
known to check it. All replicas have to come to one verdict, whatever versions of
OpenSSL they have: so no certificate and no DER of a peer is parsed here.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from .identity import Identity, fingerprint
from .record import LARGEST_CERTIFICATE

_NUMBER = 32  # bytes of r and of s
_SIGNATURE = 2 * _NUMBER
_POINT = 65  # bytes: 4, x, y
# RFC 5480: what stands before the point of a P-256 key in a certificate.
_KEY_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
_LONGEST = 4 * (LARGEST_CERTIFICATE + _SIGNATURE + 2) // 3
_KEYS_KEPT = 64  # authors of a queue that write often


class HostKey:
    """The `Signer` of ports.py: base64 of r, s and the certificate."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def sign(self, data: bytes) -> str:
        """An ASCII text that shows who signed `data`."""
        r, s = decode_dss_signature(self._identity.sign(data))
        numbers = r.to_bytes(_NUMBER, "big") + s.to_bytes(_NUMBER, "big")
        return base64.b64encode(numbers + self._identity.certificate).decode("ascii")

    def is_signed(self, host_id: str, data: bytes, signature: str) -> bool:
        """Whether the host with that id signed `data`: on every machine the same."""
        if len(signature) > _LONGEST:
            return False
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        if base64.b64encode(raw).decode("ascii") != signature:
            return False  # Pythons differ in what else they take for base64
        numbers, certificate = raw[:_SIGNATURE], raw[_SIGNATURE:]
        key = _key_of(host_id, certificate)
        if key is None:
            return False
        r = int.from_bytes(numbers[:_NUMBER], "big")
        s = int.from_bytes(numbers[_NUMBER:], "big")
        try:
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=_KEYS_KEPT)
def _key_of(host_id: str, certificate: bytes) -> ec.EllipticCurvePublicKey | None:
    """The key of a host; None if these bytes are not its certificate.

    Found by its prefix, which a certificate that netqueue makes has once.
    """
    if fingerprint(certificate) != host_id or certificate.count(_KEY_PREFIX) != 1:
        return None
    start = certificate.index(_KEY_PREFIX) + len(_KEY_PREFIX)
    point = certificate[start : start + _POINT]
    if len(point) != _POINT or point[0] != 4:  # 4: both coordinates
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:  # not on the curve
        return None
