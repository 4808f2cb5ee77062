"""Why a replica refuses or stops."""

from __future__ import annotations

from ..errors import NetqueueError


class ReplicaError(NetqueueError):
    """Base of the replica's errors."""


class LibraryMismatch(ReplicaError):
    """Another version of PySyncObj than the one whose private names are used."""


class WireInvalid(ReplicaError):
    """A message of a peer that breaks the form it must have."""


class DatabaseFailed(ReplicaError):
    """A write did not reach the disk; the database takes no more (R18)."""


class JournalDamaged(ReplicaError):
    """What the disk gave back is not what was written (R4)."""


class SnapshotInvalid(ReplicaError):
    """A text that is no snapshot."""


class SnapshotTooNew(ReplicaError):
    """A snapshot that a newer version wrote: not damaged, not for this one."""


class RequestRefused(ReplicaError):
    """A peer's request that this host does not serve."""


class NotLeader(ReplicaError):
    """Only the leader takes commands; ask it, or wait for one."""


class ReplicaStopped(ReplicaError):
    """The replica failed or was closed: it takes no commands."""


class HostDoubted(ReplicaError):
    """This host may be a copy of itself: a person decides (R5)."""


class HostOutdated(ReplicaError):
    """The queue goes by rules that this program does not know (R23)."""


class RulesTooLow(ReplicaError):
    """Some host of the queue cannot read it yet: names it and what to do (R23)."""


class RejoinRefused(ReplicaError):
    """There is nothing that a person has to decide."""


class HandInUnanswered(ReplicaError):
    """Another group may have a part of what this host knows, and not all."""


class HandInFailed(ReplicaError):
    """Another group did not take what this host knows; it stays in its own."""


class RecoverRefused(ReplicaError):
    """The queue does not go on without the missing hosts now; the text says why."""
