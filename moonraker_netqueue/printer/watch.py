"""What goes on on the bed: the queue's print, a person's, and what is left on it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import PurePosixPath

from ..errors import NetqueueError
from ..model.command import PrintEnded
from ..model.print import PrintState
from ..model.printer import ClearBed
from ..ports import Clock
from .bed import after_bad_print, after_good_print, first_bed, under_mode, under_print
from .printer_port import (
    STOPPED,
    KlippyState,
    Observation,
    PrinterPort,
    StatsState,
)
from .queues import Queues
from .record import Bed, BedState, Intent, Phase, Record, RecordFile
from .verdict import CANCELLED, Fate, Verdict, judge

_LOGGER = logging.getLogger(__name__)
_SETTLE = 2.0  # seconds after "ready" in which Moonraker loses track of a print
_MOTION = 2.0  # seconds of motion that may be queued when Klipper says "complete"
_PATIENCE = 5.0  # seconds for evidence of a print to show, once it could
_GONE = 10.0  # seconds without Klipper; Moonraker is back within one if Klipper lives
_UNSEEN = "nobody saw how it ended"
_TRUSTED = frozenset({BedState.CLEAR, BedState.MACRO_DUE})


class Watch:
    """Keeps the record in step with what the printer does."""

    def __init__(
        self,
        port: PrinterPort,
        queues: Queues,
        file: RecordFile,
        mode: ClearBed,
        clock: Clock,
    ) -> None:
        self._port = port
        self._queues = queues
        self._file = file
        self._mode = mode
        self._clock = clock
        self._condition: tuple[KlippyState, int] | None = None
        self._since = 0.0  # monotonic: of the printer's condition, or the last start
        self._motion_until = 0.0
        self._starting = False
        self._looked = False
        self._watched = ""  # id of the print that was seen going on
        self._cancelled: tuple[str, str] = ("", "")  # print id, who asked

    @property
    def settled(self) -> bool:
        """Whether Klipper has been ready long enough to start a print."""
        ready = self._condition is not None and self._condition[0] is KlippyState.READY
        return ready and self._clock.monotonic() - self._since >= _SETTLE

    @property
    def finishing(self) -> float:
        """Seconds for which the last print's motion may still go on; 0: it ended."""
        return max(0.0, self._motion_until - self._clock.monotonic())

    def note_starting(self) -> None:
        """A start is under way: that nothing shows yet means nothing."""
        self._starting = True

    def note_start(self) -> None:
        """That start was tried: its traces may take a moment to show."""
        self._starting = False
        self._since = self._clock.monotonic()

    def note_cancel(self, print_id: str, by: str) -> None:
        """A person asks to cancel a print."""
        self._cancelled = (print_id, by)

    async def look(self, seen: Observation) -> None:
        """Take in one observation; raises RecordNotSaved."""
        condition = (seen.klippy, seen.session)
        if condition != self._condition:
            self._condition = condition
            self._since = self._clock.monotonic()
        running = self._file.record.running
        if running is not None:
            await self._follow(running, seen)
        elif seen.klippy is KlippyState.READY:
            await self._look_at_bed(seen)
        await self._hand_in()
        await self._disown()

    async def last_entry(self) -> int:
        """Id of the newest entry of the printer's history; 0 if it has none."""
        return max((entry.entry_id for entry in await self._port.history()), default=0)

    # The queue's own print.

    async def _follow(self, intent: Intent, seen: Observation) -> None:
        verdict = judge(intent, seen, ())
        if verdict.fate is not Fate.GOES_ON or not self._looked:
            verdict = judge(intent, seen, await self._port.history())
        if verdict.fate is Fate.GOES_ON:
            self._looked = True
            self._watched = intent.print_id
            if intent.phase is Phase.ABOUT_TO_START:
                started = replace(intent, phase=Phase.STARTED)
                await self._file.update(lambda record: record.with_intent(started))
        elif verdict.fate is Fate.ENDED:
            await self._end(intent, verdict, seen)
        else:
            await self._give_up(intent, seen)

    async def _give_up(self, intent: Intent, seen: Observation) -> None:
        """End a print without evidence, once there would be some."""
        if self._starting:
            return
        waited = self._clock.monotonic() - self._since
        if seen.klippy is KlippyState.READY or seen.klippy in STOPPED:
            if waited >= _PATIENCE:
                lost = Verdict(Fate.ENDED, reason=_UNSEEN)
                await self._end(intent, lost, seen)
        elif waited >= _GONE and intent.print_id == self._watched:
            gone = Verdict(Fate.ENDED, PrintState.FAILED, "Klipper went away")
            await self._end(intent, gone, seen)

    async def _end(self, intent: Intent, verdict: Verdict, seen: Observation) -> None:
        name = PurePosixPath(intent.filename).name
        self._looked = True
        if verdict.outcome is PrintState.DONE:
            at, last = self._clock.wall(), await self.last_entry()
            bed = after_good_print(self._mode, name, at, seen.mark, last)
        else:
            bed = after_bad_print(name, verdict.reason)
        reason = verdict.reason
        if reason == CANCELLED and self._cancelled[0] == intent.print_id:
            reason = f"{CANCELLED} by {self._cancelled[1]}"
        ended = replace(
            intent, phase=Phase.ENDED, outcome=verdict.outcome, reason=reason
        )
        # A print that failed may have used less: what is left is at least so much.
        await self._file.update(
            lambda record: replace(
                record.with_intent(ended),
                bed=bed,
                changes=record.changes.with_used(intent.grams),
            )
        )
        self._motion_until = self._clock.monotonic() + _MOTION
        _LOGGER.info("%s: %s %s", name, verdict.outcome.value, reason)

    async def _hand_in(self) -> None:
        """Tell the queues how prints ended, each once."""
        for intent in self._file.record.intents:
            if intent.phase is not Phase.ENDED:
                continue
            # One of a queue that is served no more waits until it is served again.
            if intent.queue in self._queues.names and await self._told(intent):
                await self._forget(intent.print_id)

    async def _forget(self, print_id: str) -> None:
        await self._file.update(lambda record: record.without_intent(print_id))

    async def _told(self, intent: Intent) -> bool:
        body = PrintEnded(
            intent.print_id,
            intent.outcome or PrintState.LOST,
            intent.job_id,
            intent.item,
            intent.sha256,
            intent.reason,
        )
        try:
            answer = await self._queues.hand_in(intent.queue, body)
        except NetqueueError as error:
            _LOGGER.warning("queue %s did not take an end: %s", intent.queue, error)
            return False
        if not answer.accepted and not answer.pending:
            _LOGGER.warning("queue %s refused an end: %s", intent.queue, answer.reason)
        return True

    async def _disown(self) -> None:
        """Prints that a queue takes to be under way here, of which nothing is known."""
        for claim in self._queues.printing():
            known = self._file.record.intent(claim.print_id)
            if known is None and self._queues.synced(claim.queue):
                reason = "its printer has no record of it: look at the printer"
                await self._queues.end(claim, PrintState.LOST, reason)

    # The bed, and prints of people.

    async def _look_at_bed(self, seen: Observation) -> None:
        if not self._looked:
            self._looked = True
            await self._compare_with_history(seen)
        bed, mark = self._file.record.bed, seen.mark
        if mark.active:
            if bed.state is not BedState.IN_USE:
                await self._put(under_print(mark.filename))
            return
        trusted = bed.state in _TRUSTED
        if bed.state is BedState.IN_USE or (trusted and mark.printed_since(bed.mark)):
            self._motion_until = self._clock.monotonic() + _MOTION
            await self._put(await self._after_persons_print(seen))

    async def _after_persons_print(self, seen: Observation) -> Bed:
        mark, name = seen.mark, seen.mark.filename or "a print"
        if mark.state is StatsState.COMPLETE:
            at, last = self._clock.wall(), await self.last_entry()
            return after_good_print(self._mode, name, at, mark, last)
        ended = mark.state in (StatsState.CANCELLED, StatsState.ERROR)
        return after_bad_print(name, mark.state.value if ended else _UNSEEN)

    async def _compare_with_history(self, seen: Observation) -> None:
        """Evidence is void if something was printed while this host was down."""
        bed = under_mode(self._file.record.bed, self._mode, self._clock.wall())
        last = await self.last_entry()
        if bed.state in _TRUSTED:
            if bed.history_seen < 0:
                bed = replace(bed, mark=seen.mark, history_seen=last)
            elif last > bed.history_seen and not seen.mark.printed_since(bed.mark):
                bed = after_bad_print("a print", _UNSEEN)
        if bed != self._file.record.bed:
            await self._put(bed)

    async def _put(self, bed: Bed) -> None:
        await self._file.update(lambda record: replace(record, bed=bed))


def first_record(mode: ClearBed, at: float) -> Record:
    """The record of a printer that has none."""
    return Record(first_bed(mode, at))
