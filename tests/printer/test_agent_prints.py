"""The agent prints what its queue has, and tells how each print ended."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from moonraker_netqueue.model.command import PrintEnded, PrinterUpdate, PrintReserve
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState
from moonraker_netqueue.printer.errors import NotThisPrint
from moonraker_netqueue.printer.printer_port import StatsState
from tests.printer.workshop import Workshop, reserve, story


@story
async def test_a_job_is_printed_from_its_file_and_counted(workshop: Workshop) -> None:
    """Reserve, start, done; the name is where the store put the content."""
    host = await workshop.host()
    job = await workshop.add(host, count=2)
    await workshop.until(lambda: workshop.done(job) == 2)
    assert host.printer.starts == ["netqueue/bench/part.gcode"] * 2
    assert workshop.live() == []
    assert workshop.ended() == [(PrintState.DONE, "")] * 2


@story
async def test_three_printers_share_a_job_and_make_no_copy_twice(
    workshop: Workshop,
) -> None:
    """Nine copies over three printers: nine starts, at most one claim each."""
    hosts = [await workshop.host(name) for name in "abc"]
    for host in hosts[1:]:
        host.files.seconds = 2.0
    job = await workshop.add(hosts[0], count=9)
    await workshop.until(lambda: workshop.done(job) == 9, 300)
    await asyncio.sleep(60)
    assert [len(host.printer.starts) for host in hosts] == [3, 3, 3]
    (content,) = workshop.state.contents.values()
    assert set(content.holders) == {host.host_id for host in hosts}
    assert hosts[1].files.fetched == ["part.gcode"]


@story
async def test_a_cancelled_print_failed_and_the_bed_waits(workshop: Workshop) -> None:
    """By whom is told; no mode of clearing is enough after it."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    (print_,) = workshop.live()
    await host.agent.cancel(print_.print_id, "anna")
    await workshop.until(lambda: workshop.failed(job) == 1)
    assert workshop.ended() == [(PrintState.FAILED, "cancelled by anna")]
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)
    await asyncio.sleep(300)
    assert len(host.printer.starts) == 1
    await host.agent.bed_clear("anna")
    await workshop.until(lambda: len(host.printer.starts) == 2)


@story
async def test_a_print_that_ends_before_its_cancel_arrives_is_done(
    workshop: Workshop,
) -> None:
    """What the printer says counts, not what was asked of it."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = 50.0
    await workshop.until(lambda: host.printer.seen.progress > 0.5)
    (print_,) = workshop.live()
    host.printer.pause()
    host.printer.resume(0.1015)
    await host.agent.cancel(print_.print_id, "anna")
    await workshop.until(lambda: workshop.done(job) == 1)
    assert workshop.ended() == [(PrintState.DONE, "")]


@story
async def test_an_error_is_told_with_klippers_message(workshop: Workshop) -> None:
    """Move out of range, Klipper stays ready."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.finish(StatsState.ERROR, "Move out of range: 900.000")
    await workshop.until(lambda: workshop.failed(job) == 1)
    assert workshop.ended() == [(PrintState.FAILED, "Move out of range: 900.000")]


@story
async def test_a_shutdown_ends_the_print_and_asks_for_attention(
    workshop: Workshop,
) -> None:
    """The printer says why; the copy is free for another printer."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.shut_down("Heater extruder not heating at expected rate")
    await workshop.until(lambda: workshop.failed(job) == 1)
    ((_, reason),) = workshop.ended()
    assert "not heating" in reason
    await workshop.until(lambda: host.state is PrinterState.NEEDS_ATTENTION)
    assert "not heating" in host.profile.reason


@story
async def test_klipper_that_stays_away_fails_the_print(workshop: Workshop) -> None:
    """Its process is gone, and with it the print; it need not come back to say so."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.disconnect()
    await workshop.until(lambda: host.state is PrinterState.OFFLINE, 5)
    await workshop.until(lambda: workshop.failed(job) == 1, 30)
    assert workshop.ended() == [(PrintState.FAILED, "Klipper went away")]


@story
async def test_a_broken_connection_is_no_end(workshop: Workshop) -> None:
    """Klipper is back within seconds and prints on: so does our print."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.lose_sight()
    await asyncio.sleep(4)
    host.printer.see_again()
    await asyncio.sleep(20)
    assert [p.state for p in workshop.live()] == [PrintState.PRINTING]
    host.printer.finish()
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_restarted_klipper_has_lost_the_print(workshop: Workshop) -> None:
    """FIRMWARE_RESTART in the middle: failed, with what history says."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.disconnect()
    host.printer.restart()
    await workshop.until(lambda: workshop.failed(job) == 1)
    assert workshop.ended() == [(PrintState.FAILED, "Klipper went away")]


@story
async def test_a_pause_is_shown_and_resume_goes_on(workshop: Workshop) -> None:
    """Filament runs out: still printing, with the reason, then done."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.pause("Filament runout")
    await workshop.until(lambda: host.profile.reason == "paused: Filament runout")
    await asyncio.sleep(3600)
    assert host.state is PrinterState.PRINTING
    assert [p.state for p in workshop.live()] == [PrintState.PRINTING]
    host.printer.resume(5.0)
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_print_too_short_to_be_seen_counts(workshop: Workshop) -> None:
    """A tenth of a second: print_stats still tells that this file is complete."""
    host = await workshop.host()
    host.printer.seconds = 0.1
    job = await workshop.add(host, count=3)
    await workshop.until(lambda: workshop.done(job) == 3)
    assert len(host.printer.starts) == 3


@story
async def test_the_last_motion_is_waited_for(workshop: Workshop) -> None:
    """Klipper says complete up to 2 s early: finishing, and no start before that."""
    host = await workshop.host()
    await workshop.add(host, count=2)
    await workshop.until(lambda: host.printer.seen.mark.state is StatsState.COMPLETE)
    ended = asyncio.get_running_loop().time()
    await workshop.until(lambda: len(host.printer.starts) == 2)
    assert asyncio.get_running_loop().time() - ended >= 1.9


@story
async def test_a_reset_after_the_end_hides_nothing(workshop: Workshop) -> None:
    """Somebody clears print_stats at once: the history has seen it complete."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    host.printer.finish()
    host.printer.restart()
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_three_failures_stop_item_and_printer(workshop: Workshop) -> None:
    """Both are in quarantine; the job says so; a look ends the printer's."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    for _ in range(3):
        await workshop.until(lambda: host.printer.seen.mark.active)
        assert not workshop.state.printers[host.host_id].quarantined
        before = workshop.failed(job)
        host.printer.finish(StatsState.ERROR, "layer shift")
        await workshop.until(partial(_failed_again, workshop, job, before))
        if workshop.failed(job) < 3:
            await host.agent.bed_clear("anna")
    assert workshop.state.printers[host.host_id].quarantined
    assert "failed 3 times" in (await host.agent.explain("bench")).jobs[job]
    other = await workshop.add(host, "other.gcode")
    await asyncio.sleep(60)
    assert "bed" in (await host.agent.explain("bench")).jobs[other]
    host.printer.seconds = 5
    await host.agent.bed_clear("anna")
    await workshop.until(lambda: workshop.done(other) == 1)
    assert len(host.printer.starts) == 4


@story
async def test_a_failed_copy_goes_to_the_other_printer(workshop: Workshop) -> None:
    """As long as one that failed less may take it."""
    first, second = await workshop.host("a"), await workshop.host("b")
    second.files.here |= first.files.here
    first.printer.seconds = second.printer.seconds = None
    job = await workshop.add(first)
    await workshop.until(lambda: len(workshop.live()) == 1 and _starts(workshop) == 1)
    failing = first if first.printer.starts else second
    other = second if failing is first else first
    failing.printer.finish(StatsState.ERROR, "clogged")
    await workshop.until(lambda: workshop.failed(job) == 1)
    await failing.agent.bed_clear("anna")
    await workshop.until(lambda: len(other.printer.starts) == 1)
    assert len(failing.printer.starts) == 1


def _failed_again(workshop: Workshop, job: str, before: int) -> bool:
    return workshop.failed(job) > before


def _starts(workshop: Workshop) -> int:
    return sum(len(host.printer.starts) for host in workshop.hosts.values())


@story
async def test_cancel_and_release_say_what_they_cannot(workshop: Workshop) -> None:
    """An unknown print; a running one cannot be released; its file must run."""
    host = await workshop.host()
    await workshop.add(host)
    host.printer.seconds = None
    with pytest.raises(NotThisPrint, match="no reservation"):
        await host.agent.cancel("no-such-print", "anna")
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    (print_,) = workshop.live()
    with pytest.raises(NotThisPrint, match="no reservation"):
        await host.agent.release(print_.print_id, "anna")
    with pytest.raises(NotThisPrint, match="print is on the bed"):
        await host.agent.bed_clear("anna")


@story
async def test_what_is_given_back_is_not_started_while_no_leader_answers(
    workshop: Workshop,
) -> None:
    """Else it is printed here, and by whoever takes it once that is heard."""
    host = await workshop.host()
    holder = await workshop.host("b", ClearBed.MANUAL)
    holder.files.here.clear()
    await workshop.add(holder)
    host.files.seconds = 20.0
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    (print_,) = workshop.live()
    workshop.queue.led, workshop.queue.seems_led = False, True
    host.files.here.add(print_.sha256)  # its bytes have just come
    await host.agent.release(print_.print_id, "anna")
    await asyncio.sleep(20)
    workshop.queue.lead()
    await workshop.until(lambda: workshop.releases() == ["released by anna"])
    assert host.printer.starts == []


@story
async def test_a_released_reservation_is_not_taken_again_at_once(
    workshop: Workshop,
) -> None:
    """A person wants another printer to have it: this one waits a minute."""
    host = await workshop.host()
    holder = await workshop.host("b", ClearBed.MANUAL)
    holder.files.here.clear()
    job = await workshop.add(holder)
    host.files.seconds = 20.0
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    (print_,) = workshop.live()
    await host.agent.release(print_.print_id, "anna")
    assert workshop.releases() == ["released by anna"]
    await asyncio.sleep(30)
    assert workshop.live() == []
    assert "released by anna" in (await host.agent.explain("bench")).jobs[job]
    await workshop.until(lambda: len(workshop.live()) == 1, 60)


@story
async def test_nothing_is_told_that_only_moves(workshop: Workshop) -> None:
    """An hour of printing costs no entry of the log; an end costs a few."""
    host = await workshop.host()
    host.printer.seconds = 3600.0
    await workshop.add(host, estimate_s=3600)
    await workshop.until(lambda: host.state is PrinterState.PRINTING)
    await asyncio.sleep(300)
    before, saves = len(workshop.queue.told), host.worker.calls["_write"]
    await asyncio.sleep(3000)
    assert len(workshop.queue.told) == before
    assert host.worker.calls["_write"] == saves
    await asyncio.sleep(1000)
    assert len(workshop.queue.bodies(PrinterUpdate, host.host_id)) < 15


@story
async def test_an_end_is_handed_in_once(workshop: Workshop) -> None:
    """Whatever wakes the agent, one PrintEnded and one PrintReserve per copy."""
    host = await workshop.host()
    await workshop.add(host, count=3)
    for _ in range(200):
        host.printer._callback()
        await asyncio.sleep(0.5)
    assert len(workshop.queue.bodies(PrintReserve)) == 3
    assert len(workshop.queue.bodies(PrintEnded)) == 3


@story
async def test_a_reservation_made_before_is_carried_out(workshop: Workshop) -> None:
    """Whoever wrote it: it is this printer's, and a second one is not made."""
    host = await workshop.host()
    await host.stop()
    job = await workshop.add(host)
    await reserve(host, job, "part.gcode")
    await host.start()
    await workshop.until(lambda: workshop.done(job) == 1)
    assert len(workshop.queue.bodies(PrintReserve)) == 1
