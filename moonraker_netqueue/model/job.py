"""Jobs: what a person adds; items and their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .content import FileRef
from .errors import Rejected, Rule

COUNT_MAX = 100_000
ITEMS_MAX = 64
PRIORITY_MAX = 9
ATTEMPTS_DEFAULT = 3


@dataclass(frozen=True)
class Tally:
    """Ended prints of one item by one incarnation of one printer (R10).

    Counters only grow, so that a merge may take the maximum of each.
    """

    done: int = 0
    failed: int = 0


@dataclass(frozen=True)
class ItemSpec:
    """What is asked of an item: the part of it that people write."""

    name: str
    count: int
    files: tuple[FileRef, ...]
    materials: tuple[str, ...] = ()
    nozzle: float | None = None
    estimate_s: int | None = None

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong."""
        check_count(self.name, self.count)
        if not self.files:
            raise Rejected(Rule.INVALID, f"item {self.name!r} has no file")
        for file in self.files:
            file.check()
        if self.estimate_s is not None and self.estimate_s < 0:
            raise Rejected(Rule.INVALID, f"estimate_s {self.estimate_s} is negative")
        if self.nozzle is not None and not 0 < self.nozzle <= 10:
            raise Rejected(Rule.INVALID, f"nozzle {self.nozzle} mm is out of range")


@dataclass(frozen=True)
class Item:
    """An item and what became of its copies."""

    spec: ItemSpec
    tallies: Mapping[str, Tally] = field(default_factory=dict)  # "<host>:<incarnation>"
    by_hand: int = 0  # copies that a person declared done
    forgiven: int = 0  # failed attempts that a person told us to forget

    @property
    def done(self) -> int:
        """Copies done; may exceed the count (see `extra`)."""
        return self.by_hand + sum(tally.done for tally in self.tallies.values())

    @property
    def failed(self) -> int:
        """Failed attempts in all."""
        return sum(tally.failed for tally in self.tallies.values())

    @property
    def extra(self) -> int:
        """Copies made beyond the count."""
        return max(0, self.done - self.spec.count)

    def failed_on(self, host: str) -> int:
        """Failed attempts on one printer."""
        return sum(
            tally.failed
            for key, tally in self.tallies.items()
            if key.partition(":")[0] == host
        )


@dataclass(frozen=True)
class Wishes:
    """The part of a job that may change while its copies print."""

    name: str
    note: str = ""
    priority: int = 0
    due: float | None = None
    owner: str = ""
    hold: bool = False
    max_attempts: int = ATTEMPTS_DEFAULT

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong."""
        if not self.name.strip() or len(self.name) > 255:
            raise Rejected(Rule.INVALID, "name must have 1 to 255 characters")
        if not -PRIORITY_MAX <= self.priority <= PRIORITY_MAX:
            raise Rejected(
                Rule.INVALID,
                f"priority {self.priority} is not in -{PRIORITY_MAX}..{PRIORITY_MAX}",
            )
        if not 1 <= self.max_attempts <= 100:
            raise Rejected(Rule.INVALID, "max_attempts must be 1 to 100")


@dataclass(frozen=True)
class Requirements:
    """What a printer must have; fixed while copies are assigned."""

    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    keep_together: bool = False


@dataclass(frozen=True)
class Job:
    """A job of the queue. Times are Unix seconds, for display and ageing only."""

    job_id: str
    rank: str
    version: int
    added: float
    added_by: str
    wishes: Wishes
    requires: Requirements
    items: tuple[Item, ...]
    completed: float | None = None

    @property
    def complete(self) -> bool:
        """Whether every copy is done."""
        return all(item.done >= item.spec.count for item in self.items)

    def quarantined(self, index: int) -> bool:
        """Whether item `index` failed too often to be tried again unasked."""
        item = self.items[index]
        return item.failed - item.forgiven >= self.wishes.max_attempts


def check_count(name: str, count: int) -> None:
    """Raise Rejected unless `count` is one a queue accepts."""
    if not 1 <= count <= COUNT_MAX:
        raise Rejected(
            Rule.INVALID, f"count of {name!r} must be 1 to {COUNT_MAX}, not {count}"
        )
