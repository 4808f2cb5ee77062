"""The data of one queue, and the questions asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .codec import dumps, from_plain, to_plain
from .content import Content
from .errors import CommandInvalid, Rejected, Rule
from .job import Job
from .outcome import Outcomes
from .print import ENDED, UNSTARTED, Print, PrintState
from .printer import Printer
from .rank import is_rank
from .settings import QueueSettings

FINISHED_MAX = 200  # ended prints kept; their totals stay in the tallies
COMPLETED_MAX = 100  # complete jobs kept


@dataclass(frozen=True)
class Totals:
    """Counters of the queue since it was founded; they only grow."""

    jobs_added: int = 0
    jobs_completed: int = 0
    prints_done: int = 0
    prints_failed: int = 0


@dataclass(frozen=True)
class _Snapshot:
    jobs: Mapping[str, Job]
    printers: Mapping[str, Printer]
    contents: Mapping[str, Content]
    prints: Mapping[str, Print]
    finished: tuple[Print, ...]
    reported: Mapping[str, tuple[str, ...]]
    totals: Totals
    paused: bool
    dissolved_into: str | None
    outcomes: Outcomes
    settings: QueueSettings = field(  # snapshots of format 1 have none
        default_factory=QueueSettings
    )


@dataclass
class QueueData:
    """A queue. Mutable, but changed by `QueueState.apply` only.

    `prints` are the live ones: those that hold a copy. No rule iterates a mapping
    in its own order, since that order does not survive a snapshot. `reported` has,
    per host, the last prints whose end that host told: said again, they count once.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    printers: dict[str, Printer] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    prints: dict[str, Print] = field(default_factory=dict)
    finished: tuple[Print, ...] = ()  # oldest first
    reported: dict[str, tuple[str, ...]] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    paused: bool = False
    dissolved_into: str | None = None
    outcomes: Outcomes = field(default_factory=Outcomes)
    settings: QueueSettings = field(default_factory=QueueSettings)

    @property
    def ever_had_jobs(self) -> bool:
        """Whether a job was ever added: such a group is never given up unasked."""
        return self.totals.jobs_added > 0

    def ordered_jobs(self) -> list[Job]:
        """Jobs from the front of the queue to its back."""
        return sorted(self.jobs.values(), key=lambda job: (job.rank, job.job_id))

    def job(self, job_id: str) -> Job:
        """A job; raises Rejected if it is not here."""
        job = self.jobs.get(job_id)
        if job is None:
            raise Rejected(Rule.NOT_FOUND, f"there is no job {job_id[:64]!r}")
        return job

    def prints_of_job(self, job_id: str) -> Iterator[Print]:
        """Live prints of a job."""
        return (p for p in self.prints.values() if p.job_id == job_id)

    def prints_of_host(self, host: str) -> list[Print]:
        """Live prints of a printer, oldest reservation first."""
        mine = (p for p in self.prints.values() if p.host == host)
        return sorted(mine, key=lambda p: (p.reserved, p.print_id))

    def live(self, job_id: str, item: int) -> int:
        """Copies of an item that live prints hold."""
        return sum(p.item == item for p in self.prints_of_job(job_id))

    def waiting(self, job: Job, item: int) -> int:
        """Copies of an item that nobody has done or holds."""
        entry = job.items[item]
        return max(0, entry.spec.count - entry.done - self.live(job.job_id, item))

    def unstarted_of_host(self, host: str) -> int:
        """Reservations of a printer that it has not started."""
        return sum(p.state in UNSTARTED for p in self.prints_of_host(host))

    def keepers(self, job: Job) -> frozenset[str]:
        """Printers a job that is kept together is bound to; empty: to none yet.

        Those that hold copies, else the one that made most (of equals, the lowest
        id): a print that was given up and finished late must not bind it to two.
        """
        holders = frozenset(p.host for p in self.prints_of_job(job.job_id))
        if holders:
            return holders
        made = {host: 0 for item in job.items for host in item.hosts}
        for host in made:
            made[host] = sum(item.done_on(host) for item in job.items)
        most = max(made.values(), default=0)
        return frozenset(sorted(host for host in made if made[host] == most > 0)[:1])

    def lost_prints(self) -> list[Print]:
        """Prints whose end nobody saw: a person decides."""
        lost = (p for p in self.prints.values() if p.state is PrintState.LOST)
        return sorted(lost, key=lambda p: (p.reserved, p.print_id))

    def referenced(self, sha256: str) -> bool:
        """Whether a job or a live print speaks of a content."""
        return any(p.sha256 == sha256 for p in self.prints.values()) or any(
            file.sha256 == sha256
            for job in self.jobs.values()
            for item in job.items
            for file in item.spec.files
        )

    def members(self) -> dict[str, Any]:
        """All that a snapshot holds, by name, not made JSON values yet."""
        return {name: getattr(self, name) for name in _NAMES}

    def to_json(self) -> dict[str, Any]:
        """The whole state as JSON values."""
        plain: dict[str, Any] = to_plain(_Snapshot(**self.members()))
        return plain

    def canonical(self) -> bytes:
        """Bytes that are equal exactly if two states are."""
        return dumps(self.to_json()).encode("ascii")

    def load_json(self, plain: Any) -> None:
        """Become the state that `to_json` wrote; raises CommandInvalid."""
        snapshot = from_plain(_Snapshot, plain, "snapshot")
        _check_snapshot(snapshot)
        for name in _NAMES:
            setattr(self, name, getattr(snapshot, name))


def _check_snapshot(snapshot: _Snapshot) -> None:
    """Raise CommandInvalid for what types cannot say and rules rely on."""
    damaged = [
        *(f"job {key}" for key, job in snapshot.jobs.items() if not _sound(key, job)),
        *(
            f"print {key}"
            for key, p in snapshot.prints.items()
            if key != p.print_id
            or p.state in ENDED
            or p.job_id not in snapshot.jobs
            or not 0 <= p.item < len(snapshot.jobs[p.job_id].items)
        ),
        *(
            f"author {key}"
            for key, lives in snapshot.outcomes.authors.items()
            if not all(text.isdecimal() for log in lives for text in log.recent)
        ),
    ]
    damaged += _unsound(snapshot.settings)
    if damaged or set(snapshot.outcomes.client_ids) != set(
        snapshot.outcomes.client_outcomes
    ):
        raise CommandInvalid(f"snapshot: damaged {[name[:80] for name in damaged[:3]]}")


def _unsound(settings: QueueSettings) -> list[str]:
    try:
        settings.check()
    except Rejected as error:
        return [error.reason]
    return []


def _sound(job_id: str, job: Job) -> bool:
    lives = (key.rpartition(":")[2] for item in job.items for key in item.tallies)
    return (
        job_id == job.job_id
        and is_rank(job.rank)
        and bool(job.items)
        and all(life.isdecimal() for life in lives)
    )


_NAMES = tuple(_Snapshot.__dataclass_fields__)
