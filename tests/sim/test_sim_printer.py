"""The simulated printer: how its prints go. As a PrinterPort it is in tests/printer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from moonraker_netqueue.printer.errors import PrinterRefused
from moonraker_netqueue.printer.printer_port import Clearing, KlippyState, StatsState
from moonraker_netqueue.sim.printer import Course, SimPrinter
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

_FILE = "netqueue/bench/part.gcode"


class Watched(SimPrinter):
    """Notes what happens on its bed."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[object] = []
        self.on_begin = lambda file: self.noted.append((file, self.on_bed))
        self.on_end = lambda _file, how: self.noted.append(how)


Test = Callable[[Watched], Coroutine[None, None, None]]


def at_printer(test: Test) -> Callable[[], None]:
    """A test in virtual time."""

    def run() -> None:
        async def whole(_loop: VirtualLoop) -> None:
            printer = Watched()
            await test(printer)
            printer.stop()

        play(whole, VirtualLoop())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@at_printer
async def test_a_klipper_that_shuts_down_meanwhile_starts_nothing(
    printer: Watched,
) -> None:
    """It refuses all commands until it is restarted."""
    starting = asyncio.ensure_future(printer.start_print(_FILE))
    await asyncio.sleep(0.002)
    printer.shut_down("MCU 'mcu' shutdown: Timer too close")
    with pytest.raises(PrinterRefused, match="Timer too close"):
        await starting
    assert printer.noted == []


@at_printer
async def test_a_print_takes_its_time(printer: Watched) -> None:
    """Progress goes evenly; its part stays on the bed until that is cleared."""
    printer.course_of = lambda file: Course(100.0 if file == _FILE else None)
    await printer.start_print(_FILE)
    await asyncio.sleep(25)
    assert printer.seen.progress == pytest.approx(0.25)
    await asyncio.sleep(76)
    assert printer.seen.mark.state is StatsState.COMPLETE
    assert printer.noted == [(_FILE, ""), StatsState.COMPLETE]
    assert printer.on_bed == _FILE
    await printer.clear_bed(Clearing("CLEAR", 60))
    assert printer.on_bed == ""


@at_printer
async def test_a_print_fails_as_its_course_says(printer: Watched) -> None:
    """At that time, with that message, and not once more."""
    printer.course_of = lambda _file: Course(30.0, StatsState.ERROR, "came off")
    await printer.start_print(_FILE)
    await asyncio.sleep(100)
    assert printer.noted[1:] == [StatsState.ERROR]
    assert printer.seen.stats_message == "came off"
    assert [entry.status for entry in printer.entries] == ["error"]


@at_printer
async def test_a_cancel_that_comes_too_late_changes_nothing(printer: Watched) -> None:
    """As with Klipper: a print that was completed before it obeyed stays so."""
    printer.seconds = 50.0
    await printer.start_print(_FILE)
    await asyncio.sleep(49.95)
    assert printer.seen.mark.active
    await printer.cancel_print()
    assert printer.seen.mark.state is StatsState.COMPLETE
    assert printer.noted[1:] == [StatsState.COMPLETE]
    assert [entry.status for entry in printer.entries] == ["completed"]


@at_printer
async def test_a_paused_print_goes_on_when_resumed(
    printer: Watched,
) -> None:
    """The pause takes time, but is no progress."""
    printer.course_of = lambda _file: Course(100.0)
    await printer.start_print(_FILE)
    await asyncio.sleep(40)
    printer.pause("runout")
    await asyncio.sleep(500)
    seen = printer.seen
    assert (seen.mark.state, seen.stats_message) == (StatsState.PAUSED, "runout")
    assert seen.progress == pytest.approx(0.4)
    printer.resume()
    await asyncio.sleep(59)
    assert printer.seen.mark.active
    await asyncio.sleep(2)
    assert printer.seen.mark.state is StatsState.COMPLETE


@at_printer
async def test_without_power_a_print_is_over_and_nobody_wrote_it_down(
    printer: Watched,
) -> None:
    """Its end does not come later either."""
    printer.seconds = 50.0
    await printer.start_print(_FILE)
    await asyncio.sleep(10)
    printer.lose_power()
    assert printer.noted[1:] == [StatsState.ERROR]
    assert printer.seen.klippy is KlippyState.DISCONNECTED
    printer.restart()
    await asyncio.sleep(100)
    assert len(printer.noted) == 2
    assert (printer.seen.klippy, printer.seen.session) == (KlippyState.READY, 2)
    assert [entry.status for entry in printer.entries] == ["interrupted"]
    assert printer.on_bed == _FILE
