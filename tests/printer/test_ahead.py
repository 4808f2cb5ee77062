"""The next copy: reserved and fetched while the printer prints, and printed cut off."""

from __future__ import annotations

import asyncio

from moonraker_netqueue.model.command import PrintEnded, PrintStarted
from moonraker_netqueue.model.print import UNSTARTED, Print, PrintState
from moonraker_netqueue.model.printer import ClearBed
from tests.printer.workshop import Host, Workshop, file_ref, story

_SECONDS = 100.0  # of a print: long enough for a plan that takes no hurry


def _reserved(workshop: Workshop, host: Host) -> list[Print]:
    return [
        print_
        for print_ in workshop.live()
        if print_.host == host.host_id and print_.state in UNSTARTED
    ]


async def _printing_with_next(workshop: Workshop, host: Host) -> None:
    """A host that prints and has its next copy."""
    host.printer.seconds = _SECONDS
    await workshop.until(lambda: len(host.printer.starts) == 1)
    await workshop.until(lambda: len(_reserved(workshop, host)) == 1)


def _cut_off(workshop: Workshop, host: Host) -> None:
    workshop.queue.led = False
    for port in host.queues.values():
        port.reached = set()


def _reconnect(workshop: Workshop, host: Host) -> None:
    for port in host.queues.values():
        port.reached = None
    workshop.queue.lead()


@story
async def test_while_it_prints_the_next_copy_is_reserved(workshop: Workshop) -> None:
    """One, however long the queue is (R20); the job is printed as ever."""
    host = await workshop.host()
    most = 0

    def count(_host: str, _body: object) -> None:
        nonlocal most
        most = max(most, len(_reserved(workshop, host)))

    workshop.queue.before = count
    job_id = await workshop.add(host, count=4, estimate_s=100)
    await _printing_with_next(workshop, host)
    await workshop.until(lambda: workshop.done(job_id) == 4, 900)
    assert most == 1
    assert len(host.printer.starts) == 4
    assert workshop.releases() == []


@story
async def test_cut_off_it_prints_what_it_holds_and_tells_once(
    workshop: Workshop,
) -> None:
    """And no more than that: the rest is the others' to share out."""
    host = await workshop.host()
    job_id = await workshop.add(host, count=4, estimate_s=100)
    await _printing_with_next(workshop, host)
    _cut_off(workshop, host)
    await workshop.until(lambda: len(host.printer.starts) == 2, 300)
    await workshop.until(lambda: not host.printer.seen.mark.active, 300)
    await workshop.until(lambda: len(host.queues["bench"].outbox) >= 3, 60)
    assert workshop.done(job_id) == 0
    _reconnect(workshop, host)
    await workshop.until(lambda: workshop.done(job_id) == 4, 900)
    assert len(host.printer.starts) == 4
    told = [body.print_id for body in workshop.queue.bodies(PrintEnded)]
    assert len(told) == len(set(told)) == 4
    started = [body.print_id for body in workshop.queue.bodies(PrintStarted)]
    assert sorted(started) == sorted(told)
    assert workshop.queue.rejections == []


@story
async def test_cut_off_it_waits_for_the_bed_and_goes_on(workshop: Workshop) -> None:
    """Nobody would hear that the reservation is given back."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("test")
    await workshop.add(host, count=2, estimate_s=100)
    await _printing_with_next(workshop, host)
    _cut_off(workshop, host)
    await workshop.until(lambda: not host.printer.seen.mark.active, 300)
    await workshop.until(lambda: host.agent.view()["state"] == "bed_occupied", 60)
    await asyncio.sleep(120)
    assert len(_reserved(workshop, host)) == 1
    await host.agent.bed_clear("anna")
    await workshop.until(lambda: len(host.printer.starts) == 2, 60)


@story
async def test_with_the_others_there_an_unclear_bed_gives_it_back(
    workshop: Workshop,
) -> None:
    """Another printer may have a clear one."""
    host = await workshop.host(clear_bed=ClearBed.MANUAL)
    await host.agent.bed_clear("test")
    await workshop.add(host, count=2, estimate_s=100)
    await _printing_with_next(workshop, host)
    await workshop.until(lambda: _reserved(workshop, host) == [], 300)
    assert any("bed is not clear" in reason for reason in workshop.releases())


@story
async def test_restarted_while_cut_off_nothing_starts(workshop: Workshop) -> None:
    """R9: what it holds may have been decided meanwhile; a leader must answer first."""
    host = await workshop.host()
    job_id = await workshop.add(host, count=2, estimate_s=100)
    await _printing_with_next(workshop, host)
    _cut_off(workshop, host)
    await host.kill()
    await host.start()
    await workshop.until(lambda: not host.printer.seen.mark.active, 300)
    before = host.printer.starts.copy()
    await workshop.until(lambda: len(host.queues["bench"].outbox) > 0, 60)
    assert host.printer.starts == before
    _reconnect(workshop, host)
    await workshop.until(lambda: workshop.done(job_id) == 2, 600)
    assert len(host.printer.starts) == 2


@story
async def test_the_file_is_fetched_before_it_is_needed(workshop: Workshop) -> None:
    """A printer that is cut off could not fetch it any more."""
    host = await workshop.host()
    first = await workshop.add(host, count=1, estimate_s=100)
    host.printer.seconds = _SECONDS
    await workshop.until(lambda: len(host.printer.starts) == 1)
    other = await workshop.host("b", tags=("b",), clear_bed=ClearBed.MANUAL)
    await workshop.add(other, "other.gcode", count=1, estimate_s=100)
    sha256 = file_ref("other.gcode").sha256
    await workshop.until(lambda: host.files.has(sha256), 90)
    assert host.printer.seen.mark.active
    assert host.host_id in workshop.state.contents[sha256].holders
    _cut_off(workshop, host)
    await workshop.until(lambda: len(host.printer.starts) == 2, 300)
    _reconnect(workshop, host)
    await workshop.until(lambda: workshop.done(first) == 1, 60)


@story
async def test_an_idle_printer_gets_what_another_holds(workshop: Workshop) -> None:
    """The plan counts: who prints lets its reservation go."""
    host = await workshop.host()
    job_id = await workshop.add(host, count=2, estimate_s=1000)
    host.printer.seconds = 1000.0
    await workshop.until(lambda: len(host.printer.starts) == 1)
    await workshop.until(lambda: len(_reserved(workshop, host)) == 1)
    other = await workshop.host("b")
    await workshop.until(lambda: len(other.printer.starts) == 1, 120)
    assert any("another printer" in reason for reason in workshop.releases())
    await workshop.until(lambda: workshop.done(job_id) == 2, 2000)
    assert (len(host.printer.starts), len(other.printer.starts)) == (1, 1)


@story
async def test_switched_off_it_gives_the_next_copy_back(workshop: Workshop) -> None:
    """The running print goes on."""
    host = await workshop.host()
    job_id = await workshop.add(host, count=2, estimate_s=100)
    await _printing_with_next(workshop, host)
    await host.agent.change({"accept": False})
    await workshop.until(lambda: _reserved(workshop, host) == [])
    await workshop.until(lambda: workshop.done(job_id) == 1, 300)
    assert [p.state for p in workshop.state.finished] == [
        PrintState.RELEASED,
        PrintState.DONE,
    ]
