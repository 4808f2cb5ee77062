"""What a person should know of a replica, each with what there is to do."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.schema import SCHEMA, UPDATE_HERE
from .greeting import Neighbour, Neighbours
from .lifecycle import Lifecycle

_REJOIN = "POST /server/netqueue/rejoin"
_RECOVER = "/server/netqueue/recover"


def notices(
    life: Lifecycle, neighbours: Neighbours, overruled: Iterable[str]
) -> tuple[str, ...]:
    """One text each."""
    return (
        *_own(life),
        *_standing(life, neighbours),
        *_doubted(neighbours),
        *_outdated(life, neighbours),
        *_merging(overruled),
        *_going(life, neighbours),
        *([] if life.group is None else life.group.intake.notices()),
    )


def _own(life: Lifecycle) -> list[str]:
    lost = life.damage or "its copy of the queue is gone"
    text = (
        f"{lost}. This host waits for another host of the queue to get it from. If"
        " there is none, its jobs are lost: begin an empty queue, or join one of other"
        f" hosts, by {_REJOIN} with found=true"
    )
    if life.journal is not None and life.journal.meta("brought"):
        text = (
            "this host went over to another group of the queue, and reaches none of its"
            " hosts: switch them on. If they do not come back, begin an empty queue, or"
            f" join one of other hosts, by {_REJOIN} with found=true. What this host"
            " had is kept in set-aside/, and goes to the next group that it meets"
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


def _outdated(life: Lifecycle, neighbours: Neighbours) -> list[str]:
    """Hosts that cannot follow what the queue uses, on either side (R23)."""
    mine = None if life.group is None else life.group.id
    others = [host for host in neighbours if host.connected]
    return [
        f"host {_name(host)} runs version {host.hello.version}, which does not know"
        " what this queue uses: update it. Until then it takes no part in the queue"
        for host in others
        if host.outdated and host.hello.group == mine
    ] + [
        f"host {_name(host)} has another group of this queue, and this version does not"
        f" know what that one uses: {UPDATE_HERE}, then they become one"
        for host in others
        if host.hello.rules > SCHEMA
    ]


def _standing(life: Lifecycle, neighbours: Neighbours) -> list[str]:
    """Whom the queue waits for, and what a person can do."""
    group = life.group
    if group is None or life.lost_vote:
        return []
    if group.has_quorum and not group.goes_on:
        leaderless = (
            "most voters of the queue are here as far as this host knows, and elect no"
            " leader: it may have missed who votes since. Nothing is decided meanwhile."
            f" Switch the other hosts on, or look at {_RECOVER} on the other hosts: one"
            " that knows names who is missing"
        )
        return [leaderless]
    here = {host.id for host in neighbours if host.connected}  # without its copy
    waits_for = life.search.waits_for(group) - here
    missing = ", ".join(sorted(map(neighbours.name, waits_for)))
    if not missing:
        return []
    text = (
        f"the queue waits for host {missing}: printers end what they have reserved,"
        " nothing else begins, and new jobs wait. Switch it on; or, if it does not come"
        f" back, let the queue go on without it: GET {_RECOVER} shows what that risks"
    )
    return [text]


def _merging(overruled: Iterable[str]) -> list[str]:
    return [
        f"job {name!r} was removed on one side of a split queue and changed on the"
        " other: it is gone. Add it again if it is wanted"
        for name in overruled
    ]


def _going(life: Lifecycle, neighbours: Neighbours) -> list[str]:
    """What keeps this host from going over to another group of the queue (R8)."""
    group, succession = life.group, life.succession
    if group is None:
        return []
    if succession.other(group) is None:
        away = (
            "this host goes over to another group of this queue, of which no leader is"
            " in reach: switch its hosts on; or, if they do not come back, let the"
            f" queue go on without them: GET {_RECOVER} shows what that risks"
        )
        return [away] if group.going_to else []
    if succession.trouble:
        refused = (
            "another group of this queue goes on, and this host does not go over to"
            f" it yet: {succession.trouble}"
        )
        return [refused]
    names = ", ".join(sorted(map(neighbours.name, succession.waits_to_go(group))))
    together = (
        "another group of this queue goes on, and this host goes over to it together"
        f" with {names}: switch on which of them is off, and connect them to its"
        " hosts. If most of them do not come back, the queue can go on without them:"
        f" GET {_RECOVER} shows what that risks"
    )
    return [together] if names else []


def _name(host: Neighbour) -> str:
    return host.hello.name or host.id[:8]
