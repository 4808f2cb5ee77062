"""The real printer: Klipper through the components of its Moonraker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..ports import Clock
from .errors import PrinterError, PrinterGone, PrinterRefused
from .klipper_module import KlipperModule
from .printer_port import (
    Clearing,
    HistoryEntry,
    KlippyState,
    Mark,
    Observation,
    StatsState,
)

if TYPE_CHECKING:
    from moonraker.server import Server

_ANSWER_SECONDS = 3.0  # Klipper answers in milliseconds, or is stuck
_HISTORY_ENTRIES = 20
_UNAVAILABLE = 503  # status of Moonraker's error where Klipper did not answer
_OBJECTS: dict[str, list[str] | None] = {
    "print_stats": ["state", "filename", "message", "total_duration"],
    "virtual_sdcard": ["progress"],
    "webhooks": ["state", "state_message"],
}
_EVENTS = (
    "server:klippy_ready",
    "server:klippy_shutdown",
    "server:klippy_disconnect",
    "job_state:state_changed",
)


class MoonrakerPrinter:
    """`PrinterPort` on a running Moonraker.

    Events only wake: what counts are our own queries, which are right even in the
    second after "ready" in which Moonraker's own job tracking is not.
    """

    def __init__(self, server: Server, clock: Clock, module: KlipperModule) -> None:
        self._server = server
        self._clock = clock
        self._module = module
        self._klippy_apis: Any = server.lookup_component("klippy_apis")
        self._session = 0
        self._callback: Callable[[], None] = _ignore
        for event in _EVENTS:
            server.register_event_handler(event, self._on_event)
        server.register_event_handler("server:klippy_ready", self._on_ready)

    def listen(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    async def observe(self) -> Observation | None:
        klippy = self._klippy_state()
        message = str(self._connection().state_message)
        if klippy not in (KlippyState.READY, KlippyState.SHUTDOWN):
            return Observation(klippy, message, self._session)
        try:
            status = await self._clock.wait_for(
                self._klippy_apis.query_objects(_OBJECTS), _ANSWER_SECONDS
            )
            stats = status["print_stats"]
            mark = Mark(
                StatsState(stats["state"]),
                str(stats["filename"] or ""),
                float(stats["total_duration"]),
            )
        except (TimeoutError, KeyError, ValueError, self._server.error):
            return None
        return Observation(
            klippy,
            message,
            self._session,
            mark,
            str(stats.get("message") or ""),
            float(status.get("virtual_sdcard", {}).get("progress") or 0.0),
        )

    async def start_print(self, filename: str) -> None:
        try:
            await self._klippy_apis.start_print(filename)
        except self._server.error as error:
            raise self._problem("start it", error) from error

    async def cancel_print(self) -> None:
        try:
            await self._klippy_apis.cancel_print()
        except self._server.error as error:
            raise self._problem("cancel it", error) from error

    async def clearing(self, configured: Clearing) -> Clearing:
        try:
            return await self._module.clearing(configured)
        except self._server.error as error:
            raise self._problem("say how it is cleared", error) from error

    async def clear_bed(self, how: Clearing) -> None:
        try:
            if await self._module.present():
                await self._module.clear_bed(how)
                return
            await self._check_macro(how.macro)
            await self._klippy_apis.run_gcode(how.macro)
        except self._server.error as error:
            raise self._problem(f"run {how.macro}", error) from error

    async def _check_macro(self, macro: str) -> None:
        """To Klipper an unknown command is no error: it would count as a success."""
        sections = await self._klippy_apis.get_object_list()
        known = {str(name).upper() for name in sections}
        if f"GCODE_MACRO {macro}".upper() not in known:
            raise PrinterRefused(f"there is no [gcode_macro {macro}] in printer.cfg")

    async def history(self) -> tuple[HistoryEntry, ...]:
        transport: Any = self._server.lookup_component("internal_transport")
        try:
            answer = await transport.call_method(
                "server.history.list", limit=_HISTORY_ENTRIES, order="desc"
            )
        except self._server.error:
            return ()
        return tuple(
            HistoryEntry(int(job["job_id"], 16), job["filename"], job["status"])
            for job in reversed(answer["jobs"])
        )

    def _problem(self, what: str, error: Any) -> PrinterError:
        """Klipper's answer, or that it went away before it gave one."""
        if error.status_code == _UNAVAILABLE:
            return PrinterGone(f"Klipper went away when it was to {what}: {error}")
        return PrinterRefused(f"Klipper did not {what}: {error}")

    def _klippy_state(self) -> KlippyState:
        return KlippyState(str(self._connection().state.name).lower())

    def _connection(self) -> Any:
        return self._server.lookup_component("klippy_connection")

    def _on_event(self, *_: object) -> None:
        self._callback()

    def _on_ready(self) -> None:
        self._session += 1


def _ignore() -> None:
    """Nobody listens yet."""
