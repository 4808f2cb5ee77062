"""The bytes of a log entry: one byte for the kind, then ASCII (R2)."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from .errors import WireInvalid

PAYLOAD_MAX = 48 * 1024  # bytes of one command
_NAME = re.compile(r"[0-9A-Za-z._-]{1,64}", re.ASCII)


class Entry(NamedTuple):
    """One entry of the log, in PySyncObj's order."""

    data: bytes
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs
    term: int


class Kind(enum.Enum):
    """What an entry is; the value is its word on the wire."""

    COMMAND = "cmd"
    NOOP = "noop"
    ADD = "add"  # payload: the seat that is given, see `seat_of`
    REMOVE = "rem"  # payload: host id that loses its seat


# NOOP is PySyncObj's own; the others are ours, apart from its 2 (membership) and 3.
_BYTE_OF = {Kind.COMMAND: 0, Kind.NOOP: 1, Kind.ADD: 16, Kind.REMOVE: 17}
_KIND_OF = {byte: kind for kind, byte in _BYTE_OF.items()}


class Seat(NamedTuple):
    """A voter's place: the host, and which of its journals holds it (R4)."""

    host: str
    incarnation: str  # empty in the logs of version 0.1.0

    def payload(self) -> str:
        """How an add entry says it."""
        return f"{self.host} {self.incarnation}" if self.incarnation else self.host


def seat_of(payload: str) -> Seat:
    """The seat an add or remove entry is about; raises WireInvalid."""
    host, space, incarnation = payload.partition(" ")
    if not is_name(host) or (space and not is_name(incarnation)):
        raise WireInvalid(f"{payload[:80]!r} is no seat")
    return Seat(host, incarnation)


def is_name(value: object) -> bool:
    """Whether a value can be a host or group id."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def pack(kind: Kind, payload: str = "") -> bytes:
    """The bytes of an entry; raises WireInvalid if the payload does not fit it."""
    if kind is Kind.NOOP and payload:
        raise WireInvalid("a no-op carries nothing")
    if kind is Kind.ADD:
        seat_of(payload)
    if kind is Kind.REMOVE and not is_name(payload):
        raise WireInvalid(f"{payload[:80]!r} is no host id")
    if not payload.isascii() or len(payload) > PAYLOAD_MAX:
        raise WireInvalid(f"a payload is ASCII of at most {PAYLOAD_MAX} bytes")
    return bytes((_BYTE_OF[kind],)) + payload.encode("ascii")


def unpack(data: bytes) -> tuple[Kind, str]:
    """Kind and payload of an entry's bytes; raises WireInvalid."""
    kind = _KIND_OF.get(data[0]) if data else None
    if kind is None or not data.isascii():
        raise WireInvalid(f"an entry of unknown kind {data[:1]!r}")
    return kind, data[1:].decode("ascii")


def founding_entries(founder: Seat) -> list[Entry]:
    """The log of a new group: PySyncObj's first entry, then the founder's seat."""
    seat = pack(Kind.ADD, founder.payload())
    return [Entry(pack(Kind.NOOP), 1, 0), Entry(seat, 2, 0)]
