"""Machines that stand still or lose power."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.component.test_component import ROOT, wait
from tests.failures.farm import Farm, Machine, farm_of

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[Farm]:
    """Three printers."""
    with farm_of(printers_folder, 3) as farm:
        yield farm


def _lost(farm: Farm) -> list[dict[str, Any]]:
    """Prints whose end nobody saw."""
    printers = farm.printers[0].client.get(f"{ROOT}/printers")["printers"]
    return [p for one in printers for p in one["prints"] if p["state"] == "lost"]


def _prints(printer: Machine) -> bool:
    return bool(printer.client.query("print_stats")["state"] == "printing")


def test_a_leader_that_stands_still_is_replaced_and_comes_back_as_a_follower(
    whole: Farm,
) -> None:
    """Stopped and continued by signal, as by a disk that hangs for seconds."""
    farm = whole
    leader = farm.leader()
    one, two = farm.others(leader)
    first = farm.add(leader, 4, seconds=3)
    wait(partial(_prints, leader))
    pid = leader.pid("moonraker")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        wait(lambda: one.status()["leader"] not in (None, farm.id(leader)))
        second = farm.add(two, 2)
        wait(lambda: farm.done(two, second) == 2)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait(lambda: farm.printed(first, second))


def test_all_lose_power_at_once_and_what_was_printing_waits_for_a_person(
    whole: Farm,
) -> None:
    """The bed of a print that was cut off is full: it is not simply begun again."""
    farm = whole
    mark = farm.add(farm.printers[0], 1, seconds=20)
    wait(lambda: farm.begun(mark) == 1)
    for printer in farm.printers:
        printer.cut_power()
    for printer in farm.printers:
        printer.start()
    for printer in farm.printers:
        printer.wait_ready()
    wait(farm.settled)
    (lost,) = wait(partial(_lost, farm))
    time.sleep(3)  # a print too many would have begun by then
    assert farm.begun(mark) == 1
    decision = {"print_id": lost["print_id"], "action": "retry", "by": "test"}
    farm.printers[1].client.post(f"{ROOT}/print", decision)
    farm.again[mark] += 1
    for printer in farm.printers:
        printer.client.post(f"{ROOT}/bed_clear", {"by": "test"})
    wait(lambda: farm.printed(mark))
