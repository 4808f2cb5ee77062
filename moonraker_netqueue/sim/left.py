"""Why a simulated queue is not done: as its own pages tell it."""

from __future__ import annotations

from collections.abc import Container, Mapping

from ..errors import NetqueueError
from ..model.queue_state import QueueState
from .host import WholeHost
from .ledger import Copies

_GIVEN_WITHIN = 60.0  # seconds that adding a job may take while all is well


async def why_left(
    copies: Copies,
    state: QueueState,
    hosts: Mapping[str, WholeHost],
    off: Container[str],
    seconds: float,
) -> str:
    """Why an item is not done after `seconds`; while the hosts still run.

    `state` is its queue's, `off` has the names of hosts that are switched off.
    """
    wanted = copies.job
    jobs = (job for job in state.jobs.values() if job.wishes.name == wanted.name)
    job = next(jobs, None)
    if job is None and seconds < 60 * wanted.at + _GIVEN_WITHIN:
        return f"it is added {wanted.at} min after the start"
    if job is None:
        return "it was never added: no host of the queue had a majority"
    item = wanted.items.index(copies.item)
    names = {host.id: host.name for host in hosts.values()}
    held = [
        f"{print_.state.value} on {names[print_.host]}"
        + (", which is off" if names[print_.host] in off else "")
        for print_ in state.prints_of_job(job.job_id)
        if print_.item == item
    ]
    if state.waiting(job, item):
        held.append(await _why_waiting(hosts, wanted.queue, job.job_id))
    return "; ".join(held) or "all are made, but its queue has not heard of it"


async def _why_waiting(hosts: Mapping[str, WholeHost], queue: str, job_id: str) -> str:
    for host in hosts.values():
        if host.ready(queue) and host.agent is not None:
            try:
                explanation = await host.within(host.agent.explain(queue))
            except NetqueueError as error:
                return str(error)
            return explanation.jobs.get(job_id, "waiting")
    return "waiting: no host has a majority"
