"""The agent's record on disk."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed, Evidence
from moonraker_netqueue.ports import FileMode
from moonraker_netqueue.printer.bed import cleared, first_bed
from moonraker_netqueue.printer.errors import RecordDamaged, RecordNotSaved
from moonraker_netqueue.printer.printer_port import Mark, StatsState
from moonraker_netqueue.printer.record import (
    Changes,
    Intent,
    Phase,
    Record,
    RecordFile,
)
from tests.printer.workshop import InlineWorker

EVIDENCE = Evidence("click", "anna", 1.5)
MARK = Mark(StatsState.COMPLETE, "part.gcode", 12.345)
INTENT = Intent(
    "q",
    "print-1",
    "job-1",
    2,
    "0" * 64,
    "netqueue/q/part.gcode",
    3.25,
    MARK,
    7,
    EVIDENCE,
)
ENDED = replace(
    INTENT,
    print_id="print-2",
    phase=Phase.ENDED,
    outcome=PrintState.FAILED,
    reason="jäm",
)
RECORD = Record(
    cleared(EVIDENCE, MARK, 9),
    (INTENT, ENDED),
    accept=False,
    changes=Changes(materials=("PLA",), manual_effort_cost=0),
)


def _file(folder: Path, disk: MachineDisk | None = None) -> RecordFile:
    return RecordFile(folder / "netqueue", disk or MachineDisk(), InlineWorker())


@pytest.mark.asyncio
async def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """All of it, to the float."""
    await _file(tmp_path).save(RECORD)
    other = _file(tmp_path)
    assert await other.load()
    assert other.record == RECORD


@pytest.mark.asyncio
async def test_no_file_is_no_record(tmp_path: Path) -> None:
    """The first start; nothing is there to be asked for."""
    file = _file(tmp_path)
    assert not await file.load()
    with pytest.raises(RecordDamaged):
        _ = file.record


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("old", "new"),
    [('"accept":false', '"accept":true'), ("{", ""), ("12.345", "12.346")],
    ids=["a flipped switch", "no JSON", "another mark"],
)
async def test_damage_is_noticed_and_kept(tmp_path: Path, old: str, new: str) -> None:
    """A record that lies could print on a full bed."""
    file = _file(tmp_path)
    await file.save(RECORD)
    file.path.write_text(file.path.read_text().replace(old, new, 1))
    with pytest.raises(RecordDamaged, match=r"printer\.json"):
        await _file(tmp_path).load()
    aside = await file.set_aside()
    assert aside.exists()
    assert not file.path.exists()


class OthersDisk(MachineDisk):
    """Its files are another user's, or its medium does not read."""

    def __init__(self, number: int) -> None:
        self._number = number

    def open(self, path: Path, mode: FileMode) -> BinaryIO:
        raise OSError(self._number, os.strerror(self._number), str(path))


@pytest.mark.asyncio
async def test_what_is_only_not_ours_to_read_is_not_damaged(tmp_path: Path) -> None:
    """A person gives it back; what the medium does not give any more is damage."""
    await _file(tmp_path).save(RECORD)
    with pytest.raises(PermissionError, match=r"printer\.json"):
        await _file(tmp_path, OthersDisk(errno.EACCES)).load()
    with pytest.raises(RecordDamaged):
        await _file(tmp_path, OthersDisk(errno.EIO)).load()


class FullDisk(MachineDisk):
    """No room for what is written before the rename, or at it."""

    def replace(self, source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.asyncio
async def test_what_could_not_be_saved_does_not_count(tmp_path: Path) -> None:
    """The old record stands, in memory and on disk; the trouble is told until then."""
    await _file(tmp_path).save(RECORD)
    file = _file(tmp_path, FullDisk())
    await file.load()
    with pytest.raises(RecordNotSaved, match="No space left"):
        await file.update(lambda record: replace(record, accept=True))
    assert file.record == RECORD
    assert "No space left" in file.trouble
    again = _file(tmp_path)
    await again.load()
    assert again.record == RECORD
    await again.save(RECORD)
    assert again.trouble == ""


class WatchedDisk(MachineDisk):
    """Notes the order of what makes a file durable."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def sync(self, file: object) -> None:
        self.did.append("sync file")

    def replace(self, source: Path, target: Path) -> None:
        self.did.append("rename")
        super().replace(source, target)

    def sync_directory(self, path: Path) -> None:
        self.did.append("sync folder")


@pytest.mark.asyncio
async def test_a_save_is_durable_in_this_order(tmp_path: Path) -> None:
    """Bytes, then name, then folder: a power cut leaves the old or the new."""
    disk = WatchedDisk()
    await _file(tmp_path, disk).save(RECORD)
    assert disk.did == ["sync file", "rename", "sync folder"]


def test_the_running_print_is_the_one_without_an_end() -> None:
    """And an intent is found, replaced and taken out by its print."""
    assert RECORD.running == INTENT
    assert RECORD.intent("print-2") == ENDED
    assert RECORD.without_intent("print-1").running is None
    started = replace(INTENT, phase=Phase.STARTED)
    assert RECORD.with_intent(started).intents == (ENDED, started)
    assert Record(first_bed(ClearBed.MANUAL, 0.0)).running is None
