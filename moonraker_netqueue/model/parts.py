"""A state in parts: as one, or cut so that each fits a command (R21)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .errors import ModelError
from .gaps import Gap, complement, meet, union
from .identity import AUTHOR_MAX, CommandId
from .job import Item, Job
from .joins import text_of
from .outcome import AuthorLog
from .part import Part, Stretch, capped
from .queue_data import QueueData

PART_MAX = 46 << 10  # characters of one; its command has 48 KiB
_BATCH = 12 << 10  # of things put together: applying them must not hold the loop
_MARKS_MAX = 800  # of one stretch: commands, and beginnings of gaps
_OVERHEAD = 8  # characters around a member
_AUTHOR = AUTHOR_MAX + 2 * _OVERHEAD  # and around one life of an author
_OWN = ("paused", "settings", "stamps")  # of the queue itself: one member


class PartTooLarge(ModelError):
    """Something that no command can carry."""


def whole(state: QueueData) -> Part:
    """All of a state as one part."""
    return _packed(_members(state, cut=False))


def cut(state: QueueData) -> Iterator[Part]:
    """All of a state in parts of at most PART_MAX, in the order to take them in.

    Raises PartTooLarge naming what is.
    """
    batch: list[tuple[str, Any]] = []
    size = 0
    for name, member in _members(state, cut=True):
        length = _size(name, member)
        if length > PART_MAX:
            raise PartTooLarge(
                f"the queue's {name} have one of {length} bytes: too large to be handed"
                " over to another group"
            )
        if batch and size + length > _BATCH:
            yield capped(_packed(iter(batch)))
            batch, size = [], 0
        batch.append((name, member))
        size += length
    if batch:
        yield capped(_packed(iter(batch)))


def _size(name: str, member: Any) -> int:
    if name == "own":
        member = {field: getattr(member, field) for field in _OWN}
    return len(text_of(member)) + _OVERHEAD


def _members(state: QueueData, cut: bool) -> Iterator[tuple[str, Any]]:
    """Field of Part and what goes there: mappings as pairs.

    Jobs come before the prints that they need, and all things before the stretches
    that say which others are gone.
    """
    for job in state.jobs.values():
        for piece in _pieces(job) if cut else (job,):
            yield "jobs", piece
    yield from (("contents", content) for content in state.contents.values())
    yield from (("printers", printer) for printer in state.printers.values())
    yield from (("prints", print_) for print_ in state.prints.values())
    yield from (("prints", print_) for print_ in state.finished)
    yield from (("stretches", stretch) for stretch in _stretches(state))
    for author, lives in state.outcomes.authors.items():
        for log in map(_recent, lives):
            for some in _few(log) if cut else (log,):
                yield "authors", (author, some)
    yield from (("clients", pair) for pair in state.outcomes.clients.items())
    yield from (("counted", pair) for pair in state.counted.items())
    yield from (("foundings", founding) for founding in state.foundings)
    yield from (("roles", standing) for standing in state.roles)
    yield "own", state


def _packed(members: Iterator[tuple[str, Any]]) -> Part:
    lists: dict[str, list[Any]] = defaultdict(list)
    authors: dict[str, tuple[AuthorLog, ...]] = {}
    fields: dict[str, Any] = {}
    for name, member in members:
        if name == "own":
            fields |= {field: getattr(member, field) for field in _OWN}
        elif name == "authors":
            author, log = member
            authors[author] = (*authors.get(author, ()), log)
        else:
            lists[name].append(member)
    for name, found in lists.items():
        pairs = name in ("clients", "counted")
        fields[name] = dict(found) if pairs else tuple(found)
    return Part(authors=authors, **fields)


def _pieces(job: Job) -> Iterator[Job]:
    """A job, or several with some of its tallies each, that fit a part."""
    if len(text_of(job)) + _OVERHEAD <= PART_MAX:
        yield job
        return
    keys = sorted({key for item in job.items for key in _keys(item)})
    if len(keys) < 2:
        raise PartTooLarge(
            f"job {job.wishes.name!r} is too large to be handed over to another group:"
            " split it"
        )
    for some in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
        items = tuple(_with(item, frozenset(some)) for item in job.items)
        yield from _pieces(replace(job, items=items))


def _keys(item: Item) -> list[str]:
    return [*item.tallies, *item.declared]


def _with(item: Item, keys: frozenset[str]) -> Item:
    return replace(
        item,
        tallies={key: item.tallies[key] for key in item.tallies.keys() & keys},
        declared={key: item.declared[key] for key in item.declared.keys() & keys},
    )


def _stretches(state: QueueData) -> Iterator[Stretch]:
    alive: dict[tuple[str, int], list[int]] = defaultdict(list)
    for dot in _dots(state):
        alive[dot.author, dot.incarnation].append(dot.sequence)
    for author, lives in state.outcomes.authors.items():
        for log in lives:
            yield from _cut_stretch(author, log, sorted(alive[author, log.incarnation]))


def _cut_stretch(author: str, log: AuthorLog, alive: list[int]) -> Iterator[Stretch]:
    refused = (
        Gap(int(sequence), int(sequence))
        for sequence, outcome in log.recent.items()
        if not outcome.accepted
    )
    missing = union(*log.gaps, *refused)
    marks = sorted([*alive, *(gap.first for gap in missing)])
    ends = [*marks[_MARKS_MAX - 1 : -1 : _MARKS_MAX], log.last]
    first = 1
    for last in ends:
        if last < first:
            continue
        here = meet(missing, (Gap(first, last),))
        some = alive[bisect_left(alive, first) : bisect_right(alive, last)]
        yield Stretch(author, log.incarnation, first, last, here, tuple(some))
        first = last + 1


def _recent(log: AuthorLog) -> AuthorLog:
    """What a log tells beyond its stretches: outcomes, and that those were heard."""
    known = [int(sequence) for sequence in log.recent]
    return replace(log, missing=complement(known, log.last))


def _few(log: AuthorLog) -> Iterator[AuthorLog]:
    """A log, or several with some of its outcomes each, that fit a part."""
    if len(log.recent) < 2 or len(text_of(log)) + _AUTHOR <= PART_MAX:
        yield log
        return
    sequences = sorted(log.recent, key=int)
    middle = len(sequences) // 2
    for half in (sequences[:middle], sequences[middle:]):
        outcomes = {sequence: log.recent[sequence] for sequence in half}
        yield from _few(_recent(replace(log, recent=outcomes)))


def _dots(state: QueueData) -> Iterator[CommandId]:
    """The commands whose jobs, live prints and holders are there."""
    yield from (job.dot for job in state.jobs.values())
    yield from (print_.dot for print_ in state.prints.values())
    for content in state.contents.values():
        for host, said in content.sayings().items():
            yield CommandId(host, said.incarnation, said.sequence)
