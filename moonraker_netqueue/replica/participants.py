"""Which linked hosts take part in a group, and whose votes decide (R4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .gone_over import GoneOver, word, words
from .greeting import LinkedJournal
from .journal import Journal
from .lives import ANY
from .membership import index_of
from .seats import seats_lost


class Participants:
    """The linked hosts of one group, against the seats of this host's log."""

    def __init__(self, host_id: str, journal: Journal) -> None:
        self._host_id = host_id
        self._journal = journal
        self._incarnation: str = journal.meta("incarnation") or ""
        self._introduced = frozenset[str](journal.meta("introduced") or ())
        self._said = words(journal, None)
        self._estranged = False  # the leader is none that this host's log knows
        self._linked: dict[str, LinkedJournal] = {}
        self._admitted: set[str] = set()
        self._void: frozenset[str] = frozenset()
        # Asked with every message: judged anew only if what it follows from changed.
        self._judged: tuple[Mapping[str, str], bool] | None = None
        self._impostors: frozenset[str] = frozenset()

    # Whose votes count.

    @property
    def voters(self) -> frozenset[str]:
        """The newest configuration that this host's log knows."""
        return self._journal.voters()

    @property
    def has_seat(self) -> bool:
        """Whether this host votes, with the journal that it has now."""
        return self._journal.seats().get(self._host_id) == self._incarnation

    @property
    def known_voters(self) -> frozenset[str]:
        """The configuration, and whom another host named."""
        return self.voters | self._introduced

    @property
    def has_quorum(self) -> bool:
        """Whether a majority of the voters takes part, this host included."""
        voters, here = self.counting(), self._admitted | {self._host_id}
        return 2 * len(voters & here) > len(voters)

    def word(self, into: str) -> GoneOver:
        """What this host says if it goes over to that group (R8)."""
        return word(self._journal, into)

    def words(self, into: str | None) -> tuple[GoneOver, ...]:
        """All that this host says of groups that it left; `into`: for which this one.

        Asked with every entry that is applied: those of earlier groups are read once.
        """
        return self._said if into is None else words(self._journal, into)

    @property
    def absent(self) -> frozenset[str]:
        """Voters that take no part now: away, or without the journal of their seat."""
        here = self._admitted | ({self._host_id} if self.has_seat else set())
        return self.voters - here

    @property
    def void(self) -> frozenset[str]:
        """Hosts that a seat is of no use to: their journal is another one than that of
        their seat, or they do not know the rules of the group (R23)."""
        outdated = (host for host, life in self._linked.items() if life.outdated)
        return self._void | frozenset(outdated)

    def counting(self) -> frozenset[str]:
        """The voters whose majority decides.

        Of two voters, one that is back with an empty journal counts no more, at
        once, if it never had a seat in another configuration than this one: then
        whatever was committed is on this host's disk. Its seat goes with the first
        change of the leader that this lets be elected. A journal that is not empty
        proves the opposite: this host's own may be an old copy.
        """
        voters = self.voters
        if len(voters) == 2 and self.has_seat:
            return voters - {host for host in self._void if self._has_nothing(host)}
        return voters

    def _has_nothing(self, host: str) -> bool:
        life = self._linked.get(host)
        if life is None or not life.empty or life.doubted:
            return False
        mine = self._journal.configuration
        if life.configuration == ANY:
            known = (other.configuration for other in self._linked.values())
            return index_of(mine) >= max(map(index_of, known))
        return mine != "" and life.configuration == mine

    def electorate(self) -> frozenset[str]:
        """Who may elect and be elected; a host without a valid seat never is."""
        voters, campaigns = self.counting(), self.has_seat and not self._estranged
        return voters if campaigns else voters - {self._host_id}

    def trusted(self) -> frozenset[str]:
        """Who may lead this host: voters, and for whom it voted.

        It votes for any host of the group whose log is as new as its own: seats that
        were given while it was off are in that log only.
        """
        own_choice = frozenset({self._journal.getVotedForNodeId() or self._host_id})
        if self.has_seat and not self._estranged:
            return self.voters | own_choice
        return self.known_voters | own_choice

    def introduce(self, voters: Iterable[str]) -> None:
        """Follow voters that a host of this group named: the log is too old to."""
        self._introduced = frozenset(voters)
        self._estranged = True
        self._journal.set_meta(introduced=sorted(self._introduced))

    def trust_own_log(self) -> None:
        """Nobody knows better any more."""
        self._estranged = False

    def note_leader(self, leader: str | None) -> None:
        """A leader that the log knows ends the estrangement."""
        if leader in self.voters - self._void and self.has_seat:
            self._estranged = False

    # Who takes part.

    def link(self, host: str, life: LinkedJournal) -> None:
        """A host of this group is linked."""
        self._linked[host] = life
        self._judged = None

    def unlink(self, host: str) -> None:
        """The link is gone."""
        self._linked.pop(host, None)
        self._judged = None

    def life(self, host: str) -> LinkedJournal | None:
        """What a linked host has; None if it is not linked."""
        return self._linked.get(host)

    def takes_part(self, host: str) -> bool:
        """Whether raft messages pass between that host and this one."""
        return host in self._admitted

    def exclude(self, host: str) -> bool:
        """Let a host take part no more; False if it did not."""
        took_part = host in self._admitted
        self._admitted.discard(host)
        return took_part

    def admit(self) -> list[str]:
        """Let take part who may, a voter only with the journal of its seat.

        Returns those that did not until now.
        """
        newcomers = sorted(self._linked.keys() - self.impostors() - self._admitted)
        self._admitted.update(newcomers)
        return newcomers

    def impostors(self) -> frozenset[str]:
        """Linked hosts whose seat another journal holds, or that are in doubt.

        Their seats are void. While this host's log is too old to know the leader, it
        cannot tell whose journal is another one: it takes what it gets, unelected.
        """
        seats = self._journal.seats()
        judged = self._judged
        if judged is None or judged[0] is not seats or judged[1] != self._estranged:
            self._judged = (seats, self._estranged)
            self._impostors = self._judge(seats)
        return self._impostors

    def _judge(self, seats: Mapping[str, str]) -> frozenset[str]:
        incarnations = {host: life.incarnation for host, life in self._linked.items()}
        doubted = {host for host, life in self._linked.items() if life.doubted}
        impostors = seats_lost(seats, incarnations) | doubted
        right = self._linked.keys() - impostors
        self._void = ((self._void - right) | impostors) & seats.keys()
        return frozenset(doubted) if self._estranged else impostors
