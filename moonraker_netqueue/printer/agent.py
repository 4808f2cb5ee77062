"""One agent per printer: it decides what the printer does for its queues, and when."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import PrinterSettings
from ..errors import NetqueueError
from ..model.codec import to_plain
from ..model.print import UNSTARTED, PrintState
from ..model.printer import Evidence, PrinterState, Profile
from ..ports import Clock, Disk, Random, Worker
from .bed import after_damage, cleared
from .entry import Entry, profile
from .errors import Abandoned, ChangeInvalid, NotThisPrint, RecordDamaged
from .plan_solver import PlanSolver
from .planner import Explanation, Planner
from .printer_port import STOPPED, KlippyState, Observation, PrinterPort, StatsState
from .queue_port import Files, QueuePort
from .queues import Claim, Queues
from .record import BedState, Record, RecordFile
from .start import Starter
from .watch import Watch, first_record

_LOGGER = logging.getLogger(__name__)
_BRISK, _CALM = 0.5, 2.0  # seconds between looks while something is awaited, or not
_PAUSE = 60.0  # seconds without a turn: the machine slept, leaders must answer anew
_HINDERED = 30.0  # seconds a reservation waits for a printer that is not able
_DECLINE = 300.0  # seconds without another try of what could not be carried out
_JITTER = 1.0  # seconds; hosts that lost a race do not all plan at once
_DEFAULT_ESTIMATE = 3600  # seconds of a print that nobody has estimated


class Agent:
    """Watches the printer, claims work for it, starts and ends prints."""

    def __init__(
        self,
        port: PrinterPort,
        queues: Mapping[str, QueuePort],
        files: Files,
        solver: PlanSolver,
        *,
        host_id: str,
        name: str,
        settings: PrinterSettings,
        directory: Path,
        clock: Clock,
        random: Random,
        worker: Worker,
        disk: Disk,
    ) -> None:
        self._port = port
        self._name = name
        self._settings = settings
        self._clock = clock
        self._random = random
        self._news = asyncio.Event()
        self._queues = Queues(host_id, queues, random, self._news.set)
        self._planner = Planner(self._queues, solver, clock)
        self._file = RecordFile(directory, disk, worker)
        self._watch = Watch(port, self._queues, self._file, settings.clear_bed, clock)
        self._starter = Starter(
            port,
            self._queues,
            files,
            self._file,
            self._watch,
            settings.clear_macro,
            clock,
            self._news.set,
        )
        self._entry = Entry(self._queues, clock)
        self._seen = Observation()
        self._last_turn = clock.monotonic()
        self._hindered_since: float | None = None
        self._trouble = ""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the record and begin. A damaged record costs the bed's evidence."""
        mode, at = self._settings.clear_bed, self._clock.wall()
        try:
            if not await self._file.load():
                await self._file.save(first_record(mode, at))
        except RecordDamaged as error:
            aside = await self._file.set_aside()
            _LOGGER.error("%s; it is kept as %s", error, aside)
            await self._file.save(Record(after_damage("its record was damaged")))
        self._port.listen(self._news.set)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what the printer does goes on, and is found again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._starter.stop()

    # What people ask for.

    async def bed_clear(self, by: str, kind: str = "click") -> None:
        """Record that the bed is clear; raises NotThisPrint while a print is on it."""
        seen = await self._port.observe() or self._seen
        if seen.mark.active or self._file.record.running is not None:
            raise NotThisPrint("a print is on the bed: wait for its end, or cancel it")
        evidence = Evidence(kind, by[:64], self._clock.wall())
        bed = cleared(evidence, seen.mark, await self._watch.last_entry())
        await self._file.update(lambda record: replace(record, bed=bed))
        await self._entry.forgive(self._profile())
        self._news.set()

    async def change(self, changes: Mapping[str, Any]) -> None:
        """Change the own entry: accept, materials, materials_ready, tags, cost."""
        known = {"materials", "materials_ready", "tags", "manual_effort_cost"}
        wrong = sorted(set(changes) - known - {"accept"})
        if wrong:
            raise ChangeInvalid(f"a printer's entry has no {wrong[0]!r} to change")
        fields = {key: value for key, value in changes.items() if key in known}

        def changed(record: Record) -> Record:
            accept = bool(changes.get("accept", record.accept))
            merged = replace(record.changes, **fields)
            return replace(record, accept=accept, changes=merged)

        await self._file.update(changed)
        self._news.set()

    async def cancel(self, print_id: str, by: str) -> None:
        """Cancel a print here, or give its reservation back; raises NotThisPrint."""
        running = self._file.record.running
        if running is None or running.print_id != print_id:
            await self.release(print_id, by)
            return
        _LOGGER.info("print %s is cancelled by %s", print_id, by)
        await self._port.cancel_print()
        self._news.set()

    async def release(self, print_id: str, by: str) -> None:
        """Give a reservation back that has not started; raises NotThisPrint."""
        claim = self._queues.find(print_id)
        if claim is None or claim.print_.state not in UNSTARTED:
            raise NotThisPrint(f"print {print_id[:64]} is no reservation of this host")
        await self._give_back(claim, f"released by {by}")

    async def explain(self, queue: str) -> Explanation:
        """Why jobs of a queue wait and its printers idle."""
        return await self._planner.explain(queue)

    def view(self) -> dict[str, Any]:
        """This printer, for people."""
        entry, running = self._profile(), self._file.record.running
        view: dict[str, Any] = to_plain(entry)
        view["printer_id"] = self._queues.host_id
        view["klippy"] = self._seen.klippy.value
        view["bed_reason"] = self._file.record.bed.reason
        view["print"] = None
        if running is not None:
            view["print"] = {
                "print_id": running.print_id,
                "queue": running.queue,
                "job_id": running.job_id,
                "filename": running.filename,
                "progress": self._seen.progress,
            }
        return view

    # The loop.

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                await self._turn()
                self._trouble = ""
            except NetqueueError as error:
                if str(error) != self._trouble:
                    _LOGGER.warning("printer agent: %s", error)
                self._trouble = str(error)
            try:
                await self._clock.wait_for(self._news.wait(), self._patience())
            except TimeoutError:
                continue

    def _patience(self) -> float:
        awaits = self._file.record.running or self._queues.claims()
        return _BRISK if awaits or not self._watch.settled else _CALM

    async def _turn(self) -> None:
        now = self._clock.monotonic()
        if now - self._last_turn > _PAUSE:
            self._queues.forget_sync()
        self._last_turn = now
        seen = await self._port.observe()
        if seen is None:
            return
        self._seen = seen
        await self._watch.look(seen)
        await self._entry.tell(self._profile())
        await self._work()
        self._last_turn = self._clock.monotonic()

    async def _work(self) -> None:
        """Carry out what is reserved, or reserve something."""
        claims = self._queues.claims()
        for surplus in claims[1:] if self._file.record.running is None else claims:
            await self._give_back(surplus, "its printer has another print first")
        hindrance = self._hindrance()
        if self._file.record.running is not None:
            return
        if claims:
            await self._carry_out(claims[0], hindrance)
        elif hindrance is None:
            await self._claim()

    def _hindrance(self) -> str | None:
        """Why nothing can be started now; None if something can."""
        state, reason = self._state()
        if state not in (PrinterState.READY, PrinterState.FETCHING):
            return reason or state.value
        if not self._watch.settled:
            return "Klipper has only just started"
        if not self._file.record.accept:
            return "it is switched off"
        return None

    async def _carry_out(self, claim: Claim, hindrance: str | None) -> None:
        now = self._clock.monotonic()
        if hindrance is None and self._queues.synced(claim.queue):
            self._hindered_since = None
            try:
                await self._starter.advance(claim)
            except Abandoned as error:
                await self._give_back(claim, str(error))
            return
        if self._hindered_since is None:
            self._hindered_since = now
        if now - self._hindered_since > _HINDERED and hindrance is not None:
            self._hindered_since = None
            await self._give_back(claim, hindrance)

    async def _give_back(self, claim: Claim, reason: str) -> None:
        await self._starter.stop()
        if self._queues.find(claim.print_id) is not None:
            running = self._file.record.intent(claim.print_id)
            if running is None:
                await self._queues.end(claim, PrintState.RELEASED, reason)
        print_ = claim.print_
        self._planner.decline_item(claim.queue, print_.job_id, print_.item, _DECLINE)
        _LOGGER.info("print %s is given back: %s", claim.print_id, reason)

    async def _claim(self) -> None:
        choice = await self._planner.choose()
        if choice is None or not self._queues.ready(choice.key.queue):
            return
        key = choice.key
        answer = await self._queues.reserve(
            key.queue, key.job_id, key.item, choice.sha256
        )
        if answer.accepted:
            self._news.set()
        elif not answer.pending:
            _LOGGER.info("job %s is not ours: %s", key.job_id, answer.reason)
            self._planner.decline(key, _JITTER * (0.5 + self._random.random()))

    # The state.

    def _state(self) -> tuple[PrinterState, str]:
        """What the printer is doing, and why it needs somebody if it does."""
        seen, record = self._seen, self._file.record
        if seen.klippy in STOPPED:
            return (
                PrinterState.NEEDS_ATTENTION,
                seen.klippy_message or "Klipper stopped",
            )
        if seen.klippy is not KlippyState.READY:
            return PrinterState.OFFLINE, f"Klipper is {seen.klippy.value}"
        if record.running is not None:
            paused = seen.mark.state is StatsState.PAUSED
            why = seen.stats_message or "look at the printer, then resume or cancel"
            return PrinterState.PRINTING, f"paused: {why}" if paused else ""
        if seen.mark.active:
            return PrinterState.BUSY, f"a person prints {seen.mark.filename}"
        if self._watch.finishing:
            return PrinterState.FINISHING, ""
        if record.bed.state is BedState.OCCUPIED:
            return PrinterState.BED_OCCUPIED, record.bed.reason
        if record.bed.state is BedState.CLEARING_FAILED:
            return PrinterState.NEEDS_ATTENTION, record.bed.reason
        if self._starter.fetching:
            return PrinterState.FETCHING, ""
        return PrinterState.READY, ""

    def _profile(self) -> Profile:
        state, reason = self._state()
        running, idle_at = self._file.record.running, None
        if running is not None:
            job = None
            if running.queue in self._queues.names:
                job = self._queues.state(running.queue).jobs.get(running.job_id)
            estimate = job.items[running.item].spec.estimate_s if job else None
            idle_at = running.at + (estimate or _DEFAULT_ESTIMATE)
        return profile(
            self._name, self._settings, self._file.record, state, reason, idle_at
        )
