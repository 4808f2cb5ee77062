"""A snapshot that is read slowly must not undo what came meanwhile (R3)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moonraker_netqueue.replica import journal as journal_module
from moonraker_netqueue.replica.snapshot import Loaded
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_faults import three_voters
from tests.replica.test_seats import group_of

_FEW, _MANY = 6, 1000  # entries of a log that is worth a snapshot


def _compact_from(patch: pytest.MonkeyPatch, entries: int, kept: int = 2) -> None:
    patch.setattr(journal_module, "COMPACT_ENTRIES", entries)
    patch.setattr(journal_module, "KEPT_ENTRIES", kept)


class _SlowIntake:
    """Holds a host's snapshot back between its last part and its installation."""

    def __init__(self, host: SimHost) -> None:
        intake = group_of(host)._intake
        self.arrived, self._gate = asyncio.Event(), asyncio.Event()
        self._install = intake._install
        intake._install = self._hold  # type: ignore[method-assign]

    async def _hold(self, loaded: Loaded, text: str) -> None:
        self.arrived.set()
        await self._gate.wait()
        await self._install(loaded, text)

    def let_go(self) -> None:
        self._gate.set()


async def _left_with_a_newer_log(
    cluster: Cluster, patch: pytest.MonkeyPatch
) -> tuple[SimHost, SimHost, SimHost, _SlowIntake]:
    """A host that holds a snapshot of its old leader, and then follows a new one.

    Returns (old leader, new leader, that host, what holds the snapshot back). An
    entry of the new leader is accepted; that host acked it, and does not know of
    the commit.
    """
    hosts = await three_voters(cluster)
    await cluster.until(cluster.leader)
    old = cluster.leader()
    assert old is not None
    new, late = (host for host in hosts if host is not old)
    group_of(new)._compaction.look = lambda *_: None  # type: ignore[method-assign]
    late.kill()
    for number in range(18):
        await old.submit(f"job-{number:04}")
    await cluster.run_for(1)

    def hides_the_commit(source: str, target: str, message: dict[str, Any]) -> bool:
        to_new = (source, target) == (old.id, new.id) and message.get("t") == "raft"
        return not to_new or bool(message["m"].get("entries"))

    cluster.net.filter = hides_the_commit
    await old.submit("job-0099")
    await cluster.run_for(0.2)
    _compact_from(patch, 0, 1)  # the snapshot has an entry that `new` has not applied
    group_of(old)._driver.wake()
    await cluster.run_for(0.2)
    _compact_from(patch, _MANY)
    assert group_of(old)._journal.snapshot_index > new.status.commit_index
    await late.start()
    await cluster.until(lambda: late.status.group)
    intake = _SlowIntake(late)
    await cluster.until(intake.arrived.is_set)
    old.kill()
    await cluster.until(lambda: new.status.role is Role.LEADER)
    term_begins = new.status.last_index

    def hides_later_commits(source: str, target: str, message: dict[str, Any]) -> bool:
        raft = message.get("m", {})
        if (source, target) == (new.id, late.id) and "commit_index" in raft:
            raft["commit_index"] = min(raft["commit_index"], term_begins - 1)
        return True

    cluster.net.filter = hides_later_commits
    outcome = await new.submit("job-0100", timeout=5)
    assert outcome.state is SubmitState.ACCEPTED
    return old, new, late, intake


def test_an_accepted_entry_survives_a_late_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log caught up meanwhile: the snapshot is not needed any more."""
    _compact_from(monkeypatch, _FEW)

    async def scenario(cluster: Cluster) -> None:
        old, new, late, intake = await _left_with_a_newer_log(cluster, monkeypatch)
        had = late.status.last_index
        intake.let_go()
        await cluster.run_for(0.3)
        assert late.status.last_index == had
        new.kill()
        cluster.net.filter = lambda *_: True
        await old.start()
        await cluster.until(lambda: "job-0100" in old.jobs)
        await cluster.until(lambda: cluster.agreed(old.id, late.id))

    simulate(scenario)


def test_a_late_installation_does_not_stop_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It goes on to follow the new leader."""
    _compact_from(monkeypatch, _FEW)

    async def scenario(cluster: Cluster) -> None:
        _, new, late, intake = await _left_with_a_newer_log(cluster, monkeypatch)
        intake.let_go()
        await cluster.run_for(0.3)
        cluster.net.filter = lambda *_: True
        await cluster.until(lambda: cluster.agreed(new.id, late.id))
        assert "job-0100" in late.jobs

    simulate(scenario)
