"""The order of the jobs: ranks for added and moved jobs, and new ranks when they run
out of room.

A rank grows by a digit every few insertions at one place. Beyond RANK_MAX all jobs
get fresh, evenly spaced ranks in the order they have: every replica does so at the
same command, and commands name neighbours, never ranks.
"""

from __future__ import annotations

from dataclasses import replace

from .command import Place
from .event import Event, Topic
from .identity import CommandId
from .job import RANK, Job
from .queue_data import QueueData
from .rank import between, spread

RANK_MAX = 16  # digits


def make_room(
    queue: QueueData,
    command: CommandId,
    place: Place,
    anchor: str = "",
    moving: str = "",
) -> tuple[str, tuple[Event, ...]]:
    """A rank at `place` among the jobs but `moving`, and which others got a new one."""
    others = [job for job in queue.ordered_jobs() if job.job_id != moving]
    at = _index(others, place, anchor)
    rank = _rank_at([job.rank for job in others], at)
    if rank is not None:
        return rank, ()
    ranks = spread(len(others))
    for job, fresh in zip(others, ranks, strict=True):
        stamps = job.stamped(command, RANK)
        queue.jobs[job.job_id] = replace(job, rank=fresh, stamps=stamps)
    rank = _rank_at(ranks, at)
    if rank is None:
        raise AssertionError("fresh ranks leave room everywhere")
    return rank, tuple(Event(Topic.JOB, job.job_id) for job in others)


def _index(others: list[Job], place: Place, anchor: str) -> int:
    """How many of `others` come before the place."""
    if place is Place.FRONT:
        return 0
    if place is Place.BACK:
        return len(others)
    at = [job.job_id for job in others].index(anchor)
    return at if place is Place.BEFORE else at + 1


def _rank_at(ranks: list[str], at: int) -> str | None:
    """A rank between neighbours; None if they are equal or it would be too long."""
    low = ranks[at - 1] if at else None
    high = ranks[at] if at < len(ranks) else None
    if low is not None and low == high:
        return None
    rank = between(low, high)
    return rank if len(rank) <= RANK_MAX else None
