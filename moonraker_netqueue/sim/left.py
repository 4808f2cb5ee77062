"""Why a simulated queue is not done: as its own pages tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NetqueueError
from .ledger import Copies

if TYPE_CHECKING:
    from .scenario_run import ScenarioRun

_GIVEN_WITHIN = 60.0  # seconds that adding a job may take while all is well


async def why_left(run: ScenarioRun) -> list[tuple[Copies, str]]:
    """The items that are not done, and why; while the hosts still run."""
    return [
        (copies, await _why(run, copies))
        for copies in run.ledger.all()
        if not copies.done
    ]


async def _why(run: ScenarioRun, copies: Copies) -> str:
    wanted = copies.job
    state = run.state(wanted.queue)
    jobs = (job for job in state.jobs.values() if job.wishes.name == wanted.name)
    job = next(jobs, None)
    if job is None and run.seconds < 60 * wanted.at + _GIVEN_WITHIN:
        return f"it is added {wanted.at} min after the start"
    if job is None:
        return "it was never added: no host of the queue had a majority"
    item = wanted.items.index(copies.item)
    names = {host.id: host.name for host in run.hosts.values()}
    held = [
        f"{print_.state.value} on {names[print_.host]}"
        + (", which is off" if names[print_.host] in run.off else "")
        for print_ in state.prints_of_job(job.job_id)
        if print_.item == item
    ]
    if state.waiting(job, item):
        held.append(await _why_waiting(run, wanted.queue, job.job_id))
    return "; ".join(held) or "all are made, but its queue has not heard of it"


async def _why_waiting(run: ScenarioRun, queue: str, job_id: str) -> str:
    for host in run.hosts.values():
        if host.ready(queue) and host.agent is not None:
            try:
                explanation = await host.within(host.agent.explain(queue))
            except NetqueueError as error:
                return str(error)
            return explanation.jobs.get(job_id, "waiting")
    return "waiting: no host has a majority"
