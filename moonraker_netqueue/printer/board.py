"""The committed state of all queues of a host as one planning problem. Pure.

Every host builds the same board from the same state; only who is reachable now is
its own view. Each takes its own part of the plan, and compare-and-set on the
reservation settles what they see differently.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ..model.content import FileRef
from ..model.job import Item, ItemSpec, Job
from ..model.print import UNSTARTED, PrintState
from ..model.printer import ClearBed, PrinterState
from ..model.printer import Printer as QueuePrinter
from ..model.printer import Volume as QueueVolume
from ..model.queue_state import QueueState
from ..scheduler.feasibility import PLANNED_STATES, refusal
from ..scheduler.problem import (
    ANY_MODEL,
    UNKNOWN_DURATION,
    FormFactor,
    JobClass,
    Printer,
    Problem,
    Volume,
)

_IDLE, _PRINTING = PLANNED_STATES
_OUT_OF_REACH = "out of reach"
_WORDS = {
    PrinterState.READY: _IDLE,
    PrinterState.BED_OCCUPIED: _IDLE,
    PrinterState.BUSY: _PRINTING,
    PrinterState.FETCHING: _PRINTING,
    PrinterState.PRINTING: _PRINTING,
    PrinterState.FINISHING: _PRINTING,
    PrinterState.OFFLINE: "offline",
    PrinterState.NEEDS_ATTENTION: "in need of attention",
}
_BED_UNCLEAR = frozenset({PrinterState.BED_OCCUPIED, PrinterState.NEEDS_ATTENTION})


@dataclass(frozen=True)
class ClassKey:
    """The waiting copies of one item."""

    queue: str
    job_id: str
    item: int


@dataclass(frozen=True)
class Board:
    """A problem, and what its names stand for."""

    problem: Problem
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
) -> Board:
    """The board of the queues `states`; `up` has, per queue, the hosts that are there.

    `here` is this host; `declined` are classes that it shall not try now.
    """
    printers = _printers(states, up, now)
    names = {host: name for name, (host, _) in printers.items()}
    classes: dict[str, ClassKey] = {}
    jobs: list[JobClass] = []
    failures: dict[str, dict[str, int]] = {}
    for queue, state in states.items():
        for waiting in _waiting(queue, state):
            key = waiting.key
            name = _unique(waiting.title, f"{key.job_id}.{key.item}", classes)
            job_class = _job_class(name, waiting, state, up[queue], names)
            if key in declined and here in names:
                barred = (*job_class.unreachable_from, names[here])
                job_class = replace(job_class, unreachable_from=barred)
            jobs.append(job_class)
            classes[name] = key
            if failed := _failures(waiting, names):
                failures[name] = failed
    return Board(
        problem=Problem(
            now=now,
            printers=tuple(printer for _, printer in printers.values()),
            jobs=tuple(jobs),
        ),
        classes=classes,
        printers={name: host for name, (host, _) in printers.items()},
        failures=failures,
    )


def bar_repeaters(board: Board) -> Problem:
    """Give a failed copy to the printers that failed at it least, of those that may.

    Costs as much as a mask: not for the loop.
    """
    problem, failures = board.problem, board.failures
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


def _printers(
    states: Mapping[str, QueueState], up: Mapping[str, frozenset[str]], now: int
) -> dict[str, tuple[str, Printer]]:
    """Host id and printer, by the name that people know it by."""
    served: dict[str, list[str]] = {}
    entries: dict[str, QueuePrinter] = {}
    for queue, state in states.items():
        for host, entry in state.printers.items():
            served.setdefault(host, []).append(queue)
            entries.setdefault(host, entry)
    named: dict[str, tuple[str, Printer]] = {}
    for host, entry in sorted(entries.items()):
        name = _unique(entry.profile.name, host, named)
        busy = _minutes_left(host, entry, states, now)
        reachable = any(host in up[queue] for queue in served[host])
        printer = _printer(name, entry, tuple(served[host]), busy)
        if not reachable:
            printer = replace(printer, state=_OUT_OF_REACH, busy_minutes=0)
        named[name] = (host, printer)
    return named


def _printer(
    name: str, entry: QueuePrinter, queues: tuple[str, ...], busy: int
) -> Printer:
    profile = entry.profile
    return Printer(
        name=name,
        model=profile.model,
        materials=profile.materials,
        loaded=profile.materials_ready,
        self_clearing=profile.clear_bed is not ClearBed.MANUAL,
        volume=_volume(profile.volume),
        nozzle=profile.nozzle,
        manual_effort_cost=profile.manual_effort_cost,
        queues=queues,
        tags=profile.tags,
        state=_PRINTING if busy else _WORDS[profile.state],
        busy_minutes=busy,
        bed_clear=profile.state not in _BED_UNCLEAR,
        quarantined=entry.quarantined,
        switched_off=not profile.accept,
    )


def _volume(volume: QueueVolume | None) -> Volume | None:
    if volume is None:
        return None
    circular = volume.form_factor == FormFactor.CIRCULAR.value
    shape = FormFactor.CIRCULAR if circular else FormFactor.RECTANGULAR
    return Volume(volume.width, volume.depth, volume.height, shape)


def _minutes_left(
    host: str, entry: QueuePrinter, states: Mapping[str, QueueState], now: int
) -> int:
    """Minutes until the printer is idle, after all that it has reserved."""
    held = [
        (
            print_.state in UNSTARTED,
            _minutes(state.jobs[print_.job_id].items[print_.item].spec),
        )
        for state in states.values()
        for print_ in state.prints_of_host(host)
        if print_.state is not PrintState.LOST and print_.job_id in state.jobs
    ]
    reserved = sum(minutes for unstarted, minutes in held if unstarted)
    started = max((minutes for unstarted, minutes in held if not unstarted), default=0)
    works = _WORDS[entry.profile.state] == _PRINTING
    if not works:
        return reserved + started
    idle_at = entry.profile.idle_at
    if idle_at is not None:
        return reserved + max(1, math.ceil((idle_at - now) / 60))
    if entry.profile.state is PrinterState.FINISHING:
        return reserved + 1
    return reserved + (started or UNKNOWN_DURATION)


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
    names: Mapping[str, str],
) -> JobClass:
    job, spec, wishes = waiting.job, waiting.item.spec, waiting.job.wishes
    keepers = state.keepers(job) if job.requires.keep_together else frozenset[str]()
    return JobClass(
        name=name,
        added=waiting.added,
        copies=waiting.copies,
        materials=spec.materials,
        durations=_durations(spec, job.requires.models),
        nozzle=spec.nozzle,
        queue=waiting.key.queue,
        tags=job.requires.tags,
        priority=wishes.priority,
        due=None if wishes.due is None else int(wishes.due),
        owner=wishes.owner,
        keep_together=job.requires.keep_together,
        together_on=min((names.get(host, host[:8]) for host in keepers), default=""),
        held=wishes.hold or state.paused,
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


def _durations(spec: ItemSpec, models: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    minutes = _minutes(spec)
    wanted: set[str] = set()
    for file in spec.files:
        sliced = file.models or models or (ANY_MODEL,)
        wanted |= {model for model in sliced if not models or model in models}
    # A job whose files fit none of the models it asks for: no printer has this name.
    return tuple((model, minutes) for model in sorted(wanted)) or (("\0", minutes),)


def _minutes(spec: ItemSpec) -> int:
    if spec.estimate_s is None:
        return UNKNOWN_DURATION
    return max(1, math.ceil(spec.estimate_s / 60))


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


def _unique(name: str, key: str, taken: Mapping[str, object]) -> str:
    """A name for people; of equal ones, the later carry as much of a key as needed."""
    candidates = (name, f"{name} ({key[:8]})", f"{name} ({key})")
    return next(candidate for candidate in candidates if candidate not in taken)
