"""Wires that are cut, lossy, slow and one-way, between real printers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.test_component import wait
from tests.failures.farm import Farm, Machine, farm_of
from tests.failures.switch import Faults

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[Farm]:
    """Three printers; each test heals what it broke."""
    with farm_of(printers_folder, 3) as farm:
        yield farm


def test_a_leader_that_is_cut_off_goes_on_printing_and_takes_nothing(
    whole: Farm,
) -> None:
    """The others elect another; what was added at the lone one waits on its disk."""
    farm = whole
    leader = farm.leader()
    one, two = farm.others(leader)
    farm.add(leader, 4, seconds=4)
    wait(lambda: leader.client.query("print_stats")["state"] == "printing")
    farm.switch.part([farm.index(leader)], [farm.index(one), farm.index(two)])
    wait(lambda: one.status()["quorum"] and two.status()["leader"] != farm.id(leader))
    farm.add(one, 2)
    lone = farm.add(leader, 1)
    wait(lambda: not leader.status()["quorum"])
    assert leader.status()["pending"]
    wait(lambda: set(leader.status()["missing"]) == {one.name, two.name})
    assert f"{lone}.gcode" not in {job["name"] for job in farm.jobs(one)}
    farm.switch.heal()
    wait(lambda: farm.printed(lone))


def test_a_wire_that_is_cut_one_way_only_stops_nobody(whole: Farm) -> None:
    """From the leader to one follower nothing arrives, all else does.

    All is printed, and one at most does not hear of it: the deaf one, or, if the leader
    stood still for long enough to be followed by that one, the leader before.
    """
    farm = whole
    leader = farm.leader()
    deaf, other = farm.others(leader)
    farm.switch.set(farm.index(leader), farm.index(deaf), Faults(cut=True))
    marks = [farm.add(other, 2), farm.add(leader, 1)]

    def hears_of_all(printer: Machine) -> bool:
        return sum(farm.done(printer, mark) for mark in marks) == 3

    wait(lambda: sum(map(hears_of_all, farm.printers)) >= 2)


def test_wires_that_lose_delay_and_reorder_slow_the_queue_and_no_more(
    whole: Farm,
) -> None:
    """A tenth of all frames lost, 20 to 80 ms late in any order, 200 kB a second."""
    farm = whole
    bad = Faults(loss=0.1, delay=0.02, jitter=0.06, rate=200_000)
    farm.switch.everywhere(bad)
    marks = [farm.add(printer, 2) for printer in farm.printers]
    wait(lambda: farm.printed(*marks), 120)


def test_an_address_that_changes_under_way_changes_no_membership(whole: Farm) -> None:
    """A new lease of the router's: the others find the host again, by multicast."""
    farm = whole
    moved = farm.printers[2]
    term = moved.status()["group"]
    moved.namespace.readdress("10.77.0.33")
    mark = farm.add(moved, 3)
    wait(lambda: farm.printed(mark))
    wait(farm.settled)
    assert moved.status()["group"] == term
