"""The demonstrations, each in a process of its own, as a person starts them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.terminals import Desk, Terminal, desk, ports_of

__all__ = ["desk"]


def _together(*hosts: Terminal) -> None:
    """Wait until each shows all, voting, under a leader."""
    for host in hosts:
        host.until(
            r"group \w+: " + ", ".join([r"localhost:\d+(?: leads)?"] * len(hosts)) + "$"
        )


def _group_of(host: Terminal) -> str:
    """The group that it told last: who booted alone first may have joined another."""
    return str(re.findall(r"group (\w+): ", host.text)[-1])


def test_what_one_types_all_show_and_who_comes_late_is_replayed(desk: Desk) -> None:
    """Ctrl-C leaves: the others go on without it."""
    ports = ports_of(3)
    first, second = desk.host(ports[0]), desk.host(ports[1])
    _together(first, second)
    first.type("cube")
    second.until(rf"\+ 1\. cube \(from localhost:{ports[0]}\)")
    second.type("  benchy   boat ")
    first.until(rf"\+ 2\. benchy boat \(from localhost:{ports[1]}\)")
    third = desk.host(ports[2])
    third.until(r"\+ 1\. cube")
    third.until(r"\+ 2\. benchy boat")
    _together(first, second, third)
    assert first.interrupt() == 0
    assert f"localhost:{ports[0]} left" in first.text
    second.type("vase")
    third.until(r"\+ 3\. vase")
    assert third.interrupt() == 0
    second.type("lid")
    second.until(r"\+ 4\. lid")
    assert second.interrupt() == 0
    assert "Traceback" not in first.text + second.text + third.text


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_stopped_in_the_evening_and_started_in_the_morning(
    desk: Desk, order: tuple[int, int, int]
) -> None:
    """On the same folders, at other ports, in another order: the queue as it was."""
    evening, morning = ports_of(3), ports_of(3)
    hosts = [desk.host(port, f"data{n}") for n, port in enumerate(evening)]
    _together(*hosts)
    hosts[0].type("cube")
    for host in hosts:
        host.until("cube")
    group = _group_of(hosts[0])
    for number in order:
        assert hosts[number].interrupt() == 0
    again = {n: desk.host(morning[n], f"data{n}") for n in order}
    for host in again.values():
        host.until(rf"group {group}: .*leads")
        host.until(r"\+ 1\. cube")
    _together(*again.values())
    again[0].type("vase")
    for host in again.values():
        host.until(r"\+ 2\. vase")


def test_all_killed_at_once_come_back_at_other_ports(desk: Desk) -> None:
    """kill -9: what was shown is on the disks."""
    before, after = ports_of(3), ports_of(3)
    hosts = [desk.host(port, f"data{n}") for n, port in enumerate(before)]
    _together(*hosts)
    for number in range(5):
        hosts[number % 3].type(f"job{number}")
    for host in hosts:
        host.until(r"\+ 5\. ")
    group = _group_of(hosts[0])
    for host in hosts:
        host.kill()
    again = [desk.host(port, f"data{n}") for n, port in enumerate(after)]
    _together(*again)
    for host in again:
        host.until(rf"group {group}")
        host.until(r"\+ 5\. ")
    again[1].type("vase")
    for host in again:
        host.until(r"\+ 6\. vase")


def test_of_three_one_is_not_enough_and_says_so(desk: Desk) -> None:
    """Its line is kept, and added when a second one is back."""
    ports = ports_of(3)
    hosts = [desk.host(port, f"data{n}") for n, port in enumerate(ports)]
    _together(*hosts)
    hosts[1].kill()
    hosts[2].kill()
    hosts[0].until("2 of 3 voters missing: nothing can be added")
    hosts[0].type("cube")
    hosts[0].until(r"\? cube is kept here")
    back = desk.host(ports[1], "data1")
    back.until(r"\+ 1\. cube")


def test_a_copy_of_a_hosts_folder_is_not_let_in(desk: Desk) -> None:
    """A cloned card: the copy says why and does nothing, the first one goes on."""
    ports = ports_of(4)
    hosts = [desk.host(port, f"data{n}") for n, port in enumerate(ports[:3])]
    _together(*hosts)
    hosts[2].type("cube")
    hosts[0].until("cube")
    hosts[2].kill()
    shutil.copytree(desk.folder / "data2", desk.folder / "copy")
    first = desk.host(ports[2], "data2")
    first.until(r"group .*leads")
    first.until("cube")
    copy = desk.host(ports[3], "copy")
    copy.until(r"! host \S+ does not let this host in: .*two machines run with copies")
    copy.until("stopped$")
    first.type("vase")
    for host in (hosts[0], hosts[1], first):
        host.until("vase")
    copy.type("lid")
    copy.until("! lid is not added")
    assert copy.interrupt() == 0
    again = desk.host(ports[3], "copy")
    again.until("does not let this host in")
    assert "lid" not in first.text + hosts[0].text


def test_a_port_in_use_and_a_folder_in_use_are_clear_errors(desk: Desk) -> None:
    """One line, the remedy in it, exit code 1."""
    ports = ports_of(2)
    first = desk.host(ports[0], "data")
    first.until("serves queue")
    for clash, words in (
        (desk.host(ports[0]), rf"^error: port {ports[0]} .*in use; .*another port"),
        (desk.host(ports[1], "data"), r"^error: .*data is used .*another --data"),
    ):
        assert clash.wait() == 1
        clash.until(words)
        assert len(clash.text.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("ns1", "localhost:"), 1, "write it as localhost:6700"),
        (("ns1", "localhost:70000"), 1, "write it as localhost:6700"),
        (("ns1", ":6700"), 1, "write it as localhost:6700"),
        (("ns1", "no.such.host.invalid:6700"), 1, "cannot be found"),
        (("ns1", "localhost:6799", "--data", "/dev/null/x"), 1, "error: /dev/null"),
        (("NS 1", "localhost:6700"), 2, "cannot name a queue"),
    ],
)
def test_bad_arguments_are_named(
    desk: Desk, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Never a traceback."""
    terminal = desk.run("lan_print_queue", *arguments)
    assert terminal.wait() == code
    assert words in terminal.text
    assert "Traceback" not in terminal.text


def test_a_namespace_shows_who_comes_and_goes(desk: Desk) -> None:
    """Only its own services; one that is killed says no goodbye and is missed too."""
    one = desk.service("service1")
    two = desk.service("service2")
    apart = desk.service("service3", f"{desk.queue}-b")
    one.until(r"\+ service2 \(127\.0\.0\.1 port \d+\)")
    two.until(r"\+ service1 ")
    four = desk.service("service4")
    one.until(r"\+ service4 ")
    assert four.interrupt() == 0
    one.until(r"- service4 ")
    two.kill()
    one.until(r"- service2 .*: it does not answer")
    assert apart.interrupt() == 0
    assert "service3" not in one.text + two.text + four.text
    assert len(apart.text.splitlines()) == 2
    assert one.interrupt() == 0
    assert one.text.endswith("service1 left\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("NS", "service1"), 2, "cannot name a queue"),
        (("ns1", " "), 2, "nothing to show"),
        (("ns1", "service1", "--interface", "203.0.113.7"), 1, "error: 203.0.113.7"),
    ],
)
def test_bad_arguments_of_discovery_are_named(
    desk: Desk, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Never a traceback."""
    terminal = desk.run("discovery", *arguments)
    assert terminal.wait() == code
    assert words in terminal.text
    assert "Traceback" not in terminal.text


def test_a_host_rebooted_at_another_port_during_an_election_rejoins(
    desk: Desk,
) -> None:
    """It never did once: its old address was tried for ever (lesson 4)."""
    *ports, other = ports_of(4)
    hosts = [desk.host(port, f"data{number}") for number, port in enumerate(ports)]
    _together(*hosts)
    hosts[0].type("cube")
    for host in hosts:
        host.until(r"\+ 1\. cube")
    led = re.findall(r"localhost:(\d+) leads", hosts[0].text)[-1]
    leader = ports.index(int(led))
    mover, stays = (number for number in range(3) if number != leader)
    hosts[leader].kill()  # from now on the others elect
    hosts[mover].kill()
    moved = desk.host(other, f"data{mover}")
    moved.until(rf"group {_group_of(hosts[stays])}: .*leads")
    hosts[stays].type("vase")
    moved.until(r"\+ 2\. vase")


def test_a_host_whose_clock_is_wrong_by_decades_takes_part(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi has no clock of its own; passwords that hold a time failed (lesson 13)."""
    first, second = ports_of(2)
    right = desk.host(first)
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    with monkeypatch.context() as wrong:
        wrong.setenv("LD_PRELOAD", str(library))
        wrong.setenv("FAKETIME", "-50y")
        wrong.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        late = desk.host(second)
    _together(right, late)
    late.type("cube")
    right.until(r"\+ 1\. cube")
