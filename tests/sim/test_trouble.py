"""Random trouble for a small workshop: all copies are made, none twice."""

from __future__ import annotations

import random

import pytest

from tests.sim.test_scenario_run import played, scenario

_PRINTERS = ("anton", "berta", "carla")
_KINDS = {  # what happens: what ends it
    "crash": "",  # systemd does
    "power off": "power on",
    "shut down": "power on",
    "cut": "mend",
}


def _trouble(seed: int) -> str:
    """Five mishaps within a quarter of an hour; all end within twenty minutes."""
    draw = random.Random(seed)  # noqa: S311  a simulation
    lines = ["failures: 0.15", "events:"]
    for _ in range(5):
        printer, at = draw.choice(_PRINTERS), draw.randint(0, 14)
        what = draw.choice(tuple(_KINDS))
        lines.append(f"  - {{at: {at}, what: {what}, printer: {printer}}}")
        if end := _KINDS[what]:
            later = at + draw.randint(1, 6)
            lines.append(f"  - {{at: {later}, what: {end}, printer: {printer}}}")
    return "\n".join(lines)


@pytest.mark.parametrize("seed", range(4))
def test_all_copies_are_made_once_whatever_happens(seed: int) -> None:
    """The run itself checks the ledger after every start and every second."""
    wanted = scenario(_trouble(seed), **{"count: 4": "count: 9"})
    run = played(wanted, hours=1.5, seed=seed)
    assert run.left == []
    (copies,) = run.ledger.all()
    assert copies.counted == 9
    assert copies.made == 9
