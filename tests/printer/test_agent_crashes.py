"""kill -9 at every moment of a print, and queues without a leader."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from moonraker_netqueue.model.command import (
    Body,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
)
from moonraker_netqueue.model.errors import Rejected, Rule
from moonraker_netqueue.model.print import UNSTARTED, PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState
from moonraker_netqueue.printer.errors import NotThisPrint
from moonraker_netqueue.printer.printer_port import StatsState
from moonraker_netqueue.printer.start import Stage
from tests.printer.workshop import (
    FilesBroken,
    Host,
    Workshop,
    in_queues,
    reserve,
    story,
)


async def _kill_and_start(host: Host, seconds: float = 5.0) -> None:
    await host.kill()
    await asyncio.sleep(seconds)
    await host.start()


@story
async def test_killed_while_it_prints_it_finds_the_print(workshop: Workshop) -> None:
    """Started once, told once."""
    host = await workshop.host()
    job = await workshop.add(host, count=2)
    await workshop.until(lambda: host.printer.seen.mark.active)
    await asyncio.sleep(3)
    await _kill_and_start(host)
    await workshop.until(lambda: workshop.done(job) == 2)
    assert len(host.printer.starts) == 2
    assert len(workshop.queue.bodies(PrintReserve)) == 2


@story
async def test_a_print_that_ended_meanwhile_is_done(workshop: Workshop) -> None:
    """print_stats still says so; the bed is as after any good print."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")
    job = await workshop.add(host)
    await workshop.until(lambda: host.printer.seen.mark.active)
    await _kill_and_start(host, 60)
    await workshop.until(lambda: workshop.done(job) == 1)
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)


@pytest.mark.parametrize("how", [StatsState.CANCELLED, StatsState.ERROR])
def test_a_print_that_failed_meanwhile_failed(tmp_path: Path, how: StatsState) -> None:
    """print_stats still says so."""

    async def fail(workshop: Workshop) -> None:
        host = await workshop.host()
        job = await workshop.add(host)
        host.printer.seconds = None
        await workshop.until(lambda: host.printer.seen.mark.active)
        await host.kill()
        host.printer.finish(how, "jammed")
        await host.start()
        await workshop.until(lambda: workshop.failed(job) == 1)

    story(fail)(tmp_path)


@story
async def test_killed_between_record_and_start_is_lost(workshop: Workshop) -> None:
    """Nobody knows whether Klipper got it: a person decides, nothing prints again."""
    host = await workshop.host()
    host.printer.hang_before_start = True
    job = await workshop.add(host)
    await workshop.until(lambda: workshop.queue.bodies(PrintStarted) != [])
    await asyncio.sleep(1)
    host.printer.hang_before_start = False
    await _kill_and_start(host)
    await workshop.until(lambda: workshop.state.lost_prints() != [])
    await asyncio.sleep(300)
    assert host.printer.starts == []
    assert workshop.done(job) == workshop.failed(job) == 0
    assert host.state is PrinterState.BED_OCCUPIED


@story
async def test_a_copy_before_of_the_same_file_proves_nothing(
    workshop: Workshop,
) -> None:
    """print_stats says complete, of the copy before: the second one is lost."""
    host = await workshop.host()
    job = await workshop.add(host, count=2)
    await workshop.until(lambda: workshop.done(job) == 1)
    host.printer.hang_before_start = True
    await workshop.until(lambda: len(workshop.queue.bodies(PrintStarted)) == 2)
    await asyncio.sleep(1)
    host.printer.hang_before_start = False
    await _kill_and_start(host)
    await workshop.until(lambda: workshop.state.lost_prints() != [])
    assert workshop.done(job) == 1


@story
async def test_killed_between_start_and_record_it_finds_the_print(
    workshop: Workshop,
) -> None:
    """Klipper prints, the record does not say so yet: watched to its end."""
    host = await workshop.host()
    host.printer.hang_after_start = True
    job = await workshop.add(host)
    await workshop.until(lambda: host.printer.seen.mark.active)
    host.printer.hang_after_start = False
    await _kill_and_start(host, 1)
    await workshop.until(lambda: workshop.done(job) == 1)
    assert len(host.printer.starts) == 1


@story
async def test_killed_between_commit_and_record_of_it(workshop: Workshop) -> None:
    """The queue says printing, an older record knows nothing: lost, not again."""
    host = await workshop.host()
    await host.kill()
    job = await workshop.add(host)
    print_id = await reserve(host, job, "part.gcode")
    await host.queues["bench"].submit(PrintStarted(print_id))
    await host.start()
    await workshop.until(lambda: workshop.state.lost_prints() != [])
    await asyncio.sleep(60)
    assert host.printer.starts == []


@story
async def test_a_power_cut_while_printing_is_lost(workshop: Workshop) -> None:
    """Klipper is new, too: no evidence of any end."""
    host = await workshop.host()
    await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.printer.seen.mark.active)
    await asyncio.sleep(2)
    await host.kill()
    host.printer.restart()
    await host.start()
    await workshop.until(lambda: workshop.state.lost_prints() != [])
    assert len(host.printer.starts) == 1
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)


@story
async def test_a_print_of_that_file_by_a_person_is_told_apart(
    workshop: Workshop,
) -> None:
    """Ours was done while we were away, and a person printed the file once more."""
    host = await workshop.host()
    job = await workshop.add(host)
    host.printer.seconds = None
    await workshop.until(lambda: host.printer.seen.mark.active)
    await asyncio.sleep(2)
    (name,) = host.printer.starts
    host.printer.finish()
    await host.kill()
    host.printer.begin(name)
    await host.start()
    await workshop.until(lambda: workshop.done(job) == 1)
    await workshop.until(lambda: host.state is PrinterState.BUSY)


@story
async def test_what_a_person_printed_meanwhile_uses_the_evidence_up(
    workshop: Workshop,
) -> None:
    """Seen in the history, although Klipper was restarted after it."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")
    await asyncio.sleep(5)
    await host.kill()
    host.printer.begin("benchy.gcode")
    await asyncio.sleep(60)
    host.printer.restart()
    await host.start()
    await workshop.until(lambda: host.state is PrinterState.BED_OCCUPIED)
    await workshop.add(host)
    await asyncio.sleep(60)
    assert host.printer.starts == []


@story
async def test_evidence_survives_a_kill(workshop: Workshop) -> None:
    """Nothing was printed: what a person said of the bed still counts."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("anna")
    await _kill_and_start(host)
    job = await workshop.add(host)
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_persons_print_during_a_kill_ends_as_ever(workshop: Workshop) -> None:
    """It began before and ended after: a good end needs no click on a belt."""
    host = await workshop.host(clear_bed=ClearBed.NEVER)
    host.printer.begin("benchy.gcode")
    await workshop.until(lambda: host.state is PrinterState.BUSY)
    await _kill_and_start(host, 60)
    await workshop.until(lambda: host.state is PrinterState.READY)


@story
async def test_nothing_starts_in_the_first_two_seconds(workshop: Workshop) -> None:
    """Moonraker loses track of a print started right after ready."""
    host = await workshop.host()
    host.printer.disconnect()
    await workshop.add(host)
    await asyncio.sleep(5)
    host.printer.restart()
    ready = asyncio.get_running_loop().time()
    await workshop.until(lambda: host.printer.starts != [])
    assert asyncio.get_running_loop().time() - ready >= 2.0


@story
async def test_a_reservation_goes_on_after_a_kill_with_an_unchanged_entry(
    workshop: Workshop,
) -> None:
    """A leader must answer first (R9), though there is nothing new to tell it."""
    host = await workshop.host()
    before = host.profile
    await host.kill()
    job = await workshop.add(host)
    await reserve(host, job, "part.gcode")
    await host.start()
    await workshop.until(lambda: workshop.done(job) == 1)
    assert before.state is PrinterState.READY
    assert len(workshop.queue.bodies(PrintReserve)) == 1


@story
async def test_after_a_kill_nothing_starts_before_a_leader_answers(
    workshop: Workshop,
) -> None:
    """The reservation may have been taken back meanwhile (R9)."""
    host = await workshop.host()
    await host.kill()
    job = await workshop.add(host)
    await reserve(host, job, "part.gcode")
    workshop.queue.led = False
    await host.start()
    await asyncio.sleep(300)
    assert host.printer.starts == []
    workshop.queue.lead()
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_leader_that_does_not_answer_is_none(workshop: Workshop) -> None:
    """Believed to be there, but every command stays pending: nothing starts (R9)."""
    host = await workshop.host()
    await host.kill()
    job = await workshop.add(host)
    await reserve(host, job, "part.gcode")
    workshop.queue.led, workshop.queue.seems_led = False, True
    await host.start()
    await asyncio.sleep(60)
    assert host.queues["bench"].outbox != []
    assert host.printer.starts == []


@story
async def test_what_is_not_known_here_is_lost_only_with_a_leader(
    workshop: Workshop,
) -> None:
    """Until one answers, what this host last heard may be old."""
    host = await workshop.host()
    await host.kill()
    job = await workshop.add(host)
    print_id = await reserve(host, job, "part.gcode")
    await host.queues["bench"].submit(PrintStarted(print_id))
    workshop.queue.led = False
    await host.start()
    await asyncio.sleep(60)
    assert host.queues["bench"].outbox == []
    workshop.queue.lead()
    await workshop.until(lambda: workshop.state.lost_prints() != [])


@story
async def test_a_start_under_way_cannot_be_released(workshop: Workshop) -> None:
    """Its commit is awaited: it may be granted, so it may print."""
    host, holder = await workshop.host(), await workshop.host("b")
    await holder.agent.change({"accept": False})
    await asyncio.sleep(1)
    host.files.seconds = 5.0
    job = await workshop.add(holder)
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    workshop.queue.led = False
    await workshop.until(lambda: host.agent._starter.stage is Stage.STARTING)
    await asyncio.sleep(0.1)
    (print_,) = workshop.live()
    with pytest.raises(NotThisPrint, match="being started"):
        await host.agent.release(print_.print_id, "anna")
    await workshop.until(lambda: len(host.printer.starts) == 1)
    workshop.queue.lead()
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_an_end_that_cannot_be_told_is_kept(workshop: Workshop) -> None:
    """A replica that takes no command: nothing is tried again before it is told."""
    host = await workshop.host()

    def refuse(_host: str, body: Body) -> None:
        if isinstance(body, PrintStarted):
            raise Rejected(Rule.CONFLICT, "taken back")
        if isinstance(body, PrintEnded):
            raise FilesBroken("the replica has stopped")

    workshop.queue.before = refuse
    job = await workshop.add(host)
    await asyncio.sleep(120)
    assert len(workshop.queue.rejections) == 1
    assert host.printer.starts == []
    workshop.queue.before = lambda _host, _body: None
    await workshop.until(lambda: workshop.releases() == ["taken back"])
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_without_a_leader_what_was_reserved_is_printed(
    workshop: Workshop,
) -> None:
    """Cut off after its reservation: started, done, and handed in later, once."""
    host, holder = await workshop.host(), await workshop.host("b")
    await holder.agent.change({"accept": False})
    await asyncio.sleep(1)
    host.files.seconds = 5.0
    job = await workshop.add(holder, count=2)
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    workshop.queue.led = False
    await workshop.until(lambda: len(host.printer.starts) == 1)
    await workshop.until(lambda: host.printer.seen.mark.state is StatsState.COMPLETE)
    await asyncio.sleep(300)
    assert len(host.printer.starts) == 1, "no second reservation without a leader"
    workshop.queue.lead()
    await workshop.until(lambda: workshop.done(job) == 1, 10)
    await workshop.until(lambda: workshop.done(job) == 2)
    assert workshop.state.jobs[job].items[0].extra == 0


@story
async def test_after_a_long_pause_nothing_starts_before_a_leader_answers(
    workshop: Workshop,
) -> None:
    """A laptop that slept: who knows what was decided meanwhile (R9)."""
    host, holder = await workshop.host(), await workshop.host("b")
    await holder.agent.change({"accept": False})
    await asyncio.sleep(1)
    host.files.seconds = 1000.0
    await workshop.add(holder)
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    workshop.queue.led = False
    host.agent._last_turn -= 100.0
    await asyncio.sleep(10)
    assert not host.agent._queues.synced("bench")


@story
async def test_a_storm_of_rejections_calms_down(workshop: Workshop) -> None:
    """What others take first is not asked for without pause."""
    host = await workshop.host()

    def pause_first(_host: str, body: Body) -> None:
        workshop.state.paused = isinstance(body, PrintReserve)

    workshop.queue.before = pause_first  # each time just before it is applied
    job = await workshop.add(host)
    for _ in range(1200):  # and something always wakes it
        host.printer._callback()
        await asyncio.sleep(0.05)
    assert 5 < len(workshop.queue.bodies(PrintReserve)) < 150
    workshop.queue.before = lambda _host, _body: None
    workshop.state.paused = False
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_file_that_nobody_can_give_is_not_waited_for(
    workshop: Workshop,
) -> None:
    """Its holder goes away during the fetch: released after a while, and said."""
    host, holder = await workshop.host(), await workshop.host("b")
    await holder.agent.change({"accept": False})
    await asyncio.sleep(1)
    host.files.seconds = 1000.0
    job = await workshop.add(holder)
    await workshop.until(lambda: host.state is PrinterState.FETCHING)
    await holder.kill()
    await asyncio.sleep(20)
    assert len(workshop.live()) == 1, "it may come back"
    await workshop.until(lambda: workshop.live() == [], 30)
    assert workshop.releases() == ["no host that has its file is there"]
    await asyncio.sleep(100)
    assert workshop.live() == []
    assert "file on no host" in (await host.agent.explain("bench")).jobs[job]
    host.files.seconds = 1.0
    await holder.start()
    await workshop.until(lambda: workshop.done(job) == 1)


@story
async def test_a_store_that_refuses_gives_the_reservation_back(
    workshop: Workshop,
) -> None:
    """The reason is the store's, and the tries become rare."""
    host = await workshop.host()
    host.files.problem = "the disk of gcodes is full"
    await workshop.add(host)
    await asyncio.sleep(1000)
    assert 2 <= len(workshop.releases()) <= 8
    assert set(workshop.releases()) == {"the disk of gcodes is full"}


@in_queues("bench", "prototypes")
async def test_two_queues_have_one_claim_between_them(workshop: Workshop) -> None:
    """Whatever both offer: one print at a time and one reservation, and all get
    printed."""
    host = await workshop.host()
    most = 0

    def count(_host: str, _body: Body) -> None:
        nonlocal most
        unstarted = sum(print_.state in UNSTARTED for print_ in workshop.live())
        most = max(most, unstarted, len(workshop.live()) - unstarted)

    for queue in workshop.queues.values():
        queue.before = count
    first = await workshop.add(host, count=3)
    second = await workshop.add(host, "other.gcode", count=3, queue="prototypes")
    await workshop.until(
        lambda: workshop.done(first) == 3 and workshop.done(second, "prototypes") == 3,
        600,
    )
    assert most == 1
    assert len(host.printer.starts) == 6


@in_queues("bench", "prototypes")
async def test_of_two_claims_the_later_is_released(workshop: Workshop) -> None:
    """A restart finds both: the older one is carried out."""
    host = await workshop.host()
    await host.kill()
    first = await workshop.add(host)
    second = await workshop.add(host, "other.gcode", queue="prototypes")
    await reserve(host, first, "part.gcode")
    await reserve(host, second, "other.gcode", "prototypes")
    await host.start()
    await workshop.until(lambda: host.printer.starts != [])
    assert host.printer.starts == ["netqueue/bench/part.gcode"]
    (told,) = workshop.queues["prototypes"].bodies(PrintEnded)
    assert told.outcome is PrintState.RELEASED
    assert "another print first" in told.reason


@in_queues("bench", "prototypes")
async def test_a_queue_without_a_leader_holds_no_other_up(workshop: Workshop) -> None:
    """It gets the printer's entry when it has one again."""
    workshop.queues["prototypes"].led = False
    host = await workshop.host()
    job = await workshop.add(host, count=2)
    await workshop.until(lambda: workshop.done(job) == 2)
    assert workshop.queues["prototypes"].bodies(PrinterUpdate) == []
    workshop.queues["prototypes"].lead()
    await workshop.until(
        lambda: workshop.queues["prototypes"].bodies(PrinterUpdate) != []
    )


@story
async def test_an_orderly_stop_leaves_the_print_running(workshop: Workshop) -> None:
    """And a start under way is finished before the end."""
    host = await workshop.host()
    job = await workshop.add(host)
    await workshop.until(lambda: host.agent._starter.stage is not None, 10)
    await host.stop()
    await asyncio.sleep(5)
    await host.start()
    await workshop.until(lambda: workshop.done(job) == 1)
    assert len(host.printer.starts) == 1
