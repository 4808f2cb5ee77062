"""Who has a seat: the fold of a log's membership entries, and which change is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .entry import Kind, Seat, seat_of

VOTERS_MAX = 5
_VOTERS_MIN = 3  # a silent voter is not removed below that (R15)


class Change(NamedTuple):
    """A membership entry of the log; `seat` of a removal has no incarnation."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs
    term: int
    kind: Kind
    seat: Seat


def change_of(index: int, term: int, kind: Kind, payload: str) -> Change | None:
    """The change that an entry makes, if it is a membership entry."""
    if kind not in (Kind.ADD, Kind.REMOVE):
        return None
    return Change(index, term, kind, seat_of(payload))


def configuration_name(group: str, index: int, term: int) -> str:
    """Names the configuration that a membership entry made; empty if unknown."""
    return f"{group}-{index}-{term}" if index else ""


def index_of(configuration: str) -> int:
    """Index of the entry that a configuration's name tells; 0 if none."""
    index = configuration.rpartition("-")[0].rpartition("-")[2]
    return int(index) if index.isdecimal() else 0


def group_of(configuration: str) -> str:
    """The group that a configuration's name tells; empty if none."""
    return configuration.rpartition("-")[0].rpartition("-")[0]


def seats_after(
    changes: Iterable[Change], base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Host id -> incarnation of all voters once these changes follow `base`."""
    seats: dict[str, str] = dict(base or {})
    for _, _, kind, seat in changes:
        if kind is Kind.ADD:
            seats[seat.host] = seat.incarnation
        else:
            seats.pop(seat.host, None)
    return seats


def seats_for(members: int) -> int:
    """How many of `members` hosts vote: 1, 2, 3, 3, then 5: odd above two."""
    if members <= 2:
        return members
    return 3 if members < VOTERS_MAX else VOTERS_MAX


@dataclass(frozen=True)
class Census:
    """What a leader knows about the hosts of its group.

    `linked` are voters that it hears, itself included; `caught_up` the observers
    that have the whole log; `silent` voters unheard for longer than the TTL; `void`
    hosts whose journal is lost or in doubt, that do not know the group's rules, are
    viewers or put out: a seat of theirs serves nothing (R4, R12, R23);
    `leaving` hosts that are about to end in order; `ending` those of them that wait
    for no answer any more, so they may be gone by now; `steady` that no link and no
    seat changed lately.
    """

    here: str
    seats: Mapping[str, str]
    linked: frozenset[str]
    caught_up: Mapping[str, str]
    silent: frozenset[str] = frozenset()
    void: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()
    steady: bool = True

    @property
    def present(self) -> frozenset[str]:
        """Voters that will acknowledge what is appended now."""
        return self.linked - self.ending


def next_change(census: Census) -> tuple[Kind, Seat] | None:
    """The one membership change that the leader should append now, if any."""
    for rule in (_void_seat, _leaver, _newcomer, _surplus, _silent_voter):
        change = rule(census)
        if change is not None and _finds_quorum(census, *change):
            return change
    return None


def _finds_quorum(census: Census, kind: Kind, seat: Seat) -> bool:
    """Whether those who are present can commit it: from then on only they matter.

    Else a voter that never comes back would keep all others waiting, a majority of
    the seats before included.
    """
    host, present = frozenset({seat.host}), census.present
    if kind is Kind.ADD:
        return _quorum({**census.seats, seat.host: ""}, present | host)
    return _quorum(dict.fromkeys(census.seats.keys() - host, ""), present - host)


def gives_up_seat(census: Census, host: str) -> bool:
    """Whether a voter that leaves has to give its seat up: else none could go on."""
    rest = census.linked - census.leaving - {host}
    return bool(rest) and host in census.seats and not _quorum(census.seats, rest)


def _quorum(seats: Mapping[str, str], hosts: frozenset[str]) -> bool:
    return 2 * len(hosts & seats.keys()) > len(seats)


def _remove(host: str) -> tuple[Kind, Seat]:
    return Kind.REMOVE, Seat(host, "")


def _void_seat(census: Census) -> tuple[Kind, Seat] | None:
    void = sorted((census.void & census.seats.keys()) - {census.here})
    return _remove(void[0]) if void else None


def _leaver(census: Census) -> tuple[Kind, Seat] | None:
    """Let the rest go on: absent voters lose their seats first, the leaver last.

    While the leaver is there, each of these removals still finds its quorum.
    """
    for host in sorted(census.leaving & census.linked - {census.here}):
        if not gives_up_seat(census, host):
            continue
        absent = sorted(census.seats.keys() - census.present)
        without = {seat: "" for seat in census.seats if seat != host}
        rest = census.linked - census.leaving - {host}
        if absent and not _quorum(without, rest):
            return _remove(absent[0])
        return _remove(host)
    return None


def _newcomer(census: Census) -> tuple[Kind, Seat] | None:
    """A caught-up observer gets a seat that is free, or that a silent voter blocks.

    Going from three to five voters passes four: it starts only when both newcomers
    are there and caught up, so that an even count is never a resting state.
    """
    barred = census.seats.keys() | census.leaving | census.void
    candidates = sorted(census.caught_up.keys() - barred)
    if not candidates:
        return None
    count = len(census.seats)
    free = seats_for(count + len(candidates)) - count
    if free > 0 or (census.silent & census.seats.keys() and count % 2 == 1):
        host = candidates[0]
        return Kind.ADD, Seat(host, census.caught_up[host])
    return None


def _surplus(census: Census) -> tuple[Kind, Seat] | None:
    """Demote a voter where there are more than should rest: an even count above
    two, or more than VOTERS_MAX. Silent ones first; else only if all are there."""
    count = len(census.seats)
    if count <= VOTERS_MAX and (count % 2 == 1 or count <= _VOTERS_MIN):
        return None
    silent = sorted(census.silent & census.seats.keys())
    if silent:
        return _remove(silent[0])
    if census.steady and census.linked >= census.seats.keys():
        return _remove(max(census.seats.keys() - {census.here}))
    return None


def _silent_voter(census: Census) -> tuple[Kind, Seat] | None:
    """A silent voter goes without replacement only with a second one: the count
    stays odd, and not below three (R15)."""
    silent = sorted(census.silent & census.seats.keys())
    if len(silent) >= 2 and len(census.seats) - 2 >= _VOTERS_MIN:
        return _remove(silent[0])
    return None
