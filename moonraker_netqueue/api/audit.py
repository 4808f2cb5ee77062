"""The audit log: who changed a queue, when, at which host, and what became of it.

It is read off the replicated log as its entries are applied, so every host has the same
one. It begins with what the log on this host's disk still holds at a start; but who let
the queue go on without some hosts stays.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from typing import Any

from ..model.command import (
    Body,
    Command,
    ContentDropped,
    ContentEvict,
    ContentHeld,
    Dissolve,
    HandIn,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    MemberNoted,
    MemberSet,
    Place,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintReserve,
    PrintStarted,
    QueuePause,
    QueueSet,
    RulesRaise,
)
from ..model.member import MemberWord
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..model.schema import needed_version
from .views import host_name

EVENTS_MAX = 1_000
_NameOf = Callable[[str], str]  # of a job, by its id or that of a print of it
_QUIET = (PrinterUpdate, ContentHeld, ContentDropped, ContentEvict, PrintFetching)


class AuditLog:
    """The last EVENTS_MAX commands of one queue that a person may want to see."""

    def __init__(self, state: Callable[[], QueueState]) -> None:
        self._state = state
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_MAX)
        # Of jobs, also removed ones, and of the prints of jobs.
        self._names: OrderedDict[str, str] = OrderedDict()

    def on_command(self, command: Command, index: int, outcome: Outcome) -> None:
        """A command was applied, or refused by a rule."""
        if isinstance(command.body, _QUIET) or not _whole(command.body):
            return  # printers talk of themselves all the time
        self._note_name(command.body)
        event = {
            "index": index,
            "at": command.at,
            "host_id": command.id.author,
            "who": command.origin.user or _who(command.body),
            "address": command.origin.address,
            "what": _WORDS[type(command.body)](command.body, self._job),
            "refused": outcome.reason if outcome.rule is not None else "",
            **_about(command.body),
        }
        if self._events and self._events[-1]["index"] >= index:
            self._events.clear()  # another log: this host joined another group
        if isinstance(command.body, MemberNoted) and self._has(event):
            return  # said again by who said it, for a group that it came to
        self._events.append(event)

    def _has(self, event: Mapping[str, Any]) -> bool:
        """Whether the same was noted before."""
        same = ("host_id", "at", "what", "who", "address", "refused")
        return any(all(e[k] == event[k] for k in same) for e in self._events)

    def _note_name(self, body: Body) -> None:
        job_id = str(getattr(body, "job_id", ""))
        job = self._state().jobs.get(job_id)
        wishes = body.wishes if isinstance(body, JobAdd | JobEdit) else None
        if wishes is None and job is not None:
            wishes = job.wishes
        name = self._names.get(job_id) if wishes is None else wishes.name
        if name is not None:
            for known in filter(None, (job_id, getattr(body, "print_id", ""))):
                self._names[known] = name
                self._names.move_to_end(known)
        while len(self._names) > 2 * EVENTS_MAX:
            self._names.popitem(last=False)

    def _job(self, job_id: str) -> str:
        """A job as a person knows it."""
        name = self._names.get(job_id)
        return f"job {job_id[:8]}" if name is None else f"job {name!r}"

    def newest_first(self, limit: int, before: int | None) -> list[dict[str, Any]]:
        """At most `limit` events, of those with an index below `before`."""
        state = self._state()
        began = [_began(state, number) for number in range(len(state.foundings))]
        chosen = [
            event | {"host": host_name(state, event["host_id"])}
            for event in (*reversed(self._events), *began)
            if before is None or event["index"] < before
        ]
        return chosen[:limit]


def _began(state: QueueState, number: int) -> dict[str, Any]:
    """The event of one of the groups that the queue went on in, newest first.

    All of them are older than this group's log: their indexes go down from 0.
    """
    founding = state.foundings[-1 - number]
    missing = ", ".join(host_name(state, host) for host in founding.missing)
    generation = founding.generation
    what = f"let the queue go on as generation {generation}"
    if missing:
        what = f"let the queue go on as generation {generation} without {missing}"
    return {
        "index": -number,
        "at": founding.at,
        "host_id": founding.host,
        "who": founding.user or founding.by,
        "address": founding.address,
        "what": what,
        "refused": "",
    }


def _whole(body: Body) -> bool:
    """Whether it is more than one part of what another group hands in."""
    return not isinstance(body, HandIn) or body.complete


def _who(body: Body) -> str:
    """The person, where the command names one."""
    if isinstance(body, JobAdd):
        return body.wishes.owner
    return body.by if isinstance(body, PrintDecide) else ""


def _about(body: Body) -> dict[str, str]:
    """The ids that the command is about."""
    return {
        name: str(getattr(body, name))
        for name in ("job_id", "print_id")
        if hasattr(body, name)
    }


def _added(body: JobAdd, _name: _NameOf) -> str:
    copies = sum(item.count for item in body.items)
    if copies == 1:
        return f"added job {body.wishes.name!r}, 1 copy"
    return f"added job {body.wishes.name!r}, {copies} copies"


def _edited(body: JobEdit, job: _NameOf) -> str:
    parts = [
        word
        for word, given in (
            ("wishes", body.wishes),
            ("requirements", body.requires),
            ("items", body.items),
            ("failed attempts forgiven", body.retry),
        )
        if given
    ]
    return f"changed {job(body.job_id)}: {', '.join(parts) or 'nothing'}"


def _moved(body: JobMove, job: _NameOf) -> str:
    moved = job(body.job_id)
    if body.place is Place.BEFORE:
        return f"moved {moved} before {job(body.anchor)}"
    if body.place is Place.AFTER:
        return f"moved {moved} after {job(body.anchor)}"
    if body.place is Place.FRONT:
        return f"moved {moved} to the front"
    return f"moved {moved} to the back"


def _ended(body: PrintEnded, job: _NameOf) -> str:
    outcome = body.outcome.value
    if not body.reason:
        return f"a print of {job(body.job_id)} ended, {outcome}"
    return f"a print of {job(body.job_id)} ended, {outcome}: {body.reason}"


def _paused(body: QueuePause, _name: _NameOf) -> str:
    return "paused the queue" if body.paused else "resumed the queue"


def _set(body: QueueSet, _name: _NameOf) -> str:
    parts = []
    for word, value in vars(body).items():
        if isinstance(value, Mapping):
            parts.append(f"{word} ({', '.join(sorted(value))})")
        elif value is not None:
            parts.append(word if isinstance(value, tuple) else f"{word} {value!r}")
    return f"set the queue's {', '.join(parts) or 'nothing'}"


def _raised(body: RulesRaise, _name: _NameOf) -> str:
    version = needed_version(body.rules)
    if not body.without:
        return (
            f"raised the queue's rules to {body.rules}: all hosts need version"
            f" {version} or later from now on, and what is new in it can be used"
        )
    left = ", ".join(host[:8] for host in body.without)
    return (
        f"raised the queue's rules to {body.rules} without {left}: all hosts need"
        f" version {version} or later from now on, and what is new in it can be used"
    )


def _noted(body: MemberNoted, _name: _NameOf) -> str:
    host = body.name or body.host[:8]
    if body.word is MemberWord.ADMITTED:
        return f"let in host {host!r}"
    return f"forgot host {host!r}"


_WORDS: Mapping[type, Callable[[Any, _NameOf], str]] = {
    JobAdd: _added,
    JobEdit: _edited,
    JobRemove: lambda body, job: f"removed {job(body.job_id)}",
    JobMove: _moved,
    QueuePause: _paused,
    QueueSet: _set,
    PrintReserve: lambda body, job: f"reserved a copy of {job(body.job_id)}",
    PrintStarted: lambda body, job: f"started a print of {job(body.print_id)}",
    PrintEnded: _ended,
    PrintDecide: lambda body, job: (
        f"decided about a print of {job(body.print_id)}: {body.decision.value}"
    ),
    RulesRaise: _raised,
    HandIn: lambda body, _job: f"brought what group {body.group[:8]} knew",
    Dissolve: lambda _body, _job: "gave this group up for another one",
    MemberSet: lambda body, _job: f"made host {body.host[:8]} a {body.role.value}",
    MemberNoted: _noted,
}
