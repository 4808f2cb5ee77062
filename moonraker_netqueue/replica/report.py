"""What a replica tells about itself, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..model.schema import BASE, SCHEMA
from ..version import __version__
from .advice import notices
from .entry import is_name
from .greeting import Hello, Neighbours
from .group import Group
from .lifecycle import Lifecycle
from .lives import Lives
from .outbox import Outbox
from .phase import Phase
from .status import Member, ReplicaStatus, Role

_ENDED = (Phase.FAILED, Phase.CLOSED)


def report(
    here: Member,
    life: Lifecycle,
    neighbours: Neighbours,
    outbox: Outbox,
    overruled: Iterable[str],
) -> ReplicaStatus:
    """The status now; `here` is this host, its vote still unknown."""
    group = life.group
    journal = None if group is None else life.journal
    voters = frozenset[str]() if group is None else group.voters
    linked = {host.id for host in neighbours if host.connected}
    elects = group is not None and group.has_quorum and life.phase is Phase.MEMBER
    return ReplicaStatus(
        phase=life.phase,
        role=_role(life.phase, group),
        group=None if group is None else group.id,
        generation=0 if group is None else group.generation,
        leader=None if group is None else _leader(group, elects),
        term=0 if group is None else group.term,
        quorum=elects,
        voters=tuple(sorted(voters)),
        missing_voters=tuple(sorted(voters - linked - {here.id})),
        founding=None if group is None else group.state.founding_of(group.id),
        members=_members(here, neighbours, voters),
        last_index=0 if journal is None else journal.last_index,
        commit_index=0 if group is None else group.commit_index,
        applied_index=0 if group is None else group.applied_index,
        durable_index=0 if journal is None else journal.durable_index,
        pending=tuple(command.id for command in outbox.pending()),
        notices=notices(life, neighbours, overruled),
        error=None if life.error is None else str(life.error),
        rules=BASE if life.state is None else life.state.rules,
        alone=0 if group is None else _alone(here.id, group, neighbours),
        needed=_needed(here.id, group, neighbours) if group else frozenset(),
    )


def _leader(group: Group, elects: bool) -> str | None:
    """Without a majority it is the one that has been lost, but for a leader itself."""
    return group.leader if elects or group.is_leader else None


def _alone(here: str, group: Group, neighbours: Neighbours) -> int:
    """Of several voters a majority has each; a single one may be ahead of all."""
    if group.voters != {here}:
        return 0
    followers = [host.hello for host in neighbours if host.hello.group == group.id]
    reached = max((hello.reach for hello in followers), default=0)
    return max(0, group.commit_index - reached)


def hello(name: str, life: Lifecycle, lives: Lives, leaving: bool) -> Hello:
    """What this host says to the others now; `leaving`: it is about to end."""
    said = Hello(
        name=name,
        version=__version__,
        leaving=leaving,
        boots=lives.boots,
        nonce=lives.nonce,
        starts=lives.starts(),
        configuration=lives.configuration,
        speaks=SCHEMA,
    )
    group, journal = life.group, life.journal
    if group is None or journal is None:
        return said
    return replace(
        said,
        group=group.id,
        generation=group.generation,
        used=group.state.ever_used,
        voters=tuple(sorted(group.voters)),
        leader=None if group.going_to else group.leader,
        last_index=journal.last_index,
        incarnation=group.incarnation,
        reach=min(group.commit_index, journal.durable_index),
        following=group.following,
        ancestors=tuple(sorted(filter(is_name, group.state.ancestors))),
        rules=group.state.rules,
        sees=life.succession.target(group),
        gone=group.participants.words(group.going_to),
    )


def _role(phase: Phase, group: Group | None) -> Role:
    if phase in _ENDED:
        return Role.STOPPED
    if group is None:
        return Role.JOINING
    if group.is_leader:
        return Role.LEADER
    return Role.FOLLOWER if group.has_seat else Role.OBSERVER


def _needed(here: str, group: Group, neighbours: Neighbours) -> frozenset[str]:
    """A majority has all that its group accepted; else its voters have it."""
    mine = {group.id, *group.state.ancestors}
    others = {h.id for h in neighbours if h.hello.used and h.hello.group not in mine}
    linked = {host.id for host in neighbours if host.connected}
    single = group.voters if len(group.voters) == 1 else frozenset[str]()
    waited_for = frozenset[str]() if group.has_quorum else group.voters - linked
    return frozenset(others | single | waited_for) - {here}


def _members(
    here: Member, neighbours: Neighbours, voters: frozenset[str]
) -> tuple[Member, ...]:
    members = [
        Member(
            host.id,
            host.hello.name,
            host.id in voters,
            host.connected,
            host.hello.version,
        )
        for host in neighbours
    ]
    me = replace(here, voter=here.id in voters)
    return tuple(sorted([*members, me], key=lambda member: member.id))
