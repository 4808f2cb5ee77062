"""How commands about jobs change a queue."""

from __future__ import annotations

from dataclasses import replace

from .checks import check_id
from .command import Command, JobAdd, JobEdit, JobMove, JobRemove, Place
from .errors import Rejected, Rule
from .event import Event, Topic
from .job import ITEMS_MAX, Item, ItemSpec, Job
from .order import make_room
from .permissions import may_edit, may_remove
from .queue_data import COMPLETED_MAX, QueueData

JOBS_MAX = 2_000  # jobs a queue holds; copies are counts and cost nothing


def add_job(queue: QueueData, command: Command, body: JobAdd) -> tuple[Event, ...]:
    """Put a job at the back, or the front."""
    check_id("job_id", body.job_id)
    body.wishes.check()
    body.requires.check()
    _check_items(queue, body.items)
    if body.job_id in queue.jobs:
        raise Rejected(Rule.CONFLICT, f"job {body.job_id} is already in the queue")
    if len(queue.jobs) >= JOBS_MAX:
        raise Rejected(
            Rule.CONFLICT,
            f"the queue is full: {JOBS_MAX} jobs. Remove some, or use higher counts",
        )
    rank, ranked = make_room(queue, Place.FRONT if body.front else Place.BACK)
    queue.jobs[body.job_id] = Job(
        job_id=body.job_id,
        rank=rank,
        version=1,
        added=command.at,
        added_by=command.id.author,
        wishes=body.wishes,
        requires=body.requires,
        items=tuple(Item(spec) for spec in body.items),
    )
    queue.totals = replace(queue.totals, jobs_added=queue.totals.jobs_added + 1)
    return (Event(Topic.JOB, body.job_id), *ranked)


def edit_job(queue: QueueData, command: Command, body: JobEdit) -> tuple[Event, ...]:
    """Replace parts of a job."""
    job = queue.job(body.job_id)
    _check_version(job, body.if_version)
    if body.wishes is not None:
        body.wishes.check()
    if body.requires is not None:
        body.requires.check()
    if body.items is not None:
        _check_items(queue, body.items)
    may_edit(queue, job, body)
    items = job.items
    if body.items is not None:
        items = _with_specs(job, body.items)
    if body.retry:
        items = tuple(replace(item, forgiven=item.failed) for item in items)
    edited = replace(
        job,
        wishes=body.wishes or job.wishes,
        requires=body.requires or job.requires,
        items=items,
        version=job.version + 1,
    )
    queue.jobs[job.job_id] = edited
    return (
        Event(Topic.JOB, job.job_id),
        *_forget_unreferenced(queue, job),
        *settle_job(queue, edited, command.at),
    )


def remove_job(
    queue: QueueData, command: Command, body: JobRemove
) -> tuple[Event, ...]:
    """Take a job out of the queue."""
    job = queue.job(body.job_id)
    _check_version(job, body.if_version)
    may_remove(queue, job)
    del queue.jobs[job.job_id]
    return (Event(Topic.JOB, job.job_id), *_forget_unreferenced(queue, job))


def move_job(queue: QueueData, command: Command, body: JobMove) -> tuple[Event, ...]:
    """Give a job another rank; the anchor must still be there."""
    job = queue.job(body.job_id)
    if body.place in (Place.BEFORE, Place.AFTER):
        if body.anchor == body.job_id:
            raise Rejected(Rule.INVALID, "a job cannot be moved next to itself")
        queue.job(body.anchor)
    rank, ranked = make_room(queue, body.place, body.anchor, job.job_id)
    queue.jobs[job.job_id] = replace(job, rank=rank, version=job.version + 1)
    return (Event(Topic.JOB, job.job_id), *ranked)


def settle_job(queue: QueueData, job: Job, at: float) -> tuple[Event, ...]:
    """Note that every copy of a job is done, or that it is open again."""
    if job.complete == (job.completed is not None):
        return ()
    if not job.complete:
        queue.jobs[job.job_id] = replace(job, completed=None, completion=0)
        return ()
    number = queue.totals.jobs_completed + 1
    queue.totals = replace(queue.totals, jobs_completed=number)
    queue.jobs[job.job_id] = replace(job, completed=at, completion=number)
    return _forget_completed(queue)


def _forget_completed(queue: QueueData) -> tuple[Event, ...]:
    """Drop the jobs that were completed first, beyond COMPLETED_MAX."""
    completed = sorted(
        (job for job in queue.jobs.values() if job.completed is not None),
        key=lambda job: job.completion,
    )
    events: list[Event] = []
    for old in completed[:-COMPLETED_MAX]:
        if not any(queue.prints_of_job(old.job_id)):
            del queue.jobs[old.job_id]
            events.append(Event(Topic.JOB, old.job_id))
            events.extend(_forget_unreferenced(queue, old))
    return tuple(events)


def _forget_unreferenced(queue: QueueData, job: Job) -> tuple[Event, ...]:
    """Drop contents of a job that is gone from the registry."""
    hashes = {file.sha256 for item in job.items for file in item.spec.files}
    gone = sorted(h for h in hashes if h in queue.contents and not queue.referenced(h))
    for sha256 in gone:
        del queue.contents[sha256]
    return tuple(Event(Topic.CONTENT, sha256) for sha256 in gone)


def _check_items(queue: QueueData, items: tuple[ItemSpec, ...]) -> None:
    if not 1 <= len(items) <= ITEMS_MAX:
        raise Rejected(Rule.INVALID, f"a job has 1 to {ITEMS_MAX} items")
    for spec in items:
        spec.check()
        for file in spec.files:
            content = queue.contents.get(file.sha256)
            if content is None or (content.size, content.key) != (file.size, file.key):
                raise Rejected(
                    Rule.NOT_FOUND,
                    f"no host of the queue holds file {file.name!r}"
                    f" (SHA-256 {file.sha256[:12]}): upload it again",
                )


def _check_version(job: Job, if_version: int | None) -> None:
    if if_version is not None and if_version != job.version:
        raise Rejected(
            Rule.CONFLICT,
            f"job {job.wishes.name!r} changed meanwhile: it is at version"
            f" {job.version}, not {if_version}. Read it again",
        )


def _with_specs(job: Job, specs: tuple[ItemSpec, ...]) -> tuple[Item, ...]:
    if len(specs) != len(job.items):
        return tuple(Item(spec) for spec in specs)
    return tuple(
        replace(item, spec=spec) for item, spec in zip(job.items, specs, strict=True)
    )
