"""What a queue would lose if a host left it for good, each with its remedy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ..model.content import Content
from ..model.queue_state import QueueState
from ..replica.status import ReplicaStatus
from .arguments import Arguments
from .errors import ApiError
from .queue import ServedQueue

_NAMED_MAX = 5  # files that a text names


class SoleFile(NamedTuple):
    """A file that one host alone has, and a job that waits for it."""

    content: Content
    job: str


def losses(
    queue: ServedQueue, here: str, sole: Mapping[str, Sequence[SoleFile]]
) -> Mapping[str, list[str]]:
    """Texts by host; `here` is the host that answers, perhaps the one that leaves."""
    found: dict[str, list[str]] = defaultdict(list)
    for host, only_there in sole.items():
        found[host] += _named(only_there)
    status = queue.replica.status()
    found[here] += _of_this_host(queue, status)
    for host in status.needed - {here}:
        found[host].append(
            "it may have accepted jobs that no host which is on has: switch it on, and"
            " wait until another one follows it and has a vote"
        )
    return found


def sole_files(queue: ServedQueue) -> Mapping[str, list[SoleFile]]:
    """By host, the files that jobs wait for and that no other one has."""
    gone = queue.desk.forgotten(queue.name)
    sole: dict[str, list[SoleFile]] = defaultdict(list)
    for sha256, job in _files_waited_for(queue.state).items():
        content = queue.state.contents.get(sha256)
        if content is None:
            continue
        holders = [host for host in content.holders if host not in gone]
        if len(holders) == 1:
            sole[holders[0]].append(SoleFile(content, job))
    return sole


def require_no_loss(queue: ServedQueue, host: str, here: str, call: Arguments) -> None:
    """Answer 409 where something would be lost, unless the call accepts it."""
    accepted = call.boolean("anyway", False)
    found = losses(queue, here, sole_files(queue)).get(host)
    if found and not accepted:
        raise ApiError(
            409,
            f"queue {queue.name} would lose something with {queue.host_name(host)}:"
            f" {'; '.join(found)}. To do it all the same, give 'anyway': true",
        )


def _files_waited_for(state: QueueState) -> Mapping[str, str]:
    """Names of the jobs by SHA-256 of what they wait for."""
    return {
        file.sha256: job.wishes.name
        for job in state.ordered_jobs()
        if not job.completed
        for item in job.items
        for file in item.spec.files
    }


def _named(sole: Sequence[SoleFile]) -> Iterator[str]:
    for content, job in sole[:_NAMED_MAX]:
        yield (
            f"no other host has file {content.name!r} of job {job!r}, which could not"
            " be printed then: let another one get it first, on its page by 'Members',"
            " 'Forget'"
        )
    if len(sole) > _NAMED_MAX:
        yield f"nor {len(sole) - _NAMED_MAX} more files that jobs need"


def _of_this_host(queue: ServedQueue, status: ReplicaStatus) -> Iterator[str]:
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
