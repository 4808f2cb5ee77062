"""Jobs: what a person adds; items and their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .checks import check_range, check_text, check_words
from .content import ESTIMATE_MAX_S, FileRef
from .errors import Rejected, Rule
from .identity import CommandId, Stamp
from .printer import GRAMS_MAX, SIDE_MAX_MM

COUNT_MAX = 100_000
ITEMS_MAX = 64
INCARNATIONS_MAX = 8  # of one host, whose tallies an item keeps apart
FILES_MAX = 32  # files of an item: one a printer model
NOTE_MAX = 2_000  # characters
PRIORITY_MAX = 9
ATTEMPTS_DEFAULT = 3
ATTEMPTS_MAX = 100
WISHES, REQUIRES, RANK = "wishes", "requires", "rank"  # parts of a job
FORM, COUNTS = "form", "counts"
DECLARED_MAX = 256  # prints of an item that people declared done


@dataclass(frozen=True)
class Tally:
    """Ended prints of one item by one incarnation of one printer (R10).

    Counters only grow, so that a merge may take the maximum of each.
    """

    done: int = 0
    failed: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.done + other.done, self.failed + other.failed)


@dataclass(frozen=True)
class ItemSpec:
    """What is asked of an item: the part of it that people write."""

    name: str
    count: int
    files: tuple[FileRef, ...]
    materials: tuple[str, ...] = ()
    nozzle: float | None = None
    estimate_s: int | None = None
    grams: float | None = None  # of filament, one copy
    bbox: tuple[float, ...] | None = None  # mm in x, y and z that one copy takes up
    # Names of the demands above that were read from the file, not made by a person:
    # they bind only printers that tell what they have.
    from_file: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong."""
        check_text("name of an item", self.name)
        check_count(self.name, self.count)
        if not 1 <= len(self.files) <= FILES_MAX:
            raise Rejected(
                Rule.INVALID, f"item {self.name!r} must have 1 to {FILES_MAX} files"
            )
        for file in self.files:
            file.check()
        check_words("materials", self.materials)
        check_range("nozzle in mm", self.nozzle, 0.05, 10)
        check_range("estimate_s", self.estimate_s, 0, ESTIMATE_MAX_S)
        check_range("grams", self.grams, 0, GRAMS_MAX)
        if self.bbox is not None:
            if len(self.bbox) != 3:
                raise Rejected(Rule.INVALID, "bbox: three sides in mm, x, y and z")
            for side in self.bbox:
                check_range("bbox: a side in mm", side, 0, SIDE_MAX_MM)
        check_words("from_file", self.from_file)


@dataclass(frozen=True)
class Item:
    """An item and what became of its copies."""

    spec: ItemSpec
    tallies: Mapping[str, Tally] = field(default_factory=dict)  # "<host>:<incarnation>"
    by_hand: int = 0  # copies that a person declared done in version 0.1.0
    forgiven: int = 0  # failed attempts before the last success or a person's retry
    # Prints that a person declared done: whether they count, or their printer does.
    declared: Mapping[str, bool] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Copies done; may exceed the count (see `extra`)."""
        told = sum(tally.done for tally in self.tallies.values())
        return self.by_hand + sum(self.declared.values()) + told

    @property
    def failed(self) -> int:
        """Failed attempts in all."""
        return sum(tally.failed for tally in self.tallies.values())

    @property
    def extra(self) -> int:
        """Copies made beyond the count."""
        return max(0, self.done - self.spec.count)

    @property
    def hosts(self) -> frozenset[str]:
        """Printers that ended prints of it."""
        return frozenset(key.rpartition(":")[0] for key in self.tallies)

    def done_on(self, host: str) -> int:
        """Copies done by one printer."""
        return sum(tally.done for tally in self._tallies_of(host))

    def failed_on(self, host: str) -> int:
        """Failed attempts on one printer."""
        return sum(tally.failed for tally in self._tallies_of(host))

    def with_ended(self, host: str, incarnation: int, ended: Tally) -> Item:
        """Count prints that ended; a success forgives the failures before it.

        Beyond INCARNATIONS_MAX lives of a host the two oldest become one.
        """
        key = f"{host}:{incarnation}"
        tallies = {**self.tallies, key: self.tallies.get(key, Tally()) + ended}
        lives = sorted(
            (int(life), name)
            for name in tallies
            for owner, _, life in [name.rpartition(":")]
            if owner == host
        )
        if len(lives) > INCARNATIONS_MAX:
            (_, oldest), (_, next_oldest) = lives[:2]
            tallies[next_oldest] += tallies.pop(oldest)
        counted = replace(self, tallies=tallies)
        return replace(counted, forgiven=counted.failed) if ended.done else counted

    def _tallies_of(self, host: str) -> list[Tally]:
        return [
            tally
            for key, tally in self.tallies.items()
            if key.rpartition(":")[0] == host
        ]


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
        check_text("name of a job", self.name)
        if len(self.note) > NOTE_MAX:
            raise Rejected(Rule.INVALID, f"note: at most {NOTE_MAX} characters")
        check_range("priority", self.priority, -PRIORITY_MAX, PRIORITY_MAX)
        if self.owner:
            check_text("owner", self.owner)
        check_range("max_attempts", self.max_attempts, 1, ATTEMPTS_MAX)


@dataclass(frozen=True)
class Requirements:
    """What a printer must have; fixed while copies are assigned."""

    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    keep_together: bool = False
    spread: bool = False  # a printer has at most one copy at a time, and makes few

    def check(self) -> None:
        """Raise Rejected naming the argument that is wrong."""
        check_words("tags", self.tags)
        check_words("models", self.models)
        if self.keep_together and self.spread:
            raise Rejected(
                Rule.INVALID,
                "copies cannot be kept together and spread: give one of keep_together"
                " and spread",
            )


@dataclass(frozen=True)
class Job:
    """A job of the queue. Times are Unix seconds, for display and ageing only.

    Parts that change apart from each other have stamps: `WISHES`, `REQUIRES`, `RANK`,
    `FORM` (what its items are) and `COUNTS` (how many copies of each).
    """

    job_id: str
    rank: str
    version: int
    added: float
    added_by: str
    wishes: Wishes
    requires: Requirements
    items: tuple[Item, ...]
    completed: float | None = None
    completion: int = 0  # which completion of the queue it was; clocks do not order
    completion_at: float | None = None  # its time, also while a merge has it open again
    incarnation: int = 0  # with `added_by`: the command that added it
    sequence: int = 0
    stamps: Mapping[str, Stamp] = field(default_factory=dict)  # of the parts changed

    @property
    def dot(self) -> CommandId:
        """The command that added it; sequence 0: unknown."""
        return CommandId(self.added_by, self.incarnation, self.sequence)

    def stamp(self, part: str) -> Stamp:
        """Of the last change of a part."""
        return self.stamps.get(part, Stamp())

    def stamped(self, command: CommandId, *parts: str) -> Mapping[str, Stamp]:
        """Its stamps after `command` changed some parts."""
        changed = {part: self.stamp(part).after(command) for part in parts}
        stamps = {**self.stamps, **changed}
        return {part: stamp for part, stamp in stamps.items() if stamp != Stamp()}

    @property
    def complete(self) -> bool:
        """Whether every copy is done."""
        return all(item.done >= item.spec.count for item in self.items)

    def quarantined(self, index: int) -> bool:
        """Whether item `index` failed too often in a row to be tried again unasked."""
        item = self.items[index]
        return item.failed - item.forgiven >= self.wishes.max_attempts


def same_form(one: ItemSpec, other: ItemSpec) -> bool:
    """Whether two differ in their counts at most."""
    return replace(one, count=other.count) == other


def check_count(name: str, count: int) -> None:
    """Raise Rejected unless `count` is one a queue accepts."""
    if not 1 <= count <= COUNT_MAX:
        raise Rejected(
            Rule.INVALID, f"count of {name!r} must be 1 to {COUNT_MAX}, not {count}"
        )
