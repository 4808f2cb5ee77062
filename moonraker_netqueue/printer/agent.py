"""One agent per printer: it decides what the printer does for its queues, and when."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..config import PrinterSettings
from ..errors import NetqueueError
from ..model.command import PrinterUpdate
from ..model.errors import Rejected
from ..model.print import UNSTARTED, PrintState
from ..model.printer import Evidence, Profile
from ..ports import Machine
from ..tasks import stop
from .ahead import Advice, Ahead
from .bed import after_damage, cleared
from .entry import STEADY, Entry, departed, profile, view, with_changes
from .errors import ChangeInvalid, NotThisPrint, RecordDamaged, RecordNotSaved
from .explanation import Explanation
from .idle_estimate import IdleEstimate
from .outlook import Outlooks
from .plan_solver import PlanSolver
from .planner import Planner
from .printer_port import Observation, PrinterPort
from .printer_state import Hindrance, Situation, describe, hindrance
from .queue_port import Files, QueuePort
from .queues import Claim, Queues
from .record import Record, RecordFile
from .setbacks import Setbacks, class_of
from .spacing import Spacing
from .start import Stage, Starter
from .watch import Watch, first_record

_LOGGER = logging.getLogger(__name__)
_BRISK, _CALM = 0.5, 2.0  # seconds between looks while something is awaited, or not
_LULL = 0.05  # seconds between turns, however much news there is
_PAUSE = 60.0  # seconds without a turn: the machine slept, leaders must answer anew
_HINDERED = 30.0  # seconds a reservation waits while what hinders it may pass
_CANCEL_SECONDS = 10.0  # Klipper may finish a move before it obeys
_JITTER = 1.0  # seconds; hosts that lost a race do not all plan at once
_RELEASED = 60.0  # seconds for others to take what a person released here


class Agent:
    """Watches the printer, claims work for it, starts and ends prints."""

    def __init__(
        self,
        port: PrinterPort,
        queues: Mapping[str, QueuePort],
        files: Files,
        solver: PlanSolver,
        machine: Machine,
        *,
        host_id: str,
        name: str,
        settings: PrinterSettings,
        directory: Path,
    ) -> None:
        clock, random, worker = machine.clock, machine.random, machine.worker
        self._port = port
        self._name = name
        self._settings = settings
        self._clock = clock
        self._random = random
        self._news = asyncio.Event()
        self._turning = asyncio.Lock()
        self._queues = Queues(host_id, queues, random, self._note_change)
        self._planner = Planner(self._queues, solver, clock, worker)
        self.outlooks = Outlooks(self._planner, self._queues, clock, worker)
        self._file = RecordFile(directory, machine.disk, worker)
        self._watch = Watch(port, self._queues, self._file, settings.clear_bed, clock)
        self._spacing = Spacing(self._queues, clock)
        self._starter = Starter(
            port,
            self._queues,
            files,
            self._file,
            self._watch,
            self._spacing,
            settings,
            clock,
            self._news.set,
        )
        self._ahead = Ahead(self._queues, self._planner, files, clock)
        self._entry = Entry(self._queues, clock)
        self._idle = IdleEstimate()
        self._seen = Observation()
        self._last_turn = clock.monotonic()
        self._hindered_since: float | None = None
        self._setbacks = Setbacks(self._queues)
        self._complaint = ""  # what was logged last
        self._plan_due = False  # once the queues' changes have settled
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Path | None:
        """Read the record and begin; a damaged one is put where this returns."""
        aside = None
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
        self._task.add_done_callback(_report_death)
        return aside

    async def close(self) -> None:
        """Stop; what the printer does goes on, and is found again."""
        if self._task is not None:
            await stop(self._task)
        await self._starter.close()
        await self._ahead.stop()

    # What people ask for.

    async def bed_clear(self, by: str, kind: str = "click") -> None:
        """Record that the bed is clear; raises NotThisPrint while a print is on it."""
        if self._starter.stage is Stage.CLEARING:
            raise NotThisPrint("its macro clears the bed: wait for the macro's end")
        seen = await self._port.observe() or self._seen
        if seen.mark.active or self._file.record.running is not None:
            raise NotThisPrint("a print is on the bed: wait for its end, or cancel it")
        evidence = Evidence(kind, by[:64], self._clock.wall())
        bed = cleared(evidence, seen.mark, await self._watch.last_entry())
        await self._file.update(lambda record: replace(record, bed=bed))
        await self._entry.forgive(self._profile())
        self._news.set()

    async def change(self, changes: Mapping[str, Any]) -> None:
        """Change the own entry: `accept` and the fields of Changes."""

        def changed(record: Record) -> Record:
            return with_changes(record, changes, self._profile().materials_ready)

        try:
            self._entry_of(changed(self._file.record)).check()
        except Rejected as error:
            raise ChangeInvalid(str(error)) from error
        await self._file.update(changed)
        self._news.set()

    async def cancel(self, print_id: str, by: str) -> None:
        """Cancel a print here, or give its reservation back; raises NotThisPrint.

        Raises PrinterRefused if Klipper does not want to.
        """
        running = self._file.record.running
        if running is None or running.print_id != print_id:
            await self.release(print_id, by)
            return
        seen = await self._port.observe() or self._seen
        if not (seen.mark.active and seen.mark.filename == running.filename):
            raise NotThisPrint("it is being started, or has just ended: look again")
        _LOGGER.info("print %s is cancelled by %s", print_id, by)
        self._watch.note_cancel(print_id, by)
        with contextlib.suppress(TimeoutError):  # Klipper does it all the same
            await self._clock.wait_for(self._port.cancel_print(), _CANCEL_SECONDS)
        self._news.set()

    async def release(self, print_id: str, by: str) -> None:
        """Give a reservation back that has not started; raises NotThisPrint."""
        claim = self._queues.find(print_id)
        if claim is None or claim.print_.state not in UNSTARTED:
            raise NotThisPrint(f"print {print_id[:64]} is no reservation of this host")
        if not await self._give_back(claim, f"released by {by}", _RELEASED):
            raise NotThisPrint("it is being started: cancel it once it prints")
        self._news.set()

    def serve(self, queue: str, port: QueuePort) -> None:
        """Take work of one more queue."""
        self._queues.add(queue, port)

    async def leave(self, queue: str) -> None:
        """Take no more work of a queue; raises NotThisPrint while some is here."""
        async with self._turning:  # else a turn tells of this printer again
            here = self._queues.host_id
            held = self._queues.state(queue).prints_of_host(here)
            if held or any(i.queue == queue for i in self._file.record.intents):
                raise NotThisPrint(
                    f"this printer has prints of queue {queue}: wait for their end, or"
                    " cancel and release them, then leave"
                )
            await self._queues.submit(queue, PrinterUpdate(departed(self._profile())))
            self._queues.remove(queue)

    async def explain(self, queue: str) -> Explanation:
        """Why jobs of a queue wait and its printers idle."""
        return await self._planner.explain(queue)

    def view(self) -> dict[str, Any]:
        """This printer, for people."""
        here = self._queues.host_id
        shown = view(here, self._profile(), self._seen, self._file.record)
        return shown | {"reason": self._starter.turn or shown["reason"]}

    # The loop.

    async def _run(self) -> None:
        while True:
            self._news.clear()
            try:
                async with self._turning:
                    await self._turn()
                self._complaint = ""
            except NetqueueError as error:
                if str(error) != self._complaint:
                    _LOGGER.warning("printer agent: %s", error)
                self._complaint = str(error)
            await self._clock.sleep(_LULL)
            with contextlib.suppress(TimeoutError):
                await self._clock.wait_for(self._news.wait(), self._patience())

    def _note_change(self) -> None:
        self._planner.note_change()
        self._spacing.note_change()
        self._news.set()

    def _patience(self) -> float:
        if self._plan_due:
            return self._planner.unrest()
        if not self._entry.steady:
            return STEADY
        if self._watch.finishing:
            return min(_BRISK, self._watch.finishing)
        awaits = self._file.record.running or self._queues.claims()
        return _BRISK if awaits or not self._watch.settled else _CALM

    async def _turn(self) -> None:
        if self._clock.monotonic() - self._last_turn > _PAUSE:
            self._queues.forget_sync()
        self._last_turn = self._clock.monotonic()
        self._plan_due = False
        if self._file.trouble:
            with contextlib.suppress(RecordNotSaved):  # perhaps there is room again
                await self._file.save(self._file.record)
        seen = await self._port.observe()
        if seen is None:
            return
        self._seen = seen
        try:
            await self._watch.look(seen)
            await self._starter.look(seen)
        finally:
            await self._entry.tell(self._profile())
        await self._work()
        await self._entry.tell(self._profile())
        self._last_turn = self._clock.monotonic()

    async def _work(self) -> None:
        """Carry out what is reserved, or reserve something."""
        await self._collect()
        record = self._file.record
        claims = [c for c in self._queues.claims() if not record.intent(c.print_id)]
        chosen = self._choose_claim(claims)
        for surplus in claims:
            if surplus != chosen:
                await self._give_back(surplus, "its printer has another print first")
        if record.running is not None:
            await self._look_ahead(chosen)
        if record.running is not None or self._starter.stage is Stage.STARTING:
            return
        await self._ahead.stop()
        if self._starter.claim is not None and chosen is None:
            await self._starter.interrupt()  # its reservation is no more
        hindered = hindrance(self._situation())
        if chosen is not None and self._starter.stage is Stage.LOADING:
            await self._look_ahead(chosen)  # who has it loaded may take it
        elif chosen is not None:
            await self._carry_out(chosen, hindered)
        elif hindered is None:
            await self._claim()

    def _choose_claim(self, claims: list[Claim]) -> Claim | None:
        """The one reservation that is carried out, now or after the running print:
        over all queues, at most one."""
        in_hand = self._starter.claim
        if in_hand is not None:
            for claim in claims:
                if claim.print_id == in_hand.print_id:
                    return claim
        return claims[0] if claims else None

    async def _collect(self) -> None:
        claim = self._starter.claim
        try:
            self._starter.collect()
        except NetqueueError as error:
            if claim is not None:
                await self._give_back(
                    claim, str(error), self._setbacks.pause_after(claim)
                )
            return
        if claim is not None and self._starter.claim is None:
            self._setbacks.forget(claim)

    async def _carry_out(self, claim: Claim, hindered: Hindrance | None) -> None:
        if hindered is None:
            self._hindered_since = None
            if self._starter.claim is None and self._queues.synced(claim.queue):
                self._starter.begin(claim)
            return
        if not self._queues.ready(claim.queue):
            return  # cut off: nobody else would hear that it is given back
        now = self._clock.monotonic()
        if self._hindered_since is None:
            self._hindered_since = now
        if not hindered.passing or now - self._hindered_since > _HINDERED:
            self._hindered_since = None
            await self._give_back(claim, hindered.reason)

    async def _look_ahead(self, held: Claim | None) -> None:
        """While it prints: have the next copy reserved, and its file here (R20)."""
        if not self._file.record.accept:
            if held is not None:
                await self._give_back(held, "the printer is switched off for the queue")
            return
        if held is None and self._ahead.due and self._planner.unrest():
            self._plan_due = True
            return
        advice = await self._ahead.look(held)
        if advice is Advice.RESERVE:
            await self._claim()
        elif held is not None and advice is not Advice.WAIT:
            swap = advice is Advice.SWAP
            pause = None if swap else self._setbacks.pause_after(held)
            await self._give_back(held, self._ahead.objection, pause)

    async def _give_back(
        self, claim: Claim, reason: str, pause: float | None = None
    ) -> bool:
        """End a reservation, for `pause` s not to be taken again; False: it starts."""
        in_hand = self._starter.claim
        held = in_hand is not None and in_hand.print_id == claim.print_id
        if held and not await self._starter.interrupt():
            return False
        if pause is not None:
            self._planner.decline(class_of(claim), pause, reason)
        if self._file.record.intent(claim.print_id) is not None:
            return False  # the watch knows how it ended, or will
        if self._queues.find(claim.print_id) is not None:
            await self._queues.end(claim, PrintState.RELEASED, reason)
        _LOGGER.info("print %s is given back: %s", claim.print_id, reason)
        return True

    async def _claim(self) -> None:
        if self._planner.unrest():
            self._plan_due = True
            return
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
            pause = _JITTER * (0.5 + self._random.random())
            self._planner.decline(key, pause, answer.reason)

    # The state.

    def _situation(self) -> Situation:
        return Situation(
            seen=self._seen,
            record=self._file.record,
            stage=self._starter.stage,
            loading=self._starter.loading,
            settled=self._watch.settled,
            finishing=self._watch.finishing > 0,
            trouble=self._file.trouble,
        )

    def _profile(self) -> Profile:
        return self._entry_of(self._file.record)

    def _entry_of(self, record: Record) -> Profile:
        state, reason = describe(self._situation())
        estimate = self._queues.estimate_of(self._file.record.running)
        idle_at = self._idle.update(self._seen, estimate, self._clock.wall())
        return profile(self._name, self._settings, record, state, reason, idle_at)


def _report_death(task: asyncio.Task[None]) -> None:
    """Whatever ends the loop but a cancellation is a bug, and must not be silent."""
    if not task.cancelled() and task.exception() is not None:
        _LOGGER.error("the printer agent stopped", exc_info=task.exception())
