"""From a reservation to a running print: fetch, verify, write ahead, start (R9)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ..errors import NetqueueError
from ..model.command import ContentHeld, PrintFetching, PrintStarted
from ..model.content import FileRef
from ..model.print import PrintState
from ..model.printer import Evidence
from ..ports import Clock
from .bed import cleared, clearing_failed, under_print
from .errors import Abandoned, PrinterRefused
from .printer_port import KlippyState, Observation, PrinterPort
from .queue_port import Files
from .queues import Claim, Queues
from .record import Bed, BedState, Intent, Phase, RecordFile
from .watch import Watch

_LOGGER = logging.getLogger(__name__)
_HOLDER_PATIENCE = 30.0  # seconds without any host that has the file
_START_SECONDS = 30.0  # Klipper may still run a person's g-code


@dataclass
class _Fetching:
    print_id: str
    task: asyncio.Task[None]
    holder_seen: float  # monotonic


class Starter:
    """Carries out one reservation at a time."""

    def __init__(
        self,
        port: PrinterPort,
        queues: Queues,
        files: Files,
        file: RecordFile,
        watch: Watch,
        macro: str,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._port = port
        self._queues = queues
        self._files = files
        self._file = file
        self._watch = watch
        self._macro = macro
        self._clock = clock
        self._wake = wake
        self._fetching: _Fetching | None = None

    @property
    def fetching(self) -> bool:
        """Whether a content is on its way."""
        return self._fetching is not None

    async def advance(self, claim: Claim) -> None:
        """Take the next step towards the print; raises Abandoned with the reason."""
        wanted = self._queues.file_of(claim)
        if wanted is None:
            raise Abandoned("the queue knows its file no more")
        try:
            if not await self._have(claim, wanted):
                return
            name = await self._files.materialise(claim.queue, wanted)
        except Abandoned:
            raise
        except NetqueueError as error:
            raise Abandoned(str(error)) from error
        await self._clear_bed()
        await self._start(claim, name)

    async def stop(self) -> None:
        """Give a fetch up; what has come is kept for the next one."""
        if self._fetching is not None:
            self._fetching.task.cancel()
            await asyncio.wait([self._fetching.task])
            self._fetching = None

    # The file.

    async def _have(self, claim: Claim, wanted: FileRef) -> bool:
        """Whether the content is here; if not, a fetch is under way."""
        fetching = self._fetching
        if fetching is not None and fetching.print_id == claim.print_id:
            if not fetching.task.done():
                await self._check_holders(fetching, claim)
                return False
            self._fetching = None
            fetching.task.result()
            await self._queues.submit(claim.queue, ContentHeld(wanted))
        if self._files.has(wanted.sha256):
            return True
        await self.stop()
        if claim.print_.state is PrintState.RESERVED:
            await self._queues.submit(claim.queue, PrintFetching(claim.print_id))
        task = asyncio.create_task(
            self._files.fetch(
                claim.queue,
                wanted,
                lambda: self._queues.holders(claim.queue, wanted.sha256),
            )
        )
        task.add_done_callback(lambda _: self._wake())
        self._fetching = _Fetching(claim.print_id, task, self._clock.monotonic())
        return False

    async def _check_holders(self, fetching: _Fetching, claim: Claim) -> None:
        now = self._clock.monotonic()
        if self._queues.holders(claim.queue, claim.print_.sha256):
            fetching.holder_seen = now
        elif now - fetching.holder_seen > _HOLDER_PATIENCE:
            await self.stop()
            raise Abandoned("no host that has its file is there")

    # The bed.

    async def _clear_bed(self) -> None:
        """Run the clearing macro if it is due; its success is evidence."""
        if self._file.record.bed.state is not BedState.MACRO_DUE:
            return
        try:
            await self._port.run_gcode(self._macro)
        except PrinterRefused as error:
            await self._put(clearing_failed(self._macro, str(error)))
            raise Abandoned(f"macro {self._macro} did not clear the bed") from error
        seen = await self._free_printer()
        evidence = Evidence("macro", self._macro, self._clock.wall())
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
            raise Abandoned(f"Klipper is not ready: {seen.klippy_message}")
        if seen.mark.active:
            raise Abandoned(f"a person prints {seen.mark.filename}")
        return seen

    async def _start(self, claim: Claim, name: str) -> None:
        seen = await self._free_printer()
        before = self._file.record
        if before.bed.state is not BedState.CLEAR:
            raise Abandoned(f"the bed is not clear: {before.bed.reason}")
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
            consumed=before.bed.evidence,
        )
        bed = under_print(PurePosixPath(name).name)
        await self._file.update(lambda r: replace(r.with_intent(intent), bed=bed))
        if await self._is_granted(intent):
            await self._start_klipper(intent, before.bed)
        else:
            await self._file.update(
                lambda r: replace(r.without_intent(intent.print_id), bed=before.bed)
            )

    async def _is_granted(self, intent: Intent) -> bool:
        """Commit the start. Without a leader a reservation still stands (R9)."""
        answer = await self._queues.submit(intent.queue, PrintStarted(intent.print_id))
        if not answer.accepted and not answer.pending:
            _LOGGER.info("print %s is not started: %s", intent.print_id, answer.reason)
        return answer.accepted or answer.pending

    async def _start_klipper(self, intent: Intent, bed: Bed) -> None:
        try:
            seen = await self._free_printer()
            if seen.mark != intent.before:
                raise Abandoned("a person printed something just before the start")
            await self._clock.wait_for(
                self._port.start_print(intent.filename), _START_SECONDS
            )
        except TimeoutError:
            _LOGGER.warning("Klipper took long to start %s", intent.filename)
        except (Abandoned, PrinterRefused) as error:
            seen_now = await self._port.observe()
            if seen_now is None or seen_now.mark != intent.before:
                self._watch.note_start()  # something runs: the watch finds out what
                return
            ended = replace(
                intent,
                phase=Phase.ENDED,
                outcome=PrintState.RELEASED,
                reason=str(error),
            )
            await self._file.update(lambda r: replace(r.with_intent(ended), bed=bed))
            raise
        self._watch.note_start()
