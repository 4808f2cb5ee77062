"""Machines that stop, lose power, run out of disk or lose the time."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.component.test_component import ROOT, wait
from tests.failures.farm import Farm, Machine, farm_of, remount

pytestmark = pytest.mark.timeout(240)

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


def _lost(farm: Farm) -> list[dict[str, Any]]:
    """Prints whose end nobody saw."""
    printers = farm.printers[0].client.get(f"{ROOT}/printers")["printers"]
    return [p for one in printers for p in one["prints"] if p["state"] == "lost"]


def _warnings(printer: Machine) -> list[str]:
    return [str(text) for text in printer.server_info()["warnings"]]


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
        wait(lambda: farm.done(two, second) == 2, 60)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait(lambda: farm.printed(first, second), 90)


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
    wait(farm.settled, 60)
    (lost,) = wait(partial(_lost, farm))
    time.sleep(3)  # a print too many would have begun by then
    assert farm.begun(mark) == 1
    decision = {"print_id": lost["print_id"], "action": "retry", "by": "test"}
    farm.printers[1].client.post(f"{ROOT}/print", decision)
    farm.again[mark] += 1
    for printer in farm.printers:
        printer.client.post(f"{ROOT}/bed_clear", {"by": "test"})
    wait(lambda: farm.printed(mark), 90)


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
        wait(lambda: any("readonly database" in text for text in _warnings(small)))
        mark = farm.add(one, 2)
        wait(lambda: farm.done(one, mark) == 2, 60)
    finally:
        small.kill("moonraker")
        remount(small.folder, "rw")
    _restart(small)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass


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
