"""How commands about prints change a queue: reservations, facts and decisions."""

from __future__ import annotations

from dataclasses import replace

from .command import (
    Command,
    Decision,
    PrintDecide,
    PrintEnded,
    PrintFetching,
    PrintReserve,
    PrintStarted,
)
from .errors import Rejected, Rule
from .event import Event, Topic
from .job import Item, Job, Tally
from .job_rules import complete_job
from .permissions import may_speak_of
from .print import ENDED, TRANSITIONS, Print, PrintState
from .queue_data import FINISHED_MAX, QueueData

UNSTARTED_MAX = 2  # reservations a printer may hold before it starts them (R20)


def reserve(
    queue: QueueData, command: Command, body: PrintReserve
) -> tuple[Event, ...]:
    """Give one waiting copy to the author's printer: the compare-and-set of plans."""
    host = command.id.author
    job = queue.job(body.job_id)
    _check_claim(queue, job, body, host)
    if body.print_id in queue.prints or not 8 <= len(body.print_id) <= 64:
        raise Rejected(Rule.INVALID, f"print id {body.print_id[:64]!r} is not usable")
    queue.prints[body.print_id] = Print(
        print_id=body.print_id,
        job_id=body.job_id,
        item=body.item,
        host=host,
        incarnation=command.id.incarnation,
        sha256=body.sha256,
        state=PrintState.RESERVED,
        reserved=command.at,
    )
    return (Event(Topic.PRINT, body.print_id), Event(Topic.JOB, body.job_id))


def note_fetching(
    queue: QueueData, command: Command, body: PrintFetching
) -> tuple[Event, ...]:
    """The owner makes sure that it has the bytes."""
    print_ = _live(queue, body.print_id)
    may_speak_of(print_, command.id.author)
    return _enter(queue, replace(print_, state=PrintState.FETCHING))


def note_started(
    queue: QueueData, command: Command, body: PrintStarted
) -> tuple[Event, ...]:
    """The owner is about to start; refused once the reservation was ended (R9)."""
    print_ = _live(queue, body.print_id)
    may_speak_of(print_, command.id.author)
    return _enter(queue, replace(print_, state=PrintState.PRINTING, started=command.at))


def note_ended(
    queue: QueueData, command: Command, body: PrintEnded
) -> tuple[Event, ...]:
    """Record what became of a print. Whatever was decided meanwhile, facts count."""
    if body.outcome not in ENDED | {PrintState.LOST}:
        raise Rejected(Rule.INVALID, f"{body.outcome.value} is no end of a print")
    print_ = queue.prints.get(body.print_id)
    if print_ is None:
        return _note_late(queue, command, body)
    may_speak_of(print_, command.id.author)
    ended = replace(print_, state=body.outcome, ended=command.at, reason=body.reason)
    if body.outcome is PrintState.LOST:
        return _enter(queue, ended)
    return _finish(queue, ended, counts=True)


def decide(queue: QueueData, command: Command, body: PrintDecide) -> tuple[Event, ...]:
    """A person's word on a print whose end nobody saw."""
    print_ = _live(queue, body.print_id)
    if not body.by.strip():
        raise Rejected(Rule.INVALID, "a decision names who decides: argument 'by'")
    if print_.state is not PrintState.LOST:
        raise Rejected(
            Rule.PERMISSION,
            f"print {print_.print_id} is {print_.state.value}, not lost: its printer"
            " alone ends it. Cancel it there",
        )
    if body.decision is Decision.RETRY:
        ended = replace(print_, state=PrintState.RELEASED, reason="to be printed again")
    else:
        ended = replace(print_, state=PrintState.DONE, reason="declared done")
        _count_by_hand(queue, ended)
    ended = replace(ended, ended=command.at, decided_by=body.by)
    return _finish(queue, ended, counts=False)


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
    if queue.unstarted_of_host(host) >= UNSTARTED_MAX:
        raise Rejected(
            Rule.CONFLICT,
            f"printer {printer.profile.name!r} already holds {UNSTARTED_MAX}"
            " reservations",
        )


def _check_together(queue: QueueData, job: Job, host: str) -> None:
    holders = {p.host for p in queue.prints_of_job(job.job_id)}
    for item in job.items:
        holders |= {
            key.partition(":")[0] for key in item.tallies if item.tallies[key].done
        }
    if holders - {host}:
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


def _finish(queue: QueueData, print_: Print, counts: bool) -> tuple[Event, ...]:
    """Move a print from the live ones to the finished ones."""
    queue.prints.pop(print_.print_id, None)
    queue.finished = (*queue.finished, print_)[-FINISHED_MAX:]
    events = [Event(Topic.PRINT, print_.print_id), Event(Topic.JOB, print_.job_id)]
    if counts:
        events += _count(queue, print_)
    job = queue.jobs.get(print_.job_id)
    if job is not None and job.complete and job.completed is None:
        events += complete_job(queue, job, print_.ended or job.added)
    return tuple(events)


def _note_late(
    queue: QueueData, command: Command, body: PrintEnded
) -> tuple[Event, ...]:
    """A fact about a print that is no longer live: count it, as extra (R10)."""
    known = [p for p in queue.finished if p.print_id == body.print_id]
    if known:
        may_speak_of(known[0], command.id.author)
        if known[0].state is body.outcome and not known[0].decided_by:
            return ()  # said before, under another command
    if body.outcome in (PrintState.LOST, PrintState.RELEASED):
        return ()  # nothing was made, and nothing is held
    queue.finished = tuple(p for p in queue.finished if p.print_id != body.print_id)
    late = Print(
        print_id=body.print_id,
        job_id=body.job_id,
        item=body.item,
        host=command.id.author,
        incarnation=command.id.incarnation,
        sha256=body.sha256,
        state=body.outcome,
        reserved=known[0].reserved if known else command.at,
        started=known[0].started if known else None,
        ended=command.at,
        reason=body.reason,
        decided_by=known[0].decided_by if known else "",
        extra=True,
    )
    by_hand = any(p.state is PrintState.DONE for p in known)
    return _finish(queue, late, counts=not by_hand)


def _count(queue: QueueData, print_: Print) -> list[Event]:
    """Add a print that ended to the tallies."""
    done = print_.state is PrintState.DONE
    failed = print_.state is PrintState.FAILED
    totals = queue.totals
    queue.totals = replace(
        totals,
        prints_done=totals.prints_done + done,
        prints_failed=totals.prints_failed + failed,
    )
    job = queue.jobs.get(print_.job_id)
    if job is not None and print_.item < len(job.items):
        item = job.items[print_.item]
        key = f"{print_.host}:{print_.incarnation}"
        tally = item.tallies.get(key, Tally())
        tally = Tally(tally.done + done, tally.failed + failed)
        tallies = {**item.tallies, key: tally}
        _put_item(queue, job, print_.item, replace(item, tallies=tallies))
    printer = queue.printers.get(print_.host)
    if printer is None or not (done or failed):
        return []
    failures = printer.failures + 1 if failed else 0
    queue.printers[print_.host] = replace(printer, failures=failures)
    return [Event(Topic.PRINTER, print_.host)]


def _count_by_hand(queue: QueueData, print_: Print) -> None:
    job = queue.jobs.get(print_.job_id)
    if job is not None and print_.item < len(job.items):
        item = job.items[print_.item]
        _put_item(queue, job, print_.item, replace(item, by_hand=item.by_hand + 1))


def _put_item(queue: QueueData, job: Job, index: int, item: Item) -> None:
    items = (*job.items[:index], item, *job.items[index + 1 :])
    queue.jobs[job.job_id] = replace(job, items=items)
