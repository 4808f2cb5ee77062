"""Hosts that are switched off in order and on again: the queue stays what it was."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from moonraker_netqueue.replica.errors import RecoverRefused
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_generations import recover
from tests.replica.test_meeting import cut, heal

IDS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")
ORDERS = list(itertools.permutations(range(3)))


async def _farm(cluster: Cluster, *ids: str) -> list[SimHost]:
    """Hosts that share a queue with a job of each."""
    hosts = await cluster.start(*ids)
    await cluster.until(
        lambda: cluster.agreed(*ids) and len(hosts[0].status.voters) == len(ids)
    )
    for number, host in enumerate(hosts):
        answer = await host.submit(f"job-{number:04}")
        assert answer.state is SubmitState.ACCEPTED
    await cluster.until(lambda: cluster.agreed(*ids))
    return hosts


async def _accepts(host: SimHost, job_id: str, timeout: float = 5.0) -> bool:
    answer = await host.submit(job_id, timeout)
    return answer.state is SubmitState.ACCEPTED


@pytest.mark.parametrize("leaver", [0, 1])
def test_of_two_hosts_one_is_switched_off_and_the_other_goes_on(leaver: int) -> None:
    """Lesson 1. At once, whether the leader or the follower goes."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _farm(cluster, *IDS[:2])
        leader = cluster.leader()
        assert leader is not None
        gone = hosts[leaver]
        rest = hosts[1 - leaver]
        began = cluster.loop.time()
        await gone.close()
        assert cluster.loop.time() - began < 1
        assert await _accepts(rest, "job-alone", 1)
        assert rest.status.voters == (rest.id,)
        await gone.start()
        await cluster.until(
            lambda: cluster.agreed(*IDS[:2]) and rest.status.voters == (IDS[0], IDS[1])
        )
        assert "job-alone" in gone.jobs
        assert await _accepts(gone, "job-both")

    simulate(scenario)


@pytest.mark.parametrize("starts", ORDERS)
@pytest.mark.parametrize("stops", ORDERS)
def test_three_orderly_stops_and_starts_give_back_the_queue(
    stops: tuple[int, ...], starts: tuple[int, ...]
) -> None:
    """In every order; the last one on can be changed until it goes too."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _farm(cluster, *IDS)
        for number, index in enumerate(stops):
            assert await _accepts(hosts[index], f"evening-{number}")
            await hosts[index].close()
            await cluster.run_for(1)
        expected = [
            *(f"job-{number:04}" for number in range(3)),
            *(f"evening-{number}" for number in range(3)),
        ]
        for index in starts:
            await hosts[index].start()
            await cluster.run_for(8)  # longer than a host listens before it founds
        await cluster.until(
            lambda: cluster.agreed(*IDS) and hosts[0].status.voters == IDS
        )
        assert [host.jobs for host in hosts] == [expected] * 3
        assert len({host.status.group for host in hosts}) == 1
        for index, host in enumerate(hosts):
            assert await _accepts(host, f"morning-{index}")

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_all_are_switched_off_at_once(seed: int) -> None:
    """Nobody waits for another one long, and nobody gives a seat up."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _farm(cluster, *IDS)
        began = cluster.loop.time()
        closing = []
        for host in hosts:
            closing.append(asyncio.ensure_future(host.close()))
            await asyncio.sleep(0.004 * cluster.random.random())
        await asyncio.gather(*closing)
        assert cluster.loop.time() - began < 3
        await cluster.start(*IDS)
        await cluster.until(
            lambda: cluster.agreed(*IDS) and hosts[0].status.voters == IDS
        )
        assert all(len(host.jobs) == 3 for host in hosts)
        assert await _accepts(hosts[1], "job-morning")

    simulate(scenario, seed)


def test_one_of_three_leaves_and_keeps_its_seat() -> None:
    """The rest has its majority; nothing is written for a restart of Moonraker."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _farm(cluster, *IDS)
        leader = cluster.leader()
        assert leader is not None
        rest = [host for host in hosts if host is not leader]
        await leader.close()
        assert await _accepts(rest[0], "job-0two", 1)
        assert rest[0].status.voters == IDS
        await leader.start()
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_without_the_last_voter_the_others_wait_and_found_nothing() -> None:
    """They show the queue as they knew it, and say whom they wait for."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _farm(cluster, *IDS)
        for host in hosts:
            await host.close()
        await hosts[0].start()
        await hosts[1].start()
        await cluster.run_for(30)
        assert [host.status.leader for host in hosts[:2]] == [None, None]
        assert all(len(host.jobs) == 3 for host in hosts[:2])
        assert all(IDS[2] in host.status.missing_voters for host in hosts[:2])
        outcome = await hosts[0].submit("job-early", 2)
        assert outcome.state is SubmitState.PENDING
        await hosts[2].start()
        await cluster.until(lambda: cluster.agreed(*IDS) and len(hosts[2].jobs) == 4)

    simulate(scenario)


def test_the_last_voter_waits_for_an_observer_that_takes_over() -> None:
    """Voters switched off one after the other pass the queue on to who stays."""

    async def scenario(cluster: Cluster) -> None:
        ids = (*IDS, "dddddddd")
        hosts = await cluster.start(*ids)
        await cluster.until(
            lambda: cluster.agreed(*ids) and len(hosts[0].status.voters) == 3
        )
        observer = next(h for h in hosts if h.status.role is Role.OBSERVER)
        for host in hosts:
            if host is not observer:
                await host.close()
        assert await _accepts(observer, "job-night", 2)
        assert observer.status.voters == (observer.id,)

    simulate(scenario)


def test_an_end_without_a_leader_does_not_wait() -> None:
    """A host that is cut off has nobody to ask."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _farm(cluster, *IDS[:2])
        hosts[0].kill()
        await cluster.run_for(10)
        began = cluster.loop.time()
        await hosts[1].close()
        assert cluster.loop.time() - began < 0.5

    simulate(scenario)


def _roles(cluster: Cluster, hosts: list[SimHost]) -> list[SimHost]:
    """These hosts, the one that leads first."""
    leader = cluster.leader()
    assert leader is not None
    return [leader, *(host for host in hosts if host is not leader)]


def test_nobody_counts_on_a_host_that_closes() -> None:
    """On a slow disk that takes a while; another one lost power meanwhile. Its seat
    would have gone, for the sake of the one that hears no more, and for ever."""

    async def scenario(cluster: Cluster) -> None:
        leads, closes, lost = _roles(cluster, await _farm(cluster, *IDS))
        closes.delays = (3.0, 3.0)
        closing = asyncio.ensure_future(closes.close())
        group = closes.replica._lifecycle.group
        assert group is not None
        await cluster.until(lambda: group.halted)
        lost.kill()
        await cluster.run_for(2)
        assert not closing.done()
        closes.kill()
        await lost.start()
        await cluster.until(lambda: cluster.agreed(leads.id, lost.id))
        assert await _accepts(lost, "job-both")

    simulate(scenario)


@pytest.mark.parametrize("killed", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_person_goes_on_where_only_the_log_of_others_shows_a_majority(
    seed: int, killed: bool
) -> None:
    """A seat went while another host left, which never knew: its majority is the two
    of them, and the host without that seat takes itself and the leader for one."""

    async def scenario(cluster: Cluster) -> None:
        leads, leaves, lost = _roles(cluster, await _farm(cluster, *IDS))
        if killed:
            lost.kill()
        else:
            cut(cluster, (lost.id,), (leads.id, leaves.id))
        cluster.net.filter = lambda source, _target, message: (
            source != leaves.id or message.get("t") != "raft"
        )
        await leaves.close()
        cluster.net.filter = lambda *_: True
        assert lost.id not in leads.status.voters
        await cluster.until(lambda: cluster.leader() is None)
        if killed:
            await lost.start()
        else:
            heal(cluster)
        await cluster.run_for(5)
        with pytest.raises(RecoverRefused, match="a majority of the voters is here"):
            await recover(leads)  # who has one elects a leader, in a moment
        await cluster.run_for(25)
        assert cluster.leader() is None
        (told,) = lost.status.notices
        assert "elect no leader" in told
        (told,) = leads.status.notices
        assert f"waits for host host {leaves.id}" in told
        with pytest.raises(RecoverRefused, match="at a host that names who is missing"):
            await recover(lost)
        await recover(leads)
        await cluster.until(lambda: cluster.agreed(leads.id, lost.id))
        assert await _accepts(lost, "job-both")
        await leaves.start()
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario, seed)
