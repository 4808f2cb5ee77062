"""What PySyncObj lets pass and must not: checks around each raft message (R2).

See docs/hazards.md. H1 no truncation of matching entries, H2
acks carry their term, H4 a late leader learns the term, H6 acks never rewind, H8 a
reset starts from the commit index.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..peers.complaints import Complaints
from ..ports import Clock
from .election import Election
from .errors import WireInvalid
from .insistence import Insistence
from .journal import Journal
from .raft_core import RaftCore
from .snapshot_intake import Offer
from .wire import RaftMessage, decode

_LOGGER = logging.getLogger(__name__)


class Hardening:
    """Stands between the links and the library, in both directions."""

    def __init__(
        self,
        core: RaftCore,
        journal: Journal,
        election: Election,
        clock: Clock,
        trusted: Callable[[], frozenset[str]],
        send: Callable[[str, RaftMessage], None],
        offered: Callable[[str, Offer], None],
    ) -> None:
        self._core = core
        self._journal = journal
        self._election = election
        self._trusted = trusted
        self._send = send
        self._offered = offered
        self._complaints = Complaints(_LOGGER)
        self._insistence = Insistence(clock, self._complaints)
        self._ack_limit: int | None = None  # H1: highest next index an ack may name
        self._acked: dict[str, tuple[int, int]] = {}  # H6: (term, index) of a link
        self._led_by = 0, ""  # a term, and who was the first to lead in it
        self._votes: tuple[int, set[str]] = (0, set())  # term, who voted for this node
        self._handlers: dict[str, Callable[[str, RaftMessage], None]] = {
            "append_entries": self._on_append_entries,
            "snapshot_offer": self._on_snapshot_offer,
            "next_node_idx": self._on_ack,
            "request_vote": self._on_request_vote,
            "response_vote": self._on_vote,
            "pre_vote": self._on_pre_vote,
            "pre_vote_answer": self._on_pre_vote_answer,
            "higher_term": self._on_higher_term,
            "timeout_now": self._on_timeout_now,
        }

    def decoded(self, host: str, form: object) -> RaftMessage | None:
        """The message that a host sent; None if it is none, which is said once."""
        try:
            return decode(form)
        except WireInvalid as error:
            self._complaints.say(host, "", "sent a bad raft message", error)
            return None

    def receive(self, host: str, message: RaftMessage) -> None:
        """Take a decoded message; drop it if it may not count."""
        core, term = self._core, self._core.term
        if self._insistence.is_out_of_reach(host, message, term):
            return
        if self._led and message["term"] > term and self._insistence.ends_no_more(host):
            self._drop(host, message, "it ended terms over and over")
            return
        self._handlers[message["type"]](host, message)
        if core.term > term:
            self._insistence.note_ended_term(host)

    @property
    def _led(self) -> bool:
        return self._core.is_leader or self._election.hears_leader

    def outgoing(self, message: RaftMessage) -> RaftMessage:
        """The message as it may leave."""
        if message["type"] != "next_node_idx":
            return message
        index = message["next_node_idx"]
        if message["success"] and self._ack_limit is not None:
            index = min(index, self._ack_limit)
        if message["reset"]:  # H8: everything committed matches every leader
            index = min(index, self._core.commit_index + 1)
        return message | {"next_node_idx": max(index, 2), "term": self._core.term}

    def forget_link(self, host: str) -> None:
        """The link to `host` is gone: what it acked there orders nothing any more."""
        self._acked.pop(host, None)

    def _drop(self, host: str, message: RaftMessage, reason: str) -> None:
        _LOGGER.debug("%s from %.8s dropped: %s", message["type"], host, reason)

    def _leads(self, host: str, message: RaftMessage) -> bool:
        """Whether the sender may be this term's leader."""
        core = self._core
        if host not in self._trusted():
            self._drop(host, message, "not a voter")
        elif message["term"] < core.term:
            self._send(host, {"type": "higher_term", "term": core.term})  # H4
        elif core.is_leader and message["term"] == core.term:
            self._drop(host, message, "this host leads that term")
        elif self._led_by[0] == message["term"] and self._led_by[1] != host:
            self._complaints.say(
                host,
                "",
                "says that it leads",
                f"so did host {self._led_by[1][:8]} in this term, which is followed."
                " One of them lies: put it out by netqueue forget",
            )
        else:
            self._led_by = message["term"], host
            return True
        return False

    def _on_append_entries(self, host: str, message: RaftMessage) -> None:
        if not self._leads(host, message):
            return
        self._election.note_leader()
        message, self._ack_limit = self._without_truncation(message)
        if self._contradicts_committed(message):
            self._complaints.say(
                host,
                "",
                "wants an entry replaced that is committed here: refused",
                message["prevLogIdx"] + 1,
            )
            return
        try:
            self._core.receive(host, message)
        finally:
            self._ack_limit = None

    def _on_snapshot_offer(self, host: str, message: RaftMessage) -> None:
        """The leader's log begins after what this one lacks, or it believes so."""
        if not self._leads(host, message):
            return
        self._election.note_leader()
        self._core.hear(host, message["term"])
        index, term = message["index"], message["log_term"]
        mine = self._journal.entry(index)
        here = self._core.commit_index >= index or (
            mine is not None and mine.term == term
        )
        if not here:
            self._offered(host, Offer(index, term, message["size"], message["digest"]))
        # Not success: the answer says only that this host is there.
        next_index = index + 1 if here else 2
        ack = {"next_node_idx": next_index, "reset": False, "success": here}
        self._send(host, {"type": "next_node_idx"} | ack)

    def _without_truncation(
        self, message: RaftMessage
    ) -> tuple[RaftMessage, int | None]:
        """H1: let the library cut the log only where an entry conflicts.

        Also returns the highest next index the ack may name: entries beyond the
        message are acked only if they are known to be this leader's.
        """
        journal = self._journal
        message = self._without_compacted(message)
        previous = journal.entry(message["prevLogIdx"])
        if previous is None or previous.term != message["prevLogTerm"]:
            return message, None
        new = list(message["entries"])
        while new:
            mine = journal.entry(new[0].index)
            if mine is None or mine.term != new[0].term:
                break
            previous = mine
            new.pop(0)
        last = journal[-1]
        if new:
            cut = {"prevLogIdx": previous.index, "prevLogTerm": previous.term}
            return message | cut | {"entries": new}, None
        verified = last.index if last.term == message["term"] else previous.index
        verified = max(verified, min(self._core.commit_index, last.index))
        kept = {
            "prevLogIdx": last.index,
            "prevLogTerm": last.term,
            "entries": [],
            "commit_index": min(message["commit_index"], verified),
        }
        return message | kept, verified + 1

    def _without_compacted(self, message: RaftMessage) -> RaftMessage:
        """Entries that a snapshot replaced here are committed: every leader's."""
        first = self._journal[0]
        if message["prevLogIdx"] >= first.index:
            return message
        known = [entry for entry in message["entries"] if entry.index <= first.index]
        if known and known[-1].index == first.index and known[-1].term != first.term:
            return message  # contradicts what is committed
        rest = message["entries"][len(known) :]
        return message | {
            "prevLogIdx": first.index,
            "prevLogTerm": first.term,
            "entries": rest,
        }

    def _contradicts_committed(self, message: RaftMessage) -> bool:
        previous = message["prevLogIdx"]
        replaced = bool(message["entries"]) and previous < self._journal.last_index
        return replaced and previous < self._core.commit_index

    def _on_ack(self, host: str, message: RaftMessage) -> None:
        core = self._core
        before = core.next_index(host)
        if not core.is_leader or message["term"] != core.term:  # H2
            self._drop(host, message, "of another term")
            return
        if before is None or message["next_node_idx"] > self._journal.last_index + 1:
            self._drop(host, message, "no follower, or beyond the log")
            return
        acked_term, acked = self._acked.get(host, (core.term, 0))
        if acked_term != core.term:
            acked = 0
        if message["reset"]:  # H6: what was acked over this link need not go again
            message = message | {
                "next_node_idx": max(message["next_node_idx"], acked + 1)
            }
        if message["success"]:
            acked = max(acked, message["next_node_idx"] - 1)
        self._acked[host] = (core.term, acked)
        core.receive(host, message)
        after = core.next_index(host)
        if message["success"] and after is not None and after < before:
            core.set_next_index(host, before)  # H6: more is under way already

    def _on_timeout_now(self, host: str, message: RaftMessage) -> None:
        if host in self._trusted():
            self._core.receive(host, message)
        else:
            self._drop(host, message, "not a voter")

    def _on_pre_vote(self, host: str, message: RaftMessage) -> None:
        voter = host in self._core.other_voters
        self._election.answer(
            host, message, gives_way=voter and self._insistence.waits_for(host)
        )

    def _on_request_vote(self, host: str, message: RaftMessage) -> None:
        """Who has no seat in this log may have got one that it does not tell; but not
        while a leader is heard, who would have said so: it ends no term."""
        core, deadline = self._core, self._core.election_deadline
        if self._led and host not in core.other_voters:
            self._drop(host, message, "not a voter")
            return
        core.receive(host, message)
        if self._insistence.ends_no_more(host):  # this host waits for it no longer
            core.set_election_deadline(min(deadline, core.election_deadline))

    def _on_vote(self, host: str, message: RaftMessage) -> None:
        core = self._core
        if self._votes[0] != core.term:
            self._votes = (core.term, set())
        if host not in core.other_voters or host in self._votes[1]:
            self._drop(host, message, "no voter, or its second vote")
        elif message["term"] == core.term:
            self._votes[1].add(host)
            core.receive(host, message)

    def _on_pre_vote_answer(self, host: str, message: RaftMessage) -> None:
        if host in self._core.other_voters:
            self._election.count(host, message)

    def _on_higher_term(self, host: str, message: RaftMessage) -> None:
        if host in self._trusted() and message["term"] > self._core.term:
            self._core.adopt_term(message["term"])
