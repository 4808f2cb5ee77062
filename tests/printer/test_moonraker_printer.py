"""The real PrinterPort, against components of a Moonraker that answer as told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.printer.errors import PrinterGone, PrinterRefused
from moonraker_netqueue.printer.klipper_module import KlipperModule
from moonraker_netqueue.printer.moonraker_printer import MoonrakerPrinter
from moonraker_netqueue.printer.printer_port import (
    Clearing,
    HistoryEntry,
    KlippyState,
    Mark,
    StatsState,
)

STATUS: dict[str, dict[str, Any]] = {
    "print_stats": {
        "state": "complete",
        "filename": "netqueue/q/part.gcode",
        "message": "",
        "total_duration": 12.34567,
    },
    "virtual_sdcard": {"progress": 0.5},
    "webhooks": {"state": "ready", "state_message": "Printer is ready"},
}


CLEARING = Clearing("CLEAR", 60)


class ServerError(Exception):
    """As Moonraker's: with a status."""

    def __init__(self, message: str, status_code: int = 400) -> None:
        super().__init__(message)
        self.status_code = status_code


class FakeServer:
    """Moonraker's server, its klippy_connection, klippy_apis and history in one."""

    error = ServerError

    def __init__(self) -> None:
        self.handlers: dict[str, list[Callable[..., object]]] = {}
        self.state = SimpleNamespace(name="READY")
        self.state_message = "Printer is ready"
        self.status: Any = STATUS
        self.problem: ServerError | None = None
        self.jobs: list[dict[str, Any]] = []
        self.silent = False
        self.sections = ["gcode_macro Clear"]
        self.own: dict[str, Any] = {}  # what the module says of the clearing
        self.calls: list[tuple[str, Any]] = []

    def lookup_component(self, _name: str) -> Any:
        return self

    def register_event_handler(
        self, event: str, handler: Callable[..., object]
    ) -> None:
        self.handlers.setdefault(event, []).append(handler)

    def happen(self, event: str) -> None:
        for handler in self.handlers[event]:
            handler()

    async def query_objects(self, objects: dict[str, Any]) -> Any:
        if self.silent:
            await asyncio.Event().wait()
        return self._answer(
            {"netqueue": self.own} if "netqueue" in objects else self.status
        )

    async def get_object_list(self) -> Any:
        if self.silent:
            await asyncio.Event().wait()
        return self._answer(self.sections)

    async def start_print(self, _filename: str) -> None:
        self._answer(None)

    async def cancel_print(self) -> None:
        self._answer(None)

    async def run_gcode(self, script: str) -> None:
        self.calls.append(("run_gcode", script))
        self._answer(None)

    async def call_method(
        self, method: str, values: Any = None, **arguments: object
    ) -> Any:
        if method.startswith("printer.netqueue."):
            self.calls.append((method.rpartition(".")[2], values))
            return self._answer("ok")
        assert method == "server.history.list"
        assert arguments["order"] == "desc"
        return self._answer({"jobs": self.jobs})

    def _answer(self, answer: Any) -> Any:
        if self.problem is not None:
            raise self.problem
        return answer


class HastyClock(MachineClock):
    """Nothing is waited for longer than a moment."""

    async def wait_for(self, awaitable: Any, seconds: float) -> Any:
        return await super().wait_for(awaitable, min(seconds, 0.02))


def _printer(server: FakeServer) -> MoonrakerPrinter:
    clock = HastyClock()
    return MoonrakerPrinter(server, clock, KlipperModule(server, clock))


@pytest.mark.asyncio
async def test_a_reading_has_state_mark_and_progress() -> None:
    """What Klipper answers to our own query."""
    seen = await _printer(FakeServer()).observe()
    assert seen is not None
    assert (seen.klippy, seen.progress) == (KlippyState.READY, 0.5)
    assert seen.mark == Mark(StatsState.COMPLETE, "netqueue/q/part.gcode", 12.34567)


@pytest.mark.asyncio
async def test_prints_of_one_file_are_told_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """These two were a real Klipper's. Whose end Moonraker did not see is not lost."""
    first, second = 3.975774997001281, 3.9758058179977525
    marks = []
    for seconds in (first, first, second):
        monkeypatch.setitem(STATUS["print_stats"], "total_duration", seconds)
        seen = await _printer(FakeServer()).observe()
        assert seen is not None
        marks.append(seen.mark)
    assert marks[0] == marks[1]
    assert marks[2].printed_since(marks[0])


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["DISCONNECTED", "STARTUP", "ERROR"])
async def test_a_klipper_that_is_not_there_is_not_asked(name: str) -> None:
    """Its state is Moonraker's word."""
    server = FakeServer()
    server.state, server.silent = SimpleNamespace(name=name), True
    seen = await _printer(server).observe()
    assert seen is not None
    assert seen.klippy is KlippyState[name]
    assert seen.mark == Mark()


@pytest.mark.asyncio
async def test_a_stopped_klipper_still_tells_its_print() -> None:
    """After a shutdown print_stats says what was printed."""
    server = FakeServer()
    server.state, server.state_message = (
        SimpleNamespace(name="SHUTDOWN"),
        "heater fault",
    )
    seen = await _printer(server).observe()
    assert seen is not None
    assert (seen.klippy, seen.klippy_message) == (KlippyState.SHUTDOWN, "heater fault")
    assert seen.mark.filename == "netqueue/q/part.gcode"


@pytest.mark.asyncio
async def test_no_answer_is_no_reading() -> None:
    """Klipper hangs, breaks off, or says what nobody understands."""
    server = FakeServer()
    printer = _printer(server)
    server.silent = True
    assert await printer.observe() is None
    server.silent, server.problem = False, ServerError("Klippy Disconnected", 503)
    assert await printer.observe() is None
    server.problem = None
    for status in ({}, {"print_stats": {**STATUS["print_stats"], "state": "new"}}):
        server.status = status
        assert await printer.observe() is None


@pytest.mark.asyncio
async def test_ready_again_is_another_session() -> None:
    """Whoever compares sees that Klipper is new; each event wakes."""
    server, woken = FakeServer(), []
    printer = _printer(server)
    printer.listen(lambda: woken.append(1))
    first = await printer.observe()
    server.happen("server:klippy_disconnect")
    server.happen("server:klippy_ready")
    second = await printer.observe()
    assert first is not None
    assert second is not None
    assert second.session == first.session + 1
    assert len(woken) == 2
    server.happen("server:klippy_shutdown")
    assert len(woken) == 3


@pytest.mark.asyncio
async def test_a_refusal_is_told_from_a_klipper_that_went_away() -> None:
    """After the first nothing was started; after the second, who knows."""
    server = FakeServer()
    printer = _printer(server)
    calls: list[Callable[[], Any]] = [
        lambda: printer.start_print("part.gcode"),
        printer.cancel_print,
        lambda: printer.clear_bed(CLEARING),
    ]
    for call in calls:
        server.problem = None
        await call()
        server.problem = ServerError("SD busy", 400)
        with pytest.raises(PrinterRefused, match="SD busy"):
            await call()
        server.problem = ServerError("Klippy Disconnected", 503)
        with pytest.raises(PrinterGone, match="Klippy Disconnected"):
            await call()


@pytest.mark.asyncio
async def test_history_comes_oldest_first() -> None:
    """With numbers that grow; without a history there is nothing."""
    server = FakeServer()
    server.jobs = [
        {"job_id": "00000B", "filename": "b.gcode", "status": "in_progress"},
        {"job_id": "00000A", "filename": "a.gcode", "status": "completed"},
    ]
    printer = _printer(server)
    assert await printer.history() == (
        HistoryEntry(10, "a.gcode", "completed"),
        HistoryEntry(11, "b.gcode", "in_progress"),
    )
    server.problem = ServerError("no history", 404)
    assert await printer.history() == ()


@pytest.mark.asyncio
async def test_a_macro_that_is_not_there_is_refused() -> None:
    """To Klipper an unknown command is no error: it would have cleared the bed."""
    server = FakeServer()
    server.sections = ["gcode_macro ANOTHER", "print_stats"]
    with pytest.raises(PrinterRefused, match=r"no \[gcode_macro CLEAR\]"):
        await _printer(server).clear_bed(CLEARING)
    assert server.calls == []


@pytest.mark.asyncio
async def test_without_the_module_klipper_runs_the_macro() -> None:
    """As configured in moonraker.conf."""
    server = FakeServer()
    printer = _printer(server)
    assert await printer.clearing(CLEARING) == CLEARING
    await printer.clear_bed(CLEARING)
    assert server.calls == [("run_gcode", "CLEAR")]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, CLEARING),
        ({"clear_macro": "", "clear_timeout": 0}, CLEARING),
        ({"clear_macro": "EJECT", "clear_timeout": 0}, Clearing("EJECT", 60)),
        ({"clear_macro": "", "clear_timeout": 7}, Clearing("CLEAR", 7)),
    ],
)
async def test_the_module_runs_it_as_printer_cfg_says(
    own: dict[str, Any], expected: Clearing
) -> None:
    """What printer.cfg leaves out is taken from moonraker.conf."""
    server = FakeServer()
    server.sections.append("netqueue")
    server.own = own
    printer = _printer(server)
    how = await printer.clearing(CLEARING)
    assert how == expected
    await printer.clear_bed(how)
    asked = {"macro": how.macro, "timeout": how.seconds}
    assert server.calls == [("clear", asked)]


@pytest.mark.asyncio
async def test_klipper_is_told_no_markup() -> None:
    """Its commands and people's macros write what it was told to consoles: HTML."""
    server, clock = FakeServer(), HastyClock()
    server.sections.append("netqueue")
    status = {"job": "<b>", "queues": {"q": {"jobs": 1}}, "materials_ready": ["<i>"]}
    assert await KlipperModule(server, clock).tell(text='<a href="x">', status=status)
    told = {"job": "(b)", "queues": {"q": {"jobs": 1}}, "materials_ready": ["(i)"]}
    assert server.calls == [("update", {"text": "(a href='x')", "status": told})]


@pytest.mark.asyncio
async def test_the_module_is_looked_for_again_when_klipper_comes_back() -> None:
    """With or without the section, after a restart."""
    server, clock = FakeServer(), HastyClock()
    module = KlipperModule(server, clock)
    assert not await module.tell(text="hello")
    assert module.absent
    assert "no section [netqueue]" in module.view()["message"]
    server.sections.append("netqueue")
    assert not await module.tell(text="hello")
    server.happen("server:klippy_ready")
    assert await module.tell(text="hello")
    assert module.view() == {"module": True, "message": ""}
    assert server.calls == [("update", {"text": "hello"})]
    server.problem = ServerError("Klippy Disconnected", 503)
    assert not await module.tell(text="hello")
    server.problem, server.silent = None, True
    server.happen("server:klippy_ready")
    assert not await module.tell(text="hello")
    assert not module.absent
    server.state = SimpleNamespace(name="ERROR")
    server.state_message = "Section 'netqueue' is not a valid config section"
    assert "klippy_extras/netqueue.py" in module.view()["message"]
