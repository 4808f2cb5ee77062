"""A host's word that it left a group for ever, and when such words end the group (R8).

A word is bound to one journal, so it stays true: whoever comes back has a new one
(R4). A group has ended once most voters of one configuration left it with that one as
the newest in their logs. Nothing is committed in it any more: in that configuration no
majority is left; a later one, of one voter more or less, would have needed one of them
to agree; and with one that forked from an earlier one, none of them would have the
other as its newest (a leader changes seats only once its term is settled).

What was decided before, and what is on its way to a leader that has not left, is in
the log of one of them at least: of a majority that left, the newest log has all that
was ever decided. Who has an older one brings nothing before that one's.

Words for different groups do not add up: each half could hand in the same jobs to
another one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from .entry import is_name
from .errors import WireInvalid
from .journal import Journal

WORDS_MAX = 8  # that a host tells: of the groups that it left last
_SEATS_MAX = 16
_NAMES = ("g", "inc", "conf", "into")


class GoneOver(NamedTuple):
    """What a host left, and for which group; its journal's newest configuration."""

    group: str
    incarnation: str
    configuration: str
    seats: tuple[tuple[str, str], ...]  # host and incarnation of each voter
    into: str
    end: tuple[int, int] = (0, 0)  # term and index of its log's last entry

    def form(self) -> dict[str, Any]:
        """The map that goes over the link, and to disk."""
        seats = [list(seat) for seat in self.seats]
        names = (self.group, self.incarnation, self.configuration, self.into)
        pairs = {"seats": seats, "end": list(self.end)}
        return {**dict(zip(_NAMES, names, strict=True)), **pairs}


def word(journal: Journal, into: str) -> GoneOver:
    """The word of the host whose journal this is."""
    return GoneOver(
        journal.meta("group"),
        journal.meta("incarnation") or "",
        journal.configuration,
        tuple(sorted(journal.seats().items())),
        into,
        journal.end,
    )


def words(journal: Journal, into: str | None) -> tuple[GoneOver, ...]:
    """All that the host has to say whose journal this is, and which leaves for `into`.

    Not before it has left on disk.
    """
    said = parse_words(journal.meta("gone") or ())
    if into is None:
        return said
    mine = word(journal, into)
    if journal.meta("going_to") is None:  # dissolved: nobody waits for what it knew
        mine = mine._replace(end=(0, 0))
    return (*said, mine)[-WORDS_MAX:]


def parse_words(value: object) -> tuple[GoneOver, ...]:
    """Check the words of a host; raises WireInvalid."""
    if not isinstance(value, (list, tuple)) or len(value) > WORDS_MAX:
        raise WireInvalid("the groups that a host left are a short list")
    return tuple(_parse(form) for form in value)


def _parse(form: object) -> GoneOver:
    if not isinstance(form, dict):
        raise WireInvalid("a group that a host left is a map")
    names = [form.get(n) for n in _NAMES]
    seats = form.get("seats")
    if not all(name == "" or is_name(name) for name in names):
        raise WireInvalid("a group that a host left has names that are ids")
    if not isinstance(seats, (list, tuple)) or len(seats) > _SEATS_MAX:
        raise WireInvalid("seats are a short list")
    for seat in seats:
        pair = isinstance(seat, (list, tuple)) and len(seat) == 2
        if not pair or not is_name(seat[0]) or not (seat[1] == "" or is_name(seat[1])):
            raise WireInvalid("a seat is a host and an incarnation")
    pairs = tuple((host, life) for host, life in seats)
    end = form.get("end")
    if not isinstance(end, (list, tuple)) or [type(n) for n in end] != [int, int]:
        raise WireInvalid("the end of a log is a term and an index")
    group, incarnation, configuration, into = map(str, names)
    term, index = end
    return GoneOver(group, incarnation, configuration, pairs, into, (term, index))


def ended(
    words: Iterable[tuple[str, GoneOver]], group: str, into: Collection[str]
) -> bool:
    """Whether a group can decide nothing more, by what its hosts said who left it for
    one of the groups `into`."""
    gone: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)
    for host, said in words:
        if said.group != group or said.into not in into or not said.configuration:
            continue
        if (host, said.incarnation) in said.seats:
            gone[said.configuration, said.seats].add(host)
    return any(2 * len(hosts) > len(seats) for (_, seats), hosts in gone.items())
