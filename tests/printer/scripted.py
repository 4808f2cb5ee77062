"""A printer, queues and files that do as a test says, around a real agent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pytest

from moonraker_netqueue.config import PrinterSettings
from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.machine import (
    MachineClock,
    MachineDisk,
    ThreadWorker,
    this_machine,
)
from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    decode,
    encode,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.event import Event
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.print import UNSTARTED, Print
from moonraker_netqueue.model.printer import ClearBed, Profile
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.ports import Timer
from moonraker_netqueue.printer.agent import Agent
from moonraker_netqueue.printer.errors import PrinterRefused
from moonraker_netqueue.printer.printer_port import (
    Clearing,
    HistoryEntry,
    KlippyState,
    Mark,
    Observation,
    StatsState,
)
from moonraker_netqueue.printer.queue_port import Submission
from moonraker_netqueue.printer.record import Record, RecordFile
from moonraker_netqueue.scheduler.planner import Plan, plan
from moonraker_netqueue.scheduler.problem import Problem

_T = TypeVar("_T")

HOST, OTHER = "a" * 64, "b" * 64
QUEUE = "main"
MACRO = "NETQUEUE_CLEAR_BED"
_SPEED = 50  # seconds of the clock in one real second
_UNTIL_SECONDS = 90.0  # real ones; what a test waits for comes far sooner
_QUIET_SECONDS = 6.0  # of the clock: Klipper has settled, some turns have passed
_QUIET_LOOKS = 4
_STATUS = {
    StatsState.COMPLETE: "completed",
    StatsState.CANCELLED: "cancelled",
    StatsState.ERROR: "error",
}


class FastClock(MachineClock):
    """The machine's clock, but time flies."""

    def monotonic(self) -> float:
        return super().monotonic() * _SPEED

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / _SPEED)

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        return super().call_later(seconds / _SPEED, callback, *args)

    async def wait_for(self, awaitable: Awaitable[_T], seconds: float) -> _T:
        return await super().wait_for(awaitable, seconds / _SPEED)


class ScriptedPrinter:
    """A PrinterPort. `did` is what it was told to do, in order."""

    def __init__(self) -> None:
        self.seen = Observation(KlippyState.READY, session=1)
        self.entries: list[HistoryEntry] = []
        self.did: list[str] = []
        self.refusals: dict[str, str] = {}  # reason by what it refuses to do
        self.looks = 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def started(self) -> list[str]:
        """Files that it was told to start."""
        return [text[6:] for text in self.did if text.startswith("start ")]

    def show(self, **changes: Any) -> None:
        """Change what it says, and tell that it did."""
        fields = {**vars(self.seen), **changes}
        self.seen = Observation(**fields)
        for callback in self._listeners:
            callback()

    def begin(self, filename: str) -> None:
        """Print a file, whoever asked for it."""
        number = len(self.entries) + 1
        self.entries.append(HistoryEntry(number, filename, "in_progress"))
        self.show(mark=Mark(StatsState.PRINTING, filename, 10.0 * number))

    def turn(self, state: StatsState, message: str = "") -> None:
        """Pause, resume or end the print."""
        mark = self.seen.mark
        if state in _STATUS:
            last = self.entries.pop()
            self.entries.append(
                HistoryEntry(last.entry_id, last.filename, _STATUS[state])
            )
        duration = mark.total_duration + 1
        self.show(mark=Mark(state, mark.filename, duration), stats_message=message)

    # The port.

    def listen(self, callback: Callable[[], None]) -> None:
        self._listeners.append(callback)

    async def observe(self) -> Observation | None:
        self.looks += 1
        return self.seen

    async def start_print(self, filename: str) -> None:
        self._do(f"start {filename}")
        self.begin(filename)

    async def cancel_print(self) -> None:
        self._do("cancel")
        self.turn(StatsState.CANCELLED)

    async def clearing(self, configured: Clearing) -> Clearing:
        return configured

    async def clear_bed(self, how: Clearing) -> None:
        self._do(how.macro)

    async def history(self) -> tuple[HistoryEntry, ...]:
        return tuple(self.entries)

    def _do(self, what: str) -> None:
        if what in self.refusals:
            raise PrinterRefused(self.refusals[what])
        self.did.append(what)


class FakeQueue:
    """A QueuePort that applies what it is given at once. `said` is the host's part."""

    def __init__(self) -> None:
        self.state = QueueState()
        self.ready = True
        self.there: tuple[str, ...] = ()  # other hosts
        self.said: list[Body] = []
        # Called around each command of the host: what others do at that moment.
        self.before: Callable[[Body], None] = lambda _: None
        self.after: Callable[[Body], None] = lambda _: None
        self._listeners: list[Callable[[tuple[Event, ...]], None]] = []
        self._index = 0

    def say(self, author: str, body: Body) -> None:
        """Apply a command of any author; raises Rejected."""
        self._index += 1
        command = Command(CommandId(author, 1, self._index), time.time(), body)
        events = self.state.apply(decode(encode(command)), self._index)
        if events:
            for callback in self._listeners:
                callback(events)

    def add(self, letter: str, count: int = 1, holder: str = HOST) -> str:
        """Add a job whose file `holder` has."""
        part = file(letter)
        self.say(holder, ContentHeld(part))
        job_id = f"job-{letter * 4}"
        item = ItemSpec("part", count, (part,), estimate_s=600)
        self.say(OTHER, JobAdd(job_id, Wishes(job_id), (item,)))
        return job_id

    def bodies(self, kind: type[_T]) -> list[_T]:
        """What the host said of one kind."""
        return [body for body in self.said if isinstance(body, kind)]

    @property
    def mine(self) -> list[Print]:
        """Live prints of the host."""
        return self.state.prints_of_host(HOST)

    @property
    def profile(self) -> Profile:
        """The printer's entry, as the queue has it."""
        return self.state.printers[HOST].profile

    # The port.

    async def submit(
        self, body: Body, client_id: str = "", timeout: float = 5.0
    ) -> Submission:
        await asyncio.sleep(0)
        self.said.append(body)
        if not self.ready:
            return Submission(accepted=False, pending=True)
        self.before(body)
        try:
            self.say(HOST, body)
        except Rejected as error:
            return Submission(accepted=False, reason=error.reason)
        self.after(body)
        return Submission(accepted=True)

    def add_listener(self, callback: Callable[[tuple[Event, ...]], None]) -> None:
        self._listeners.append(callback)

    def connected(self) -> tuple[str, ...]:
        return self.there


class ContentMissing(NetqueueError):
    """A content that should be here is not."""


class FakeFiles:
    """The host's contents, by SHA-256; a fetch gets what a holder has."""

    def __init__(self, clock: FastClock) -> None:
        self.contents: dict[str, FileRef] = {}
        self._clock = clock

    def has(self, sha256: str) -> bool:
        return sha256 in self.contents

    async def fetch(
        self, queue: str, file: FileRef, holders: Callable[[], tuple[str, ...]]
    ) -> None:
        while not holders():
            await self._clock.sleep(0.5)
        self.contents[file.sha256] = file

    async def materialise(self, queue: str, file: FileRef) -> str:
        if file.sha256 not in self.contents:
            raise ContentMissing(f"{file.name} is not here")
        return name_of(file, queue)


class DirectSolver:
    """Plans at once, in the test's own thread."""

    async def solve(self, problem: Problem) -> Plan:
        return plan(problem)


class Bench:
    """An agent at a scripted printer, its queues and its files."""

    def __init__(
        self, directory: Path, mode: ClearBed = ClearBed.NEVER, queues: str = QUEUE
    ) -> None:
        self.directory = directory
        self.settings = PrinterSettings(clear_bed=mode, clear_macro=MACRO)
        self.clock = FastClock()
        self.printer = ScriptedPrinter()
        self.queues = {name: FakeQueue() for name in queues.split()}
        self.queue = next(iter(self.queues.values()))
        self.files = FakeFiles(self.clock)
        for letter in "12":
            self.files.contents[letter * 64] = file(letter)
        self._worker = ThreadWorker()
        self._agent: Agent | None = None

    async def __aenter__(self) -> Bench:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        self._worker.close()

    @property
    def agent(self) -> Agent:
        """The running agent."""
        assert self._agent is not None, "not started"
        return self._agent

    async def start(self) -> None:
        """Start the agent, again after `stop`."""
        self._agent = Agent(
            self.printer,
            self.queues,
            self.files,
            DirectSolver(),
            replace(this_machine(self._worker), clock=self.clock),
            host_id=HOST,
            name="Anna",
            settings=self.settings,
            directory=self.directory,
        )
        await self._agent.start()

    async def stop(self) -> None:
        """Close the agent; the printer goes on."""
        if self._agent is not None:
            await self._agent.close()
            self._agent = None

    def record_file(self) -> RecordFile:
        """The agent's record, to read or write beside it."""
        return RecordFile(self.directory, MachineDisk(), self._worker)

    async def record(self) -> Record:
        """What is durable."""
        record_file = self.record_file()
        assert await record_file.load()
        return record_file.record

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for what must come."""
        deadline = time.monotonic() + _UNTIL_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                shown = self.agent.view() if self._agent is not None else {}
                pytest.fail(f"never: {what}; {shown}; {self.queue.said}")
            await asyncio.sleep(0.002)

    async def until_printing(self, count: int = 1) -> Print:
        """Wait for the host's start number `count`; its print."""
        await self.until(
            lambda: len(self.printer.started) == count, f"start number {count}"
        )
        mine = [p for queue in self.queues.values() for p in queue.mine]
        # Beside it there may be one reservation for later.
        (live,) = [p for p in mine if p.state not in UNSTARTED] or mine
        return live

    async def until_finished(self, print_id: str, queue: FakeQueue) -> Print:
        """Wait for a print's end in its queue."""

        def found() -> list[Print]:
            return [p for p in queue.state.finished if p.print_id == print_id]

        await self.until(found, f"end of print {print_id}")
        return found()[0]

    async def until_released(self) -> Print:
        """Wait until a print of the first queue is finished; the first one."""
        await self.until(lambda: self.queue.state.finished, "an end")
        return self.queue.state.finished[0]

    async def quiet(self) -> None:
        """Let the agent look often enough to do what it would do."""
        end, looks = self.clock.monotonic() + _QUIET_SECONDS, self.printer.looks
        await self.until(
            lambda: (
                self.clock.monotonic() >= end
                and self.printer.looks >= looks + _QUIET_LOOKS
            ),
            "quiet turns",
        )


def file(letter: str) -> FileRef:
    """A file whose content is told by one hex digit."""
    return FileRef(letter * 32, letter * 64, 1000, f"part{letter}.gcode")


def name_of(part: FileRef, queue: str = QUEUE) -> str:
    """Its name in the gcodes root."""
    return f"netqueue/{queue}/{part.name}"
