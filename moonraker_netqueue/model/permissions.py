"""Who may do what: anyone edits what is not assigned, a printer only its own.

But a viewer: it sees the queue, and tells of itself.
"""

from __future__ import annotations

from typing import Any

from .command import (
    Command,
    ContentDropped,
    ContentEvict,
    Dissolve,
    JobEdit,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintStarted,
    RulesRaise,
)
from .errors import Rejected, Rule
from .job import Job, same_form
from .print import Print
from .queue_data import QueueData

# Its own entry, facts, what it holds since before it was a viewer; and what a host
# that leads says of the group, not of the queue.
_VIEWER_SAYS: frozenset[type[Any]] = frozenset(
    {
        PrinterUpdate,
        ContentDropped,
        ContentEvict,
        PrintFetching,
        PrintStarted,
        PrintEnded,
        RulesRaise,
        Dissolve,
    }
)


def may_act(queue: QueueData, command: Command) -> None:
    """A viewer changes nothing of the queue."""
    author = command.id.author
    if author in queue.viewers and type(command.body) not in _VIEWER_SAYS:
        raise Rejected(
            Rule.PERMISSION,
            f"host {author[:8]} is a viewer of this queue: it sees it and changes"
            " nothing. A printer of the queue can give it another role",
        )


def may_remove(queue: QueueData, job: Job) -> None:
    """A job is removed only while none of its copies is assigned."""
    holders = _holders(queue, job)
    if holders:
        raise Rejected(
            Rule.PERMISSION,
            f"job {job.wishes.name!r} is assigned: {holders} holds copies of it."
            " Cancel these prints first, or wait for them",
        )


def may_edit(queue: QueueData, job: Job, edit: JobEdit) -> None:
    """Files, materials and requirements are fixed while copies are assigned.

    Name, note, priority, due date, owner, hold and counts concern the copies that
    are not: they may change at any time, a count not below done + assigned.
    """
    if edit.items is not None:
        _may_replace_items(queue, job, edit)
    changes_requirements = edit.requires not in (None, job.requires)
    if changes_requirements and _holders(queue, job):
        raise Rejected(
            Rule.PERMISSION,
            f"job {job.wishes.name!r} is assigned to {_holders(queue, job)}: its"
            " requirements can change when these prints have ended",
        )


def may_speak_of(print_: Print, author: str) -> None:
    """Only the printer itself writes its records."""
    if print_.host != author:
        raise Rejected(
            Rule.PERMISSION,
            f"print {print_.print_id} belongs to printer {print_.host[:8]}, which"
            f" alone may record it, not {author[:8]}",
        )


def _may_replace_items(queue: QueueData, job: Job, edit: JobEdit) -> None:
    specs = edit.items or ()
    assigned = bool(_holders(queue, job))
    touched = assigned or any(item.done or item.failed for item in job.items)
    if not touched:
        return
    if len(specs) != len(job.items):
        raise Rejected(
            Rule.PERMISSION,
            f"job {job.wishes.name!r} has prints: items can no longer be added or"
            " taken away. Add a second job",
        )
    for index, (spec, item) in enumerate(zip(specs, job.items, strict=True)):
        live = queue.live(job.job_id, index)
        if not same_form(item.spec, spec) and (live or item.done or item.failed):
            raise Rejected(
                Rule.PERMISSION,
                f"item {item.spec.name!r} has prints: only its count can change."
                " Add a second job",
            )
        if spec.count < item.done + live and spec.count != item.spec.count:
            raise Rejected(
                Rule.PERMISSION,
                f"count of {item.spec.name!r} cannot go below {item.done} done and"
                f" {live} assigned",
            )


def _holders(queue: QueueData, job: Job) -> str:
    names = {
        queue.printers[p.host].profile.name if p.host in queue.printers else p.host[:8]
        for p in queue.prints_of_job(job.job_id)
    }
    return ", ".join(sorted(names))
