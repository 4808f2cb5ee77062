"""Real hosts of two versions on loopback, each in a process of its own (R23)."""

from __future__ import annotations

import sqlite3

import pytest

from moonraker_netqueue.model.command import Command, CommandId, RulesRaise, encode
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.replica import journal
from moonraker_netqueue.replica.entry import Kind, pack
from tests.cli.terminals import Desk, Terminal, desk, ports_of
from tests.versions import FIRST, unpacked

__all__ = ["desk"]
pytestmark = pytest.mark.timeout(600)


def _all_vote(*hosts: Terminal) -> None:
    for host in hosts:
        host.until(r"group \w+: " + ", ".join([r"localhost:\d+(?: leads)?"] * 3) + "$")


def test_updated_and_taken_back_one_at_a_time_real_hosts_go_on(desk: Desk) -> None:
    """A queue of version 0.1.0, each host updated in turn, and each taken back."""
    old = unpacked(FIRST)
    ports = ports_of(3)
    hosts = [desk.host(port, f"data{n}", old) for n, port in enumerate(ports)]
    _all_vote(*hosts)
    count = 0
    for program in (None, old):
        for number in range(3):
            assert hosts[number].interrupt() == 0
            hosts[number] = desk.host(ports_of(1)[0], f"data{number}", program)
            _all_vote(hosts[number])
            for host in hosts:
                count += 1
                host.type(f"job{count}")
                for other in hosts:
                    other.until(rf"\+ {count}\. job{count} ")
    for host in hosts:
        assert host.interrupt() == 0
        assert "Traceback" not in host.text
        assert "update" not in host.text


def test_a_host_taken_back_too_far_says_so_and_keeps_its_file(desk: Desk) -> None:
    """The queue was raised meanwhile: version 0.1.0 stops, updated it goes on."""
    ports = ports_of(2)
    host = desk.host(ports[0], "data")
    host.type("cube")
    host.until(r"\+ 1\. cube")
    assert host.interrupt() == 0
    (file,) = (desk.folder / "data").rglob("group.db")
    _raise_rules(str(file))
    before = file.read_bytes()
    back = desk.host(ports[1], "data", unpacked(FIRST))
    back.until("! .*update moonraker_netqueue on this host")
    assert back.interrupt() == 0
    assert file.read_bytes()[:100] == before[:100]  # it is that file, in its place
    assert not (file.parent / "set-aside").exists()
    again = desk.host(ports_of(1)[0], "data")
    again.until(r"\+ 1\. cube")
    again.type("vase")
    again.until(r"\+ 2\. vase")


def _raise_rules(file: str) -> None:
    """As its leader would have, before it was stopped."""
    command = Command(CommandId("a" * 64, 1 << 61, 1), 0.0, RulesRaise(SCHEMA))
    data = pack(Kind.COMMAND, encode(command))
    connection = sqlite3.connect(file)
    with connection:
        last, term = connection.execute(
            "SELECT position, term FROM log ORDER BY position DESC"
        ).fetchone()
        checksum = journal._entry_checksum(last + 1, term, data)
        row = (last + 1, term, data, checksum)
        connection.execute("INSERT INTO log VALUES (?, ?, ?, ?)", row)
    connection.close()
