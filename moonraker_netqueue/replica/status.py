"""What a replica tells about itself."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ..model.command import CommandId
from ..model.founding import Founding
from ..model.schema import BASE
from .phase import Phase


class Role(enum.Enum):
    """A host's part in its group."""

    LEADER = "leader"
    FOLLOWER = "follower"
    OBSERVER = "observer"  # follows without a seat
    JOINING = "joining"  # has no group yet
    STOPPED = "stopped"


@dataclass(frozen=True)
class Member:
    """A host of the queue that was heard since the start."""

    id: str
    name: str
    voter: bool
    connected: bool
    version: str  # of its program; empty if it does not say


@dataclass(frozen=True)
class ReplicaStatus:
    """A snapshot for display; `error` and `notices` name their remedies."""

    phase: Phase
    role: Role
    group: str | None
    generation: int
    leader: str | None
    term: int
    quorum: bool
    voters: tuple[str, ...]
    missing_voters: tuple[str, ...]
    members: tuple[Member, ...]
    last_index: int
    commit_index: int
    applied_index: int
    durable_index: int
    pending: tuple[CommandId, ...]
    notices: tuple[str, ...]
    error: str | None
    rules: int = BASE  # that the queue goes by (R23)
    founding: Founding | None = None  # how the group began, if it went on without some
    alone: int = 0  # accepted entries that no other host is known to have
    needed: frozenset[str] = frozenset()  # who may have what nobody who is on has

    @property
    def ready(self) -> bool:
        """Whether a majority is here and one leads: commands get answers."""
        return self.quorum and self.leader is not None
