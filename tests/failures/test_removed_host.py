"""A host that lost its seat while it was away, with the log that it had."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.test_component import wait
from tests.failures.farm import Farm, Machine, farm_of

pytestmark = pytest.mark.timeout(600)

_AWHILE = 8.0  # seconds: an election takes less than 3


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[Farm]:
    """Four printers, three of which vote; a seat is kept for seconds only."""
    with farm_of(printers_folder, 4, options="seat_ttl: 30\n") as farm:
        yield farm


def _voters(printer: Machine) -> set[str]:
    members = printer.status()["members"]
    return {member["host_id"] for member in members if member["voter"]}


def test_a_host_whose_seat_went_to_another_disturbs_nobody_on_its_return(
    whole: Farm,
) -> None:
    """No election: term and leader stay, and it follows with its old log."""
    farm = whole
    leader = farm.leader()
    gone = next(p for p in farm.others(leader) if farm.id(p) in _voters(leader))
    before = farm.add(gone, 1)
    wait(lambda: farm.printed(before))
    gone.kill("moonraker")
    wait(lambda: farm.id(gone) not in _voters(leader))
    wait(lambda: len(_voters(leader)) == 3)
    meanwhile = farm.add(leader, 1)
    wait(lambda: farm.done(leader, meanwhile) == 1)
    leads = leader.status()
    gone.start()
    gone.wait_ready()
    wait(lambda: farm.done(gone, meanwhile) == 1)
    end = time.monotonic() + _AWHILE
    while time.monotonic() < end:
        status = leader.status()
        assert (status["leader"], status["term"]) == (leads["leader"], leads["term"])
        time.sleep(0.5)
    assert gone.status()["role"] == "observer"
    assert gone.status()["group"] == leads["group"]
