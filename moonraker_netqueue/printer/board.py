"""The committed state of all queues of a host as planning problems. Pure.

Every host builds the same board from the same state; only who is reachable now is
its own view. Each takes its own part of the plan, and compare-and-set on the
reservation settles what they see differently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ..model.content import FileRef
from ..model.job import Item, ItemSpec, Job
from ..model.queue_state import QueueState
from ..scheduler.feasibility import refusal
from ..scheduler.hours import OperatorPeriod
from ..scheduler.problem import ANY_MODEL, JobClass, Problem
from ..scheduler.shares import owner_credits
from .durations import Durations, learn
from .fleet import Fleet, fleet_of
from .manner import Manner, manner_of, with_used
from .naming import unique
from .past import done_by_hand, used_minutes

_NO_MODEL = "\0"  # no printer has this name


@dataclass(frozen=True)
class ClassKey:
    """The waiting copies of one item."""

    queue: str
    job_id: str
    item: int


@dataclass(frozen=True)
class Group:
    """Queues that are planned together, and the problem of all printers with them."""

    queues: tuple[str, ...]
    problem: Problem


@dataclass(frozen=True)
class Board:
    """Groups in the order in which they choose, and what their names stand for."""

    groups: tuple[Group, ...]
    classes: Mapping[str, ClassKey]  # by name of the job class
    printers: Mapping[str, str]  # host id by name of the printer
    failures: Mapping[str, Mapping[str, int]]  # by class that failed, by printer

    def name_of(self, host: str) -> str | None:
        """The name of a host's printer; None if no queue has it yet."""
        return next((name for name, h in self.printers.items() if h == host), None)


def build_board(
    states: Mapping[str, QueueState],
    up: Mapping[str, frozenset[str]],
    now: int,
    here: str,
    declined: Collection[ClassKey],
    overdue: Collection[str],
) -> Board:
    """The board of the queues `states`; `up` has, per queue, the hosts that are there.

    `here` is this host; `declined` are classes that it shall not try now. The printers
    of hosts that are `overdue` get nothing; files come from them as ever.
    """
    durations = learn(states.values())
    by_hand = done_by_hand(states.values())
    fleet = fleet_of(states, up, overdue, now, durations, by_hand)
    classes: dict[str, ClassKey] = {}
    failures: dict[str, dict[str, int]] = {}
    jobs: dict[str, list[JobClass]] = {queue: [] for queue in states}
    oldest: dict[str, float] = {}
    for queue, state in states.items():
        for waiting in _waiting(queue, state):
            key = waiting.key
            name = unique(waiting.title, f"{key.job_id}.{key.item}", classes)
            job_class = _job_class(name, waiting, state, up[queue], fleet, durations)
            if key in declined and here in fleet.names:
                barred = (*job_class.unreachable_from, fleet.names[here])
                job_class = replace(job_class, unreachable_from=barred)
            jobs[queue].append(job_class)
            classes[name] = key
            oldest[queue] = min(oldest.get(queue, waiting.job.added), waiting.job.added)
            if failed := _failures(waiting, fleet.names):
                failures[name] = failed
    return Board(
        groups=tuple(
            Group(
                queues,
                Problem(
                    now=now,
                    printers=tuple(fleet.printers.values()),
                    jobs=tuple(job for queue in queues for job in jobs[queue]),
                    weights=manner.weights,
                    operator=_hours(manner, queues, fleet, now, by_hand),
                    owner_credit=_credits(
                        manner, (states[queue] for queue in queues), durations
                    ),
                    strategy=manner.strategy,
                ),
            )
            for queues, manner in _groups(states, now, oldest)
        ),
        classes=classes,
        printers=fleet.hosts,
        failures=failures,
    )


def bar_repeaters(
    problem: Problem, failures: Mapping[str, Mapping[str, int]]
) -> Problem:
    """Give a failed copy to the printers that failed at it least, of those that may.

    Costs as much as a mask: not for the loop.
    """
    jobs = []
    for job in problem.jobs:
        failed = failures.get(job.name)
        if failed is None:
            jobs.append(job)
            continue
        able = [p.name for p in problem.printers if refusal(problem, p, job) is None]
        least = min((failed.get(name, 0) for name in able), default=0)
        barred = tuple(name for name in able if failed.get(name, 0) > least)
        jobs.append(replace(job, failed_on=barred) if barred else job)
    return replace(problem, jobs=tuple(jobs))


def file_for(spec: ItemSpec, model: str) -> FileRef | None:
    """The file of an item that a printer of `model` prints; its own comes first."""
    general = [file for file in spec.files if not file.models]
    own = [file for file in spec.files if model in file.models]
    return next(iter(own + general), None)


def _groups(
    states: Mapping[str, QueueState], now: int, oldest: Mapping[str, float]
) -> list[tuple[tuple[str, ...], Manner]]:
    """Queues of one manner; the group whose job has waited longest chooses first."""
    together: dict[Manner, list[str]] = {}
    for queue, state in sorted(states.items()):
        together.setdefault(manner_of(state.settings, now), []).append(queue)
    never = float("inf")
    return sorted(
        ((tuple(queues), manner) for manner, queues in together.items()),
        key=lambda group: (min(oldest.get(q, never) for q in group[0]), group[0]),
    )


def _hours(
    manner: Manner,
    queues: tuple[str, ...],
    fleet: Fleet,
    now: int,
    by_hand: Mapping[str, list[int]],
) -> tuple[OperatorPeriod, ...]:
    """The queues' hours, with what was done in them at printers without their own."""
    minutes = (
        minute
        for name, printer in fleet.printers.items()
        if not printer.operator and set(printer.queues) & set(queues)
        for minute in by_hand.get(fleet.hosts[name], ())
    )
    return with_used(manner.operator, now, minutes)


def _credits(
    manner: Manner, states: Iterable[QueueState], durations: Durations
) -> tuple[tuple[str, int], ...]:
    """Of owners, where somebody has set shares."""
    if not manner.shares:
        return ()
    used = used_minutes(states, durations)
    return owner_credits(dict(manner.shares), used, manner.weights.share)


@dataclass(frozen=True)
class _Waiting:
    key: ClassKey
    job: Job
    copies: int
    added: int  # Unix seconds, as it counts in this queue

    @property
    def item(self) -> Item:
        return self.job.items[self.key.item]

    @property
    def title(self) -> str:
        name = self.job.wishes.name
        return name if len(self.job.items) == 1 else f"{name}: {self.item.spec.name}"


def _waiting(queue: str, state: QueueState) -> list[_Waiting]:
    copies = [
        (job, index, count)
        for job in state.ordered_jobs()
        if job.completed is None
        for index in range(len(job.items))
        if (count := state.waiting(job, index))
    ]
    ages = _ages(job for job, _, _ in copies)
    return [
        _Waiting(ClassKey(queue, job.job_id, index), job, count, ages[job.job_id])
        for job, index, count in copies
    ]


def _job_class(
    name: str,
    waiting: _Waiting,
    state: QueueState,
    up: frozenset[str],
    fleet: Fleet,
    durations: Durations,
) -> JobClass:
    job, spec, wishes = waiting.job, waiting.item.spec, waiting.job.wishes
    names = fleet.names
    keepers = state.keepers(job) if job.requires.keep_together else frozenset[str]()
    return JobClass(
        name=name,
        added=waiting.added,
        copies=waiting.copies,
        materials=spec.materials,
        durations=_durations(spec, job.requires.models, fleet.models, durations),
        nozzle=spec.nozzle,
        bbox=None if spec.bbox is None else (spec.bbox[0], spec.bbox[1], spec.bbox[2]),
        grams=spec.grams or 0,
        from_file=spec.from_file,
        queue=waiting.key.queue,
        tags=job.requires.tags,
        priority=wishes.priority,
        due=None if wishes.due is None else int(wishes.due),
        owner=wishes.owner,
        keep_together=job.requires.keep_together,
        together_on=min((names.get(host, host[:8]) for host in keepers), default=""),
        spread=job.requires.spread,
        made_on=_named(names, _makers(waiting.item)) if job.requires.spread else (),
        held_on=_named(names, _holders(waiting, state)) if job.requires.spread else (),
        held=wishes.hold,
        paused=state.paused,
        quarantined=job.quarantined(waiting.key.item),
        unreachable_from=_unreachable_from(spec, state, up, names),
    )


def _ages(jobs: Iterable[Job]) -> dict[str, int]:
    """When each job counts as added: who stands further in front, earlier.

    So that moving a job in the queue means something to a score that knows age only.
    Unmoved jobs keep their time, and no two jobs share one: ties go by rank.
    """
    ordered = list({job.job_id: job for job in jobs}.values())
    ages: dict[str, int] = {}
    previous = -1
    for job, added in zip(ordered, sorted(int(j.added) for j in ordered), strict=True):
        previous = max(added, previous + 1)
        ages[job.job_id] = previous
    return ages


def _durations(
    spec: ItemSpec, asked: tuple[str, ...], fleet: frozenset[str], learned: Durations
) -> tuple[tuple[str, int], ...]:
    """Minutes by model, for models of printers there are; ANY_MODEL for the rest."""
    special = {model for file in spec.files for model in file.models}
    special.update(m for file in spec.files for m in learned.models_of(file))
    if ANY_MODEL in special:  # printers without a model differ from the rest
        special |= fleet
    listed = (fleet & (set(asked) if asked else special)) - {ANY_MODEL}
    minutes = {
        model: learned.minutes(spec, file, model)
        for model in sorted(listed)
        if (file := file_for(spec, model)) is not None
    }
    general = file_for(spec, ANY_MODEL)
    if general is not None and not asked and fleet - listed:
        minutes[ANY_MODEL] = learned.minutes(spec, general, ANY_MODEL)
    if not minutes:  # of files that fit none of the models, the estimate is shown
        minutes[_NO_MODEL] = learned.minutes(spec, None, _NO_MODEL)
    return tuple(sorted(minutes.items()))


def _unreachable_from(
    spec: ItemSpec, state: QueueState, up: frozenset[str], names: Mapping[str, str]
) -> tuple[str, ...]:
    """Printers that have the file neither themselves nor from a host that is there."""
    holders: set[str] = set()
    for file in spec.files:
        content = state.contents.get(file.sha256)
        holders |= set(content.holders) if content else set()
    if holders & up:
        return ()
    return tuple(sorted(name for host, name in names.items() if host not in holders))


def _failures(waiting: _Waiting, names: Mapping[str, str]) -> dict[str, int]:
    """Failed attempts by printer; none once a person asked to try again."""
    item = waiting.item
    if item.failed <= item.forgiven:
        return {}
    return {name: item.failed_on(host) for host, name in names.items()}


def _makers(item: Item) -> Iterable[str]:
    return (host for host in item.hosts if item.done_on(host))


def _holders(waiting: _Waiting, state: QueueState) -> Iterable[str]:
    prints = state.prints_of_job(waiting.job.job_id)
    return (print_.host for print_ in prints if print_.item == waiting.key.item)


def _named(names: Mapping[str, str], hosts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({names[host] for host in hosts if host in names}))
