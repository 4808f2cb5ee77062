"""Prints of the queue, from the reservation to their end."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonraker_netqueue.model.command import (
    Body,
    PrintEnded,
    PrintReserve,
    PrintStarted,
)
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState
from moonraker_netqueue.printer.printer_port import KlippyState, StatsState
from tests.printer.scripted import MACRO, Bench, file, name_of

_START = f"start {name_of(file('1'))}"


@pytest.mark.asyncio
async def test_good_print(tmp_path: Path) -> None:
    """A copy is reserved, started and done, in that order, each told once."""
    async with Bench(tmp_path) as bench:
        job_id = bench.queue.add("1")
        await bench.start()
        print_ = await bench.until_printing()
        bench.printer.turn(StatsState.COMPLETE)
        ended = await bench.until_finished(print_.print_id, bench.queue)
        assert ended.state is PrintState.DONE
        assert bench.queue.state.jobs[job_id].complete
        about = (PrintReserve, PrintStarted, PrintEnded)
        told = [type(body) for body in bench.queue.said if isinstance(body, about)]
        assert told == list(about)


@pytest.mark.asyncio
async def test_print_consumes_evidence(tmp_path: Path) -> None:
    """While a print runs, no evidence says that the bed is clear."""
    async with Bench(tmp_path) as bench:
        await bench.start()
        await bench.until(lambda: bench.agent.view()["bed"], "evidence")
        bench.queue.add("1")
        await bench.until_printing()
        await bench.until(lambda: bench.queue.profile.bed is None, "no evidence")
        assert bench.queue.profile.state is PrinterState.PRINTING
        (intent,) = (await bench.record()).intents
        assert intent.consumed is not None
        assert intent.consumed.kind == "configuration"


@pytest.mark.asyncio
async def test_macro_clears_before_the_next(tmp_path: Path) -> None:
    """With a macro, it runs once before each print and never during one."""
    async with Bench(tmp_path, ClearBed.MACRO) as bench:
        bench.queue.add("1", count=2)
        await bench.start()
        await bench.until_printing()
        await bench.quiet()
        assert bench.printer.did == [MACRO, _START]
        bench.printer.turn(StatsState.COMPLETE)
        await bench.until_printing(2)
        assert bench.printer.did == [MACRO, _START, MACRO, _START]


@pytest.mark.asyncio
async def test_macro_fails(tmp_path: Path) -> None:
    """A macro that fails stops everything until a person looks."""
    async with Bench(tmp_path, ClearBed.MACRO) as bench:
        bench.printer.refusals[MACRO] = "the part sticks"
        bench.queue.add("1")
        await bench.start()
        released = await bench.until_released()
        assert released.state is PrintState.RELEASED
        await bench.quiet()
        assert bench.printer.did == []
        assert bench.queue.profile.state is PrinterState.NEEDS_ATTENTION
        assert "the part sticks" in bench.queue.profile.reason


@pytest.mark.asyncio
@pytest.mark.parametrize("moment", [PrintReserve, PrintStarted])
async def test_person_prints_first(tmp_path: Path, moment: type[Body]) -> None:
    """A person's print that comes first has our reservation released, saying so."""
    async with Bench(tmp_path) as bench:

        def somebody_prints(body: Body) -> None:
            if isinstance(body, moment):
                bench.printer.begin("vase.gcode")

        bench.queue.after = somebody_prints
        bench.queue.add("1")
        await bench.start()
        released = await bench.until_released()
        assert released.state is PrintState.RELEASED
        assert released.reason == "a person prints vase.gcode"
        assert bench.printer.started == []
        assert bench.queue.mine == []


@pytest.mark.asyncio
async def test_cancelled_at_the_printer(tmp_path: Path) -> None:
    """A cancelled print has failed, and a person must look at the bed."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        await bench.start()
        print_ = await bench.until_printing()
        await bench.quiet()
        bench.printer.turn(StatsState.CANCELLED)
        ended = await bench.until_finished(print_.print_id, bench.queue)
        assert (ended.state, ended.reason) == (PrintState.FAILED, "cancelled")
        await _stays_occupied(bench)


@pytest.mark.asyncio
async def test_cancelled_through_the_agent(tmp_path: Path) -> None:
    """A person's cancel reaches Klipper, and the print has failed by it."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        await bench.start()
        print_ = await bench.until_printing()
        await bench.quiet()
        await bench.agent.cancel(print_.print_id, "eva")
        ended = await bench.until_finished(print_.print_id, bench.queue)
        assert ended.state is PrintState.FAILED
        assert ended.reason.startswith("cancelled")
        assert bench.printer.did == [_START, "cancel"]


@pytest.mark.asyncio
async def test_error(tmp_path: Path) -> None:
    """A print that Klipper ends has failed with Klipper's own message."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        await bench.start()
        print_ = await bench.until_printing()
        await bench.quiet()
        bench.printer.turn(StatsState.ERROR, "Move out of range")
        ended = await bench.until_finished(print_.print_id, bench.queue)
        assert (ended.state, ended.reason) == (PrintState.FAILED, "Move out of range")
        await _stays_occupied(bench)


@pytest.mark.asyncio
async def test_shutdown(tmp_path: Path) -> None:
    """A print during which Klipper shuts down has failed, saying why."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        await bench.start()
        print_ = await bench.until_printing()
        await bench.quiet()
        message = "Lost communication with MCU"
        bench.printer.show(klippy=KlippyState.SHUTDOWN, klippy_message=message)
        ended = await bench.until_finished(print_.print_id, bench.queue)
        assert ended.state is PrintState.FAILED
        assert message in ended.reason
        await bench.until(
            lambda: bench.queue.profile.state is PrinterState.NEEDS_ATTENTION,
            "a call for attention",
        )
        assert message in bench.queue.profile.reason


@pytest.mark.asyncio
async def test_pause(tmp_path: Path) -> None:
    """A paused print goes on; the entry says that it is paused, and why."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        await bench.start()
        print_ = await bench.until_printing()
        bench.printer.turn(StatsState.PAUSED, "filament is out")
        await bench.until(
            lambda: bench.queue.profile.reason == "paused: filament is out",
            "the reason",
        )
        assert bench.queue.profile.state is PrinterState.PRINTING
        bench.printer.turn(StatsState.PRINTING)
        await bench.until(lambda: bench.queue.profile.reason == "", "no reason")
        bench.printer.turn(StatsState.COMPLETE)
        ended = await bench.until_finished(print_.print_id, bench.queue)
        assert ended.state is PrintState.DONE


async def _stays_occupied(bench: Bench) -> None:
    """The copy waits again, but nothing more is reserved or started."""
    await bench.until(
        lambda: bench.queue.profile.state is PrinterState.BED_OCCUPIED, "occupied"
    )
    await bench.quiet()
    assert bench.queue.profile.bed is None
    assert len(bench.printer.started) == 1
    assert bench.queue.mine == []
