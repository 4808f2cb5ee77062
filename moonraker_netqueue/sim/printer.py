"""A simulated printer, with its Klipper and the history that Moonraker keeps of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..printer.errors import PrinterGone, PrinterRefused
from ..printer.printer_port import (
    Clearing,
    HistoryEntry,
    KlippyState,
    Mark,
    Observation,
    StatsState,
)

_FINAL = {
    StatsState.COMPLETE: "completed",
    StatsState.CANCELLED: "cancelled",
    StatsState.ERROR: "error",
}
_ENTRIES = 20  # of the history that are asked for


@dataclass(frozen=True)
class Course:
    """How a print goes: `seconds` long, None if somebody ends it; how it ends."""

    seconds: float | None
    end: StatsState = StatsState.COMPLETE
    message: str = ""


class SimPrinter:
    """PrinterPort. Prints take `seconds`, or as `course_of` says of their file."""

    def __init__(self) -> None:
        self.seconds: float | None = 20.0
        self.course_of: Callable[[str], Course] = lambda _file: Course(self.seconds)
        self.starts: list[str] = []  # files that the queue started
        self.on_bed = ""  # the file whose part, or rest, is on it
        self.on_begin: Callable[[str], object] = lambda _file: None
        self.on_end: Callable[[str, StatsState], object] = lambda _file, _how: None
        self.scripts: list[str] = []
        self.script_seconds = 5.0
        self.script_error = ""
        self.start_error = ""
        self.silent = False  # Klipper does not answer
        self.hang_before_start = self.hang_after_start = False
        self.before_start: Callable[[], None] = lambda: None
        self.entries: list[HistoryEntry] = []
        self.keeps_history = True
        self._observation = Observation(KlippyState.READY, session=1)
        self._course = Course(None)
        self._started = 0.0
        self._going_since: float | None = None  # None: it is paused
        self._gone = 0.0  # seconds that it had printed by then
        self._end: asyncio.TimerHandle | None = None
        self._under_way = False  # until its end was told, also where mark stays
        self._callback: Callable[[], None] = lambda: None

    # PrinterPort.

    def listen(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    async def observe(self) -> Observation | None:
        await asyncio.sleep(0.002)
        return None if self.silent else self.seen

    async def start_print(self, filename: str) -> None:
        self.before_start()
        if self.hang_before_start:
            await asyncio.Event().wait()
        await asyncio.sleep(0.005)
        if self.seen.klippy is KlippyState.SHUTDOWN:
            raise PrinterRefused(self.seen.klippy_message)
        if self.start_error:
            self._set(Mark())  # SDCARD_PRINT_FILE resets print_stats, then fails
            raise PrinterRefused(self.start_error)
        if self.seen.mark.active:
            raise PrinterRefused("SD busy")
        self.starts.append(filename)
        self.begin(filename)
        if self.hang_after_start:
            await asyncio.Event().wait()

    async def cancel_print(self) -> None:
        await asyncio.sleep(0.1)
        if self.seen.mark.active:  # Klipper says of no print that ended: cancelled
            self.finish(StatsState.CANCELLED)

    async def clearing(self, configured: Clearing) -> Clearing:
        return configured

    async def clear_bed(self, how: Clearing) -> None:
        self.scripts.append(how.macro)
        await asyncio.sleep(self.script_seconds)
        if self.seen.klippy is not KlippyState.READY:
            raise PrinterGone("Klipper went away")
        if self.script_error:
            raise PrinterRefused(self.script_error)
        self.on_bed = ""

    async def history(self) -> tuple[HistoryEntry, ...]:
        await asyncio.sleep(0.002)
        return tuple(self.entries[-_ENTRIES:])

    # What happens.

    @property
    def seen(self) -> Observation:
        """What it would say now."""
        mark = self._observation.mark
        if not mark.active:
            return self._observation
        now = asyncio.get_running_loop().time()
        gone, whole = self._gone_until(now), self._course.seconds
        mark = replace(mark, total_duration=round(now - self._started, 3))
        progress = min(1.0, gone / whole) if whole else 0.0
        return replace(self._observation, mark=mark, progress=progress)

    def begin(self, filename: str) -> None:
        """A print begins: the queue's, or a person's."""
        self._course = self.course_of(filename)
        self._started = asyncio.get_running_loop().time()
        self._gone = 0.0
        if self.keeps_history:
            number = len(self.entries) + 1
            self.entries.append(HistoryEntry(number, filename, "in_progress"))
        self._under_way = True
        self.on_begin(filename)
        self.on_bed = filename
        self._set(Mark(StatsState.PRINTING, filename))
        self._go_on(self._course.seconds)

    def finish(self, how: StatsState = StatsState.COMPLETE, message: str = "") -> None:
        """The print ends."""
        self.stop()
        mark = self.seen.mark
        mark = replace(mark, state=how, total_duration=mark.total_duration + 0.01)
        self._settle_history(_FINAL[how])
        self._set(mark, message)
        self._tell_end(how)

    def pause(self, message: str = "") -> None:
        self.stop()
        self._set(replace(self.seen.mark, state=StatsState.PAUSED), message)

    def resume(self, seconds: float | None = None) -> None:
        """Go on, for the rest of its time or for `seconds`."""
        self._set(replace(self.seen.mark, state=StatsState.PRINTING))
        whole = self._course.seconds
        if seconds is None and whole is not None:
            seconds = max(0.0, whole - self._gone)
        self._go_on(seconds)

    def shut_down(self, message: str) -> None:
        """Klipper stops; print_stats keeps what it had."""
        self._break_off()
        self._settle_history("klippy_shutdown")
        self._change(klippy=KlippyState.SHUTDOWN, klippy_message=message)

    def disconnect(self) -> None:
        self._break_off()
        self._settle_history("klippy_disconnect")
        self._change(klippy=KlippyState.DISCONNECTED, mark=Mark())

    def lose_power(self) -> None:
        """Its plug is pulled: nobody writes anything down."""
        self.forget()
        self._break_off()
        self._change(klippy=KlippyState.DISCONNECTED, mark=Mark())

    def lose_sight(self) -> None:
        """The connection to Klipper breaks, and Klipper prints on."""
        self._hidden = self._observation.mark
        self._settle_history("klippy_disconnect")
        self._change(klippy=KlippyState.DISCONNECTED, mark=Mark())

    def see_again(self) -> None:
        session = self._observation.session + 1
        self._change(klippy=KlippyState.READY, mark=self._hidden, session=session)

    def restart(self) -> None:
        """Klipper is new: ready, and has printed nothing."""
        self.stop()
        session = self._observation.session + 1
        self._change(
            klippy=KlippyState.READY, klippy_message="", mark=Mark(), session=session
        )

    def stop(self) -> None:
        """Nothing ends by itself any more."""
        if self._going_since is not None:
            self._gone = self._gone_until(asyncio.get_running_loop().time())
            self._going_since = None
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def forget(self) -> None:
        """Moonraker is gone: nobody listens, its history stays open."""
        self._callback = lambda: None
        self._settle_history("interrupted")

    def _go_on(self, seconds: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._going_since = loop.time()
        if seconds is not None:
            end, message = self._course.end, self._course.message
            self._end = loop.call_later(seconds, self.finish, end, message)

    def _gone_until(self, now: float) -> float:
        """Seconds that it has printed, pauses apart."""
        going = 0.0 if self._going_since is None else now - self._going_since
        return self._gone + going

    def _break_off(self) -> None:
        """What was being printed is none of Klipper's any more."""
        self.stop()
        self._tell_end(StatsState.ERROR)

    def _tell_end(self, how: StatsState) -> None:
        if self._under_way:
            self._under_way = False
            self.on_end(self._observation.mark.filename, how)

    def _settle_history(self, status: str) -> None:
        if self.entries and self.entries[-1].status == "in_progress":
            self.entries[-1] = replace(self.entries[-1], status=status)

    def _set(self, mark: Mark, message: str = "") -> None:
        self._observation = replace(self._observation, mark=mark, stats_message=message)
        self._callback()

    def _change(
        self,
        klippy: KlippyState,
        klippy_message: str = "",
        mark: Mark | None = None,
        session: int | None = None,
    ) -> None:
        old = self._observation
        self._observation = Observation(
            klippy,
            klippy_message,
            old.session if session is None else session,
            old.mark if mark is None else mark,
        )
        self._callback()
