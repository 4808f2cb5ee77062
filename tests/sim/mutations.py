"""Ways to break the program, each of which breaks a promise sooner or later."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from moonraker_netqueue.model import joins
from moonraker_netqueue.model.job import Tally
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.printer.record import RecordFile
from moonraker_netqueue.replica import succession
from moonraker_netqueue.replica.election import Election
from moonraker_netqueue.replica.library import library
from moonraker_netqueue.replica.participants import Participants
from moonraker_netqueue.replica.raft_core import RaftCore
from moonraker_netqueue.replica.sender import Sender

Patch = pytest.MonkeyPatch


def half_is_a_majority(patch: Patch) -> None:
    """Half of the voters elect a leader and commit."""
    for name in ("_onTick", "_SyncObj__onMessageReceived"):
        _rewrite(patch, name)

    def campaign(self: Election) -> None:
        if self._host_id not in self._voters():
            self._core.set_election_deadline(self._clock.monotonic() + 1)

    def has_quorum(self: Participants) -> bool:
        here = self._admitted | {self._host_id}
        return 2 * len(self.counting() & here) >= len(self.counting())

    patch.setattr(Election, "before_tick", campaign)
    patch.setattr(Participants, "has_quorum", property(has_quorum))


def _rewrite(patch: Patch, name: str) -> None:
    source = textwrap.dedent(inspect.getsource(getattr(library.SyncObj, name)))
    half = "(len(self.__otherNodes) + 1) / 2"
    source = source.replace(f"> {half}", f">= {half}").replace(
        f"<= {half}", f"< {half}"
    )
    made: dict[str, Any] = {}
    body = textwrap.indent(source, "    ")
    exec(f"class SyncObj:\n{body}", library.__dict__, made)  # noqa: S102
    patch.setattr(library.SyncObj, name, getattr(made["SyncObj"], name))


def generation_from_a_snapshot(patch: Patch) -> None:
    """Going on, hosts give what their snapshots hold, not their logs (R6)."""

    async def old_state(*_: object) -> QueueState:
        return QueueState()  # no snapshot was taken yet

    patch.setattr(succession, "all_known", old_state)


def merge_adds_up(patch: Patch) -> None:
    """A merge takes the sum of two groups' counters, not the higher one (R10)."""
    patch.setattr(joins, "_higher", Tally.__add__)


def answers_before_the_disk_has_them(patch: Patch) -> None:
    """Raft messages leave at once, not after what was journalled before (R18)."""

    def release(self: Sender) -> None:
        while self._held:
            held = self._held.popleft()
            self._deliver(held.host, held.message)

    patch.setattr(Sender, "release", release)


def applies_before_the_disk_has_them(patch: Patch) -> None:
    """What a majority has is applied, be it on the own disk or not (R18)."""
    patch.setattr(
        RaftCore, "_SyncObj__applyLogEntries", library.SyncObj._SyncObj__applyLogEntries
    )


def starts_before_the_record_is_safe(patch: Patch) -> None:
    """What the agent notes is written and never synced: a power cut takes it (R9)."""

    def write(self: RecordFile, text: str) -> None:
        with self._disk.open(self.path, "wb") as file:
            file.write(text.encode("ascii"))

    patch.setattr(RecordFile, "_write", write)


MUTATIONS: dict[str, Callable[[Patch], None]] = {
    mutation.__name__: mutation
    for mutation in (
        half_is_a_majority,
        generation_from_a_snapshot,
        merge_adds_up,
        answers_before_the_disk_has_them,
        applies_before_the_disk_has_them,
        starts_before_the_record_is_safe,
    )
}
