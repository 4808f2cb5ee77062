"""A lost leader is followed by one leader, not by several in turn."""

from __future__ import annotations

import pytest

from moonraker_netqueue.replica.status import Role
from tests.replica.simulation import Cluster, simulate

_ROUNDS = 12


async def _lost(cluster: Cluster) -> int:
    """Kill the leader until another one leads; by how much that raised the term."""
    leader = cluster.leader()
    assert leader is not None
    before = leader.status.term
    leader.kill()
    await cluster.until(cluster.leader)
    await cluster.run_for(1.0)  # by now a second one that had won would have asked
    after = cluster.leader()
    assert after is not None
    term = after.status.term
    await cluster.start(leader.id)
    await cluster.until(lambda: cluster.agreed(*cluster.hosts))
    return term - before


@pytest.mark.parametrize("hosts", ["abc", "abcde"])
@pytest.mark.parametrize("seed", range(1, 5))
def test_two_that_ask_at_the_same_moment_do_not_depose_each_other(
    seed: int, hosts: str
) -> None:
    """Each granted the other's pre-vote; the second ended the first one's term."""

    async def scenario(cluster: Cluster) -> None:
        await cluster.start(*hosts)
        await cluster.until(
            lambda: all(len(h.status.voters) == len(hosts) for h in cluster.alive)
        )
        rises = [await _lost(cluster) for _ in range(_ROUNDS)]
        assert rises == [1] * _ROUNDS

    simulate(scenario, seed)


def test_a_follower_without_a_majority_names_no_leader() -> None:
    """It went on naming the host whose end had taken the majority with it."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await cluster.start("a", "b", "c")
        await cluster.until(lambda: all(len(h.status.voters) == 3 for h in hosts))
        leader = cluster.leader()
        assert leader is not None
        left, other = (host for host in hosts if host is not leader)
        leader.kill()
        other.kill()
        await cluster.until(lambda: not left.status.quorum)
        assert left.status.leader is None
        assert left.status.role is Role.FOLLOWER

    simulate(scenario)
