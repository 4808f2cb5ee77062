"""Seats of hosts that vanish, return, lost their journal, or wait for one (R4, R15)."""

from __future__ import annotations

from moonraker_netqueue.replica.group import Group
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost, simulate

IDS = tuple(letter * 8 for letter in "abcdefg")


async def farm(cluster: Cluster, count: int, voters: int) -> list[SimHost]:
    ids = IDS[:count]
    hosts = await cluster.start(*ids)
    await cluster.until(
        lambda: cluster.agreed(*ids) and len(hosts[0].status.voters) == voters
    )
    outcome = await hosts[0].submit("job-0001")
    assert outcome.state is SubmitState.ACCEPTED
    return hosts


def voters_of(cluster: Cluster) -> tuple[str, ...]:
    leader = cluster.leader()
    return () if leader is None else leader.status.voters


def follower_of(hosts: list[SimHost]) -> SimHost:
    return next(host for host in hosts if host.status.role is Role.FOLLOWER)


def group_of(host: SimHost) -> Group:
    group = host.replica._lifecycle.group
    assert group is not None
    return group


def test_a_silent_voter_loses_its_seat_to_an_observer_and_returns() -> None:
    """Not before the TTL; the one that returns is replayed and keeps its admission."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 4, 3)
        gone = follower_of(hosts)
        observer = next(h for h in hosts if h.status.role is Role.OBSERVER)
        gone.kill()
        await cluster.run_for(cluster.seat_ttl - 5)
        assert gone.id in voters_of(cluster)
        await cluster.until(lambda: gone.id not in voters_of(cluster), 10)
        assert observer.id in voters_of(cluster)
        assert len(voters_of(cluster)) == 3
        await observer.submit("job-0002")
        await gone.start()
        await cluster.until(lambda: cluster.agreed(*IDS[:4]))
        assert gone.status.role is Role.OBSERVER
        assert gone.jobs == ["job-0001", "job-0002"]
        outcome = await gone.submit("job-0003")
        assert outcome.state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_host_whose_disk_failed_loses_its_seat_like_a_silent_one() -> None:
    """It runs on without the queue: it must not block the seat until a restart."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 4, 3)
        bad = follower_of(hosts)
        bad.disk_error = OSError(28, "No space left on device")
        rest = [host for host in hosts if host is not bad]
        assert (await rest[0].submit("job-0002")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: bad.status.role is Role.STOPPED)
        await cluster.until(
            lambda: set(voters_of(cluster)) == {host.id for host in rest},
            2 * cluster.seat_ttl,
        )
        follower_of(rest).kill()
        await cluster.until(lambda: cluster.leader() is not None)
        leader = cluster.leader()
        assert leader is not None
        assert (await leader.submit("job-0003")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_three_voters_stay_three_when_one_vanishes() -> None:
    """Without an observer there is nobody better: its seat waits for it (R15)."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 3, 3)
        gone = follower_of(hosts)
        gone.kill()
        await cluster.run_for(3 * cluster.seat_ttl)
        assert voters_of(cluster) == IDS[:3]
        await gone.start()
        await cluster.until(lambda: cluster.agreed(*IDS[:3]))

    simulate(scenario)


def test_two_of_five_vanish_and_three_seats_remain() -> None:
    """One more may then fail; both come back to five."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 5, 5)
        followers = [host for host in hosts if host.status.role is Role.FOLLOWER]
        followers[0].kill()
        await cluster.run_for(2 * cluster.seat_ttl)
        assert len(voters_of(cluster)) == 5, "four seats would bear no more than three"
        followers[1].kill()
        await cluster.until(lambda: len(voters_of(cluster)) == 3, 2 * cluster.seat_ttl)
        followers[2].kill()
        await cluster.until(lambda: cluster.leader() is not None)
        leader = cluster.leader()
        assert leader is not None
        outcome = await leader.submit("job-0002")
        assert outcome.state is SubmitState.ACCEPTED
        for host in followers[:3]:
            await host.start()
        await cluster.until(
            lambda: cluster.agreed(*IDS[:5]) and voters_of(cluster) == IDS[:5], 120
        )

    simulate(scenario)


def test_a_restart_in_order_costs_no_seat() -> None:
    """A minute is longer than Moonraker's restart."""

    async def scenario(cluster: Cluster) -> None:
        cluster.seat_ttl = 900.0
        hosts = await farm(cluster, 4, 3)
        voters = voters_of(cluster)
        follower = follower_of(hosts)
        await follower.close()
        await cluster.run_for(30)
        await follower.start()
        await cluster.until(lambda: cluster.agreed(*IDS[:4]))
        assert voters_of(cluster) == voters
        await follower.close()
        await cluster.until(lambda: follower.id not in voters_of(cluster), 120)

    simulate(scenario)


def test_twenty_hosts_join_at_once() -> None:
    """One group, five voters, fifteen observers; each of them may add a job."""

    async def scenario(cluster: Cluster) -> None:
        ids = tuple(f"host-{number:04}" for number in range(20))
        hosts = await cluster.start(*ids)
        await cluster.until(
            lambda: cluster.agreed(*ids) and len(voters_of(cluster)) == 5, 120
        )
        roles = [host.status.role for host in hosts]
        assert roles.count(Role.LEADER) == 1
        assert roles.count(Role.FOLLOWER) == 4
        assert roles.count(Role.OBSERVER) == 15
        for number, host in enumerate(hosts):
            outcome = await host.submit(f"job-{number:04}")
            assert outcome.state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*ids))
        assert len(hosts[7].jobs) == 20

    simulate(scenario)


def test_a_host_returns_when_all_voters_are_others() -> None:
    """Its log names nobody who is left: a member tells it whom to follow."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 3, 3)
        gone = follower_of(hosts)
        gone.kill()
        others = [host for host in hosts if host is not gone]
        newcomers = await cluster.start(*IDS[3:6])
        await cluster.until(lambda: len(voters_of(cluster)) == 5)
        await cluster.until(lambda: gone.id not in voters_of(cluster), 120)
        for host in others:
            await host.close()
        await cluster.until(lambda: voters_of(cluster) == IDS[3:6], 200)
        await newcomers[0].submit("job-0002")
        await gone.start()
        await cluster.until(lambda: cluster.agreed(gone.id, *IDS[3:6]), 60)
        assert gone.jobs == ["job-0001", "job-0002"]
        outcome = await gone.submit("job-0003")
        assert outcome.state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_message_of_an_earlier_incarnation_is_dropped() -> None:
    """Sent before its sender lost its journal: its ack counts nothing."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 2, 2)
        leader = cluster.leader()
        assert leader is not None
        follower = follower_of(hosts)
        group, core = group_of(leader), group_of(leader)._core
        cluster.net.filter = lambda source, _target, _message: source != follower.id
        assert leader.life is not None
        waiting = leader.life.spawn(leader.submit("job-0002", 2))
        await cluster.until(lambda: leader.status.last_index > core.commit_index)
        ack = {
            "type": "next_node_idx",
            "term": core.term,
            "next_node_idx": leader.status.last_index + 1,
            "reset": False,
            "success": True,
        }
        before = core.match_index(follower.id)
        group.receive(follower.id, "another-life", ack)
        assert core.match_index(follower.id) == before
        group.receive(follower.id, group_of(follower).incarnation, ack)
        assert core.match_index(follower.id) == leader.status.last_index
        cluster.net.filter = lambda *_: True
        await waiting

    simulate(scenario)


def test_an_observer_follows_a_leader_that_its_log_does_not_know() -> None:
    """Its old leader is linked again, but leads no more: it must not wait for it."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 4, 3)
        observer = next(h for h in hosts if h.status.role is Role.OBSERVER)
        gone = follower_of(hosts)
        cluster.net.cut |= {frozenset((observer.id, other)) for other in IDS}
        cluster.net.refresh()
        gone.kill()
        (heir,) = await cluster.start(IDS[4])
        await cluster.until(lambda: heir.id in voters_of(cluster), 90)
        old = cluster.leader()
        assert old is not None
        await cluster.run_for(5)
        group_of(old)._core.hand_over(heir.id)
        await cluster.until(lambda: heir.status.role is Role.LEADER)
        assert heir.id not in observer.status.voters
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.until(lambda: observer.status.leader == heir.id)
        outcome = await observer.submit("job-0002")
        assert outcome.state is SubmitState.ACCEPTED

    simulate(scenario)
