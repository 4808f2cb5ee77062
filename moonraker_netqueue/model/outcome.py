"""What became of commands, remembered so that a repeated one changes nothing (R11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .command import CommandId
from .errors import Rejected, Rule

_RECENT_MAX = 16  # outcomes kept per author: it has one command in flight
_INCARNATIONS_MAX = 8  # lives of one author's outbox; older ones cannot speak again
_CLIENT_IDS_MAX = 256  # clients repeat within seconds


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
    """One life of one author: its last sequence, recent outcomes by sequence."""

    incarnation: int
    last: int = 0
    recent: Mapping[str, Outcome] = field(default_factory=dict)

    def with_outcome(self, sequence: int, outcome: Outcome) -> AuthorLog:
        recent = dict(self.recent)
        recent[str(sequence)] = outcome
        for old in sorted(recent, key=int)[:-_RECENT_MAX]:
            del recent[old]
        return AuthorLog(self.incarnation, sequence, recent)


@dataclass(frozen=True)
class Outcomes:
    """The memory of all authors and client ids."""

    authors: Mapping[str, tuple[AuthorLog, ...]] = field(default_factory=dict)
    client_ids: tuple[str, ...] = ()
    client_outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def of(self, command_id: CommandId) -> Outcome | None:
        """The outcome of a command; None if it has not been applied.

        One that is no longer remembered was applied: it reads as accepted.
        """
        log = self._log(command_id)
        if command_id.sequence > log.last:
            return None
        return log.recent.get(str(command_id.sequence), Outcome())

    def of_client(self, client_id: str) -> Outcome | None:
        """The outcome of the first command that carried this client id."""
        return self.client_outcomes.get(client_id) if client_id else None

    def with_outcome(
        self, command_id: CommandId, client_id: str, outcome: Outcome
    ) -> Outcomes:
        """A memory that also knows this outcome."""
        log = self._log(command_id).with_outcome(command_id.sequence, outcome)
        others = tuple(
            life
            for life in self.authors.get(command_id.author, ())
            if life.incarnation != command_id.incarnation
        )
        lives = (*others, log)[-_INCARNATIONS_MAX:]
        authors = {**self.authors, command_id.author: lives}
        if not client_id or client_id in self.client_outcomes:
            return replace(self, authors=authors)
        return replace(self._with_client(client_id, outcome), authors=authors)

    def _log(self, command_id: CommandId) -> AuthorLog:
        for log in self.authors.get(command_id.author, ()):
            if log.incarnation == command_id.incarnation:
                return log
        return AuthorLog(command_id.incarnation)

    def _with_client(self, client_id: str, outcome: Outcome) -> Outcomes:
        kept = (*self.client_ids, client_id)[-_CLIENT_IDS_MAX:]
        outcomes = {**self.client_outcomes, client_id: outcome}
        return replace(
            self,
            client_ids=kept,
            client_outcomes={name: outcomes[name] for name in kept},
        )
