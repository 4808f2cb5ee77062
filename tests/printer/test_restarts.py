"""What a restarted agent makes of its record."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.files.errors import ContentMissing
from moonraker_netqueue.model.command import (
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
)
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Evidence, PrinterState, Profile
from moonraker_netqueue.printer.bed import under_print
from moonraker_netqueue.printer.printer_port import Mark, StatsState
from moonraker_netqueue.printer.record import Intent, Phase, Record
from tests.printer.scripted import HOST, Bench, FakeQueue, file, name_of

_PART = file("1")
_NAME = name_of(_PART)
_PRINT = "print-01"


async def _stopped_at_the_start(bench: Bench) -> str:
    """As if the host stopped between the write-ahead record and what follows."""
    job_id = bench.queue.add("1")
    bench.queue.say(HOST, PrinterUpdate(Profile("Anna")))
    bench.queue.say(HOST, PrintReserve(_PRINT, job_id, 0, _PART.sha256))
    bench.queue.say(HOST, PrintStarted(_PRINT))
    intent = Intent(
        queue="main",
        print_id=_PRINT,
        job_id=job_id,
        item=0,
        sha256=_PART.sha256,
        filename=_NAME,
        at=1.0,
        before=Mark(),
        history_seen=0,
        consumed=Evidence("click", "eva", 1.0),
    )
    await bench.record_file().save(Record(under_print(_PART.name), (intent,)))
    return job_id


@pytest.mark.asyncio
async def test_no_trace(tmp_path: Path) -> None:
    """A print that may have started, without a trace of it, is lost, not repeated."""
    async with Bench(tmp_path) as bench:
        await _stopped_at_the_start(bench)
        await bench.start()
        await bench.until(
            lambda: bench.queue.state.prints[_PRINT].state is PrintState.LOST, "lost"
        )
        await bench.quiet()
        assert bench.printer.started == []
        assert bench.queue.profile.state is PrinterState.BED_OCCUPIED


@pytest.mark.asyncio
async def test_goes_on(tmp_path: Path) -> None:
    """A print that is found under way goes on and is done in its time."""
    async with Bench(tmp_path) as bench:
        job_id = await _stopped_at_the_start(bench)
        bench.printer.begin(_NAME)
        await bench.start()
        await bench.quiet()
        (intent,) = (await bench.record()).intents
        assert intent.phase is Phase.STARTED
        assert bench.queue.state.prints[_PRINT].state is PrintState.PRINTING
        bench.printer.turn(StatsState.COMPLETE)
        ended = await bench.until_finished(_PRINT, bench.queue)
        assert ended.state is PrintState.DONE
        assert bench.queue.state.jobs[job_id].items[0].done == 1
        assert bench.printer.started == []


@pytest.mark.asyncio
async def test_complete_meanwhile(tmp_path: Path) -> None:
    """A print that ended while the host was down is done once, restarts or not."""
    async with Bench(tmp_path) as bench:
        job_id = await _stopped_at_the_start(bench)
        bench.printer.begin(_NAME)
        bench.printer.turn(StatsState.COMPLETE)
        await bench.start()
        ended = await bench.until_finished(_PRINT, bench.queue)
        assert ended.state is PrintState.DONE
        await bench.quiet()
        await bench.stop()
        await bench.start()
        await bench.quiet()
        assert len(bench.queue.bodies(PrintEnded)) == 1
        assert bench.queue.state.jobs[job_id].items[0].done == 1
        assert (await bench.record()).intents == ()


@pytest.mark.asyncio
async def test_damaged_record(tmp_path: Path) -> None:
    """A damaged record is kept aside, and a person must look at the bed."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        path = bench.record_file().path
        path.write_text("{torn")
        await bench.start()
        await bench.quiet()
        assert path.with_name("printer.json-damaged-1").read_text() == "{torn"
        assert bench.queue.profile.state is PrinterState.BED_OCCUPIED
        assert "damaged" in bench.queue.profile.reason
        assert bench.printer.started == []
        await bench.agent.bed_clear("eva")
        await bench.until_printing()


@pytest.mark.asyncio
async def test_each_damaged_record_is_kept(tmp_path: Path) -> None:
    """Also one of which nothing but a folder is left."""
    async with Bench(tmp_path) as bench:
        path = bench.record_file().path
        path.write_text("{torn")
        await bench.start()
        await bench.stop()
        path.unlink()
        path.mkdir()
        await bench.start()
        await bench.quiet()
        assert bench.queue.profile.state is PrinterState.BED_OCCUPIED
        assert path.with_name("printer.json-damaged-1").read_text() == "{torn"
        assert path.with_name("printer.json-damaged-2").is_dir()


@pytest.mark.asyncio
async def test_the_end_of_a_print_of_a_queue_that_was_taken_out(tmp_path: Path) -> None:
    """It is told once the queue is served again; else a done print would be lost."""
    async with Bench(tmp_path) as bench:
        job_id = await _stopped_at_the_start(bench)
        bench.printer.begin(_NAME)
        bench.printer.turn(StatsState.COMPLETE)
        main = bench.queues.pop("main")
        bench.queues["other"] = bench.queue = FakeQueue()
        await bench.start()
        await bench.quiet()
        assert main.bodies(PrintEnded) == []
        await bench.stop()
        bench.queues["main"] = main
        await bench.start()
        ended = await bench.until_finished(_PRINT, main)
        assert ended.state is PrintState.DONE
        assert main.state.jobs[job_id].items[0].done == 1
        await bench.until(lambda: len(main.bodies(PrintEnded)) == 1, "one end")


@pytest.mark.asyncio
@pytest.mark.parametrize("released", [True, False], ids=["released", "closed"])
async def test_a_fetch_that_fails_as_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, released: bool
) -> None:
    """Nothing is left that asyncio complains of later."""
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    under_way = asyncio.Event()

    async def fetch(*_: object) -> None:
        under_way.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise ContentMissing("its part cannot be closed") from error

    async with Bench(tmp_path) as bench:
        monkeypatch.setattr(bench.files, "fetch", fetch)
        bench.queue.add("3")
        await bench.start()
        await bench.until(under_way.is_set, "a fetch")
        if released:
            (print_,) = bench.queue.mine
            await bench.agent.release(print_.print_id, "eva")
        await bench.stop()
        gc.collect()
    assert complaints == []


@pytest.mark.asyncio
async def test_printing_without_a_record(tmp_path: Path) -> None:
    """A print that the queue takes to be here, but the record does not, is lost."""
    async with Bench(tmp_path) as bench:
        await _stopped_at_the_start(bench)
        bench.record_file().path.unlink()
        await bench.start()
        await bench.until(
            lambda: bench.queue.state.prints[_PRINT].state is PrintState.LOST, "lost"
        )
        assert "no record" in bench.queue.state.prints[_PRINT].reason
