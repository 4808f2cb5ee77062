"""How commands about jobs change a queue."""

from __future__ import annotations

from dataclasses import replace

from .checks import check_id
from .command import Command, JobAdd, JobEdit, JobMove, JobRemove, Place
from .errors import Rejected, Rule
from .event import Event, Topic
from .job import (
    COUNTS,
    FORM,
    ITEMS_MAX,
    RANK,
    REQUIRES,
    WISHES,
    Item,
    ItemSpec,
    Job,
    Requirements,
    Wishes,
    same_form,
)
from .joins import text_of
from .order import make_room
from .permissions import may_edit, may_remove
from .queue_data import COMPLETED_MAX, QueueData
from .schema import SIGNED
from .totals import Totals

JOBS_MAX = 2_000  # jobs a queue holds; copies are counts and cost nothing
JOBS_OF_ONE = 1_800  # that were added at one host: others can add some, too
JOB_MAX = 36 << 10  # characters of what a job asks for: with its tallies, a command


def add_job(queue: QueueData, command: Command, body: JobAdd) -> tuple[Event, ...]:
    """Put a job at the back, or the front."""
    check_id("job_id", body.job_id)
    body.wishes.check()
    body.requires.check()
    _check_items(queue, body.items)
    _check_size(body.wishes, body.requires, body.items)
    if body.job_id in queue.jobs:
        raise Rejected(Rule.CONFLICT, f"job {body.job_id} is already in the queue")
    if len(queue.jobs) >= JOBS_MAX:
        raise Rejected(
            Rule.CONFLICT,
            f"the queue is full: {JOBS_MAX} jobs. Remove some, or use higher counts",
        )
    own = sum(job.added_by == command.id.author for job in queue.jobs.values())
    if own >= JOBS_OF_ONE and queue.rules >= SIGNED:
        raise Rejected(
            Rule.CONFLICT,
            f"{own} jobs of the queue were added at this host, which leaves room for"
            " other hosts. Remove some, or use higher counts",
        )
    place = Place.FRONT if body.front else Place.BACK
    rank, ranked = make_room(queue, command.dot, place)
    queue.jobs[body.job_id] = Job(
        job_id=body.job_id,
        rank=rank,
        version=1,
        added=command.at,
        added_by=command.id.author,
        wishes=body.wishes,
        requires=body.requires,
        items=tuple(Item(spec) for spec in body.items),
        incarnation=command.dot.incarnation,
        sequence=command.dot.sequence,
    )
    queue.count(command.dot, Totals(jobs_added=1))
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
    specs = tuple(item.spec for item in items)
    _check_size(body.wishes or job.wishes, body.requires or job.requires, specs)
    edited = replace(
        job,
        wishes=body.wishes or job.wishes,
        requires=body.requires or job.requires,
        items=items,
        version=job.version + 1,
        stamps=job.stamped(command.dot, *_changed_parts(job, body)),
    )
    queue.jobs[job.job_id] = edited
    return (
        Event(Topic.JOB, job.job_id),
        *_forget_unreferenced(queue, job),
        *settle_job(queue, edited, command),
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
    rank, ranked = make_room(queue, command.dot, body.place, body.anchor, job.job_id)
    stamps = job.stamped(command.dot, RANK)
    queue.jobs[job.job_id] = replace(
        job, rank=rank, version=job.version + 1, stamps=stamps
    )
    return (Event(Topic.JOB, job.job_id), *ranked)


def settle_job(queue: QueueData, job: Job, command: Command) -> tuple[Event, ...]:
    """Note that every copy of a job is done, or that it is open again."""
    if job.complete == (job.completed is not None):
        return ()
    if not job.complete:
        queue.jobs[job.job_id] = replace(
            job, completed=None, completion=0, completion_at=None
        )
        return ()
    number = 1 + max(job.completion for job in queue.jobs.values())
    queue.count(command.dot, Totals(jobs_completed=1))
    noted = command.at if command.dot.sequence else None
    queue.jobs[job.job_id] = replace(
        job, completed=command.at, completion=number, completion_at=noted
    )
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
    gone = sorted(queue.unreferenced(hashes & queue.contents.keys()))
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


def _check_size(
    wishes: Wishes, requires: Requirements, items: tuple[ItemSpec, ...]
) -> None:
    """What a job asks for must fit a command with room for what became of it (R21)."""
    size = sum(len(text_of(part)) for part in (wishes, requires, items))
    if size > JOB_MAX:
        raise Rejected(
            Rule.INVALID,
            f"the job takes {size} bytes, at most {JOB_MAX} are possible: split it",
        )


def _check_version(job: Job, if_version: int | None) -> None:
    if if_version is not None and if_version != job.version:
        raise Rejected(
            Rule.CONFLICT,
            f"job {job.wishes.name!r} changed meanwhile: it is at version"
            f" {job.version}, not {if_version}. Read it again",
        )


def _changed_parts(job: Job, body: JobEdit) -> list[str]:
    """Which parts an edit writes."""
    parts = [WISHES] * (body.wishes is not None) + [REQUIRES] * (
        body.requires is not None
    )
    if body.items is None:
        return parts
    specs = [item.spec for item in job.items]
    same = len(specs) == len(body.items) and all(map(same_form, specs, body.items))
    return [*parts, COUNTS] if same else [*parts, FORM, COUNTS]


def _with_specs(job: Job, specs: tuple[ItemSpec, ...]) -> tuple[Item, ...]:
    if len(specs) != len(job.items):
        return tuple(Item(spec) for spec in specs)
    return tuple(
        replace(item, spec=spec) for item, spec in zip(job.items, specs, strict=True)
    )
