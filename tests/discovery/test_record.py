"""Announcements: what is announced is heard, and a stranger's is checked."""

from __future__ import annotations

import pytest

from moonraker_netqueue.discovery.errors import RecordInvalid
from moonraker_netqueue.discovery.record import (
    Found,
    instance_name,
    parse,
    to_properties,
)

ID = "ab" * 32


def wire(properties: dict[str, str]) -> dict[bytes, bytes | None]:
    return {key.encode(): value.encode() for key, value in properties.items()}


def heard(
    properties: dict[str, str],
    addresses: tuple[str, ...] = ("192.0.2.7",),
    port: int | None = 6700,
    loopback: bool = False,
) -> Found:
    name = instance_name(properties.get("id", ID))
    return parse(name, wire(properties), addresses, port, loopback)


@pytest.mark.parametrize("count", [0, 1, 64])
def test_queues_survive_whatever_their_number(count: int) -> None:
    """64 long names need several TXT strings, each of at most 255 bytes."""
    queues = tuple(f"queue-with-a-long-name-number-{n:02}" for n in range(count))
    properties = to_properties(ID, "printer 1", queues)
    assert all(len(key) + 1 + len(text) <= 255 for key, text in properties.items())
    assert heard(properties) == Found(ID, "printer 1", ("192.0.2.7",), 6700, queues)


def test_instance_name_fits_a_dns_label() -> None:
    """A label has at most 63 bytes; a host id has 64 digits."""
    assert len(instance_name(ID).split(".")[0]) <= 63


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": "AB" * 32},
        {"id": "cd" * 32},
        {"queues": "Demo"},
        {"queues": "../x"},
        {"queues": "demo,"},
    ],
)
def test_hostile_properties_are_refused(change: dict[str, str]) -> None:
    """A false id or a bad queue name never gets past the record."""
    properties = {**to_properties(ID, "n", ["demo"]), **change}
    with pytest.raises(RecordInvalid):
        parse(instance_name(ID), wire(properties), ("192.0.2.7",), 6700, False)


@pytest.mark.parametrize("port", [None, 0, -1, 65536])
def test_hostile_port_is_refused(port: int | None) -> None:
    """Only what can be dialled."""
    with pytest.raises(RecordInvalid):
        heard(to_properties(ID, "n", ["demo"]), port=port)


def test_too_many_queues_are_refused() -> None:
    """What a stranger announces is bounded."""
    properties = to_properties(ID, "n", [f"q{n}" for n in range(65)])
    with pytest.raises(RecordInvalid):
        heard(properties)


def test_undecodable_text_is_no_error() -> None:
    """Bytes that are not UTF-8 become a harmless name."""
    properties = {**wire(to_properties(ID, "n", ["demo"])), b"name": b"\xff\n\x1b"}
    found = parse(instance_name(ID), properties, ("192.0.2.7",), 6700, False)
    assert found.name.isprintable()


def test_a_demo_and_a_farm_do_not_hear_each_other() -> None:
    """Multicast of loopback is heard outside of it; the addresses tell them apart."""
    properties = to_properties(ID, "n", ["demo"])
    with pytest.raises(RecordInvalid, match="no address"):
        heard(properties, ("192.0.2.7",), loopback=True)
    with pytest.raises(RecordInvalid, match="no address"):
        heard(properties, ("127.0.0.1",), loopback=False)


def test_only_usable_addresses_are_kept() -> None:
    """Not multicast, not none at all, not loopback, not text."""
    addresses = ("224.0.0.1", "0.0.0.0", "127.0.0.1", "x", "fe80::1", "192.0.2.9")  # noqa: S104 - data of a test
    found = heard(to_properties(ID, "n", ["demo"]), addresses)
    assert found.addresses == ("192.0.2.9",)
