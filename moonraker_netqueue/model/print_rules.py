"""How commands about prints change a queue: reservations, facts and decisions."""

from __future__ import annotations

from dataclasses import replace

from .checks import TEXT_MAX, check_id, check_text
from .command import (
    Command,
    PrintDecide,
    PrintEnded,
    PrintFetching,
    PrintReserve,
    PrintStarted,
)
from .content import check_digest
from .errors import Rejected, Rule
from .event import Event, Topic
from .job import DECLARED_MAX, ITEMS_MAX, Item, Job, Tally
from .job_rules import settle_job
from .permissions import may_speak_of
from .print import ENDED, MADE, TRANSITIONS, UNSTARTED, Print, PrintState, ruled
from .queue_data import QueueData, latest
from .totals import Totals

HELD_MAX = 8  # live prints a printer may have, lost ones included
UNSTARTED_MAX = 2  # reservations a printer may hold before it starts them (R20)


def reserve(
    queue: QueueData, command: Command, body: PrintReserve
) -> tuple[Event, ...]:
    """Give one waiting copy to the author's printer: the compare-and-set of plans."""
    host = command.id.author
    job = queue.job(body.job_id)
    _check_claim(queue, job, body, host)
    check_id("print_id", body.print_id)
    if body.print_id in queue.prints or _finished(queue, body.print_id):
        raise Rejected(Rule.CONFLICT, f"print {body.print_id} was reserved before")
    queue.prints[body.print_id] = Print(
        print_id=body.print_id,
        job_id=body.job_id,
        item=body.item,
        host=host,
        incarnation=command.id.incarnation,
        sha256=body.sha256,
        state=PrintState.RESERVED,
        reserved=command.at,
        sequence=command.dot.sequence,
    )
    return (Event(Topic.PRINT, body.print_id), Event(Topic.JOB, body.job_id))


def note_fetching(
    queue: QueueData, command: Command, body: PrintFetching
) -> tuple[Event, ...]:
    """The owner makes sure that it has the bytes."""
    print_ = _live(queue, body.print_id)
    may_speak_of(print_, command.id.author)
    if print_.state is PrintState.FETCHING:
        return ()  # a restarted owner says so again
    return _enter(queue, replace(print_, state=PrintState.FETCHING))


def note_started(
    queue: QueueData, command: Command, body: PrintStarted
) -> tuple[Event, ...]:
    """The owner is about to start; refused once the reservation was ended (R9)."""
    print_ = _live(queue, body.print_id)
    may_speak_of(print_, command.id.author)
    _check_surplus(queue, print_)
    if body.spaced:
        _check_spacing(queue, command.at)
    return _enter(queue, replace(print_, state=PrintState.PRINTING, started=command.at))


def note_ended(
    queue: QueueData, command: Command, body: PrintEnded
) -> tuple[Event, ...]:
    """Record what became of a print. Whatever was decided meanwhile, facts count."""
    _check_fact(body)
    print_ = queue.prints.get(body.print_id)
    if print_ is None:
        return _note_late(queue, command, body)
    may_speak_of(print_, command.id.author)
    if body.outcome is print_.state:
        return ()  # said before, under another command: lost
    if body.outcome in MADE and print_.state in UNSTARTED:
        # Its start went unrecorded: the fact says that it was started.
        print_ = replace(print_, state=PrintState.PRINTING)
        queue.prints[print_.print_id] = print_
    ended = replace(
        print_,
        state=body.outcome,
        ended=command.at,
        reason=body.reason[:TEXT_MAX],
    )
    if body.outcome is PrintState.LOST:
        return _enter(queue, ended)
    return _finish(queue, command, ended, counts=True)


def decide(queue: QueueData, command: Command, body: PrintDecide) -> tuple[Event, ...]:
    """A person's word on a print whose end nobody saw, or whose printer is away."""
    print_ = _live(queue, body.print_id)
    check_text("by, the name of who decides,", body.by)
    if print_.state is not PrintState.LOST and not body.absent:
        raise Rejected(
            Rule.PERMISSION,
            f"print {print_.print_id} is {print_.state.value}, not lost: its printer"
            " alone ends it. Cancel it there",
        )
    ended = replace(
        print_,
        state=ruled(print_.state, body.decision),
        told=print_.state,
        decision=body.decision,
        decided=command.at,
        decided_by=body.by,
    )
    if command.dot.sequence == 0:
        ended = replace(
            ended, told=None, decision=None, decided=None, ended=command.at, reason=""
        )
    if ended.state is PrintState.DONE:
        _count_by_hand(queue, command, ended)
    return _finish(queue, command, ended, counts=False)


def _check_fact(body: PrintEnded) -> None:
    """Refuse what is no fact at all: a wrong outcome, an id that cannot be."""
    if body.outcome not in ENDED | {PrintState.LOST}:
        raise Rejected(Rule.INVALID, f"{body.outcome.value} is no end of a print")
    check_id("print_id", body.print_id)
    check_id("job_id", body.job_id)
    check_digest("sha256", body.sha256, 64)
    if not 0 <= body.item < ITEMS_MAX:
        raise Rejected(Rule.INVALID, f"item {body.item} is not in 0..{ITEMS_MAX - 1}")


def _check_claim(queue: QueueData, job: Job, body: PrintReserve, host: str) -> None:
    name = job.wishes.name
    if not 0 <= body.item < len(job.items):
        raise Rejected(Rule.NOT_FOUND, f"job {name!r} has no item {body.item}")
    if queue.paused:
        raise Rejected(Rule.CONFLICT, "the queue is paused")
    if job.wishes.hold:
        raise Rejected(Rule.CONFLICT, f"job {name!r} is on hold")
    if job.quarantined(body.item):
        raise Rejected(Rule.CONFLICT, f"job {name!r} failed too often: see its prints")
    if queue.waiting(job, body.item) < 1:
        raise Rejected(Rule.CONFLICT, f"no copy of job {name!r} waits any more")
    files = job.items[body.item].spec.files
    if all(file.sha256 != body.sha256 for file in files):
        raise Rejected(Rule.CONFLICT, f"job {name!r} is not printed from that file")
    _check_printer(queue, host)
    if job.requires.keep_together:
        _check_together(queue, job, host)


def _check_surplus(queue: QueueData, print_: Print) -> None:
    """Two groups that went on apart may have given one copy to two printers: what is
    over the count when they have met is not started."""
    item = queue.jobs[print_.job_id].items[print_.item]
    rivals = [p for p in queue.prints_of_job(print_.job_id) if p.item == print_.item]
    first = sorted(rivals, key=lambda p: (p.state in UNSTARTED, p.print_id))
    if item.done + first.index(print_) >= item.spec.count:
        raise Rejected(
            Rule.CONFLICT, "all copies are made or being made on other printers"
        )


def _check_printer(queue: QueueData, host: str) -> None:
    printer = queue.printers.get(host)
    if printer is None:
        raise Rejected(Rule.PERMISSION, f"printer {host[:8]} is not in the queue")
    if not printer.profile.accept:
        raise Rejected(
            Rule.CONFLICT,
            f"printer {printer.profile.name!r} takes no work: switched off",
        )
    if printer.quarantined:
        raise Rejected(
            Rule.CONFLICT,
            f"printer {printer.profile.name!r} failed {printer.failures} prints in a"
            " row: look after it, then clear its bed",
        )
    held = len(queue.prints_of_host(host))
    if held >= HELD_MAX:
        raise Rejected(
            Rule.CONFLICT,
            f"printer {printer.profile.name!r} already holds {held} prints: decide"
            " what became of its lost ones",
        )
    if queue.unstarted_of_host(host) >= UNSTARTED_MAX:
        raise Rejected(
            Rule.CONFLICT,
            f"printer {printer.profile.name!r} already holds {UNSTARTED_MAX}"
            " reservations",
        )


def _check_spacing(queue: QueueData, at: float) -> None:
    """Starts are spread by what their authors' clocks say: a comfort, no safety rule.

    A start that is later than `at` comes from a clock that is ahead: it counts not.
    """
    spacing = queue.settings.start_spacing_s
    known = (*queue.prints.values(), *queue.finished)
    starts = (p.started for p in known if p.started is not None and p.started <= at)
    elapsed = at - max(starts, default=at - spacing)
    if elapsed < spacing:
        raise Rejected(
            Rule.CONFLICT,
            f"starts of the queue are spread by {spacing} s: {spacing - elapsed:.0f} s"
            " are left",
        )


def _check_together(queue: QueueData, job: Job, host: str) -> None:
    keepers = queue.keepers(job)
    if keepers and host not in keepers:
        raise Rejected(
            Rule.CONFLICT,
            f"job {job.wishes.name!r} is kept together on another printer",
        )


def _live(queue: QueueData, print_id: str) -> Print:
    print_ = queue.prints.get(print_id)
    if print_ is None:
        raise Rejected(
            Rule.NOT_FOUND, f"print {print_id[:64]!r} has ended or never was"
        )
    return print_


def _enter(queue: QueueData, print_: Print) -> tuple[Event, ...]:
    before = queue.prints[print_.print_id].state
    if print_.state not in TRANSITIONS[before]:
        raise Rejected(
            Rule.CONFLICT,
            f"print {print_.print_id} is {before.value}: it cannot become"
            f" {print_.state.value}",
        )
    queue.prints[print_.print_id] = print_
    return (Event(Topic.PRINT, print_.print_id), Event(Topic.JOB, print_.job_id))


def _finished(queue: QueueData, print_id: str) -> Print | None:
    for print_ in reversed(queue.finished):
        if print_.print_id == print_id:
            return print_
    return None


def _finish(
    queue: QueueData, command: Command, print_: Print, counts: bool
) -> tuple[Event, ...]:
    """Move a print from the live ones to the finished ones."""
    queue.prints.pop(print_.print_id, None)
    others = [p for p in queue.finished if p.print_id != print_.print_id]
    ending = 0
    if command.dot.sequence:
        ending = 1 + max((p.ending for p in others), default=0)
    queue.finished = latest([*others, replace(print_, ending=ending)])
    events = [Event(Topic.PRINT, print_.print_id), Event(Topic.JOB, print_.job_id)]
    if counts and print_.state in MADE:
        events += _count(queue, command, print_)
    job = queue.jobs.get(print_.job_id)
    if job is not None:
        events += settle_job(queue, job, command)
    return tuple(events)


def _note_late(
    queue: QueueData, command: Command, body: PrintEnded
) -> tuple[Event, ...]:
    """A fact about a print that is no longer live: count it once, as extra (R10)."""
    host = command.id.author
    known = _finished(queue, body.print_id)
    if known is not None:
        may_speak_of(known, host)
    if body.outcome not in MADE:
        return ()  # nothing was made, and nothing is held
    late = known or Print(
        print_id=body.print_id,
        job_id=body.job_id,
        item=body.item,
        host=host,
        incarnation=command.id.incarnation,
        sha256=body.sha256,
        state=PrintState.RELEASED,
        reserved=command.at,
    )
    if late.state in MADE or _declared(queue, late):
        return ()  # said before, or declared done by a person: that word stands
    late = replace(
        late,
        state=body.outcome,
        told=None if late.decision is None else body.outcome,
        ended=command.at,
        reason=body.reason[:TEXT_MAX],
        extra=True,
    )
    return _finish(queue, command, late, counts=True)


def _count(queue: QueueData, command: Command, print_: Print) -> list[Event]:
    """Add a print that ended to the tallies."""
    done = int(print_.state is PrintState.DONE)
    ended = Tally(done=done, failed=1 - done)
    counted = Totals(prints_done=ended.done, prints_failed=ended.failed)
    queue.count(command.dot, counted)
    job = _job_of(queue, print_)
    if job is not None:
        item = job.items[print_.item]
        item = item.with_ended(print_.host, print_.incarnation, ended)
        _put_item(queue, job, print_.item, item)
    printer = queue.printers.get(print_.host)
    if printer is None:
        return []
    failures = 0 if done else printer.failures + 1
    stamp = printer.stamp.after(command.dot)
    queue.printers[print_.host] = replace(printer, failures=failures, stamp=stamp)
    return [Event(Topic.PRINTER, print_.host)]


def _count_by_hand(queue: QueueData, command: Command, print_: Print) -> None:
    job = _job_of(queue, print_)
    if job is not None:
        item = job.items[print_.item]
        if len(item.declared) >= DECLARED_MAX:
            raise Rejected(
                Rule.CONFLICT,
                f"{DECLARED_MAX} prints of {item.spec.name!r} were declared done"
                " already: lower its count instead",
            )
        if command.dot.sequence:
            item = replace(item, declared={**item.declared, print_.print_id: True})
        else:
            item = replace(item, by_hand=item.by_hand + 1)
        _put_item(queue, job, print_.item, item)
    queue.count(command.dot, Totals(prints_done=1))


def _declared(queue: QueueData, print_: Print) -> bool:
    """Whether a person declared done what is not among the finished any more."""
    job = _job_of(queue, print_)
    return job is not None and print_.print_id in job.items[print_.item].declared


def _job_of(queue: QueueData, print_: Print) -> Job | None:
    """The job that a print counts for: none if it is gone or its item is another."""
    job = queue.jobs.get(print_.job_id)
    if job is None or print_.item >= len(job.items):
        return None
    files = job.items[print_.item].spec.files
    return job if any(file.sha256 == print_.sha256 for file in files) else None


def _put_item(queue: QueueData, job: Job, index: int, item: Item) -> None:
    items = (*job.items[:index], item, *job.items[index + 1 :])
    queue.jobs[job.job_id] = replace(job, items=items)
