"""Each file of ours is damaged, or cannot be read or written: Moonraker starts.

And the component says which file it is, and what there is to do.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.test_component import GCODE, ROOT, netqueue_warnings, serves, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)

SECTION = """\
[netqueue]
queues: workshop
bind: 127.0.0.1
discovery: False
"""
_OURS = ("netqueue", "gcodes/.netqueue", "config/.theme", "database")
_RECORD = "netqueue/entries.json"
_OWN = "own the gcodes folder"
_OPEN = "make its folder writable"


@dataclass(frozen=True)
class Case:
    """A file of ours, and words of what is told when it is damaged and when it is
    a folder; `serves`: whether the queue goes on, in both cases."""

    path: str
    damaged: tuple[str, ...]
    folder: tuple[str, ...]
    serves: tuple[bool, bool] = (False, False)


_MARKS = ("machine.json-damaged-1", "it is written anew", "move that folder away")
_QUEUES = ("queues.json-damaged-1", "served no more: another", "POST /server/netqueue")
_PRINTER = ("printer.json-damaged-1", "Look at the bed", "'lost': decide it")
_KEPT_ASIDE = (
    Case("netqueue/machine.json", _MARKS, _MARKS),
    Case("netqueue/queues.json", _QUEUES, _QUEUES),
    Case("netqueue/printer.json", _PRINTER, _PRINTER),
    Case(_RECORD, ("move it away",), ("move it away",)),  # not ours alone: it stays
)
_CASES = (
    Case(
        "netqueue/identity.pem",
        ("identity.pem is damaged", "restore it from a backup, or move it away"),
        ("let the user that Moonraker runs as own",),
    ),
    Case(
        "netqueue/admission.json",
        ("admission.json is damaged", "restore it from a backup, or move it away"),
        ("let the user that Moonraker runs as own",),
    ),
    Case(
        "netqueue/queues/workshop/group.db",
        ("group.db is damaged", "rejoin with found=true"),
        (_OPEN,),
    ),
    Case(
        "netqueue/queues/workshop/outbox.db",
        ("outbox.db is damaged", "move it away"),
        (_OPEN,),
    ),
    Case(
        "netqueue/queues/workshop/lives.db",
        ("lives.db is damaged", "move it away"),
        (_OPEN,),
    ),
    Case("gcodes/.netqueue/index.json", ("hashed again",), (_OWN,), (True, False)),
    Case(
        f"gcodes/.netqueue/{hashlib.sha256(GCODE).hexdigest()}",
        ("was damaged on disk and is removed",),
        (_OWN,),
        (True, False),
    ),
    Case(
        "config/.theme/navi.json",
        ("sidebar in the dashboard",),
        ("sidebar in the dashboard",),
        (True, True),
    ),
)


@dataclass(frozen=True)
class Off:
    """A printer that has all its files, with Moonraker off; `kept` is a copy."""

    printer: VirtualPrinter
    kept: Path

    def put_back(self) -> None:
        """All files as they were."""
        for name in _OURS:
            shutil.rmtree(self.printer.data_path / name)
            shutil.copytree(self.kept / name, self.printer.data_path / name)


@pytest.fixture(scope="module")
def off(printers_folder: Path) -> Iterator[Off]:
    with start_farm(printers_folder, 1, SECTION) as farm:
        (printer,) = farm.printers
        wait(partial(serves, printer))
        client = printer.client
        client.post(f"{ROOT}/pause", {"queue": "workshop"})
        client.post(f"{ROOT}/queues", {"queue": "another"})
        client.upload("part.gcode", GCODE)
        job = {"queue": "workshop", "filename": "part.gcode"}
        client.post(f"{ROOT}/job", job)
        client.post(f"{ROOT}/bed_clear", {"by": "test"})
        wait((printer.data_path / _RECORD).exists)
        printer.kill("moonraker")
        kept = printer.data_path.with_name("kept")
        for name in _OURS:
            shutil.copytree(printer.data_path / name, kept / name)
        yield Off(printer, kept)


def _no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe{torn" * 100)


def _folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


_SPOIL = (_no_text, _folder)
_both = pytest.mark.parametrize("number", [0, 1], ids=["damaged", "folder"])


@_both
def test_what_can_be_found_again_keeps_nothing_off(off: Off, number: int) -> None:
    """All of these at once: each is named, kept as it was, and the queue goes on."""
    printer = off.printer
    off.put_back()
    for case in _KEPT_ASIDE:
        _SPOIL[number](printer.data_path / case.path)
    words = [
        word for case in _KEPT_ASIDE for word in (case.damaged, case.folder)[number]
    ]
    try:
        told = _start(printer, lambda told: all(word in told for word in words))
        wait(partial(serves, printer), 60)
        assert "Traceback" not in told
        shown = printer.client.get(f"{ROOT}/status")["notices"]  # each by itself
        beginnings = ("the file", "this printer's record", "the list", "on this disk")
        assert [text for text in beginnings if str(shown).count(text) != 1] == []
        assert len(shown) == len(beginnings)
        for case in _KEPT_ASIDE[:-1]:
            kept = printer.data_path / f"{case.path}-damaged-1"
            assert kept.is_dir() if number else b"{torn" in kept.read_bytes()
        printer.client.post(f"{ROOT}/queues", {"queue": "another"})  # as it was told
        assert not any("served no more" in text for text in netqueue_warnings(printer))
    finally:
        printer.kill("moonraker")


@_both
@pytest.mark.parametrize("case", _CASES, ids=lambda case: Path(case.path).name[:12])
def test_a_bad_file_is_told_with_what_to_do(off: Off, case: Case, number: int) -> None:
    printer, words = off.printer, (case.damaged, case.folder)[number]
    off.put_back()
    path = printer.data_path / case.path
    for log in path.parent.glob(f"{path.name}-*"):
        log.unlink()  # SQLite's, from which it would mend the file
    if case.path.startswith("config"):
        (printer.data_path / _RECORD).unlink()  # else the entry is not made again
    _SPOIL[number](path)
    try:
        told = _start(printer, lambda told: all(word in told for word in words))
        assert path.name in told or "sidebar" in told
        if case.serves[number]:
            wait(partial(serves, printer), 60)
        else:
            wait(lambda: netqueue_warnings(printer), 60)
        wait(lambda: printer.server_info()["klippy_connected"], 60)
        assert "Traceback" not in told
    finally:
        printer.kill("moonraker")


def _start(printer: VirtualPrinter, said: Callable[[str], bool]) -> str:
    """Start Moonraker; what its log says from then on, once it says that."""
    log = printer.data_path / "logs" / "moonraker.log"
    before = log.stat().st_size
    printer.start()

    def told() -> str:
        text = log.read_bytes()[before:].decode()
        return text if said(text) else ""

    try:
        return str(wait(told, 60))
    except AssertionError:
        pytest.fail(log.read_bytes()[before:].decode())
