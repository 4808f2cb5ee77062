"""Applies log entries to the queue's state; nothing it meets raises (R2)."""

from __future__ import annotations

import logging
from collections.abc import Callable

from ..model.command import (
    Command,
    HandIn,
    JobAdd,
    MemberSet,
    QueuePause,
    QueueSet,
    decode,
)
from ..model.errors import CommandInvalid, CommandTooNew, Rejected
from ..model.event import Event
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..names import printable
from .entry import Entry, Kind, unpack
from .errors import HostOutdated, ReplicaError, ReplicaStopped, WireInvalid
from .journal import Journal
from .signatures import Signatures

_LOGGER = logging.getLogger(__name__)
_NAMED_MAX = 32  # authors: who leads can make up any number


# What makes a queue a used one: see QueueState.ever_used.
_USES = (JobAdd, QueuePause, QueueSet, MemberSet, HandIn)


def any_uses(journal: Journal, after: int) -> bool:
    """Whether with an entry behind `after`, once applied, a queue may be a used one."""
    tail = range(after + 1, journal.last_index + 1)
    entries = map(journal.entry, tail)
    return any(entry is not None and _uses(entry) for entry in entries)


def _uses(entry: Entry) -> bool:
    try:
        kind, payload = unpack(entry.data)
        return kind is Kind.COMMAND and isinstance(decode(payload).body, _USES)
    except CommandTooNew:
        return True  # who knows
    except (WireInvalid, CommandInvalid):
        return False


def command_of(entry: Entry) -> Command | None:
    """The command that an entry holds, if it can be read and is one.

    Raises CommandTooNew: what this version does not know may not be passed over.
    """
    try:
        kind, payload = unpack(entry.data)
        return decode(payload) if kind is Kind.COMMAND else None
    except CommandTooNew:
        raise
    except (WireInvalid, CommandInvalid) as error:
        _LOGGER.warning("entry %d is no command: %s", entry.index, error)
        return None


Applied = Callable[[Command, int, Outcome, tuple[Event, ...]], None]


class Applier:
    """One replica of a queue's state, fed entry by entry."""

    def __init__(
        self,
        group: str,
        state: QueueState,
        signatures: Signatures,
        applied: Applied,
        failed: Callable[[ReplicaError], None],
    ) -> None:
        self.state = state
        self._group = group
        self._signatures = signatures
        self._applied = applied
        self._failed = failed
        self._stopped = False
        self._named: set[str] = set()  # authors of what changed nothing

    def apply(self, entry: Entry) -> None:
        """Apply one entry; what cannot be decoded changes nothing.

        Nor does what its author did not sign. It is neither remembered nor an answer
        to anybody: else whoever leads could use up another host's numbers.
        """
        if self._stopped:
            return
        try:
            kind, payload = unpack(entry.data)
            if kind is not Kind.COMMAND:
                return
            command = decode(payload)
        except CommandTooNew as error:  # passing it over would make the hosts differ
            self._stop(HostOutdated(f"entry {entry.index} cannot be applied: {error}"))
            return
        except (WireInvalid, CommandInvalid) as error:
            self._pass_over(entry, "", str(error))
            return
        forged = self._signatures.refusal(command, self._group, self.state.rules)
        if forged is not None:
            self._pass_over(entry, command.id.author, forged)
            return
        try:
            events = self.state.apply(command, entry.index)
        except Rejected as error:
            outcome = Outcome(error.rule, error.reason)
            self._applied(command, entry.index, outcome, ())
        except Exception as error:  # a fault of ours: PySyncObj would retry for ever
            _LOGGER.exception("applying entry %d failed", entry.index)
            reason = f"entry {entry.index} cannot be applied ({error!r}): report it"
            self._stop(ReplicaStopped(reason))
        else:
            outcome = self.state.outcome(command.id) or Outcome()
            self._applied(command, entry.index, outcome, events)

    def _pass_over(self, entry: Entry, author: str, why: str) -> None:
        """Say so once of each author: whoever leads could fill the log."""
        if author in self._named or len(self._named) == _NAMED_MAX:
            return
        self._named.add(author)
        why = printable(f"entry {entry.index} changes nothing: {why}")
        _LOGGER.warning("%s. Who led the queue then wrote what no host writes", why)

    def _stop(self, error: ReplicaError) -> None:
        self._stopped = True
        self._failed(error)
