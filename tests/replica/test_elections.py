"""A lost leader is followed by one leader, not by several in turn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from moonraker_netqueue.replica.status import Role
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_hostile import _receive, _send, _with_observer

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


@pytest.mark.parametrize("seed", range(1, 7))
def test_who_cannot_win_does_not_go_first_for_ever(seed: int) -> None:
    """Of five voters three are left, and only `b` hears both others: `a`, whose id is
    lower, asked without end and refused it."""

    async def scenario(cluster: Cluster) -> None:
        await cluster.start(*"abcde")
        await cluster.until(
            lambda: (
                all(len(h.status.voters) == 5 for h in cluster.alive)
                and cluster.agreed(*"abcde")
            )
        )
        for host in list(cluster.alive):
            host.kill()
        cluster.net.cut.add(frozenset("ac"))
        await cluster.start(*"abc")
        await cluster.until(cluster.leader, 15)
        leader = cluster.leader()
        assert leader is not None
        assert leader.id == "b"

    simulate(scenario, seed)


def _lie(kind: str, host: SimHost, number: int) -> dict[str, Any]:
    """Asks to be elected, with a log that is longer than any."""
    question = {"type": kind, "last_log_index": 1 << 40, "last_log_term": 1 << 40}
    question["term"] = host.status.term + 1
    return question | ({"round": number} if kind == "pre_vote" else {})


@pytest.mark.parametrize(
    ("kind", "pause", "limit"),
    [("pre_vote", 0.1, 15), ("request_vote", 0.3, 15), ("request_vote", 1.0, 40)],
)
def test_who_asks_without_end_is_named_and_waited_for_no_more(
    kind: str, pause: float, limit: float, caplog: pytest.LogCaptureFixture
) -> None:
    """The others gave way each time: no leader, for ever, and nobody saw why."""

    async def scenario(cluster: Cluster) -> None:
        await cluster.start(*"abcde")
        await cluster.until(
            lambda: (
                all(len(h.status.voters) == 5 for h in cluster.alive)
                and cluster.agreed(*"abcde")
            )
        )
        leader = cluster.leader()
        liar, *left = (host for host in cluster.alive if host is not leader)
        assert leader is not None
        leader.kill()
        caplog.clear()
        for number in range(int(limit / pause)):
            for host in left:
                _receive(host, liar, _lie(kind, host, number))
            await asyncio.sleep(pause)
        await cluster.until(lambda: cluster.leader() in left, 1.0)
        said = [text for text in caplog.messages if "from having a leader" in text]
        assert len(said) == len(left)
        assert all("netqueue forget a" in text for text in said)

    simulate(scenario, seed=3)


def test_nobody_gives_way_to_a_host_without_a_seat() -> None:
    """It asked without end, for a log that it made up, and nobody else asked."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        left = [h for h in cluster.alive if h not in (leader, observer)]
        leader.kill()
        for number in range(100):
            for host in left:
                _send(observer, host, _lie("pre_vote", host, number))
            await asyncio.sleep(0.1)
        assert cluster.leader() in left

    simulate(scenario)


def test_who_has_voted_since_it_asked_does_not_campaign() -> None:
    """Delays differ: what it asked for came after its vote, and ended that term."""

    async def scenario(cluster: Cluster) -> None:
        await cluster.start(*"abcde")
        await cluster.until(
            lambda: all(len(h.status.voters) == 5 for h in cluster.alive)
        )
        cluster.net.latency = (0.02, 0.38)
        rises = [await _lost(cluster) for _ in range(_ROUNDS)]
        assert rises == [1] * _ROUNDS

    simulate(scenario)
