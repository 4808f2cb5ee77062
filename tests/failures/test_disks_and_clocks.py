"""Machines that run out of disk, lose the time or find their journal damaged."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.test_component import wait
from tests.failures.farm import Farm, Machine, farm_of, remount

pytestmark = pytest.mark.timeout(300)

_DISK = 16 << 20  # bytes of the last printer's disk


@pytest.fixture(scope="module")
def farm(printers_folder: Path) -> Iterator[Farm]:
    """Three printers, the last one with a small disk and a clock that can jump."""
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    clock = printers_folder / "clock"
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with farm_of(printers_folder, 3, environment, _DISK) as farm:
        yield farm


def _restart(printer: Machine) -> None:
    printer.start()
    printer.wait_ready()


def _warnings(printer: Machine) -> list[str]:
    return [str(text) for text in printer.server_info()["warnings"]]


def test_a_full_disk_stops_its_own_host_only(whole: Farm) -> None:
    """It says so; the others go on; with room again and a restart it is back."""
    farm = whole
    small, one = farm.printers[2], farm.printers[0]
    filling = small.folder / "filling"
    _fill(filling)
    try:
        mark = farm.add(one, 2)
        error = wait(lambda: small.status()["error"], 30)
        assert "disk" in error
        wait(lambda: farm.done(one, mark) == 2, 60)
    finally:
        filling.unlink()
        small.kill("moonraker")
        _restart(small)


def test_a_disk_that_went_read_only_keeps_moonraker_and_the_others_going(
    whole: Farm,
) -> None:
    """As a worn card's does; Moonraker starts all the same, and names the file."""
    farm = whole
    small, one = farm.printers[2], farm.printers[0]
    small.kill("moonraker")
    remount(small.folder, "ro")
    try:
        _restart(small)
        wait(lambda: any(str(small.folder) in text for text in _warnings(small)), 60)
        mark = farm.add(one, 2)
        wait(lambda: farm.done(one, mark) == 2, 60)
    finally:
        small.kill("moonraker")
        remount(small.folder, "rw")
        _restart(small)


def test_a_clock_that_jumps_changes_no_membership_and_prints_nothing_twice(
    whole: Farm, printers_folder: Path
) -> None:
    """A day ahead, then two days back, as when a Pi has asked for the time."""
    farm = whole
    clock = printers_folder / "clock"
    group = farm.printers[0].status()["group"]
    marks = []
    for offset in ("+86400", "-86400", "+0"):
        clock.write_text(offset)
        marks.append(farm.add(farm.printers[2], 2))
        wait(lambda: farm.printed(*marks), 90)
        assert farm.settled()
    assert farm.printers[0].status()["group"] == group


def test_a_damaged_journal_is_set_aside_and_the_queue_comes_from_the_others(
    whole: Farm,
) -> None:
    """Some bytes in its middle: it is noticed, kept for whoever asks, and not used."""
    farm = whole
    mark = farm.add(farm.printers[1], 2)
    wait(lambda: farm.printed(mark), 60)
    broken = farm.printers[1]
    pid = broken.pid("moonraker")
    assert pid is not None
    os.kill(pid, signal.SIGTERM)  # in order: all of it is in the one file then
    wait(lambda: "moonraker" in broken.dead())
    journal = broken.folder / "queues" / "workshop" / "group.db"
    data = bytearray(journal.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 512] = b"\xff" * 512
    journal.write_bytes(data)
    _restart(broken)
    wait(farm.settled, 90)
    kept = list((journal.parent / "set-aside").glob("*.db"))
    assert [path.read_bytes()[middle : middle + 512] for path in kept] == [
        b"\xff" * 512
    ]


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
