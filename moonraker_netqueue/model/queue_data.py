"""The data of one queue, and the questions asked of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from .codec import dumps, from_plain, is_written, since, to_plain
from .content import Content
from .errors import CommandInvalid, Rejected, Rule
from .founding import Founding
from .identity import CommandId, Stamp
from .job import Job
from .member import MemberRole, Standing
from .outcome import Outcomes, clients_of_version_1
from .print import ENDED, UNSTARTED, Print, PrintState
from .printer import Printer
from .rank import is_rank
from .schema import BASE, SCHEMA
from .settings import QueueSettings
from .totals import Totals

FINISHED_MAX = 200  # ended prints kept; their totals stay in the tallies
REPORTED_MAX = 8  # and of each host: it repeats its latest ones only
COMPLETED_MAX = 100  # complete jobs kept
ANCESTORS_MAX = 64  # groups that this one went on from
PAUSED = "paused"  # the stamp of the queue's own parts


@dataclass(frozen=True)
class _Snapshot:
    jobs: Mapping[str, Job]
    printers: Mapping[str, Printer]
    contents: Mapping[str, Content]
    prints: Mapping[str, Print]
    finished: tuple[Print, ...]
    counted: Mapping[str, Totals]
    paused: bool
    dissolved_into: str | None
    outcomes: Outcomes
    stamps: Mapping[str, Stamp] = field(default_factory=dict)
    ancestors: Mapping[str, int] = field(default_factory=dict)
    foundings: tuple[Founding, ...] = ()
    settings: QueueSettings = field(  # snapshots of format 1 have none
        default_factory=QueueSettings
    )
    rules: int = since(3, BASE)
    roles: tuple[Standing, ...] = since(4, ())


@dataclass
class QueueData:
    """A queue. Mutable, but changed by `QueueState.apply` only.

    `prints` are the live ones: those that hold a copy. No rule iterates a mapping
    in its own order, since that order does not survive a snapshot. `counted` has the
    totals per host whose commands they count, so that a merge takes the higher.
    `stamps` are those of the queue's own parts; `ancestors` the groups whose state this
    one went on from, with their generations; `foundings` are oldest first; `rules` is
    the schema that it goes by.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    printers: dict[str, Printer] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    prints: dict[str, Print] = field(default_factory=dict)
    finished: tuple[Print, ...] = ()  # oldest first
    counted: dict[str, Totals] = field(default_factory=dict)
    paused: bool = False
    dissolved_into: str | None = None
    outcomes: Outcomes = field(default_factory=Outcomes)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    ancestors: dict[str, int] = field(default_factory=dict)
    foundings: tuple[Founding, ...] = ()
    settings: QueueSettings = field(default_factory=QueueSettings)
    rules: int = BASE
    roles: tuple[Standing, ...] = ()  # in order of host ids

    @property
    def totals(self) -> Totals:
        """Of all hosts."""
        return sum(self.counted.values(), Totals())

    def founding_of(self, group: str) -> Founding | None:
        """How a group began, if a person let the queue go on in it."""
        return next((f for f in self.foundings if f.group == group), None)

    def count(self, command: CommandId, more: Totals) -> None:
        """Count what a host's command did."""
        author = command.author if command.sequence else ""
        self.counted[author] = self.counted.get(author, Totals()) + more

    def stamp(self, part: str, command: CommandId) -> None:
        """Note that `command` wrote a part of the queue's own."""
        stamp = self.stamps.get(part, Stamp()).after(command)
        if stamp != Stamp():
            self.stamps[part] = stamp

    @property
    def viewers(self) -> frozenset[str]:
        """Hosts that may see the queue only."""
        return frozenset(
            standing.host
            for standing in self.roles
            if standing.role is MemberRole.VIEWER
        )

    @property
    def ever_had_jobs(self) -> bool:
        """Whether a job was ever added: then `apply` refuses a Dissolve."""
        return any(totals.jobs_added for totals in self.counted.values())

    @property
    def ever_used(self) -> bool:
        """Whether there was a job, or anything was said of the queue that no host says
        again by itself: such a group hands in what it knows, and does not dissolve."""
        return self.ever_had_jobs or bool(self.stamps or self.roles)

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

    def held_by(self, host: str, sha256: str) -> Content | None:
        """The content, if it is registered and the host is a holder of it."""
        content = self.contents.get(sha256)
        held = content is not None and host in content.holders
        return content if held else None

    def referenced(self, sha256: str) -> bool:
        """Whether a job or a live print speaks of a content."""
        return not self.unreferenced({sha256})

    def unreferenced(self, contents: Set[str]) -> set[str]:
        """Those that neither a job nor a live print speaks of; in one go, for there may
        be hundreds of thousands of files to look through."""
        left = set(contents)
        for sha256 in self._spoken_of():
            left.discard(sha256)
            if not left:
                break
        return left

    def all_referenced(self) -> set[str]:
        """SHA-256 of all contents that jobs and live prints speak of."""
        return set(self._spoken_of())

    def _spoken_of(self) -> Iterator[str]:
        """SHA-256 by SHA-256, some more than once."""
        for print_ in self.prints.values():
            yield print_.sha256
        for job in self.jobs.values():
            for item in job.items:
                for file in item.spec.files:
                    yield file.sha256

    def members(self) -> dict[str, Any]:
        """All that a snapshot holds, by name, not made JSON values yet."""
        members = ((name, getattr(self, name)) for name in _NAMES)
        return {k: v for k, v in members if is_written(_Snapshot, k, v)}

    def to_json(self) -> dict[str, Any]:
        """The whole state as JSON values."""
        plain: dict[str, Any] = to_plain(_Snapshot(**self.members()))
        return plain

    def canonical(self) -> bytes:
        """Bytes that are equal exactly if two states are."""
        return dumps(self.to_json()).encode("ascii")

    def load_json(self, plain: Any) -> None:
        """Become the state that `to_json` wrote; raises CommandInvalid."""
        snapshot = from_plain(_Snapshot, _of_version_1(plain), "snapshot")
        _check_snapshot(snapshot)
        for name in _NAMES:
            setattr(self, name, getattr(snapshot, name))


def latest(ended: list[Print]) -> tuple[Print, ...]:
    """The prints to keep: the last of the queue, and the last of each host."""
    ended.sort(key=lambda p: (p.ending, p.print_id if p.ending else ""))
    kept, left = [], Counter[str]()
    for number, print_ in enumerate(reversed(ended)):
        left[print_.host] += 1
        if number < FINISHED_MAX or left[print_.host] <= REPORTED_MAX:
            kept.append(print_)
    return tuple(reversed(kept))


def _of_version_1(plain: Any) -> Any:
    """Read what version 0.1.0 wrote: totals and clients in another form."""
    if not isinstance(plain, dict) or "totals" not in plain:
        return plain
    outcomes = dict(plain["outcomes"])
    outcomes["clients"] = clients_of_version_1(
        outcomes.pop("client_ids"), outcomes.pop("client_outcomes")
    )
    parts = {k: v for k, v in plain.items() if k not in ("totals", "reported")}
    return parts | {"counted": {"": plain["totals"]}, "outcomes": outcomes}


def _check_snapshot(snapshot: _Snapshot) -> None:
    """Raise CommandInvalid for what types cannot say and rules rely on."""
    damaged = [
        *(f"job {key}" for key, job in snapshot.jobs.items() if not is_sound(key, job)),
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
    if not BASE <= snapshot.rules <= SCHEMA:
        damaged.append(f"rules {snapshot.rules}")
    if damaged:
        raise CommandInvalid(f"snapshot: damaged {[name[:80] for name in damaged[:3]]}")


def _unsound(settings: QueueSettings) -> list[str]:
    try:
        settings.check()
    except Rejected as error:
        return [error.reason]
    return []


def is_sound(job_id: str, job: Job) -> bool:
    """Whether a job has what rules rely on."""
    lives = (key.rpartition(":")[2] for item in job.items for key in item.tallies)
    return (
        job_id == job.job_id
        and is_rank(job.rank)
        and bool(job.items)
        and all(life.isdecimal() for life in lives)
    )


_NAMES = tuple(_Snapshot.__dataclass_fields__)
