"""From a reservation to a running print: fetch, verify, write ahead, start (R9)."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from ..config import PrinterSettings
from ..errors import NetqueueError
from ..model.command import ContentHeld, PrintFetching, PrintStarted
from ..model.content import FileRef
from ..model.print import PrintState
from ..model.printer import Evidence
from ..ports import Clock
from ..tasks import stop
from .bed import cleared, clearing_failed, under_print
from .errors import Abandoned, PrinterGone, PrinterRefused, TooSoon
from .loading import to_load
from .printer_port import Clearing, KlippyState, Observation, PrinterPort
from .queue_port import Files
from .queues import Claim, Queues
from .record import Bed, BedState, Intent, Phase, RecordFile
from .spacing import Spacing
from .watch import Watch

_LOGGER = logging.getLogger(__name__)
_HOLDER_PATIENCE = 30.0  # seconds without any host that has the file
_HOLDER_CHECK = 1.0  # seconds between looks for one
_TURN_CHECK = 1.0  # seconds between looks whether it is this printer's turn
_MACRO_SLACK = 5.0  # seconds for Klipper itself to say first that it was too long
_CLOSE_SECONDS = 2.0  # a start is rather finished than left half done


class Stage(enum.Enum):
    """Where the reservation in hand is."""

    FETCHING = "fetching"  # making sure that the bytes are here
    CLEARING = "clearing"  # running the macro
    LOADING = "loading"  # until a person has loaded what it needs
    WAITING = "waiting"  # for its turn, where the queue spreads its starts
    STARTING = "starting"  # from the write-ahead record to Klipper's answer


TRANSITIONS: dict[Stage | None, frozenset[Stage | None]] = {
    None: frozenset({Stage.FETCHING}),
    Stage.FETCHING: frozenset({Stage.CLEARING, Stage.LOADING, Stage.WAITING, None}),
    Stage.CLEARING: frozenset({Stage.LOADING, Stage.WAITING, None}),
    Stage.LOADING: frozenset({Stage.WAITING, None}),
    Stage.WAITING: frozenset({Stage.STARTING, None}),
    Stage.STARTING: frozenset({Stage.WAITING, None}),
}


class Starter:
    """Carries out one reservation at a time, beside the agent's loop."""

    def __init__(
        self,
        port: PrinterPort,
        queues: Queues,
        files: Files,
        file: RecordFile,
        watch: Watch,
        spacing: Spacing,
        settings: PrinterSettings,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._port = port
        self._queues = queues
        self._files = files
        self._file = file
        self._watch = watch
        self._spacing = spacing
        self._settings = settings
        self._waiting_since = 0.0
        self._configured = Clearing(settings.clear_macro, settings.clear_timeout)
        self._clearing = self._configured  # how the bed is being cleared
        self._clock = clock
        self._wake = wake
        self._task: asyncio.Task[None] | None = None
        self.stage: Stage | None = None
        self.claim: Claim | None = None  # in hand, until `collect`

    def begin(self, claim: Claim) -> None:
        """Take a reservation in hand; `wake` is called when it is done with."""
        self._enter(Stage.FETCHING)
        self.claim = claim
        self._task = asyncio.create_task(self._carry_out(claim))
        self._task.add_done_callback(lambda _: self._wake())

    def collect(self) -> None:
        """Put what is done with out of hand; raises Abandoned if nothing started."""
        task = self._task
        if task is None or not task.done():
            return
        self._put_away()
        task.result()

    async def look(self, seen: Observation) -> None:
        """Klipper stops in the middle of the macro: who knows how the bed is."""
        known = self._file.record.bed.state is not BedState.MACRO_DUE
        if self.stage is not Stage.CLEARING or known:
            return
        if seen.klippy is not KlippyState.READY:
            message = "".join(seen.klippy_message.splitlines()[:1])
            why = f"Klipper is {seen.klippy.value} {message}".rstrip()
            await self._put(clearing_failed(self._clearing.macro, why))

    async def interrupt(self) -> bool:
        """Stop, unless the start itself is under way; what was fetched is kept."""
        if self._task is None:
            return True
        if self.stage is Stage.STARTING:
            return False
        await stop(self._task)
        self._put_away()
        return True

    async def close(self) -> None:
        """Stop for good."""
        if self.stage is Stage.STARTING and self._task is not None:
            with contextlib.suppress(TimeoutError, NetqueueError):
                await self._clock.wait_for(asyncio.shield(self._task), _CLOSE_SECONDS)
        if self._task is not None:
            await stop(self._task)

    def _put_away(self) -> None:
        self._task = self.claim = None
        self._enter(None)

    def _enter(self, stage: Stage | None) -> None:
        if stage not in TRANSITIONS[self.stage]:
            raise AssertionError(f"{self.stage} is not followed by {stage}")
        self.stage = stage
        self._wake()

    async def _carry_out(self, claim: Claim) -> None:
        wanted = self._queues.file_of(claim)
        if wanted is None:
            raise Abandoned("the queue knows its file no more")
        try:
            if not self._files.has(wanted.sha256):
                await self._fetch(claim, wanted)
            name = await self._files.materialise(claim.queue, wanted)
        except NetqueueError as error:
            raise Abandoned(str(error)) from error
        if self._file.record.bed.state is BedState.MACRO_DUE:
            self._enter(Stage.CLEARING)
            await self._clear_bed()
        while self._to_load(claim):
            if self.stage is not Stage.LOADING:
                self._enter(Stage.LOADING)
            await self._clock.sleep(_TURN_CHECK)
        await self._start_in_turn(claim, name)

    @property
    def loading(self) -> str:
        """What a person must load for the reservation in hand; "": nothing."""
        if self.claim is None or self.stage is not Stage.LOADING:
            return ""
        return self._to_load(self.claim)

    def _to_load(self, claim: Claim) -> str:
        spec = self._queues.spec_of(claim)
        return "" if spec is None else to_load(self._settings, self._file.record, spec)

    # Its turn.

    @property
    def turn(self) -> str:
        """What the reservation in hand waits for, if it is only its turn."""
        if self.claim is None or self.stage is not Stage.WAITING:
            return ""
        seconds = self._spacing.wait(self.claim, self._waiting_since)
        spacing = self._spacing.seconds(self.claim)
        return f"waits {math.ceil(seconds)} s: starts are spread by {spacing} s"

    async def _start_in_turn(self, claim: Claim, name: str) -> None:
        self._waiting_since = self._clock.monotonic()
        self._enter(Stage.WAITING)
        while True:
            while wait := self._spacing.wait(claim, self._waiting_since):
                await self._clock.sleep(min(wait, _TURN_CHECK))
            self._enter(Stage.STARTING)
            try:
                return await self._start(claim, name)
            except TooSoon as error:
                _LOGGER.info("%s: %s", name, error)
                self._enter(Stage.WAITING)
                await self._clock.sleep(_TURN_CHECK)

    # The file.

    async def _fetch(self, claim: Claim, wanted: FileRef) -> None:
        """Get the content; gives up when nobody who has it has been there for long."""
        if claim.print_.state is PrintState.RESERVED:
            body = PrintFetching(claim.print_id)
            answer = await self._queues.submit(claim.queue, body)
            if not answer.accepted and not answer.pending:
                raise Abandoned(answer.reason)

        def holders() -> tuple[str, ...]:
            return self._queues.holders(claim.queue, wanted.sha256)

        fetch = asyncio.ensure_future(self._files.fetch(claim.queue, wanted, holders))
        try:
            await self._watch_holders(fetch, holders)
        finally:
            await stop(fetch)
        await fetch
        await self._queues.submit(claim.queue, ContentHeld(wanted))

    async def _watch_holders(
        self, fetch: asyncio.Future[None], holders: Callable[[], tuple[str, ...]]
    ) -> None:
        seen = self._clock.monotonic()
        while not fetch.done():
            now = self._clock.monotonic()
            if holders():
                seen = now
            elif now - seen > _HOLDER_PATIENCE:
                raise Abandoned("no host that has its file is there")
            with contextlib.suppress(TimeoutError):
                await self._clock.wait_for(asyncio.shield(fetch), _HOLDER_CHECK)

    # The bed.

    async def _clear_bed(self) -> None:
        """Run the clearing macro; its success is evidence, and nothing else is."""
        await self._free_printer()
        how = self._clearing = self._configured
        try:
            how = self._clearing = await self._port.clearing(how)
            await self._clock.wait_for(
                self._port.clear_bed(how), how.seconds + _MACRO_SLACK
            )
        except (PrinterRefused, PrinterGone, TimeoutError) as error:
            late = f"it did not end within {how.seconds} s"
            why = late if isinstance(error, TimeoutError) else str(error)
            await self._put(clearing_failed(how.macro, why))
            raise Abandoned(f"macro {how.macro} did not clear the bed") from error
        seen = await self._free_printer()
        evidence = Evidence("macro", how.macro, self._clock.wall())
        await self._put(cleared(evidence, seen.mark, await self._watch.last_entry()))

    async def _put(self, bed: Bed) -> None:
        await self._file.update(lambda record: replace(record, bed=bed))

    # The start.

    async def _free_printer(self) -> Observation:
        """What the printer says, if it could start something; raises Abandoned."""
        seen = await self._port.observe()
        if seen is None:
            raise Abandoned("Klipper does not answer")
        if seen.klippy is not KlippyState.READY:
            raise Abandoned(f"Klipper is {seen.klippy.value}: {seen.klippy_message}")
        if seen.mark.active:
            raise Abandoned(f"a person prints {seen.mark.filename}")
        return seen

    async def _start(self, claim: Claim, name: str) -> None:
        seen = await self._free_printer()
        bed = self._file.record.bed
        if bed.state is not BedState.CLEAR:
            raise Abandoned(f"the bed is not clear: {bed.reason}")
        if seen.mark.printed_since(bed.mark):
            raise Abandoned("something was printed since the bed was clear")
        print_ = claim.print_
        intent = Intent(
            queue=claim.queue,
            print_id=print_.print_id,
            job_id=print_.job_id,
            item=print_.item,
            sha256=print_.sha256,
            filename=name,
            at=self._clock.wall(),
            before=seen.mark,
            history_seen=await self._watch.last_entry(),
            consumed=bed.evidence,
            grams=self._queues.grams_of(claim),
        )
        self._watch.note_starting()
        try:
            in_use = under_print(PurePosixPath(name).name)
            await self._file.update(
                lambda record: replace(record.with_intent(intent), bed=in_use)
            )
            await self._start_granted(intent, bed)
        finally:
            self._watch.note_start()

    async def _start_granted(self, intent: Intent, bed: Bed) -> None:
        """Commit the start, then do it; what surely did not start is released."""
        try:
            await self._ask(intent)
            seen = await self._free_printer()
            if seen.mark.printed_since(intent.before):
                raise Abandoned("a person printed something just before the start")
            await self._start_klipper(intent)
        except TooSoon:
            await self._file.update(
                lambda record: replace(record.without_intent(intent.print_id), bed=bed)
            )
            raise
        except Abandoned as error:
            ended = replace(
                intent,
                phase=Phase.ENDED,
                outcome=PrintState.RELEASED,
                reason=str(error),
            )
            await self._file.update(
                lambda record: replace(record.with_intent(ended), bed=bed)
            )
            raise

    async def _ask(self, intent: Intent) -> None:
        """Commit the start. Without a leader a reservation still stands (R9)."""
        # Cut off it starts anyway: a fact, which no other start can refuse.
        body = PrintStarted(intent.print_id, self._queues.ready(intent.queue))
        try:
            answer = await self._queues.submit(intent.queue, body)
        except NetqueueError as error:
            raise Abandoned(str(error)) from error
        if answer.accepted or answer.pending:
            return
        claim = self._queues.find(intent.print_id)
        if claim is not None and self._spacing.seconds(claim):
            raise TooSoon(answer.reason)  # or it ends, and is not found next time
        raise Abandoned(answer.reason)

    async def _start_klipper(self, intent: Intent) -> None:
        """Klipper's refusal means that nothing started, unless it shows the file."""
        try:
            await self._port.start_print(intent.filename)
        except PrinterGone as error:
            _LOGGER.warning("%s: whether it started is found out", error)
        except PrinterRefused as error:
            seen = await self._port.observe()
            if seen is None or _shows(seen, intent):
                return  # the watch finds out
            raise Abandoned(str(error)) from error


def _shows(seen: Observation, intent: Intent) -> bool:
    here = seen.mark.filename == intent.filename
    return here and seen.mark.printed_since(intent.before)
