"""How often a voter may keep the others from having a leader, and how far terms rise.

Who asks to be elected, or ends a term, holds the others back for a moment: they let it
go first. A host that never leads could do so for ever, and nobody would see why.
"""

from __future__ import annotations

from ..peers.budget import Budgets
from ..peers.complaints import Complaints
from ..ports import Clock
from .wire import RaftMessage

# (burst, a second), of one host.
QUESTIONS = (10, 1.25)  # ours ask once in 0.7 to 1.4 s, whatever happens to them
ENDED_TERMS = (20, 0.1)  # ours end one only if a majority would elect them
# Terms that a message may be ahead: they have an end, and no host comes back from it.
REACH = 1 << 20


class Insistence:
    """Names who insists, once, and says when it is waited for no more."""

    def __init__(self, clock: Clock, complaints: Complaints) -> None:
        self._questions = Budgets(QUESTIONS, clock)
        self._ended = Budgets(ENDED_TERMS, clock)
        self._complaints = complaints

    def is_out_of_reach(self, host: str, message: RaftMessage, term: int) -> bool:
        """Whether a message names a term that no elections lead to from `term`.

        A host that has just come knows none yet.
        """
        if not term or message["term"] <= term + REACH:
            return False
        self._complaints.say(
            host,
            "",
            "names a term out of reach: refused",
            f"{message['term']}, where this host is at {term}. Put it out:"
            f" netqueue forget {host[:8]}. If the others go on without this host,"
            " docs/security.md says how it gets the queue anew",
        )
        return True

    def waits_for(self, host: str) -> bool:
        """Whether a host that asks to be elected is still let go first."""
        return self._questions.take(host) or self._name(host)

    def note_ended_term(self, host: str) -> None:
        """What a host said ended a term here."""
        if not self._ended.take(host):
            self._name(host)

    def ends_no_more(self, host: str) -> bool:
        """Whether a host has ended so many terms that a leader stays against it."""
        return self._ended.spent(host)

    def _name(self, host: str) -> bool:
        self._complaints.say(
            host,
            "",
            "keeps the queue from having a leader",
            "it asks to be elected, or ends the terms of others, over and over. If"
            f" its network is not broken, put it out: netqueue forget {host[:8]}",
        )
        return False
