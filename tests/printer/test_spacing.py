"""Starts that are spread: one after the other, none lost, none held up for ever."""

from __future__ import annotations

import asyncio
import itertools
import re

from moonraker_netqueue.model.command import ContentHeld, PrintStarted, QueueSet
from moonraker_netqueue.model.printer import ClearBed, PrinterState
from tests.printer.workshop import Host, Workshop, file_ref, story

_SPACING = 60


async def _hosts(workshop: Workshop, names: str, spacing: int = _SPACING) -> list[Host]:
    hosts = [await workshop.host(name) for name in names]
    for host in hosts:
        host.printer.seconds = 3600
    port = hosts[0].queues[workshop.queue.name]
    await port.submit(QueueSet(start_spacing_s=spacing))
    return hosts


async def _starts(workshop: Workshop, hosts: list[Host], seconds: float) -> list[float]:
    """When each of the hosts has started, in order; they all have within `seconds`."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    end = loop.time() + seconds
    while len(times) < len(hosts):
        await asyncio.sleep(0.1)
        assert loop.time() < end, times
        started = sum(len(host.printer.starts) for host in hosts)
        times += [loop.time()] * (started - len(times))
    return times


@story
async def test_starts_are_a_spacing_apart(workshop: Workshop) -> None:
    """The first at once, the others each as soon as they may."""
    hosts = await _hosts(workshop, "abc")
    begin = asyncio.get_running_loop().time()
    await workshop.add(hosts[0], count=3, estimate_s=3600)
    times = await _starts(workshop, hosts, 200)
    assert times[0] - begin < 10
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert all(_SPACING - 0.2 <= gap < _SPACING + 5 for gap in gaps), gaps
    assert workshop.releases() == []


@story
async def test_without_a_spacing_they_start_together(workshop: Workshop) -> None:
    """The default."""
    hosts = await _hosts(workshop, "abc", spacing=0)
    await workshop.add(hosts[0], count=3, estimate_s=3600)
    times = await _starts(workshop, hosts, 20)
    assert times[-1] - times[0] < 10


@story
async def test_who_waits_says_for_how_long(workshop: Workshop) -> None:
    """To its own host by the second, to the others without figures that move."""
    hosts = await _hosts(workshop, "ab")
    await workshop.add(hosts[0], count=2, estimate_s=3600)
    await workshop.until(lambda: sum(len(h.printer.starts) for h in hosts) == 1)
    await asyncio.sleep(10)
    (waiting,) = [host for host in hosts if not host.printer.starts]
    view = waiting.agent.view()
    assert view["state"] == "ready"
    found = re.fullmatch(r"waits (\d+) s: starts are spread by 60 s", view["reason"])
    assert found is not None, view["reason"]
    assert 30 <= int(found[1]) <= 55
    assert waiting.profile.reason == "waits for its turn: starts are spread"
    await workshop.until(lambda: bool(waiting.printer.starts), 70)
    assert waiting.agent.view()["reason"] == ""


@story
async def test_of_two_that_start_at_once_the_queue_takes_one(
    workshop: Workshop,
) -> None:
    """Neither sees the other: the later commit is refused, its reservation kept."""
    hosts = await _hosts(workshop, "ab")
    file = file_ref("part.gcode")
    for host in hosts:
        host.files.here.add(file.sha256)
        port = host.queues[workshop.queue.name]
        port.reached = set()
        await port.submit(ContentHeld(file))
    await workshop.add(hosts[0], count=2, estimate_s=3600)
    times = await _starts(workshop, hosts, 100)
    assert times[1] - times[0] >= _SPACING - 0.2
    assert any("starts of the queue are spread" in r for r in workshop.queue.rejections)
    assert workshop.releases() == []
    assert len(workshop.queue.bodies(PrintStarted)) == 3
    assert all(host.printer.starts for host in hosts)


@story
async def test_a_printer_that_does_not_start_holds_nobody_up(
    workshop: Workshop,
) -> None:
    """It fetches for an hour: the next one waits for a moment only."""
    hosts = await _hosts(workshop, "ab")
    hosts[0].files.seconds = 3600
    other = await workshop.host("c", clear_bed=ClearBed.MANUAL, tags=("c",))
    await workshop.add(other, count=1, estimate_s=3600)
    await workshop.until(lambda: len(workshop.live()) == 1)
    slow = next(h for h in hosts if workshop.live()[0].host == h.host_id)
    assert slow is hosts[0]
    await workshop.until(lambda: slow.state is PrinterState.FETCHING, 10)
    begin = asyncio.get_running_loop().time()
    await workshop.add(hosts[1], "quick.gcode", estimate_s=3600)
    await workshop.until(lambda: bool(hosts[1].printer.starts), 10)
    assert asyncio.get_running_loop().time() - begin >= 2
    assert not slow.printer.starts


@story
async def test_cut_off_a_start_is_a_fact(workshop: Workshop) -> None:
    """Told later, it is not refused because another one was near."""
    hosts = await _hosts(workshop, "ab")
    first, second = hosts
    first.printer.seconds = 30
    await second.agent.change({"accept": False})
    job_id = await workshop.add(first, count=2, estimate_s=30)
    await workshop.until(lambda: len(first.printer.starts) == 1)
    await workshop.until(lambda: len(workshop.live()) == 2)
    workshop.queue.led = False
    for host in hosts:
        host.queues[workshop.queue.name].reached = set()
    await workshop.until(lambda: len(first.printer.starts) == 2, 200)
    bodies = [c.body for c in first.queues[workshop.queue.name].outbox]
    assert [b.spaced for b in bodies if isinstance(b, PrintStarted)] == [False]
    workshop.queue.lead()
    await workshop.until(lambda: workshop.done(job_id) == 2, 200)
    assert workshop.queue.rejections == []
