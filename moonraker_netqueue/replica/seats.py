"""Who gets a seat and who loses one: what the leader sees, one change at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ..ports import Clock
from .entry import Kind, Seat
from .errors import NotLeader
from .journal import Journal
from .membership import Census, gives_up_seat, next_change
from .raft_core import RaftCore

_LEFT_TTL = 60.0  # seconds without a voter that left in order: a restart is shorter
_PUT_OUT = 30.0  # seconds within which a host that is put out loses its links
_STEADY = 10.0  # seconds without a change of links and seats


class Seats:
    """Watches the links of a group, and says which membership change is due.

    Every member watches, so that a new leader knows since when a voter is gone.
    """

    def __init__(
        self, host_id: str, core: RaftCore, journal: Journal, clock: Clock, ttl: float
    ) -> None:
        self._host_id = host_id
        self._core = core
        self._journal = journal
        self._clock = clock
        self._ttl = ttl
        self._began = self._moved = clock.monotonic()
        self._linked: dict[str, str] = {}  # host id -> incarnation
        self._leaving: set[str] = set()
        self._unwanted: dict[str, float] = {}  # till when, or till they are linked anew
        self._overdue: dict[str, float] = {}  # host -> when its silence is too long
        self._asked: dict[str, list[asyncio.Future[None]]] = {}

    def note_linked(self, host: str, incarnation: str) -> None:
        """A host takes part in the group."""
        self._linked[host] = incarnation
        self._unwanted.pop(host, None)
        self._moved = self._clock.monotonic()

    def note_gone(self, host: str) -> None:
        """It is heard no more."""
        del self._linked[host]
        self._moved = self._clock.monotonic()
        ttl = min(_LEFT_TTL, self._ttl) if host in self._leaving else self._ttl
        self._overdue[host] = self._moved + ttl
        self._leaving.discard(host)
        self._refuse(host, NotLeader("the link is gone: ask again"))

    def note_leaving(self, host: str) -> None:
        """A linked host is about to end in order, or will not after all."""
        if host in self._linked:
            self._leaving.add(host)

    def staying(self) -> frozenset[str]:
        """Other hosts of the group, linked and not about to leave."""
        return frozenset(self._linked.keys() - self._leaving)

    def leave(self, host: str) -> asyncio.Future[None]:
        """As leader: done when the rest can go on without `host`."""
        self.note_leaving(host)
        return self._promise(host)

    def unseat(self, host: str) -> asyncio.Future[None]:
        """As leader: done when `host`, which is put out, has no seat.

        One that is still linked a little later was not put out, and gets one again.
        """
        self._unwanted[host] = self._clock.monotonic() + _PUT_OUT
        return self._promise(host)

    def _promise(self, host: str) -> asyncio.Future[None]:
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(host, []).append(answer)
        return answer

    def refuse(self, error: NotLeader) -> None:
        """This host leads no more: whoever leaves asks another one."""
        for host in tuple(self._asked):
            self._refuse(host, error)

    def _refuse(self, host: str, error: NotLeader) -> None:
        for answer in self._asked.pop(host, []):
            if not answer.done():
                answer.set_exception(error)

    def due(self, void: frozenset[str]) -> tuple[Kind, Seat] | None:
        """As leader: the change to append now; only once the last one is committed.

        Neither the library nor two leaders in a row can have two under way.
        """
        core, journal = self._core, self._journal
        if not core.term_is_settled() or journal.last_change[0] > core.commit_index:
            return None
        census = self._census(void)
        self._answer(census)
        change = next_change(census)
        if change is not None:
            self._moved = self._clock.monotonic()
        return change

    def _census(self, void: frozenset[str]) -> Census:
        core, seats = self._core, self._journal.seats()
        now, last = self._clock.monotonic(), self._journal.last_index
        heard = self._linked.keys() | {self._host_id}
        return Census(
            here=self._host_id,
            seats=seats,
            linked=frozenset(seats.keys() & heard),
            caught_up={
                host: incarnation
                for host, incarnation in self._linked.items()
                if host not in seats and core.match_index(host) == last
            },
            silent=frozenset(
                host
                for host in seats.keys() - heard
                if now >= self._overdue.get(host, self._began + self._ttl)
            ),
            void=void | {host for host, till in self._unwanted.items() if now < till},
            leaving=frozenset(self._leaving),
            ending=frozenset(self._leaving - self._asked.keys()),
            steady=now - self._moved >= _STEADY,
        )

    def _answer(self, census: Census) -> None:
        for host in sorted(self._asked):
            needless = host in census.void or gives_up_seat(census, host)
            if host not in census.seats or not needless:
                for answer in self._asked.pop(host):
                    if not answer.done():
                        answer.set_result(None)


def seats_lost(seats: Mapping[str, str], linked: Mapping[str, str]) -> frozenset[str]:
    """Voters that are back with another journal than the one that holds the seat."""
    return frozenset(
        host
        for host, incarnation in linked.items()
        if seats.get(host, incarnation) != incarnation
    )
