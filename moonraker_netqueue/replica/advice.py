"""What a person should know of a replica, each with what there is to do."""

from __future__ import annotations

from .greeting import Neighbour, Neighbours
from .group import Group
from .lifecycle import Lifecycle

_REJOIN = "POST /server/netqueue/rejoin"


def notices(life: Lifecycle, neighbours: Neighbours) -> tuple[str, ...]:
    """One text each."""
    return (*_own(life), *_doubted(neighbours), *_in_group(life.group, neighbours))


def _own(life: Lifecycle) -> list[str]:
    lost = life.damage or "its copy of the queue is gone"
    text = (
        f"{lost}. This host waits for another host of the queue to get it from. If"
        " there is none, its jobs are lost: begin an empty queue, or join one of other"
        f" hosts, by {_REJOIN} with found=true"
    )
    vote = (
        f"{lost}, and the hosts that are on cannot know whether they have all that it"
        " had: switch the other hosts of the queue on. If there are none, what only"
        f" this host had is lost: let the queue go on without it by {_REJOIN}"
    )
    return [text] * life.lost_queue + [vote] * life.lost_vote


def _doubted(neighbours: Neighbours) -> list[str]:
    return [
        f"host {_name(host)} is not let in: {host.doubt}"
        for host in neighbours
        if host.connected and host.doubt is not None
    ]


def _in_group(group: Group | None, neighbours: Neighbours) -> list[str]:
    if group is None:
        return []
    apart = [
        f"host {_name(host)} shares a queue of the same name"
        " that has jobs too: the two stay apart until a person chooses. On each host of"
        " the other, move group.db of its replica away with Moonraker stopped, and"
        f" then let it join by {_REJOIN} with found=true"
        for host in neighbours
        if group.state.ever_had_jobs and host.connected and host.hello.jobs
        if host.hello.group != group.id
    ]
    return [*apart, *group.intake.notices()]


def _name(host: Neighbour) -> str:
    return host.hello.name or host.id[:8]
