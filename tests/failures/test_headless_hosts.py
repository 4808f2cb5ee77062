"""Hosts without printers: one machine bears many of them."""

from __future__ import annotations

import re

import pytest

from tests.cli.terminals import Desk, Terminal, desk, ports_of
from tests.failures.farm import damage

__all__ = ["desk"]

pytestmark = pytest.mark.timeout(600)

_HOSTS = 12
_JOBS = 20
_PATIENCE = 120.0  # seconds


def _group_of(host: Terminal) -> str:
    """The group that it told last."""
    return str(re.findall(r"group (\w+): ", host.text)[-1])


def test_lesson_03_all_hosts_start_at_once_after_a_power_failure(desk: Desk) -> None:
    """One group, the same as before, all jobs in order, and it takes another one."""
    ports = ports_of(_HOSTS)
    hosts = [desk.host(port, f"data{number}") for number, port in enumerate(ports)]
    everybody = r"group \w+: (?=.*leads)" + ", ".join(
        [r"localhost:\d+[a-z ]*"] * _HOSTS
    )
    for host in hosts:
        host.until(everybody + "$", _PATIENCE)
    for number in range(1, _JOBS + 1):
        hosts[number % _HOSTS].type(f"job{number}")
    for host in hosts:
        host.until(rf"\+ {_JOBS}\. ", _PATIENCE)
    group, before = _group_of(hosts[0]), sorted(_jobs(hosts[0]))
    for host in hosts:
        host.kill()
    again = [desk.host(port, f"data{number}") for number, port in enumerate(ports)]
    for host in again:
        host.until(everybody + "$", _PATIENCE)
        host.until(rf"\+ {_JOBS}\. ", _PATIENCE)
    again[-1].type("after")
    for host in again:
        host.until(rf"\+ {_JOBS + 1}\. after", _PATIENCE)
        assert _group_of(host) == group
        assert _jobs(host) == _jobs(again[0])
        assert sorted(_jobs(host)[:-1]) == before


def _jobs(host: Terminal) -> list[str]:
    return re.findall(r"^\+ \d+\. (\w+)", host.text, re.MULTILINE)


def test_a_journal_whose_end_is_damaged_is_an_old_copy(desk: Desk) -> None:
    """SQLite drops what follows a damaged page of its log without a word: that these
    entries had been acked is known by the others, and a person decides (R5)."""
    hosts = [desk.host(port, f"data{n}") for n, port in enumerate(ports_of(3))]
    for host in hosts:
        host.until(r"group \w+: (localhost:\d+[a-z ]*, ){2}localhost", _PATIENCE)
    for number in range(1, _JOBS + 1):
        hosts[number % 3].type(f"job{number}")
    for host in hosts:
        host.until(rf"\+ {_JOBS}\. ", _PATIENCE)
    hosts[2].kill()
    (journal,) = desk.folder.glob("data2/**/group.db")
    assert damage(journal).name == "group.db-wal"
    (port,) = ports_of(1)
    again = desk.host(port, "data2")
    found = again.until(r"^\S+ ! .* is an old copy.*", _PATIENCE)
    assert "/server/netqueue/rejoin" in found[0]
    hosts[0].type("after")
    hosts[1].until(rf"\+ {_JOBS + 1}\. after", _PATIENCE)
