"""Endpoints that only tell: history, members, events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.print import Print, PrintState
from ..model.queue_state import QueueState
from ..replica.status import Member
from ..version import __version__
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .leaving import losses, sole_files
from .members import admission_view
from .views import print_view

_LIMIT, _LIMIT_MAX = 50, 1_000


class ReportEndpoints:
    """What `history`, `members` and `events` do."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def history(self, arguments: Arguments) -> dict[str, Any]:
        """The last prints that ended, and totals: of all time, per printer, per job."""
        queue = self._host.queue(arguments)
        limit = _limit(arguments)
        arguments.finish()
        state = queue.state
        newest = state.finished[::-1]
        return {
            "queue": queue.name,
            "revision": queue.revision,
            "prints": [print_view(state, print_) for print_ in newest[:limit]],
            "totals": {
                "jobs_added": state.totals.jobs_added,
                "jobs_completed": state.totals.jobs_completed,
                "prints_done": state.totals.prints_done,
                "prints_failed": state.totals.prints_failed,
            },
            "per_printer": _per_printer(state, newest),
            "per_job": _per_job(state),
        }

    async def members(self, arguments: Arguments) -> dict[str, Any]:
        """Hosts of the queue: roles, addresses, last heard, versions."""
        queue = self._host.queue(arguments)
        arguments.finish()
        status = queue.replica.status()
        members, gone = [], queue.gone()
        sole = sole_files(queue)
        lost = losses(queue, self._host.host_id, sole)
        let_in = queue.desk.let_in_by(queue.name)
        known = {member.id for member in status.members}
        away = (
            Member(host_id, one.name, False, False, "")
            for host_id, one in queue.desk.members(queue.name).items()
            if host_id not in known
        )
        for member in (*status.members, *away):
            if member.id in gone:
                continue
            here = member.id == self._host.host_id
            link = self._host.links.find_link(member.id)
            members.append(
                {
                    "host_id": member.id,
                    "name": member.name,
                    "here": here,
                    "connected": member.connected,
                    "role": _role(member, status.leader, queue.state.viewers),
                    "voter": member.voter,
                    "version": __version__ if here else member.version,
                    "address": None if link is None else link.address,
                    "silent_s": None if link is None else round(link.silent_s, 1),
                    "printer": _printer_name(queue.state, member.id),
                    "losses": lost.get(member.id, []),
                    "sole_files": [
                        one.content.sha256 for one in sole.get(member.id, ())
                    ],
                    "let_in": [
                        {"host_id": one.host_id, "name": one.name}
                        for one in let_in.get(member.id, ())
                    ],
                }
            )
        return {
            "queue": queue.name,
            "quorum": status.quorum,
            "missing": queue.missing(),
            "members": members,
            **admission_view(queue),
        }

    async def events(self, arguments: Arguments) -> dict[str, Any]:
        """The audit log, newest first; `before` an index pages on."""
        queue = self._host.queue(arguments)
        limit, before = _limit(arguments), arguments.optional_integer("before")
        arguments.finish()
        return {
            "queue": queue.name,
            "revision": queue.revision,
            "events": queue.audit.newest_first(limit, before),
        }


def _limit(arguments: Arguments) -> int:
    limit = arguments.integer("limit", _LIMIT)
    if not 1 <= limit <= _LIMIT_MAX:
        raise ApiError(400, f"argument 'limit': 1 to {_LIMIT_MAX}, not {limit}")
    return limit


def _role(member: Member, leader: str | None, viewers: frozenset[str]) -> str:
    if member.id == leader:
        return "leader"
    if member.id in viewers:
        return "viewer"
    return "follower" if member.voter else "observer"


def _printer_name(state: QueueState, host_id: str) -> str:
    printer = state.printers.get(host_id)
    return "" if printer is None else printer.profile.name


def _per_printer(state: QueueState, ended: Iterable[Print]) -> list[dict[str, Any]]:
    """Of the prints that are kept, 200 of a queue."""
    rows: dict[str, dict[str, Any]] = {}
    for print_ in ended:
        row = rows.setdefault(
            print_.host,
            {
                "printer_id": print_.host,
                "printer": _printer_name(state, print_.host),
                "done": 0,
                "failed": 0,
                "print_seconds": 0,
            },
        )
        if print_.state is PrintState.DONE:
            row["done"] += 1
        elif print_.state is PrintState.FAILED:
            row["failed"] += 1
        if print_.started is not None and print_.ended is not None:
            row["print_seconds"] += max(0, round(print_.ended - print_.started))
    return sorted(rows.values(), key=lambda row: (row["printer"], row["printer_id"]))


def _per_job(state: QueueState) -> list[dict[str, Any]]:
    """Of the jobs that are kept: the open ones and the last 100 complete."""
    return [
        {
            "job_id": job.job_id,
            "job": job.wishes.name,
            "completed": job.completed,
            "count": sum(item.spec.count for item in job.items),
            "done": sum(item.done for item in job.items),
            "failed": sum(item.failed for item in job.items),
        }
        for job in state.ordered_jobs()
        if any(item.done or item.failed for item in job.items)
    ]
