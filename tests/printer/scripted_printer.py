"""A printer that does what a test says, and keeps a history as Moonraker does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from moonraker_netqueue.printer.errors import PrinterGone, PrinterRefused
from moonraker_netqueue.printer.printer_port import (
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


class ScriptedPrinter:
    """PrinterPort. Prints take `seconds`, unless that is None: then the test ends
    them."""

    def __init__(self) -> None:
        self.seconds: float | None = 20.0
        self.starts: list[str] = []  # files that the queue started
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
        self._started = 0.0
        self._paused: float | None = None
        self._end: asyncio.TimerHandle | None = None
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

    async def history(self) -> tuple[HistoryEntry, ...]:
        await asyncio.sleep(0.002)
        return tuple(self.entries[-20:])

    # What happens.

    @property
    def seen(self) -> Observation:
        mark = self._observation.mark
        if not mark.active:
            return self._observation
        elapsed = asyncio.get_running_loop().time() - self._started
        progress = min(1.0, elapsed / self.seconds) if self.seconds else 0.0
        mark = replace(mark, total_duration=round(elapsed, 3))
        return replace(self._observation, mark=mark, progress=progress)

    def begin(self, filename: str) -> None:
        """A print begins: the queue's, or a person's."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._set(Mark(StatsState.PRINTING, filename))
        if self.keeps_history:
            number = len(self.entries) + 1
            self.entries.append(HistoryEntry(number, filename, "in_progress"))
        if self.seconds is not None:
            self._end = loop.call_later(self.seconds, self.finish)

    def finish(self, how: StatsState = StatsState.COMPLETE, message: str = "") -> None:
        """The print ends."""
        self.stop()
        mark = self.seen.mark
        mark = replace(mark, state=how, total_duration=mark.total_duration + 0.01)
        self._settle_history(_FINAL[how])
        self._set(mark, message)

    def pause(self, message: str = "") -> None:
        self.stop()
        self._set(replace(self.seen.mark, state=StatsState.PAUSED), message)

    def resume(self, seconds: float = 5.0) -> None:
        self._set(replace(self.seen.mark, state=StatsState.PRINTING))
        self._end = asyncio.get_running_loop().call_later(seconds, self.finish)

    def shut_down(self, message: str) -> None:
        """Klipper stops; print_stats keeps what it had."""
        self.stop()
        self._settle_history("klippy_shutdown")
        self._change(klippy=KlippyState.SHUTDOWN, klippy_message=message)

    def disconnect(self) -> None:
        self.stop()
        self._settle_history("klippy_disconnect")
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
        if self._end is not None:
            self._end.cancel()
            self._end = None

    def forget(self) -> None:
        """Moonraker is gone: nobody listens, its history stays open."""
        self._callback = lambda: None
        self._settle_history("interrupted")

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
