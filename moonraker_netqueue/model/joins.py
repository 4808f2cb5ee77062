"""Two groups' versions of one thing become one: the same one, in whichever order.

Each join is a maximum of an order, or of several side by side; so it is commutative,
associative and idempotent, and what every host makes of the same versions is equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from .codec import dumps, to_plain
from .identity import Stamp
from .job import COUNTS, FORM, RANK, REQUIRES, WISHES, Item, Job, Tally
from .print import MADE, Decision, Print, PrintState, ruled
from .printer import Printer

_T = TypeVar("_T")

# How far a printer's word is: it only moves up.
_PROGRESS = {
    state: number
    for number, state in enumerate(
        (
            PrintState.RESERVED,
            PrintState.FETCHING,
            PrintState.PRINTING,
            PrintState.LOST,
            PrintState.RELEASED,
            PrintState.FAILED,
            PrintState.DONE,
        )
    )
}
_WEIGHT = {None: 0, Decision.MARK_DONE: 1, Decision.RETRY: 2}


def text_of(value: Any) -> str:
    """Equal values, equal texts: orders what nothing else orders."""
    return dumps(to_plain(value))


# Jobs.


def join_jobs(one: Job, other: Job) -> Job:
    """Part by part, the later write of each.

    Of two jobs that a client added under one id in two groups the one with the higher
    dot stays.
    """
    if one.dot != other.dot:
        return max(one, other, key=lambda job: (job.dot, text_of(job)))
    wishes = _later(one, other, WISHES, lambda job: job.wishes)
    requires = _later(one, other, REQUIRES, lambda job: job.requires)
    rank = _later(one, other, RANK, lambda job: job.rank)
    made = _join_items(one, other)
    stamps = {
        WISHES: wishes.stamp(WISHES),
        REQUIRES: requires.stamp(REQUIRES),
        RANK: rank.stamp(RANK),
        FORM: made.stamp(FORM),
        COUNTS: made.stamp(COUNTS),
    }
    return replace(
        made,
        wishes=wishes.wishes,
        requires=requires.requires,
        rank=rank.rank,
        version=max(one.version, other.version),
        stamps={part: stamp for part, stamp in stamps.items() if stamp != Stamp()},
    )


def _later(one: Job, other: Job, part: str, value: Callable[[Job], Any]) -> Job:
    return max(one, other, key=lambda job: (job.stamp(part), text_of(value(job))))


def _form(job: Job) -> tuple[Stamp, str]:
    """What is printed: everything of the items that people write but the counts."""
    specs = tuple(replace(item.spec, count=1) for item in job.items)
    return job.stamp(FORM), text_of(specs)


def _counts(job: Job) -> tuple[Stamp, list[int]]:
    return job.stamp(COUNTS), [item.spec.count for item in job.items]


def _join_items(one: Job, other: Job) -> Job:
    """What is asked, and what became of it.

    Who changed what is printed, not knowing of the other group's prints, meant other
    bytes than those: their copies are none of it. Else all copies count.
    """
    if _form(one) != _form(other):
        return max(one, other, key=_form)
    asked = max(one, other, key=_counts)
    items = tuple(
        replace(_join_tallies(mine, its), spec=spec.spec)
        for mine, its, spec in zip(one.items, other.items, asked.items, strict=True)
    )
    return settled(replace(_completion(one, other), items=items, stamps=asked.stamps))


def _completion(one: Job, other: Job) -> Job:
    """The job whose note of its completion counts: of the counts that count."""
    return max(
        one,
        other,
        key=lambda job: (_counts(job), job.completion, job.completion_at or 0.0),
    )


def settled(job: Job) -> Job:
    """A job that is completed exactly if its items are.

    One that two groups completed together was so by none: it is taken for the oldest.
    """
    if not job.complete:
        return replace(job, completed=None)
    if job.completion_at is not None:
        return replace(job, completed=job.completion_at)
    return job if job.completed is not None else replace(job, completed=job.added)


def _join_tallies(one: Item, other: Item) -> Item:
    """Each counter is only raised by its own printer: the higher one is right (R10)."""
    tallies = _each(one.tallies, other.tallies, _higher)
    return replace(
        one,
        tallies=tallies,
        by_hand=max(one.by_hand, other.by_hand),
        forgiven=max(one.forgiven, other.forgiven),
        declared=_each(one.declared, other.declared, min),
    )


def _higher(one: Tally, other: Tally) -> Tally:
    return Tally(max(one.done, other.done), max(one.failed, other.failed))


def _each(
    one: Mapping[str, _T], other: Mapping[str, _T], join: Callable[[_T, _T], _T]
) -> dict[str, _T]:
    """The union of two mappings; what is in both is joined."""
    joined = {**one, **other}
    for key in one.keys() & other.keys():
        joined[key] = join(one[key], other[key])
    return joined


# Prints.


def join_prints(one: Print, other: Print) -> Print:
    """The furthest word of its printer, and a person's decision: of two, to retry."""
    if _what(one) != _what(other):
        return max(one, other, key=lambda p: (p.dot, text_of(p)))
    born = max(one, other, key=lambda p: (p.sequence, p.incarnation, p.reserved))
    told = max(one, other, key=_word)
    decided = max(one, other, key=_decision)
    word, decision = told.word, decided.decision
    given_away = word in MADE and decision is Decision.RETRY
    return replace(
        born,
        state=ruled(word, decision),
        started=told.started,
        ended=told.ended,
        reason=told.reason,
        decided_by=decided.decided_by,
        extra=one.extra or other.extra or given_away,
        told=None if decision is None else word,
        decision=decision,
        decided=decided.decided,
        ending=max(one.ending, other.ending),
    )


def _what(print_: Print) -> tuple[str, str, int, str]:
    return print_.host, print_.job_id, print_.item, print_.sha256


def _word(print_: Print) -> tuple[int, str]:
    details = (print_.started, print_.ended, print_.reason)
    return _PROGRESS[print_.word], text_of(details)


def _decision(print_: Print) -> tuple[int, float, str]:
    return _WEIGHT[print_.decision], print_.decided or 0.0, print_.decided_by


# Printers.


def join_printers(one: Printer, other: Printer) -> Printer:
    """A printer writes its own entry: its later word counts."""
    return max(one, other, key=lambda printer: (printer.stamp, text_of(printer)))
