"""A change leads to a new plan soon, a burst of them to one, a better one to a swap."""

from __future__ import annotations

import asyncio
import itertools
from functools import partial

from moonraker_netqueue.model.command import JobEdit, PrintReserve
from moonraker_netqueue.model.job import Wishes
from moonraker_netqueue.model.print import UNSTARTED
from tests.printer.workshop import Host, Workshop, story


def _reserved(workshop: Workshop, host: Host) -> list[str]:
    """The jobs whose copies it holds ahead."""
    live = (p for p in workshop.live() if p.host == host.host_id)
    return [p.job_id for p in live if p.state in UNSTARTED]


async def _printing(workshop: Workshop, host: Host, seconds: float) -> None:
    host.printer.seconds = seconds
    await workshop.add(host, "now.gcode", estimate_s=int(seconds))
    await workshop.until(lambda: len(host.printer.starts) == 1)


def _is_done(workshop: Workshop, job_id: str) -> bool:
    return workshop.state.jobs[job_id].complete


@story
async def test_a_burst_of_changes_is_planned_once(workshop: Workshop) -> None:
    """As by somebody who uploads a folder; the first copy is reserved soon after."""
    host = await workshop.host()
    before = host.solver.solved
    for number in range(20):
        await workshop.add(host, f"part{number}.gcode", estimate_s=600)
        await asyncio.sleep(0.03)
    await workshop.until(lambda: bool(workshop.live()), 1)
    assert host.solver.solved - before == 1


@story
async def test_a_stream_of_changes_does_not_put_the_plan_off(
    workshop: Workshop,
) -> None:
    """In a large farm something changes all the time."""
    host = await workshop.host()
    other = await workshop.host("b", tags=("b",))
    await other.agent.change({"accept": False})
    await asyncio.sleep(2)
    loop = asyncio.get_running_loop()
    start = loop.time()
    await workshop.add(host, "part.gcode", estimate_s=600)
    for number in range(30):
        await workshop.add(other, f"held{number}.gcode", hold=True)
        await asyncio.sleep(0.1)
        if workshop.queue.bodies(PrintReserve):
            break
    assert loop.time() - start < 1.5


@story
async def test_a_clearly_better_copy_takes_the_place_of_a_reserved_one(
    workshop: Workshop,
) -> None:
    """One level of priority is worth an hour: more than a swap must gain."""
    host = await workshop.host()
    await _printing(workshop, host, 900)
    usual = await workshop.add(host, "usual.gcode", 2, estimate_s=600)
    await workshop.until(lambda: _reserved(workshop, host) == [usual])
    urgent = await workshop.add(host, "urgent.gcode", estimate_s=600, priority=1)
    await workshop.until(lambda: _reserved(workshop, host) == [urgent], 12)
    (reason,) = workshop.releases()
    assert "urgent.gcode is better for this printer by 60 min" in reason
    await asyncio.sleep(300)
    assert _reserved(workshop, host) == [urgent]
    assert len(workshop.releases()) == 1
    host.printer.seconds = 60
    await workshop.until(lambda: workshop.done(urgent) == 1, 2000)
    await workshop.until(lambda: workshop.done(usual) == 2, 2000)


@story
async def test_a_slightly_better_copy_changes_nothing(workshop: Workshop) -> None:
    """Else plans that differ by minutes would make reservations come and go."""
    host = await workshop.host()
    await _printing(workshop, host, 900)
    usual = await workshop.add(host, "usual.gcode", estimate_s=3600)
    await workshop.until(lambda: _reserved(workshop, host) == [usual])
    await workshop.add(host, "shorter.gcode", estimate_s=600)
    await asyncio.sleep(600)
    assert _reserved(workshop, host) == [usual]
    assert workshop.releases() == []


@story
async def test_swaps_back_and_forth_become_rare(workshop: Workshop) -> None:
    """Somebody who cannot decide which job is urgent does not keep the queue busy."""
    host = await workshop.host()
    await _printing(workshop, host, 1500)
    jobs = [
        await workshop.add(host, f"part{n}.gcode", 9, estimate_s=600) for n in (0, 1)
    ]
    await workshop.until(lambda: len(_reserved(workshop, host)) == 1)
    port = host.queues[workshop.queue.name]
    for number in range(40):
        for job_id in jobs:
            urgent = Wishes(job_id, priority=int(job_id == jobs[number % 2]))
            await port.submit(JobEdit(job_id, wishes=urgent))
        await asyncio.sleep(12)
    assert 2 <= len(workshop.releases()) <= 12
    assert len(_reserved(workshop, host)) == 1


@story
async def test_two_idle_printers_do_not_leave_a_copy_to_each_other(
    workshop: Workshop,
) -> None:
    """One is linked to a third that is cut off from the leader, where the other is:
    it left the copy to the third, and the other left it to this one."""
    hosts = [await workshop.host(name) for name in "abc"]
    for number, (deaf, between, leader) in enumerate(itertools.permutations(hosts)):
        for host in hosts:
            host.queues[workshop.queue.name].reached = None
        await asyncio.sleep(150)  # whom it passed over is counted on again
        await deaf.kill()
        links = {between: {deaf, leader}, leader: {between}}
        for host, linked in links.items():
            reached = {other.host_id for other in linked}
            host.queues[workshop.queue.name].reached = reached
        job_id = await workshop.add(leader, f"part{number}.gcode", estimate_s=60)
        await workshop.until(partial(_is_done, workshop, job_id))
        await deaf.start()
