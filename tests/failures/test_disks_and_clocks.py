"""Machines that run out of disk, lose the time or find their journal damaged."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.test_component import wait
from tests.failures.farm import Farm, FragileMachine, Machine, damage, farm_of

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[Farm]:
    """Three printers, the last one with a small disk and a clock that can jump."""
    with farm_of(printers_folder, 3, fragile=1) as farm:
        yield farm


def _fragile(farm: Farm) -> FragileMachine:
    machine = farm.printers[2]
    assert isinstance(machine, FragileMachine)
    return machine


def _restart(printer: Machine) -> None:
    printer.start()
    printer.wait_ready()


def _warnings(printer: Machine) -> list[str]:
    return [str(text) for text in printer.server_info()["warnings"]]


def test_a_full_disk_stops_its_own_host_only(whole: Farm) -> None:
    """It says so; the others go on; with room again and a restart it is back."""
    farm = whole
    small, one = _fragile(farm), farm.printers[0]
    small.fill_disk()
    try:
        mark = farm.add(one, 2)
        error = wait(lambda: small.status()["error"])
        assert "disk" in error
        wait(lambda: farm.done(one, mark) == 2)
    finally:
        small.empty_disk()
        small.kill("moonraker")
        _restart(small)


def test_a_disk_that_went_read_only_keeps_moonraker_and_the_others_going(
    whole: Farm,
) -> None:
    """As a worn card's does; Moonraker starts all the same, and names the file."""
    farm = whole
    small, one = _fragile(farm), farm.printers[0]
    small.kill("moonraker")
    small.remount("ro")
    try:
        _restart(small)
        wait(lambda: any(str(small.folder) in text for text in _warnings(small)))
        mark = farm.add(one, 2)
        wait(lambda: farm.done(one, mark) == 2)
    finally:
        small.kill("moonraker")
        small.remount("rw")
        _restart(small)


def test_a_clock_that_jumps_changes_no_membership_and_prints_nothing_twice(
    whole: Farm,
) -> None:
    """A day ahead, then two days back, as when a Pi has asked for the time."""
    farm = whole
    group = farm.printers[0].status()["group"]
    marks = []
    for offset in (86400, -86400, 0):
        _fragile(farm).set_clock(offset)
        marks.append(farm.add(farm.printers[2], 2))
        wait(lambda: farm.printed(*marks))
        assert farm.settled()
    assert farm.printers[0].status()["group"] == group


def test_a_damaged_journal_is_set_aside_and_the_queue_comes_from_the_others(
    whole: Farm,
) -> None:
    """Some bytes in its middle: it is noticed, kept for whoever asks, and not used."""
    farm = whole
    mark = farm.add(farm.printers[1], 2)
    wait(lambda: farm.printed(mark))
    broken = farm.printers[1]
    pid = broken.pid("moonraker")
    assert pid is not None
    os.kill(pid, signal.SIGTERM)  # in order: all of it is in the one file then
    wait(lambda: "moonraker" in broken.dead())
    damaged = damage(broken.journal).read_bytes()
    _restart(broken)
    wait(farm.settled)
    kept = list((broken.journal.parent / "set-aside").glob("*.db"))
    assert [path.read_bytes() for path in kept] == [damaged]
