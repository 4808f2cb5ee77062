"""When the agent reserves and starts, and when it must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from moonraker_netqueue.model.command import (
    Body,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintReserve,
    PrintStarted,
)
from moonraker_netqueue.model.print import UNSTARTED, PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState, Profile
from moonraker_netqueue.printer.errors import NotThisPrint
from moonraker_netqueue.printer.printer_port import StatsState
from moonraker_netqueue.printer.watch import first_record
from tests.printer.scripted import HOST, OTHER, Bench, file, name_of


@pytest.mark.asyncio
async def test_two_queues_one_claim(tmp_path: Path) -> None:
    """Whatever queues have work, it has one print at a time and one reservation."""
    async with Bench(tmp_path, queues="left right") as bench:
        left, right = bench.queues["left"], bench.queues["right"]
        most = 0

        def count(_: Body) -> None:
            nonlocal most
            mine = [*left.mine, *right.mine]
            unstarted = sum(print_.state in UNSTARTED for print_ in mine)
            most = max(most, unstarted, len(mine) - unstarted)

        left.after = right.after = count
        jobs = [left.add("1"), right.add("2")]
        await bench.start()
        for number in (1, 2):
            await bench.until_printing(number)
            await bench.quiet()
            bench.printer.turn(StatsState.COMPLETE)
        await bench.until(
            lambda: all(
                queue.state.jobs[job].complete
                for queue, job in zip((left, right), jobs, strict=True)
            ),
            "both jobs complete",
        )
        assert most == 1
        assert sorted(bench.printer.started) == [
            name_of(file("1"), "left"),
            name_of(file("2"), "right"),
        ]


@pytest.mark.asyncio
async def test_surplus_reservation(tmp_path: Path) -> None:
    """Of reservations in two queues one is carried out, the other given back."""
    async with Bench(tmp_path, queues="left right") as bench:
        left, right = bench.queues["left"], bench.queues["right"]
        for queue, letter in ((left, "1"), (right, "2")):
            job_id = queue.add(letter)
            queue.say(HOST, PrinterUpdate(Profile("Anna")))
            queue.say(HOST, PrintReserve(f"print-0{letter}", job_id, 0, letter * 64))
        await bench.start()
        released = await bench.until_finished("print-02", right)
        assert released.state is PrintState.RELEASED
        assert "another print first" in released.reason
        assert (await bench.until_printing()).print_id == "print-01"


@pytest.mark.asyncio
async def test_accept_off(tmp_path: Path) -> None:
    """A printer that is switched off reserves nothing until it is switched on."""
    async with Bench(tmp_path) as bench:
        await bench.start()
        await bench.agent.change({"accept": False})
        bench.queue.add("1")
        await bench.quiet()
        assert bench.queue.bodies(PrintReserve) == []
        assert not bench.queue.profile.accept
        await bench.agent.change({"accept": True})
        await bench.until_printing()


@pytest.mark.asyncio
async def test_switched_off_with_a_reservation(tmp_path: Path) -> None:
    """A reservation of a printer that is switched off meanwhile is given back."""
    async with Bench(tmp_path) as bench:
        job_id = bench.queue.add("1")
        bench.queue.say(HOST, PrinterUpdate(Profile("Anna")))
        bench.queue.say(HOST, PrintReserve("print-01", job_id, 0, "1" * 64))
        off = replace(first_record(ClearBed.NEVER, 1.0), accept=False)
        await bench.record_file().save(off)
        await bench.start()
        released = await bench.until_released()
        assert released.state is PrintState.RELEASED
        assert "switched off" in released.reason
        assert bench.printer.started == []


@pytest.mark.asyncio
async def test_manual_bed(tmp_path: Path) -> None:
    """By hand: each print needs a person's word of its own that the bed is clear."""
    async with Bench(tmp_path, ClearBed.MANUAL) as bench:
        bench.queue.add("1", count=2)
        await bench.start()
        for number in (1, 2):
            await bench.quiet()
            assert len(bench.printer.started) == number - 1
            assert bench.queue.profile.state is PrinterState.BED_OCCUPIED
            await bench.agent.bed_clear("eva")
            await bench.until_printing(number)
            (intent,) = (await bench.record()).intents
            assert intent.consumed is not None
            assert intent.consumed.by == "eva"
            bench.printer.turn(StatsState.COMPLETE)
            await bench.until(lambda: not bench.queue.mine, "its end")


@pytest.mark.asyncio
async def test_bed_is_not_clear_during_a_print(tmp_path: Path) -> None:
    """Nobody can call the bed clear while a print is on it."""
    async with Bench(tmp_path) as bench:
        bench.queue.add("1")
        await bench.start()
        await bench.until_printing()
        with pytest.raises(NotThisPrint):
            await bench.agent.bed_clear("eva")


@pytest.mark.asyncio
async def test_queue_not_ready(tmp_path: Path) -> None:
    """Without a leader nothing is reserved; with one again, it is."""
    async with Bench(tmp_path) as bench:
        await bench.start()
        await bench.quiet()
        bench.queue.ready = False
        bench.queue.add("1")
        await bench.quiet()
        assert bench.queue.bodies(PrintReserve) == []
        assert bench.printer.started == []
        bench.queue.ready = True
        await bench.until_printing()


@pytest.mark.asyncio
async def test_start_rejected(tmp_path: Path) -> None:
    """A start that the queue rejects does not happen and costs no evidence."""
    async with Bench(tmp_path, ClearBed.MANUAL) as bench:

        def end(body: Body) -> None:
            if isinstance(body, PrintStarted):
                (live,) = bench.queue.mine
                bench.queue.say(
                    live.host,
                    PrintEnded(
                        live.print_id,
                        PrintState.RELEASED,
                        live.job_id,
                        live.item,
                        live.sha256,
                    ),
                )

        bench.queue.before = end
        bench.queue.add("1")
        await bench.start()
        await bench.agent.bed_clear("eva")
        await bench.until(lambda: bench.queue.bodies(PrintStarted), "the question")
        await bench.quiet()
        assert bench.printer.started == []
        bed = bench.agent.view()["bed"]
        assert bed is not None
        assert bed["by"] == "eva"


@pytest.mark.asyncio
async def test_start_refused_by_klipper(tmp_path: Path) -> None:
    """What Klipper refuses to start is released with its reason; the bed is clear."""
    async with Bench(tmp_path) as bench:
        bench.printer.refusals[f"start {name_of(file('1'))}"] = "Must home first"
        bench.queue.add("1")
        await bench.start()
        released = await bench.until_released()
        assert released.state is PrintState.RELEASED
        assert released.reason == "Must home first"
        await bench.until(lambda: bench.agent.view()["bed"], "evidence again")


@pytest.mark.asyncio
async def test_content_missing_everywhere(tmp_path: Path) -> None:
    """A reservation whose file no host can give any more is released."""
    async with Bench(tmp_path) as bench:
        queue = bench.queue

        def leave(body: Body) -> None:
            if isinstance(body, PrintFetching):
                queue.there = ()

        queue.before = leave
        queue.say(OTHER, PrinterUpdate(Profile("Bert", accept=False)))
        queue.there = (OTHER,)
        queue.add("3", holder=OTHER)
        await bench.start()
        released = await bench.until_released()
        assert released.state is PrintState.RELEASED
        assert "no host that has its file" in released.reason
        assert bench.printer.started == []


@pytest.mark.asyncio
async def test_content_fetched(tmp_path: Path) -> None:
    """A file that another host has is fetched, then printed."""
    async with Bench(tmp_path) as bench:
        queue = bench.queue
        queue.say(OTHER, PrinterUpdate(Profile("Bert", accept=False)))
        queue.there = (OTHER,)
        queue.add("3", holder=OTHER)
        await bench.start()
        await bench.until_printing()
        assert len(queue.bodies(PrintFetching)) == 1
        assert bench.printer.started == [name_of(file("3"))]
