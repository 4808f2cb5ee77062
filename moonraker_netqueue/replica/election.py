"""When this node may campaign: with a seat, after a pre-vote, not after a stall."""

from __future__ import annotations

from collections.abc import Callable

from ..ports import Clock
from .raft_core import ELECTION_MIN, RaftCore
from .wire import RaftMessage

STALL = 0.2  # seconds past a deadline that show that the loop stood still
_WAY = 0.5  # seconds for a host that was granted an election to win it
_ENDS_IN = 20.0  # seconds: of many tries one is won, if there is a majority
GRACE = 0.2  # seconds for messages that waited meanwhile


class Election:
    """Pre-vote and leader stickiness (PySyncObj has neither), R1's silent newcomer.

    A node asks first whether it would be elected; terms rise only if it would. So a
    node that was cut off comes back without ending the leader's term.
    """

    def __init__(
        self,
        core: RaftCore,
        host_id: str,
        clock: Clock,
        voters: Callable[[], frozenset[str]],
        send: Callable[[str, RaftMessage], None],
    ) -> None:
        self._core = core
        self._host_id = host_id
        self._clock = clock
        self._voters = voters
        self._send = send
        self._round = 0
        self._asking = False
        self._asked = (0, 0.0)  # which term it would lead, and when it asked
        self._won = False
        self._granted: set[str] = set()
        self._leader_heard = clock.monotonic() - ELECTION_MIN

    def note_leader(self) -> None:
        """A leader of this term spoke: no reason to campaign."""
        self._leader_heard = self._clock.monotonic()
        self._asking = self._won = False

    @property
    def hears_leader(self) -> bool:
        """Whether a leader spoke lately."""
        return self._silence < ELECTION_MIN

    @property
    def ends(self) -> bool:
        """Whether there was a leader within the time that a majority needs for it."""
        return self._silence < _ENDS_IN

    @property
    def _silence(self) -> float:
        """Seconds since a leader spoke, or a little more than since the start."""
        return self._clock.monotonic() - self._leader_heard

    def before_tick(self) -> None:
        """Let the tick's election happen only if it should."""
        core, now = self._core, self._clock.monotonic()
        if core.is_leader or core.transferring or core.election_deadline >= now:
            return
        if self._host_id not in self._voters():
            if not self.hears_leader:  # who never campaigns would believe it for ever
                core.forget_leader()
            core.set_election_deadline(now + ELECTION_MIN)
        elif self._won or not core.other_voters:
            self._asking = self._won = False
        elif core.election_deadline < now - STALL:
            core.set_election_deadline(now + GRACE)
        else:
            self._ask(now)

    def _ask(self, now: float) -> None:
        core = self._core
        self._round += 1
        self._asking, self._granted = True, {self._host_id}
        core.set_election_deadline(now + core.election_timeout() / 2)
        index, term = core.last_entry()
        self._asked = (core.term + 1, now)
        question = {
            "type": "pre_vote",
            "term": core.term + 1,
            "round": self._round,
            "last_log_index": index,
            "last_log_term": term,
        }
        for host in core.other_voters:
            self._send(host, question)

    def answer(self, host: str, question: RaftMessage, gives_way: bool) -> None:
        """Tell `host` whether it would get this node's vote now; if so, and this node
        `gives_way`, it does not ask itself for a moment."""
        core = self._core
        index, term = core.last_entry()
        asked = (question["last_log_term"], question["last_log_index"])
        granted = (
            not core.is_leader
            and not self.hears_leader
            and question["term"] >= core.term
            and asked >= (term, index)
            and not self._goes_first(host, asked == (term, index))
        )
        if granted and gives_way:
            self._give_way()
        reply = {
            "type": "pre_vote_answer",
            "term": core.term,
            "round": question["round"],
            "granted": granted,
        }
        self._send(host, reply)

    def _goes_first(self, host: str, equal: bool) -> bool:
        """Whether this node, not `host`, whose log may be `equal`, is to be elected.

        Not for longer than it takes: it may be without the majority that `host` has.
        """
        lately = self._clock.monotonic() < self._asked[1] + _WAY
        asks = self._asking and lately
        return self._won or (asks and equal and self._host_id < host)

    def _give_way(self) -> None:
        self._asking = False
        way = self._clock.monotonic() + _WAY  # shorter than from question to question
        self._core.set_election_deadline(max(self._core.election_deadline, way))

    def count(self, host: str, reply: RaftMessage) -> None:
        """Take one answer; a majority lets the next tick campaign."""
        if not self._asking or reply["round"] != self._round:
            return
        if not reply["granted"]:
            if reply["term"] > self._core.term:
                self._core.adopt_term(reply["term"])
            return
        if self._asked[0] != self._core.term + 1:
            return  # it has voted since: this would end that one's term
        self._granted.add(host)
        voters = self._voters()
        if 2 * len(self._granted & voters) > len(voters):
            self._asking, self._won = False, True
            self._core.set_election_deadline(0.0)
