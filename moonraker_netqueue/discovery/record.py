"""What a host announces about itself, and how an announcement is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from ..names import clean_name, is_host_id, is_queue_name
from .errors import RecordInvalid

SERVICE_TYPE = "_netqueue._tcp.local."
_VERSION = "1"
_LABEL_DIGITS = 32  # of the host id: a DNS label has at most 63 bytes
_TXT_BYTES = 200  # a TXT string has at most 255 with its key
_MOST_QUEUES = 64
_MOST_ADDRESSES = 8


@dataclass(frozen=True)
class Found:
    """A host that was heard. `addresses` are IPv4, `queues` are in order."""

    host_id: str
    name: str
    addresses: tuple[str, ...]
    port: int
    queues: tuple[str, ...]


def instance_name(host_id: str) -> str:
    """The full service name under which a host announces itself."""
    return f"{host_id[:_LABEL_DIGITS]}.{SERVICE_TYPE}"


def server_name(host_id: str) -> str:
    """The name that a host's addresses are announced under."""
    return f"netqueue-{host_id[:_LABEL_DIGITS]}.local."


def to_properties(host_id: str, name: str, queues: Sequence[str]) -> dict[str, str]:
    """The TXT record; a long list of queues takes the keys queues, queues1, ..."""
    properties = {"id": host_id, "v": _VERSION, "name": clean_name(name)}
    for number, line in enumerate(_lines(sorted(queues))):
        properties[_queues_key(number)] = line
    return properties


def parse(
    instance: str,
    properties: Mapping[bytes, bytes | None],
    addresses: Sequence[str],
    port: int | None,
    loopback: bool,
) -> Found:
    """Check a stranger's announcement; raises RecordInvalid.

    `loopback` says which of its addresses count: multicast of the loopback interface
    is heard outside and the other way round, so a demo is told apart by them.
    """
    host_id = _text(properties, "id")
    if not is_host_id(host_id) or instance != instance_name(host_id):
        raise RecordInvalid("its id is not that of its name")
    if port is None or not 0 < port < 65536:
        raise RecordInvalid("its port")
    usable = tuple(a for a in addresses if _is_usable(a, loopback))
    if not usable:
        raise RecordInvalid("it has no address that this host could reach")
    return Found(
        host_id=host_id,
        name=clean_name(_text(properties, "name")),
        addresses=usable[:_MOST_ADDRESSES],
        port=port,
        queues=_parse_queues(properties),
    )


def _lines(queues: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for queue in queues:
        if lines and len(lines[-1]) + 1 + len(queue) <= _TXT_BYTES:
            lines[-1] += f",{queue}"
        else:
            lines.append(queue)
    return lines


def _queues_key(number: int) -> str:
    return f"queues{number or ''}"


def _parse_queues(properties: Mapping[bytes, bytes | None]) -> tuple[str, ...]:
    queues: set[str] = set()
    for number in range(_MOST_QUEUES):
        line = _text(properties, _queues_key(number))
        if not line:
            break
        queues.update(line.split(","))
    if len(queues) > _MOST_QUEUES or not all(map(is_queue_name, queues)):
        raise RecordInvalid("its queues")
    return tuple(sorted(queues))


def _text(properties: Mapping[bytes, bytes | None], key: str) -> str:
    value = properties.get(key.encode("ascii"))
    return (value or b"").decode("utf-8", "replace")


def _is_usable(address: str, loopback: bool) -> bool:
    try:
        parsed = IPv4Address(address)
    except AddressValueError:
        return False
    if parsed.is_multicast or parsed.is_unspecified:
        return False
    return parsed.is_loopback == loopback
