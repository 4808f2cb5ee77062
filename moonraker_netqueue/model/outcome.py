"""What became of commands, remembered so that a repeated one changes nothing (R11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .errors import Rejected, Rule
from .gaps import Gap, complement, meet, union, within, without
from .identity import CommandId

_RECENT_MAX = 16  # outcomes kept per life: an author has one command in flight
_LIVES_MAX = 4  # lives of one author's outbox; older ones cannot speak again
_CLIENT_IDS_MAX = 256  # clients repeat within seconds
# Stretches of an author's commands that did not come. While a group hands in its jobs
# there is one before each; what is forgotten reads as heard, and what it made as gone.
_GAPS_MAX = 10_000
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

    def joined(self, other: Outcome) -> Outcome:
        """Of two groups' outcomes of one command: accepted, if one says so."""
        return max(
            self, other, key=lambda o: (o.accepted, o.rule or "", o.reason, o.ref)
        )


@dataclass(frozen=True)
class AuthorLog:
    """One life of one author: which of its commands were applied (all up to `last`
    but those `missing`), and the outcomes of the recent ones by sequence.

    `missing` None: as version 0.1.0 wrote it, which follows from the recent ones.
    """

    incarnation: int
    last: int = 0
    recent: Mapping[str, Outcome] = field(default_factory=dict)
    missing: tuple[Gap, ...] | None = None

    def of(self, sequence: int) -> Outcome | None:
        """The outcome of a command; None if it has not been applied.

        Below the remembered ones it reads as accepted: it was applied long ago. A
        gap among them is a command that has not arrived yet, and may.
        """
        known = self.recent.get(str(sequence))
        if known is not None:
            return known
        if sequence > self.last or within(sequence, self.gaps):
            return None
        return Outcome()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Which commands up to `last` have not been applied."""
        if self.missing is not None:
            return self.missing
        known = [int(sequence) for sequence in self.recent]
        gaps = complement(known, self.last)
        if len(known) < _RECENT_MAX:
            return gaps
        return without(gaps, Gap(1, min(known)))

    def with_outcome(
        self, sequence: int, outcome: Outcome, exact: bool = True
    ) -> AuthorLog:
        """A log with one more; not `exact`: as version 0.1.0 kept it."""
        recent = _newest({**self.recent, str(sequence): outcome})
        if not exact and self.missing is None:
            return AuthorLog(self.incarnation, max(self.last, sequence), recent)
        gaps = without(self._gaps_to(sequence), Gap(sequence, sequence))
        return AuthorLog(
            self.incarnation, max(self.last, sequence), recent, gaps[-_GAPS_MAX:]
        )

    def with_known(self, known: Gap, but: tuple[Gap, ...]) -> AuthorLog:
        """One that takes a stretch of commands, but some, for applied long ago."""
        gaps = self._gaps_to(known.last)
        left = union(*without(gaps, known), *meet(gaps, but))
        return replace(self, last=max(self.last, known.last), missing=left)

    def joined(self, other: AuthorLog) -> AuthorLog:
        """What two groups know of one life."""
        last = max(self.last, other.last)
        recent = dict(self.recent)
        for sequence, outcome in other.recent.items():
            known = recent.get(sequence, outcome)
            recent[sequence] = known.joined(outcome)
        gaps = meet(self._gaps_to(last), other._gaps_to(last))
        return AuthorLog(self.incarnation, last, _newest(recent), gaps)

    def _gaps_to(self, last: int) -> tuple[Gap, ...]:
        """Which commands up to `last`, perhaps beyond the own last, did not come."""
        if last <= self.last:
            return self.gaps
        gaps, at = self.gaps, self.last + 1
        if gaps and gaps[-1].last == self.last:
            at, gaps = gaps[-1].first, gaps[:-1]
        return (*gaps, Gap(at, last))


def _newest(outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
    return {
        sequence: outcomes[sequence]
        for sequence in sorted(outcomes, key=int)[-_RECENT_MAX:]
    }


@dataclass(frozen=True)
class ClientOutcome:
    """What became of a client's command, and as which of the queue it was heard."""

    number: int
    outcome: Outcome


@dataclass(frozen=True)
class Outcomes:
    """The memory of all authors and client ids."""

    authors: Mapping[str, tuple[AuthorLog, ...]] = field(default_factory=dict)
    clients: Mapping[str, ClientOutcome] = field(default_factory=dict)

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

    def knows(self, command_id: CommandId) -> bool:
        """Whether a command was applied and accepted here: what it made and is not
        here was taken away again."""
        outcome = self.of(command_id)
        return outcome is not None and outcome.accepted

    def of_client(self, client_id: str) -> Outcome | None:
        """The outcome of the first command that carried this client id."""
        known = self.clients.get(client_id) if client_id else None
        return None if known is None else known.outcome

    def check_room(self, author: str) -> None:
        """Raise Rejected if there is no room to remember one more author."""
        if author not in self.authors and len(self.authors) >= AUTHORS_MAX:
            raise Rejected(
                Rule.CONFLICT,
                f"{AUTHORS_MAX} hosts have spoken in this queue: no other can be"
                " remembered. Start a new queue",
            )

    def with_outcome(
        self,
        command_id: CommandId,
        client_id: str,
        outcome: Outcome,
        exact: bool = True,
    ) -> Outcomes:
        """A memory that also knows this outcome; `exact`: see AuthorLog."""
        log = self.log(command_id.author, command_id.incarnation)
        log = log.with_outcome(command_id.sequence, outcome, exact)
        known = self.with_log(command_id.author, log)
        if not client_id or client_id in self.clients:
            return known
        number = 1 + max((c.number for c in self.clients.values()), default=0)
        known = known.with_clients({client_id: ClientOutcome(number, outcome)})
        return known if exact else replace(known, clients=_numbered(known.clients))

    def log(self, author: str, incarnation: int) -> AuthorLog:
        """What is known of one life of an author."""
        for log in self.authors.get(author, ()):
            if log.incarnation == incarnation:
                return log
        return AuthorLog(incarnation)

    def lives(self, author: str) -> list[int]:
        """The lives of an author that are remembered."""
        return [log.incarnation for log in self.authors.get(author, ())]

    def with_log(self, author: str, log: AuthorLog) -> Outcomes:
        """A memory with this log in place of the one of its life."""
        lives = {life.incarnation: life for life in self.authors.get(author, ())}
        lives[log.incarnation] = log
        newest = tuple(lives[life] for life in sorted(lives)[-_LIVES_MAX:])
        return replace(self, authors={**self.authors, author: newest})

    def with_clients(self, told: Mapping[str, ClientOutcome]) -> Outcomes:
        """A memory that also knows what clients were told."""
        clients = dict(self.clients)
        for client_id, new in told.items():
            old = clients.get(client_id, new)
            clients[client_id] = ClientOutcome(
                max(old.number, new.number), old.outcome.joined(new.outcome)
            )
        newest = sorted(clients, key=lambda c: (clients[c].number, c))
        return replace(
            self, clients={name: clients[name] for name in newest[-_CLIENT_IDS_MAX:]}
        )


def _numbered(clients: Mapping[str, ClientOutcome]) -> dict[str, ClientOutcome]:
    """The same ones in the same order, numbered from 1."""
    ordered = sorted(clients, key=lambda name: clients[name].number)
    return {
        name: replace(clients[name], number=number)
        for number, name in enumerate(ordered, 1)
    }


def clients_of_version_1(
    client_ids: list[str], outcomes: Mapping[str, object]
) -> dict[str, object]:
    """The JSON value of `clients` for what version 0.1.0 wrote: ids in order."""
    return {
        client_id: {"number": number, "outcome": outcomes[client_id]}
        for number, client_id in enumerate(client_ids, 1)
    }
