"""Nothing is sent, applied or answered before it is on the own disk (R18)."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from moonraker_netqueue.model.command import ContentHeld
from moonraker_netqueue.replica.errors import ReplicaError
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import FILE, Cluster, job, simulate
from tests.replica.test_faults import IDS, three_voters


def _raft(cluster: Cluster, source: str, since: int) -> list[dict[str, object]]:
    return [
        message["m"]
        for sender, _, message in cluster.net.sent[since:]
        if sender == source and message["t"] == "raft"
    ]


def test_a_leader_sends_no_entry_before_it_is_durable() -> None:
    """While its disk stands still, the entry and its commit stay inside."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        await leader.submit("job-0000")
        other = next(host for host in cluster.alive if host is not leader)
        leader.disk_moves.clear()
        since = len(cluster.net.sent)
        task = asyncio.ensure_future(other.give(job("job-0001"), timeout=2))
        await asyncio.sleep(0.6)
        assert not any(m.get("entries") for m in _raft(cluster, leader.id, since))
        assert leader.jobs == ["job-0000"]
        leader.disk_moves.set()
        assert (await task).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_follower_acks_nothing_before_it_is_durable() -> None:
    """Two followers whose disks stand still let nothing be committed."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        await leader.submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        last = leader.status.last_index
        followers = [host for host in hosts if host is not leader]
        for host in followers:
            host.disk_moves.clear()
        since = len(cluster.net.sent)
        task = asyncio.ensure_future(leader.give(job("job-0001"), timeout=30))
        await asyncio.sleep(0.8)
        for host in followers:
            for message in _raft(cluster, host.id, since):
                assert message.get("next_node_idx", 0) in range(last + 2)
        assert leader.jobs == ["job-0000"]
        for host in followers:
            host.disk_moves.set()
        assert (await task).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_leader_applies_only_what_is_on_its_own_disk() -> None:
    """R18: also once both followers have committed it by a later leader."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        follower = next(h for h in hosts if h.status.role is Role.FOLLOWER)
        leader = cluster.leader()
        assert leader is not None
        follower.disk_moves.clear()
        outcome = await leader.submit("job-0001")
        assert outcome.state is SubmitState.ACCEPTED
        await asyncio.sleep(0.5)
        assert follower.jobs == ["job-0000"]
        assert follower.status.last_index > follower.status.durable_index
        follower.disk_moves.set()
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_a_failed_fsync_stops_the_host_for_good() -> None:
    """It sends, acks and applies nothing more, says why, and the others go on."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        await leader.submit("job-0000")
        leader.disk_error = sqlite3.OperationalError("disk I/O error")
        with pytest.raises(ReplicaError):
            await leader.give(job("job-0001"))
        leader.disk_error = None  # never retried, even if it would work again
        since = len(cluster.net.sent)
        other = next(host for host in cluster.alive if host is not leader)
        outcome = await other.submit("job-0002", timeout=20)
        assert outcome.state is SubmitState.ACCEPTED
        assert leader.status.phase is Phase.FAILED
        assert leader.status.role is Role.STOPPED
        assert "disk I/O error" in str(leader.status.error)
        assert "restart Moonraker" in str(leader.status.error)
        assert not _raft(cluster, leader.id, since)
        assert leader.jobs == ["job-0000"]
        with pytest.raises(ReplicaError):
            await leader.give(job("job-0003"))

    simulate(scenario)


def test_a_failed_fsync_of_the_journal_alone_stops_the_host() -> None:
    """A follower whose log cannot be written acks nothing and says why."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        follower = next(host for host in hosts if host is not leader)
        assert leader is not None
        follower.disk_error = OSError("no space left")
        assert (await leader.submit("job-0000")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: follower.status.phase is Phase.FAILED)
        assert follower.jobs == []
        follower.disk_error = None
        follower.kill()
        await follower.start()
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_an_answered_command_is_on_a_majority_of_disks() -> None:
    """Power cut in the very turn of the answer: it is there afterwards."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].give(ContentHeld(FILE))
        await cluster.run_for(1)
        outcome = await hosts[0].give(job("job-0001"))
        for host in hosts:
            host.kill()
        assert outcome.state is SubmitState.ACCEPTED
        for host in hosts:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert hosts[2].jobs == ["job-0001"]

    for seed in range(8):
        simulate(scenario, seed)
