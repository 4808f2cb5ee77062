"""People at the printer: their own prints, the bed, the switch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from moonraker_netqueue.model.command import Body, PrinterUpdate, PrintStarted
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState
from moonraker_netqueue.printer.errors import ChangeInvalid, NotThisPrint
from moonraker_netqueue.printer.printer_port import StatsState
from tests.printer.workshop import Host, Workshop, story

MACRO = "NETQUEUE_CLEAR_BED"


@story
async def test_a_persons_print_is_left_alone(workshop: Workshop) -> None:
    """Busy, nothing claimed; the queue goes on where that print came to its end."""
    host = await workshop.host()
    host.printer.seconds = 100.0
    host.printer.begin("benchy.gcode")
    await workshop.until(lambda: host.state is PrinterState.BUSY)
    assert "benchy.gcode" in host.profile.reason
    job = await workshop.add(host)
    await asyncio.sleep(90)
    assert host.printer.starts == []
    assert workshop.live() == []
    host.printer.seconds = 5.0
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_persons_print_wears_no_disk(workshop: Workshop) -> None:
    """The record changes at its begin and its end."""
    host = await workshop.host()
    host.printer.seconds = 3000.0
    before = host.worker.calls["_write"]
    host.printer.begin("benchy.gcode")
    await asyncio.sleep(4000)
    assert host.worker.calls["_write"] - before == 2


@story
async def test_cancelling_ours_never_cancels_a_persons(workshop: Workshop) -> None:
    """Ours waits for Klipper's answer while a person's print runs."""
    host = await workshop.host()
    host.printer.hang_before_start = True
    await workshop.add(host)
    await workshop.until(lambda: workshop.queue.bodies(PrintStarted) != [])
    host.printer.begin("benchy.gcode")
    await asyncio.sleep(0.05)
    (print_,) = workshop.live()
    with pytest.raises(NotThisPrint, match="being started"):
        await host.agent.cancel(print_.print_id, "anna")
    assert host.printer.seen.mark.active


@story
async def test_a_print_within_a_moment_before_the_start_counts(
    workshop: Workshop,
) -> None:
    """Begun and ended while the file is put in place: the bed is not clear."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")

    def print_at_once() -> None:
        host.printer.begin("tiny.gcode")
        host.printer.finish()

    host.files.on_materialise = print_at_once
    await workshop.add(host)
    await workshop.until(lambda: workshop.releases() != [])
    assert host.printer.starts == []
    assert "since the bed was clear" in workshop.releases()[0]


@story
async def test_a_print_begun_while_the_file_is_fetched_comes_first(
    workshop: Workshop,
) -> None:
    """The reservation is given back with that reason, and another printer has it."""
    host, holder = await workshop.host(), await workshop.host("b")
    await holder.agent.change({"accept": False})
    await asyncio.sleep(1)
    host.files.seconds = 10.0
    host.printer.seconds = 500.0
    job = await workshop.add(holder)
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    host.printer.begin("benchy.gcode")
    await workshop.until(lambda: workshop.live() == [], 5)
    assert workshop.releases() == ["a person prints benchy.gcode"]
    await holder.agent.change({"accept": True})
    await workshop.until(lambda: workshop.done(job) == 1)
    assert host.printer.starts == []


@story
async def test_a_print_begun_between_the_commit_and_the_start_comes_first(
    workshop: Workshop,
) -> None:
    """The very last moment: not started, released, not lost; evidence is used up."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")
    host.printer.seconds = 30.0

    def interfere(_host: str, body: Body) -> None:
        if isinstance(body, PrintStarted):
            host.printer.begin("benchy.gcode")

    workshop.queue.before = interfere
    await workshop.add(host)
    await workshop.until(lambda: workshop.releases() != [])
    workshop.queue.before = lambda _host, _body: None
    assert workshop.releases() == ["a person prints benchy.gcode"]
    assert host.printer.starts == []
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)
    assert "benchy.gcode" in host.profile.reason
    await asyncio.sleep(120)
    assert host.printer.starts == []


@story
async def test_klipper_that_is_busy_starts_nothing_of_ours(workshop: Workshop) -> None:
    """A person's print wins the race inside Klipper: SD busy is no lost print."""
    host = await workshop.host()
    host.printer.seconds = 30.0
    host.printer.before_start = lambda: host.printer.begin("benchy.gcode")
    job = await workshop.add(host)
    await workshop.until(lambda: workshop.releases() == ["SD busy"])
    assert workshop.failed(job) == 0
    await workshop.until(lambda: host.state is PrinterState.BUSY)
    host.printer.before_start = lambda: None
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_file_klipper_cannot_open_is_released(workshop: Workshop) -> None:
    """print_stats was reset by the attempt: still nothing was started."""
    host = await workshop.host()
    host.printer.start_error = "Unable to open file"
    job = await workshop.add(host)
    await workshop.until(lambda: workshop.releases() == ["Unable to open file"])
    assert "Unable to open file" in (await host.agent.explain("bench")).jobs[job]
    await asyncio.sleep(600)
    assert len(workshop.releases()) < 8, "tried again, but less and less"
    assert {state for state, _ in workshop.ended()} == {PrintState.RELEASED}
    host.printer.start_error = ""
    await workshop.until(lambda: workshop.done(job) == 1, 1000)


@story
async def test_a_persons_print_uses_the_evidence_up(workshop: Workshop) -> None:
    """By hand: what was said before it counts no more."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")
    host.printer.begin("benchy.gcode")
    await workshop.until(lambda: host.printer.seen.mark.state is StatsState.COMPLETE)
    await workshop.add(host)
    await asyncio.sleep(60)
    assert host.printer.starts == []
    assert host.state is PrinterState.BED_OCCUPIED
    assert host.profile.bed is None


@story
async def test_a_persons_print_that_nobody_saw_begin_counts_too(
    workshop: Workshop,
) -> None:
    """Shorter than a look: its mark in print_stats tells."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")
    await workshop.until(lambda: host.state is PrinterState.READY)
    host.printer.silent = True
    host.printer.seconds = 1.0
    host.printer.begin("tiny.gcode")
    await asyncio.sleep(10)
    host.printer.silent = False
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)
    assert "tiny.gcode" in host.profile.reason


@story
async def test_a_cancelled_print_of_a_person_needs_a_look(workshop: Workshop) -> None:
    """Even where nothing else does: who knows what is left."""
    host = await workshop.host(clear_bed=ClearBed.NEVER)
    host.printer.seconds = None
    host.printer.begin("benchy.gcode")
    await workshop.until(lambda: host.state is PrinterState.BUSY)
    host.printer.finish(StatsState.CANCELLED)
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)
    assert "cancelled" in host.profile.reason


@story
async def test_a_new_printer_waits_for_the_first_look(workshop: Workshop) -> None:
    """Cleared by hand: nothing starts before; the job says why it waits."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    job = await workshop.add(host)
    await asyncio.sleep(60)
    assert host.printer.starts == []
    why = (await host.agent.explain("bench")).jobs[job]
    assert why.startswith("waiting: ")
    assert "bed" in why
    assert "a" in why
    await host.agent.bed_clear("anna")
    await workshop.until(lambda: workshop.done(job) == 1)
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)


@story
async def test_who_cleared_the_bed_is_recorded(workshop: Workshop) -> None:
    """Kind, by and when, for everybody to see."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna", kind="sensor")
    await workshop.until(lambda: host.profile.bed is not None)
    assert host.profile.bed is not None
    assert (host.profile.bed.kind, host.profile.bed.by) == ("sensor", "anna")


@story
async def test_the_macro_runs_before_each_print_that_needs_it(
    workshop: Workshop,
) -> None:
    """Also before the first; not while no job waits."""
    host = await workshop.host(clear_bed=ClearBed.MACRO, clear_macro=MACRO)
    await asyncio.sleep(60)
    assert host.printer.scripts == []
    job = await workshop.add(host, count=2)
    await workshop.until(lambda: workshop.done(job) == 2)
    assert host.printer.scripts == [MACRO, MACRO]
    assert len(host.printer.starts) == 2


@story
async def test_a_macro_that_fails_asks_for_attention(workshop: Workshop) -> None:
    """Nothing starts, the reservation is free again, the reason is told."""
    host = await workshop.host(clear_bed=ClearBed.MACRO, clear_macro=MACRO)
    host.printer.script_error = "part stuck"
    job = await workshop.add(host)
    await workshop.until(lambda: host.state is PrinterState.NEEDS_ATTENTION)
    assert "part stuck" in host.profile.reason
    await asyncio.sleep(600)
    assert host.printer.scripts == [MACRO]
    assert host.printer.starts == []
    assert workshop.live() == []
    await host.agent.bed_clear("anna")
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_macro_without_end_is_given_up(workshop: Workshop) -> None:
    """After clear_timeout the bed is not clear, whatever comes later."""
    host = await workshop.host(clear_bed=ClearBed.MACRO, clear_timeout=100)
    host.printer.script_seconds = 300
    job = await workshop.add(host)
    await asyncio.sleep(90)
    assert host.state is PrinterState.FINISHING
    await workshop.until(lambda: host.state is PrinterState.NEEDS_ATTENTION, 30)
    assert "did not end within 100 s" in host.profile.reason
    await asyncio.sleep(600)
    assert (workshop.live(), workshop.done(job)) == ([], 0)
    assert host.printer.starts == []


async def _interrupted(workshop: Workshop, stop: Callable[[Host], object]) -> None:
    """Klipper stops in the middle of the macro and comes back: a person must look."""
    host = await workshop.host(clear_bed=ClearBed.MACRO)
    host.printer.script_seconds = 30
    await workshop.add(host)
    await workshop.until(lambda: host.state is PrinterState.FINISHING)
    stop(host)
    await asyncio.sleep(60)
    host.printer.restart()
    await workshop.until(lambda: "did not clear the bed" in host.profile.reason)
    await asyncio.sleep(600)
    assert host.state is PrinterState.NEEDS_ATTENTION
    assert len(host.printer.scripts) == 1
    assert host.printer.starts == []


@story
async def test_klipper_shuts_down_in_the_macro(workshop: Workshop) -> None:
    """Restarted, it starts nothing and runs the macro no more."""
    await _interrupted(workshop, lambda host: host.printer.shut_down("heater fault"))


@story
async def test_klipper_dies_in_the_macro(workshop: Workshop) -> None:
    """The same."""
    await _interrupted(workshop, lambda host: host.printer.disconnect())


@story
async def test_nobody_calls_the_bed_clear_while_the_macro_runs(
    workshop: Workshop,
) -> None:
    """A macro that says so and then fails has not cleared it."""
    host = await workshop.host(clear_bed=ClearBed.MACRO)
    host.printer.script_seconds = 30
    host.printer.script_error = "part stuck"
    await workshop.add(host)
    await workshop.until(lambda: host.state is PrinterState.FINISHING)
    with pytest.raises(NotThisPrint, match="wait for the macro's end"):
        await host.agent.bed_clear("G-code")
    await workshop.until(lambda: host.state is PrinterState.NEEDS_ATTENTION, 60)
    await host.agent.bed_clear("anna")


@story
async def test_a_long_macro_holds_nothing_else_up(workshop: Workshop) -> None:
    """While the bed cools the printer's state is told, and Klipper is watched."""
    host = await workshop.host(clear_bed=ClearBed.MACRO)
    host.printer.script_seconds = 1200.0
    await workshop.add(host)
    await workshop.until(lambda: host.state is PrinterState.FINISHING)
    assert host.profile.reason == "the bed is being cleared"
    host.printer.shut_down("heater fault")
    await workshop.until(lambda: host.state is PrinterState.NEEDS_ATTENTION, 5)
    await workshop.until(lambda: workshop.live() == [], 5)


@story
async def test_a_switched_off_printer_takes_nothing(workshop: Workshop) -> None:
    """Its running print goes on; a reservation goes back; the switch survives."""
    host = await workshop.host()
    job = await workshop.add(host, count=2)
    await workshop.until(lambda: host.printer.seen.mark.active)
    await host.agent.change({"accept": False})
    await workshop.until(lambda: workshop.done(job) == 1)
    await asyncio.sleep(60)
    assert len(host.printer.starts) == 1
    await host.kill()
    await host.start()
    await asyncio.sleep(60)
    assert len(host.printer.starts) == 1
    assert host.profile.accept is False
    assert "resume taking work" in (await host.agent.explain("bench")).jobs[job]
    await host.agent.change({"accept": True})
    await workshop.until(lambda: workshop.done(job) == 2)


@story
async def test_changes_of_the_entry_are_kept_and_told(workshop: Workshop) -> None:
    """What a person says of materials and costs stands over restarts."""
    host = await workshop.host()
    await host.agent.change({"materials_ready": ("PLA:black",), "tags": ("fast",)})
    await workshop.until(lambda: host.profile.materials_ready == ("PLA:black",))
    await host.kill()
    await host.start()
    await asyncio.sleep(10)
    assert host.profile.materials_ready == ("PLA:black",)
    assert host.profile.tags == ("fast",)


@pytest.mark.parametrize(
    "changes",
    [{"colour": "red"}, {"manual_effort_cost": -1}, {"tags": ("x" * 65,)}],
    ids=["unknown", "negative", "too long"],
)
def test_a_wrong_change_is_refused(
    tmp_path: object, changes: dict[str, object]
) -> None:
    """Named, and nothing of it is kept."""

    async def refuse(workshop: Workshop) -> None:
        host = await workshop.host()
        with pytest.raises(ChangeInvalid):
            await host.agent.change({"accept": False, **changes})
        await asyncio.sleep(30)
        assert host.profile.accept is True

    story(refuse)(tmp_path)  # type: ignore[arg-type]  # pytest gives a Path


@story
async def test_a_disk_that_cannot_be_written_starts_nothing(workshop: Workshop) -> None:
    """No write-ahead record, no print; the reason is shown; it heals by itself."""
    host = await workshop.host()
    host.worker.error = OSError(28, "No space left on device")
    job = await workshop.add(host)
    await workshop.until(lambda: host.state is PrinterState.NEEDS_ATTENTION)
    assert "No space left" in host.profile.reason
    await asyncio.sleep(120)
    assert host.printer.starts == []
    assert workshop.live() == []
    host.worker.error = None
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_what_is_told_of_a_printer_is_its_settings(workshop: Workshop) -> None:
    """The entry has model, nozzle and costs as configured."""
    host = await workshop.host(model="mk3", nozzle=0.6, manual_effort_cost=7)
    (first, *_) = workshop.queue.bodies(PrinterUpdate)
    profile = replace(first.profile, state=PrinterState.READY, reason="")
    assert profile == host.profile
    assert (profile.model, profile.nozzle, profile.manual_effort_cost) == (
        "mk3",
        0.6,
        7,
    )
