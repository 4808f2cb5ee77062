"""The key of a simulated host: quick to sign with, and nobody forges by chance."""

from __future__ import annotations

import hashlib


class SimKey:
    """The `Signer` of ports.py: a hash of the host and what it signs."""

    def __init__(self, host_id: str) -> None:
        self._host_id = host_id

    def sign(self, data: bytes) -> str:
        """What `is_signed` of every host takes for this host's signature."""
        return _hash(self._host_id, data)

    def is_signed(self, host_id: str, data: bytes, signature: str) -> bool:
        """Whether the host with that id signed `data`."""
        return signature == _hash(host_id, data)


def _hash(host_id: str, data: bytes) -> str:
    return hashlib.sha256(host_id.encode() + b"\n" + data).hexdigest()
