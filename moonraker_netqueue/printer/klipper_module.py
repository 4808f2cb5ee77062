"""The module [netqueue] inside Klipper (klippy_extras), where printer.cfg has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..names import without_markup
from ..ports import Clock
from .printer_port import Clearing

if TYPE_CHECKING:
    from moonraker.server import Server

_ANSWER_SECONDS = 3.0  # Klipper answers in milliseconds, or is stuck
_NAME = "netqueue"
_ABSENT = (
    "Klipper has no section [netqueue] in printer.cfg: the commands NETQUEUE_... and"
    " printer.netqueue are off, the rest works"
)
_UNLINKED = (
    "printer.cfg has a section [netqueue], but Klipper has no such module: link"
    " klippy_extras/netqueue.py into klippy/extras, or remove the section; then restart"
    " Klipper"
)


class KlipperModule:
    """Speaks to the module; a Klipper without it is a supported way of running."""

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock
        self._present: bool | None = None  # None: not asked since Klipper came
        self.session = 0  # counts Klipper's comings: the module remembers nothing
        for event in ("server:klippy_ready", "server:klippy_disconnect"):
            server.register_event_handler(event, self._forget)

    @property
    def absent(self) -> bool:
        """Whether Klipper is known to do without it."""
        return self._present is False

    async def present(self) -> bool:
        """Whether Klipper has the module; raises Moonraker's error if it is gone."""
        if self._present is None:
            session = self.session
            klippy_apis: Any = self._server.lookup_component("klippy_apis")
            names = await self._bounded(klippy_apis.get_object_list())
            if session != self.session:
                raise self._server.error("Klipper was restarted meanwhile", 503)
            self._present = _NAME in names
        return self._present

    async def tell(self, **what: Any) -> bool:
        """Give it a `status`, or a `text` to show; whether it has taken that.

        Both end in consoles.
        """
        if not await self.usable():
            return False
        try:
            await self._bounded(self._call("update", _unmarked(what)))
        except self._server.error:
            return False
        return True

    async def usable(self) -> bool:
        """Whether Klipper is up and has the module."""
        try:
            return self._ready() and await self.present()
        except self._server.error:
            return False

    async def clearing(self, configured: Clearing) -> Clearing:
        """`configured`, but for what printer.cfg says; raises Moonraker's error."""
        if not await self.present():
            return configured
        klippy_apis: Any = self._server.lookup_component("klippy_apis")
        query = klippy_apis.query_objects({_NAME: ["clear_macro", "clear_timeout"]})
        own = (await self._bounded(query)).get(_NAME, {})
        return Clearing(
            own.get("clear_macro") or configured.macro,
            own.get("clear_timeout") or configured.seconds,
        )

    async def clear_bed(self, how: Clearing) -> None:
        """Run the macro to the end of its motion; raises Moonraker's error."""
        await self._call("clear", {"macro": how.macro, "timeout": how.seconds})

    def view(self) -> dict[str, Any]:
        """Whether it is there, for people."""
        message = ""
        if "section 'netqueue' is not a valid" in self._klippy_message().lower():
            message = _UNLINKED
        elif self.absent:
            message = _ABSENT
        return {"module": bool(self._present), "message": message}

    def _forget(self) -> None:
        self._present = None
        self.session += 1

    def _ready(self) -> bool:
        connection: Any = self._server.lookup_component("klippy_connection")
        return str(connection.state.name) in ("READY", "SHUTDOWN")

    def _klippy_message(self) -> str:
        connection: Any = self._server.lookup_component("klippy_connection")
        return str(connection.state_message)

    async def _call(self, endpoint: str, what: dict[str, Any]) -> Any:
        transport: Any = self._server.lookup_component("internal_transport")
        return await transport.call_method(f"printer.{_NAME}.{endpoint}", what)

    async def _bounded(self, call: Any) -> Any:
        try:
            return await self._clock.wait_for(call, _ANSWER_SECONDS)
        except TimeoutError as error:
            raise self._server.error("Klipper does not answer", 503) from error


def _unmarked(value: Any) -> Any:
    """The same with texts that no dashboard takes for HTML."""
    if isinstance(value, str):
        return without_markup(value)
    if isinstance(value, dict):
        return {name: _unmarked(one) for name, one in value.items()}
    return [_unmarked(one) for one in value] if isinstance(value, list) else value
