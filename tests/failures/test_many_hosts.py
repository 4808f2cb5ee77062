"""A workshop of many hosts, without printers so that one machine bears them."""

from __future__ import annotations

import re

import pytest

from tests.cli.terminals import Desk, Terminal, desk, ports_of

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
