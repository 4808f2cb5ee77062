"""Jobs of a YAML file: under `jobs` by name, or in queues with items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from .hours import DAY
from .problem import ANY_MODEL, DEFAULT_QUEUE, UNKNOWN_DURATION, JobClass
from .section import Section

_WHAT_KEYS = ("materials", "durations", "grams", "nozzle", "bbox")  # of a file
_WHO_KEYS = (
    "created_at",
    "priority",
    "deadline",
    "user",
    "tags",
    "keepTogether",
    "spread",
)
_STATE_KEYS = (
    "hold",
    "quarantined",
    "failedOn",
    "togetherOn",
    "madeOn",
    "heldOn",
)
_JOB_KEYS = (*_WHAT_KEYS, *_WHO_KEYS, *_STATE_KEYS, "copies", "queue")
_QUEUED_KEYS = ("name", "items", "at", *_WHO_KEYS, *_STATE_KEYS)
_ITEM_KEYS = ("name", "count", "minutes", *_WHAT_KEYS)

COPIES_MAX = 1_000_000
_MINUTES_MAX = 366 * DAY
_PRIORITY_MAX = 1_000


@dataclass(frozen=True)
class QueueFound:
    """A queue of a file: its name, its printers, the copies that wait in it."""

    name: str
    members: tuple[str, ...]
    jobs: tuple[JobClass, ...]


@dataclass(frozen=True)
class _Place:
    """Where a job stands: its name, its queue, when it was added, its copies."""

    name: str
    queue: str
    added: int
    copies: int


def read_jobs(root: Section, printers: Collection[str]) -> list[JobClass]:
    """What is under `jobs`; raises ProblemError."""
    jobs = []
    for name, section in root.entries("jobs", _JOB_KEYS):
        for key in ("materials", "created_at"):
            if key not in section:
                remedy = {
                    "materials": "list what it needs, [] if any will do",
                    "created_at": "give a time like 2026-03-22T10:00:00Z",
                }
                raise section.error(key, "is missing", remedy[key])
        place = _Place(
            name=name,
            queue=section.text("queue", DEFAULT_QUEUE),
            added=section.moment("created_at"),
            copies=section.whole("copies", 1, 1, COPIES_MAX),
        )
        durations = _durations(section, UNKNOWN_DURATION)
        jobs.append(_job_class(place, section, section, durations, printers))
    return jobs


def read_queue(
    section: Section,
    now: int,
    printers: Collection[str],
    others: Collection[JobClass],
) -> QueueFound:
    """A queue as scenario files have it, with the jobs that are there at the start.

    Its jobs stand in the order of the file: without `created_at` they are as old as
    the others, one after the other. Raises ProblemError.
    """
    queue = section.text("namespace", "")
    if not queue:
        raise section.error("namespace", "is missing", "give the queue a name")
    members = section.texts("members", ())
    _require_printers(section, "members", members, printers)
    taken = {job.name for job in others}
    found: list[JobClass] = []
    for number, wanted in enumerate(section.sections("jobs", _QUEUED_KEYS)):
        if wanted.whole("at", 0, 0, _MINUTES_MAX):
            continue  # comes later
        added = wanted.moment("created_at") if "created_at" in wanted else now + number
        for item, name in _items(wanted):
            if name in taken:
                name = f"{name} ({queue})"
            if name in taken:
                raise wanted.error("name", f"{name!r} is there twice", "rename one")
            taken.add(name)
            copies = item.whole("count", 1, 1, COPIES_MAX)
            minutes = item.whole("minutes", UNKNOWN_DURATION, 1, _MINUTES_MAX)
            place = _Place(name, queue, added, copies)
            durations = _durations(item, minutes)
            found.append(_job_class(place, wanted, item, durations, printers))
    return QueueFound(queue, members, tuple(found))


def _items(job: Section) -> list[tuple[Section, str]]:
    """The items of a job, and what each is called in the plan."""
    name = job.text("name", "")
    if not name:
        raise job.error("name", "is missing", "give the job a name")
    items = job.sections("items", _ITEM_KEYS)
    if not items:
        raise job.error("items", "is missing", "list at least one, with its count")
    if len(items) == 1:
        return [(items[0], name)]
    return [
        (item, f"{name}: {item.text('name', str(number))}")
        for number, item in enumerate(items, start=1)
    ]


def _job_class(
    place: _Place,
    job: Section,
    what: Section,
    durations: tuple[tuple[str, int], ...],
    printers: Collection[str],
) -> JobClass:
    """`what` has the keys of the file, `job` those of its job."""
    if job.flag("keepTogether") and job.flag("spread"):
        raise job.error("spread", "is the contrary of keepTogether", "choose one")
    for key in ("failedOn", "madeOn", "heldOn"):
        _require_printers(job, key, job.texts(key, ()), printers)
    if "togetherOn" in job:
        _require_printers(job, "togetherOn", (job.text("togetherOn", ""),), printers)
    bbox = what.measures("bbox", 3)
    return JobClass(
        name=place.name,
        added=place.added,
        copies=place.copies,
        materials=what.materials("materials"),
        durations=durations,
        nozzle=what.measure("nozzle", None),
        bbox=None if bbox is None else (bbox[0], bbox[1], bbox[2]),
        grams=what.measure("grams", 0),
        queue=place.queue,
        tags=job.texts("tags", ()),
        priority=job.whole("priority", 0, -_PRIORITY_MAX, _PRIORITY_MAX),
        due=job.moment("deadline") if "deadline" in job else None,
        owner=job.text("user", ""),
        keep_together=job.flag("keepTogether"),
        together_on=job.text("togetherOn", ""),
        spread=job.flag("spread"),
        made_on=job.texts("madeOn", ()),
        held_on=job.texts("heldOn", ()),
        held=job.flag("hold"),
        quarantined=job.flag("quarantined"),
        failed_on=job.texts("failedOn", ()),
    )


def _durations(section: Section, otherwise: int) -> tuple[tuple[str, int], ...]:
    durations = section.whole_numbers("durations", 1, _MINUTES_MAX)
    return tuple(sorted(durations.items())) or ((ANY_MODEL, otherwise),)


def _require_printers(
    section: Section, key: str, names: Collection[str], printers: Collection[str]
) -> None:
    for name in names:
        if name not in printers:
            known = ", ".join(printers) or "none is described under printers"
            raise section.error(key, f"{name!r} is no printer", f"one of: {known}")
