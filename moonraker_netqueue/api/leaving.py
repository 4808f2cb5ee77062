"""What a queue would lose if a host left it for good, each with its remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..model.queue_state import QueueState
from .arguments import Arguments
from .errors import ApiError
from .queue import ServedQueue

_NAMED_MAX = 5  # files that a text names


def losses(queue: ServedQueue, host: str, here: str) -> list[str]:
    """One text each; `here` is the host that answers, perhaps the one that leaves."""
    state, forgotten = queue.state, queue.desk.forgotten(queue.name)
    found = [*_files(state, host, forgotten)]
    found += _of_this_host(queue) if host == here else _of_another(queue, host)
    return found


def require_no_loss(queue: ServedQueue, host: str, here: str, call: Arguments) -> None:
    """Answer 409 where something would be lost, unless the call accepts it."""
    accepted = call.boolean("anyway", False)
    found = losses(queue, host, here)
    if found and not accepted:
        raise ApiError(
            409,
            f"queue {queue.name} would lose something with {queue.host_name(host)}:"
            f" {'; '.join(found)}. To do it all the same, give 'anyway': true",
        )


def _files(state: QueueState, host: str, gone: Collection[str]) -> Iterator[str]:
    """Files that jobs wait for and that no other host has."""
    waited_for = {
        file.sha256: job.wishes.name
        for job in state.ordered_jobs()
        if not job.completed
        for item in job.items
        for file in item.spec.files
    }
    contents = [state.contents[one] for one in waited_for if one in state.contents]
    sole = [one for one in contents if {*one.holders} - {*gone} == {host}]
    for content in sole[:_NAMED_MAX]:
        yield (
            f"no other host has file {content.name!r} of job"
            f" {waited_for[content.sha256]!r}: let another one get it first, by POST"
            f" /server/netqueue/fetch there with sha256={content.sha256}"
        )
    if len(sole) > _NAMED_MAX:
        yield f"nor {len(sole) - _NAMED_MAX} more files that jobs need"


def _of_this_host(queue: ServedQueue) -> Iterator[str]:
    status = queue.replica.status()
    open_jobs = sum(not job.completed for job in queue.state.jobs.values())
    if status.alone and open_jobs:
        yield (
            f"no other host is known to have the last {status.alone} changes of the"
            f" queue, which has {open_jobs} jobs to do: switch another host of it on,"
            " and wait until it shows them"
        )
    if status.pending:
        missing = ", ".join(queue.missing()) or "a leader"
        yield (
            f"{len(status.pending)} changes wait here for a majority, and are nowhere"
            f" else: switch {missing} on, and wait until they are accepted"
        )


def _of_another(queue: ServedQueue, host: str) -> Iterator[str]:
    if host in queue.replica.status().needed:
        yield (
            "it may have accepted jobs that no host which is on has: switch it on, and"
            " wait until another one follows it and has a vote"
        )
