"""Groups of one queue that meet: which one goes over to which (R8, R14).

A group that was never used dissolves by command. Of two that were the hosts of one go
over to the other: to the one of the higher generation, then to the one that began with
more hosts, then to the lower id. All of that is fixed when a group is founded, so both
sides see the same winner; and whatever a group went on from, or took in, is lower than
it.

They go as one: what one of them brings, the others must not decide on any more. So
each first leaves its group for ever, and brings what it knows once the words of those
that left say that it has ended (`gone_over.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..model.command import Command, CommandId, Dissolve
from ..model.schema import SCHEMA
from ..ports import Clock, Random
from .gone_over import GoneOver, ended
from .greeting import Hello, Neighbour, Neighbours
from .group import Group


class Side(NamedTuple):
    """One of two groups."""

    id: str
    generation: int
    following: int


def goes_over(mine: Side, other: Side) -> bool:
    """Whether the hosts of `mine` go over to `other`; never in both directions."""
    mine_key = (mine.generation, mine.following)
    other_key = (other.generation, other.following)
    return other_key > mine_key or (other_key == mine_key and other.id < mine.id)


def side_of(group: Group) -> Side:
    """This host's group."""
    return Side(group.id, group.generation, group.following)


def _side_of(hello: Hello, group: str) -> Side:
    return Side(group, hello.generation, hello.following)


class Meeting:
    """Looks at the other groups of the queue that linked hosts name."""

    def __init__(
        self, host_id: str, neighbours: Neighbours, clock: Clock, random: Random
    ) -> None:
        self._host_id = host_id
        self._neighbours = neighbours
        self._clock = clock
        self._random = random
        self._proposed: tuple[str, int, str] | None = None  # once a term

    def left_for(self, group: Group) -> str | None:
        """The group that mine was dissolved into while this host was away.

        A host leaves a group that was not used only once it has applied its Dissolve.
        """
        for neighbour, other in self._others(group):
            voter = neighbour.id in group.participants.known_voters
            if voter and not group.may_be_used():
                return other
        return None

    def goes_to(self, group: Group) -> str | None:
        """The group that this host would go over to: one that has a leader."""
        mine, going = side_of(group), None
        for neighbour, other in self._others(group):
            if self._neighbours.leader_of(other) is None:
                continue
            hello, side = neighbour.hello, _side_of(neighbour.hello, other)
            both = hello.used and group.may_be_used()
            if not (both or self._related(group, hello)):
                continue  # the one that was not used dissolves
            if goes_over(mine, side) or self._was_left(group, neighbour):
                mine, going = side, other
        return going

    def may_leave(self, group: Group, into: str) -> bool:
        """Whether the group would end if this host left it for that one, and all did
        that would go over to it, too."""
        willing = (*self._left(group, into), *self._willing(group, into))
        return ended(willing, group.id, self._line(into))

    def has_ended(self, group: Group, into: str) -> bool:
        """Whether nothing is decided in a group any more: its voters left for `into`,
        or for what went into that."""
        return ended(self._left(group, into), group.id, self._line(into))

    def may_bring(self, group: Group, into: str) -> bool:
        """Whether it has ended, and all that it ever decided is in this host's log, or
        in the other group: else that one would hear of a job, and not what became of
        it."""
        if not self.has_ended(group, into):
            return False
        leader = self._neighbours.leader_of(into)
        if leader is not None and group.id in leader.hello.ancestors:
            return True
        mine, left = group.participants.word(into).end, self._left(group, into)
        older = [(host, said) for host, said in left if said.end <= mine]
        return ended(older, group.id, self._line(into))

    def stay_behind(self, group: Group, into: str) -> frozenset[str]:
        """Other voters that have not left a group for `into`, and do not see it; once
        it has ended, those that know more and have to go first."""
        mine = group.participants.word(into)
        line, life = self._line(into), dict(mine.seats)
        if self.has_ended(group, into):
            left = self._left(group, into)
            newer = {h for h, s in left if s.group == group.id and s.end > mine.end}
            return frozenset(newer & group.voters)
        # Who left itself waits for deeds: another one may see the group, and not go.
        willing = () if group.going_to else self._willing(group, into)
        gone = {
            host
            for host, said in (*self._left(group, into), *willing)
            if said.into in line and life.get(host) == said.incarnation
        }
        return group.voters - gone - {self._host_id}

    def _line(self, into: str) -> frozenset[str]:
        """A group, and those that went into it."""
        leader = self._neighbours.leader_of(into)
        return frozenset({into} if leader is None else {into, *leader.hello.ancestors})

    def _left(self, group: Group, into: str) -> Iterator[tuple[str, GoneOver]]:
        """What is known of who left."""
        mine = group.participants.word(into)
        for neighbour in self._neighbours:
            host, hello = neighbour.id, neighbour.hello
            if neighbour.doubt is not None or host in group.state.viewers:
                continue
            if hello.gone is not None:
                yield from ((host, said) for said in hello.gone)
            elif hello.group not in (None, group.id):  # of 0.1.0: it leaves unsaid
                yield host, mine._replace(incarnation=dict(mine.seats).get(host, ""))
        if group.going_to is not None:
            yield self._host_id, group.participants.word(group.going_to)

    def _willing(self, group: Group, into: str) -> Iterator[tuple[str, GoneOver]]:
        """What this host, and those that see another group, would say."""
        mine = group.participants.word(into)
        if group.going_to is None:
            yield self._host_id, mine
        for member in self._neighbours.members(group.id):
            hello = member.hello
            target = into if hello.gone is None else hello.sees  # 0.1.0 just goes
            if target is not None and member.id not in group.state.viewers:
                said = mine._replace(incarnation=hello.incarnation, into=target)
                yield member.id, said

    @staticmethod
    def _was_left(group: Group, neighbour: Neighbour) -> bool:
        """Whether mine was dissolved without this host, whose log's end alone has what
        makes it a used one: nobody comes to it, and nobody else can commit that."""
        gone = neighbour.id in group.participants.known_voters and not group.has_quorum
        return gone and not group.state.ever_used

    def propose_dissolve(self, group: Group) -> None:
        """As leader of a group that was not used: end it, in favour of another one.

        What the log has now stays before the Dissolve in it, whoever leads then.
        """
        for neighbour, other in self._others(group):
            if group.is_leader and self._yields(group, neighbour.hello):
                self._propose(group, other)

    def _others(self, group: Group) -> list[tuple[Neighbour, str]]:
        return [
            (neighbour, neighbour.hello.group)
            for neighbour in self._neighbours
            if neighbour.connected and neighbour.doubt is None
            if neighbour.hello.group not in (None, group.id)
            if neighbour.id not in group.state.viewers  # whom nobody follows
            if neighbour.hello.rules <= SCHEMA  # else this host waits to be updated
            if self._may_follow(group, neighbour.hello)
        ]

    @staticmethod
    def _may_follow(group: Group, other: Hello) -> bool:
        """Who goes over already goes to no stranger: one of two that both had its
        jobs would not know what the other makes of them."""
        known = (other.group, *other.ancestors)
        return group.going_to in (None, *known) or group.id in other.ancestors

    @staticmethod
    def _related(group: Group, other: Hello) -> bool:
        """Whether one of the two went on from the other."""
        return group.id in other.ancestors or other.group in group.state.ancestors

    def _yields(self, group: Group, other: Hello) -> bool:
        if group.may_be_used() or other.group is None:
            return False
        if self._related(group, other):
            return False
        return other.used or goes_over(side_of(group), _side_of(other, other.group))

    def _propose(self, group: Group, into: str) -> None:
        if self._proposed == (group.id, group.term, into):
            return
        self._proposed = (group.id, group.term, into)
        # Not through the outbox: delivered late, it would end another group. A life
        # of its own, so that it does not disturb the order of this host's commands.
        life = int.from_bytes(self._random.token(6), "big")
        command = Command(
            CommandId(self._host_id, life, 1), self._clock.wall(), Dissolve(into)
        )
        answer = group.submit(command)
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
