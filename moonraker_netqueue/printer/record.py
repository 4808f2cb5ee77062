"""What the agent must not forget: starts, the bed, a person's settings (R9).

One small JSON file, replaced atomically and fsynced before anything is done that
relies on it.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..durable_file import parse_json, read_what_is_left, replace_durably, set_aside
from ..model.codec import dumps, from_plain, to_plain
from ..model.errors import CommandInvalid
from ..model.hours import Period
from ..model.print import PrintState
from ..model.printer import Evidence
from ..ports import Disk, Worker
from .errors import RecordDamaged, RecordNotSaved
from .printer_port import Mark

_FILE = "printer.json"


class Phase(str, enum.Enum):
    """How far a start has come."""

    ABOUT_TO_START = "about_to_start"
    STARTED = "started"
    ENDED = "ended"  # its PrintEnded has not been handed in yet


@dataclass(frozen=True)
class Intent:
    """A print of the queue, from just before its start until its end is handed in."""

    queue: str
    print_id: str
    job_id: str
    item: int
    sha256: str
    filename: str
    at: float  # Unix seconds, for people
    before: Mark  # of the printer, before the start
    history_seen: int  # id of the last history entry before the start
    consumed: Evidence | None  # that the bed was clear
    phase: Phase = Phase.ABOUT_TO_START
    outcome: PrintState | None = None
    reason: str = ""
    grams: float = 0  # of filament that it takes; 0: nobody knows


class BedState(str, enum.Enum):
    """What is known of the bed."""

    CLEAR = "clear"  # by its evidence
    MACRO_DUE = "macro_due"  # the clearing macro may clear it, before the next print
    IN_USE = "in_use"  # something is being printed on it
    OCCUPIED = "occupied"  # a person must look
    CLEARING_FAILED = "clearing_failed"  # the macro gave up


@dataclass(frozen=True)
class Bed:
    """The bed; evidence holds until the printer prints anything again."""

    state: BedState
    reason: str = ""
    evidence: Evidence | None = None
    mark: Mark = field(default_factory=Mark)  # of the printer, at that time
    history_seen: int = -1  # id of the newest entry then; -1: not looked at yet


@dataclass(frozen=True)
class Changes:
    """What a person changed of the printer's entry; None: as configured."""

    materials: tuple[str, ...] | None = None
    materials_ready: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    manual_effort_cost: int | None = None
    hours: tuple[Period, ...] | None = None
    grams_left: float | None = None
    spool_grams: float | None = None

    def with_used(self, grams: float) -> Changes:
        """What is left of a spool after a print of so many grams."""
        if self.grams_left is None:
            return self
        return replace(self, grams_left=round(max(0.0, self.grams_left - grams), 1))


@dataclass(frozen=True)
class Record:
    """All of it."""

    bed: Bed
    intents: tuple[Intent, ...] = ()
    accept: bool = True
    changes: Changes = field(default_factory=Changes)

    def intent(self, print_id: str) -> Intent | None:
        """The intent of a print."""
        return next((i for i in self.intents if i.print_id == print_id), None)

    @property
    def running(self) -> Intent | None:
        """The print that is starting or under way, if any."""
        return next((i for i in self.intents if i.phase is not Phase.ENDED), None)

    def with_intent(self, intent: Intent) -> Record:
        """A record with this intent, in place of an earlier one of its print."""
        others = self.without_intent(intent.print_id).intents
        return replace(self, intents=(*others, intent))

    def without_intent(self, print_id: str) -> Record:
        """A record without the intent of a print."""
        kept = tuple(i for i in self.intents if i.print_id != print_id)
        return replace(self, intents=kept)


class RecordFile:
    """The record on disk. `record` is what is durable."""

    def __init__(self, directory: Path, disk: Disk, worker: Worker) -> None:
        self.path = directory / _FILE
        self._disk = disk
        self._worker = worker
        self._saving = asyncio.Lock()
        self._record: Record | None = None
        self.trouble = ""  # why the last save failed

    @property
    def record(self) -> Record:
        """The durable record, once loaded or saved."""
        if self._record is None:
            raise RecordDamaged(f"{self.path}: was not loaded")
        return self._record

    async def load(self) -> bool:
        """Read the file; False if there is none yet. Raises RecordDamaged."""
        text = await self._worker.run(self._read)
        if text is None:
            return False
        self._record = _parse(self.path, text)
        return True

    async def set_aside(self) -> Path:
        """Keep a damaged file under another name; returns that."""
        return await self._worker.run(set_aside, self.path, self._disk)

    async def save(self, record: Record) -> None:
        """Make `record` durable; raises RecordNotSaved, and the old one counts."""
        async with self._saving:
            await self._save(record)

    async def update(self, change: Callable[[Record], Record]) -> None:
        """Make `change` of the latest record durable; raises RecordNotSaved."""
        async with self._saving:
            await self._save(change(self.record))

    async def _save(self, record: Record) -> None:
        try:
            await self._worker.run(self._write, _form(record))
        except OSError as error:
            self.trouble = (
                f"{self.path}: cannot be written ({error.strerror or error}); no"
                " print starts until there is room and permission to write"
            )
            raise RecordNotSaved(self.trouble) from error
        self.trouble = ""
        self._record = record

    def _read(self) -> str | None:
        if not self._disk.exists(self.path):
            return None
        return read_what_is_left(self.path, self._disk).decode("utf-8", "replace")

    def _write(self, text: str) -> None:
        self._disk.make_directory(self.path.parent)
        replace_durably(self.path, text.encode("ascii"), self._disk)


def damage_notice(aside: Path) -> str:
    """What a person has to do after a damaged record was put aside."""
    return (
        f"this printer's record was damaged and is kept as {aside}. Look at the bed,"
        " then say that it is clear. A print of the queue that was under way is"
        " 'lost': decide it. Whether the printer takes jobs, and its spool, are as in"
        " moonraker.conf again: set them anew"
    )


def _form(record: Record) -> str:
    plain = to_plain(record)
    return dumps({"sha256": _digest(plain), "record": plain}) + "\n"


def _parse(path: Path, text: str) -> Record:
    try:
        form = parse_json(text)
        if form["sha256"] != _digest(form["record"]):
            raise RecordDamaged(f"{path}: its checksum does not match")
        return from_plain(Record, form["record"])
    except (ValueError, KeyError, TypeError, CommandInvalid) as error:
        raise RecordDamaged(f"{path}: is not what was written: {error}") from error


def _digest(plain: Any) -> str:
    return hashlib.sha256(dumps(plain).encode("ascii")).hexdigest()
