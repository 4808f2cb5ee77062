"""Files that are put into a hot folder, by people's programs on a real disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.printers import (
    VirtualPrinter,
)
from tests.component.test_component import (
    ROOT,
    exchange,
    jobs,
    netqueue_warnings,
    serves,
    wait,
)
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(600)

SECTION = """\
[netqueue]
queues: workshop
bind: 127.0.0.1
discovery: False
"""
GCODE = b"G28\nG4 P500\n"
STEADY = 8.0  # seconds: a look and the quiet time, and a bit


def start(printers_folder: Path, section: str) -> Iterator[VirtualPrinter]:
    with start_farm(printers_folder, 1, section) as farm:
        (printer,) = farm.printers
        wait(partial(serves, printer))
        yield printer


@pytest.fixture(scope="module")
def paused(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A printer of a paused queue."""
    for printer in start(printers_folder, SECTION):
        printer.client.post(f"{ROOT}/pause")
        yield printer


@pytest.fixture
def hot(paused: VirtualPrinter) -> Path:
    """The hot folder; the queue is empty."""
    for job in jobs(paused):
        body = {"job_id": job["job_id"]}
        assert exchange(paused, "DELETE", f"{ROOT}/job", body)[0] == 200
    folder = paused.data_path / "gcodes/netqueue-in/workshop"
    wait(folder.is_dir)
    return folder


def names(printer: VirtualPrinter) -> list[str]:
    return [job["name"] for job in jobs(printer)]


def sha256_of(job: dict[str, Any]) -> str:
    return str(job["items"][0]["files"][0]["sha256"])


def test_a_file_is_added_once_and_moved_away(paused: VirtualPrinter, hot: Path) -> None:
    """By Moonraker's own upload, and by a move; the same name with other bytes too."""
    paused.client.upload("netqueue-in/workshop/a.gcode", GCODE)
    moved = hot.parent / "b.gcode"
    moved.write_bytes(GCODE + b"; b\n")
    os.utime(moved, (1, 1))  # scp -p and mv keep the old time
    moved.rename(hot / "b.gcode")
    wait(lambda: sorted(names(paused)) == ["a.gcode", "b.gcode"])
    wait(lambda: (hot / "done/b.gcode").exists() and (hot / "done/a.gcode").exists())
    assert [path.name for path in hot.iterdir() if path.is_file()] == []
    shutil.copy(hot / "done/a.gcode", hot / "a.gcode")  # once more, please
    (hot / "b.gcode").write_bytes(GCODE + b"; another b\n")
    wait(lambda: len(jobs(paused)) == 4)
    wait(lambda: len(list((hot / "done").iterdir())) == 3)
    assert (hot / "done/b.gcode").read_bytes() == GCODE + b"; b\n"
    assert list((hot / ".adding").iterdir()) == []
    assert netqueue_warnings(paused) == []


def test_a_slow_copy_is_waited_for(paused: VirtualPrinter, hot: Path) -> None:
    """A program that stalls with the file open is not done, however long; names of
    unfinished transfers are not looked at."""
    (hot / "later.gcode.part").write_bytes(GCODE)
    (hot / ".later.gcode.Xy12").write_bytes(GCODE)
    with (hot / "slow.gcode").open("wb") as file:
        file.write(GCODE)
        file.flush()
        time.sleep(STEADY + 4)
        assert jobs(paused) == []
        file.write(b"G4 P400\n")
    wait(lambda: names(paused) == ["slow.gcode"])
    whole = hashlib.sha256(GCODE + b"G4 P400\n").hexdigest()
    assert sha256_of(jobs(paused)[0]) == whole
    (hot / "later.gcode.part").rename(hot / "later.gcode")
    wait(lambda: names(paused) == ["slow.gcode", "later.gcode"])
    (hot / ".later.gcode.Xy12").unlink()


def test_what_cannot_be_added_stays_with_a_warning(
    paused: VirtualPrinter, hot: Path
) -> None:
    """The dashboards show why; a better file of that name is added, a removed one is
    no warning any more."""
    (hot / "empty.gcode").write_bytes(b"")
    (hot / "part.stl").write_bytes(b"solid\n")
    (hot / "folder").mkdir()

    def told() -> bool:
        text = " ".join(netqueue_warnings(paused))
        return all(
            words in text
            for words in (
                "netqueue-in/workshop",
                "empty.gcode is empty",
                "part.stl is not a g-code file",
                "folder is not a g-code file",
            )
        )

    wait(told)
    assert jobs(paused) == []
    assert (hot / "empty.gcode").exists()
    (hot / "empty.gcode").write_bytes(GCODE)
    (hot / "part.stl").unlink()
    (hot / "folder").rmdir()
    wait(lambda: names(paused) == ["empty.gcode"])
    wait(lambda: netqueue_warnings(paused) == [])


def test_a_restart_in_between_adds_it_once(paused: VirtualPrinter, hot: Path) -> None:
    """Moonraker is killed after the claim, and after the job was added but before the
    file was moved away."""
    claim = hot / ".adding/0123456789abcdef-once.gcode"
    for _ in range(2):
        paused.kill("moonraker")
        if not claim.parent.exists():
            claim.parent.mkdir()
        done = hot / "done/once.gcode"
        if done.exists():
            done.rename(claim)  # as if it had not been moved yet
        else:
            claim.write_bytes(GCODE)
        paused.start()
        paused.wait_ready()
        wait(partial(serves, paused))
        wait(done.exists)
        assert names(paused) == ["once.gcode"]
        assert not claim.exists()


def test_hot_folders_can_be_switched_off(printers_folder: Path) -> None:
    """There is no folder then, and what is there is nobody's business."""
    for printer in start(printers_folder, SECTION + "hot_folder: False\n"):
        hot = printer.data_path / "gcodes/netqueue-in/workshop"
        assert not hot.exists()
        hot.mkdir(parents=True)
        (hot / "a.gcode").write_bytes(GCODE)
        time.sleep(STEADY)
        assert jobs(printer) == []
