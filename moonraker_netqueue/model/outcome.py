"""What became of commands, remembered so that a repeated one changes nothing (R11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .command import CommandId
from .errors import Rejected, Rule

_RECENT_MAX = 16  # outcomes kept per life: an author has one command in flight
_LIVES_MAX = 4  # lives of one author's outbox; older ones cannot speak again
_CLIENT_IDS_MAX = 256  # clients repeat within seconds
AUTHORS_MAX = 1_000  # forgetting one would let its commands act twice


@dataclass(frozen=True)
class Outcome:
    """Accepted, or rejected by `rule` with `reason`; `ref`: id of what it made."""

    rule: Rule | None = None
    reason: str = ""
    ref: str = ""

    @property
    def accepted(self) -> bool:
        return self.rule is None

    def raise_if_rejected(self) -> None:
        """Raise the Rejected that this outcome remembers."""
        if self.rule is not None:
            raise Rejected(self.rule, self.reason)


@dataclass(frozen=True)
class AuthorLog:
    """One life of one author: its highest sequence, recent outcomes by sequence."""

    incarnation: int
    last: int = 0
    recent: Mapping[str, Outcome] = field(default_factory=dict)

    def of(self, sequence: int) -> Outcome | None:
        """The outcome of a command; None if it has not been applied.

        Below the remembered ones it reads as accepted: it was applied long ago. A
        gap among them is a command that has not arrived yet, and may.
        """
        if sequence > self.last:
            return None
        known = self.recent.get(str(sequence))
        if known is None and len(self.recent) == _RECENT_MAX:
            oldest = min(int(remembered) for remembered in self.recent)
            return Outcome() if sequence < oldest else None
        return known

    def with_outcome(self, sequence: int, outcome: Outcome) -> AuthorLog:
        recent = {**self.recent, str(sequence): outcome}
        if len(recent) > _RECENT_MAX:
            del recent[min(recent, key=int)]
        return AuthorLog(self.incarnation, max(self.last, sequence), recent)


@dataclass(frozen=True)
class Outcomes:
    """The memory of all authors and client ids."""

    authors: Mapping[str, tuple[AuthorLog, ...]] = field(default_factory=dict)
    client_ids: tuple[str, ...] = ()
    client_outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def of(self, command_id: CommandId) -> Outcome | None:
        """The outcome of a command; None if it has not been applied."""
        lives = self.authors.get(command_id.author, ())
        for log in lives:
            if log.incarnation == command_id.incarnation:
                return log.of(command_id.sequence)
        if len(lives) == _LIVES_MAX and command_id.incarnation < lives[0].incarnation:
            return Outcome(
                Rule.CONFLICT,
                f"incarnation {command_id.incarnation} of host"
                f" {command_id.author[:8]} is long over: give the command again",
            )
        return None

    def of_client(self, client_id: str) -> Outcome | None:
        """The outcome of the first command that carried this client id."""
        return self.client_outcomes.get(client_id) if client_id else None

    def check_room(self, author: str) -> None:
        """Raise Rejected if there is no room to remember one more author."""
        if author not in self.authors and len(self.authors) >= AUTHORS_MAX:
            raise Rejected(
                Rule.CONFLICT,
                f"{AUTHORS_MAX} hosts have spoken in this queue: no other can be"
                " remembered. Start a new queue",
            )

    def with_outcome(
        self, command_id: CommandId, client_id: str, outcome: Outcome
    ) -> Outcomes:
        """A memory that also knows this outcome."""
        lives = {
            life.incarnation: life for life in self.authors.get(command_id.author, ())
        }
        incarnation = command_id.incarnation
        log = lives.get(incarnation, AuthorLog(incarnation))
        lives[incarnation] = log.with_outcome(command_id.sequence, outcome)
        newest = tuple(lives[life] for life in sorted(lives)[-_LIVES_MAX:])
        authors = {**self.authors, command_id.author: newest}
        if not client_id or client_id in self.client_outcomes:
            return replace(self, authors=authors)
        return replace(self._with_client(client_id, outcome), authors=authors)

    def _with_client(self, client_id: str, outcome: Outcome) -> Outcomes:
        kept = (*self.client_ids, client_id)[-_CLIENT_IDS_MAX:]
        outcomes = {**self.client_outcomes, client_id: outcome}
        return replace(
            self,
            client_ids=kept,
            client_outcomes={name: outcomes[name] for name in kept},
        )
