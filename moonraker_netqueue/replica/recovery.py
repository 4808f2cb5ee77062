"""Going on without hosts that are away: a new generation of the group (R6, R7).

A person decides, never a timer. The new group starts from all that the hosts which can
be reached know together; it ends no reservation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..model.command import NOBODY, Origin
from ..model.founding import Founding, latest_foundings
from ..model.intake import note_ancestors
from ..model.queue_state import QueueState
from ..ports import Clock
from . import snapshot
from .errors import RecoverRefused
from .greeting import Neighbours
from .group import Group
from .journal import Journal
from .membership import group_of, index_of

_SECONDS = 25.0  # of copies that are fetched from those that are there
_START = 2  # index of its snapshot: an empty journal has the library's entry 1


@dataclass(frozen=True)
class Outlook:
    """What a person decides on: host ids, this host among the `following`.

    `majority_missing`: the missing ones may go on by themselves, and may have accepted
    what no other host has.
    """

    group: str
    generation: int
    following: tuple[str, ...]
    missing: tuple[str, ...]
    majority_missing: bool


class Recovered(NamedTuple):
    """The new group, and names of jobs that were removed by one host of the old one
    while another changed them: they are gone."""

    group: str
    overruled: tuple[str, ...] = ()


class Order:
    """A person's word that a group goes on; `done` has the id of the new one."""

    def __init__(self, by: str, group: str, origin: Origin = NOBODY) -> None:
        self.by = by
        self.group = group
        self.origin = origin
        self.given_way = ""  # to the host that goes on at the same time
        self.overruled: set[str] = set()
        self.done: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def carried_out(self, clock: Clock) -> Recovered:
        """The new group; raises RecoverRefused."""
        try:
            new = await clock.wait_for(self.done, _SECONDS)
        except TimeoutError as error:
            raise RecoverRefused("it takes too long: look at its status") from error
        return Recovered(new, tuple(sorted(self.overruled)))


def outlook(
    group: Group | None,
    journal: Journal | None,
    host_id: str,
    neighbours: Neighbours,
    configuration: str,
) -> Outlook:
    """Who would go on without whom; raises RecoverRefused if nobody need.

    `configuration`: the newest that this host ever had a seat in.
    """
    if group is None or journal is None:
        raise RecoverRefused("this host is in no group of the queue now: look again")
    if host_id in group.state.viewers:
        raise RecoverRefused("this host is a viewer of the queue: do it at another one")
    if group.goes_on:
        raise RecoverRefused(
            "a majority of the voters is here: there is nothing to go on without"
        )
    if group.has_quorum:  # by this log: who is missing only a newer one tells
        raise RecoverRefused(
            "a majority of the voters is here, as far as this host knows, and elects"
            " no leader: do it at a host that names who is missing"
        )
    hosts = neighbours.in_group(group.id)
    reached = {host.id for host in hosts} | {host_id}
    # A log that is empty still names nobody: then whom this host was told counts.
    voters = group.voters or group.participants.known_voters
    absent = group.participants.absent
    if group.going_to or not absent:  # it follows its links no more
        absent = voters - reached
    elsewhere = _went_before(group, neighbours)
    seats = [configuration, *(host.hello.configuration for host in hosts)]
    return Outlook(
        group.id,
        group.generation,
        tuple(sorted(reached)),
        tuple(sorted((absent | elsewhere) - reached)),
        group.going_to is not None
        or 2 * len(absent) > len(voters)
        or journal.is_as_left
        or _is_behind(journal, group, seats)
        or (2 * len(absent) == len(voters) and _others_may_vote(group, neighbours)),
    )


def _is_behind(journal: Journal, group: Group, seats: Iterable[str]) -> bool:
    """Whether a host that is here had a seat in a later configuration than this log
    knows, and lost its journal: who votes is then known to the missing only."""
    mine = [index_of(seat) for seat in seats if group_of(seat) == group.id]
    return max(mine, default=0) > index_of(journal.configuration)


def _went_before(group: Group, neighbours: Neighbours) -> frozenset[str]:
    """Hosts of the group that this host goes over to: they may have its jobs."""
    into = group.going_to
    return frozenset(h.id for h in neighbours if into and h.hello.group == into)


def _others_may_vote(group: Group, neighbours: Neighbours) -> bool:
    """Whether a host of the group is away that had no seat: half of the voters and
    one that got a seat meanwhile are a majority."""
    return any(
        host.hello.group == group.id and host.id not in group.voters
        for host in neighbours
        if not host.connected
    )


def found(state: QueueState, outlook: Outlook, founding: Founding) -> None:
    """Make a state the one that a new generation starts with."""
    state.dissolved_into = None
    note_ancestors(state, {outlook.group: outlook.generation})
    state.foundings = latest_foundings((*state.foundings, founding))


def writer_of(
    state: QueueState, founding: Founding, incarnation: str
) -> Callable[[Journal], None]:
    """What writes the journal of a group that begins with a state and one voter.

    Slow where the state is large: to be called in the worker.
    """
    seats = {founding.host: incarnation}
    taken, text = snapshot.write(state, _START, 0, seats, (_START, 0))

    def fill(journal: Journal) -> None:
        journal.set_meta(
            group=founding.group,
            generation=founding.generation,
            following=len(founding.following),
            introduced=[],
            incarnation=incarnation,
        )
        journal.install(taken, text)

    return fill
