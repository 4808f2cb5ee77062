"""Two printers and a witness, the smallest farm that bears the loss of any machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.test_component import wait
from tests.failures.farm import Farm, farm_of

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[Farm]:
    """Two printers and a witness; each test mends what it broke."""
    with farm_of(printers_folder, 2, witnesses=1) as farm:
        yield farm


def test_two_printers_one_lost_power_the_queue_can_still_be_changed(
    whole: Farm,
) -> None:
    """The witness is the second of three votes: no person is needed."""
    farm = whole
    gone, stays = farm.leader_and_other()
    gone.cut_power()
    mark, text = farm.sample(2, seconds=2)
    wait(lambda: stays.status()["leader"] not in (None, farm.id(gone)))
    assert not farm.submit(stays, mark, text, 2)["pending"]
    wait(lambda: farm.done(stays, mark) == 2)
    gone.start()
    gone.wait_ready()


def test_two_printers_go_on_without_their_witness(whole: Farm) -> None:
    """Killed; it comes back with what it had and votes again."""
    farm = whole
    one, two = farm.printers
    (witness,) = farm.witnesses
    witness.kill()
    wait(lambda: one.status()["missing"] == ["witness"])
    farm.leader()  # it may have been the witness
    mark, text = farm.sample(1, seconds=2)
    assert not farm.submit(two, mark, text, 1)["pending"]
    wait(lambda: farm.printed(mark))
    witness.start()
