"""Crashes, cuts and slow links: what was accepted stays, nothing happens twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from moonraker_netqueue.model.job import Wishes
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from moonraker_netqueue.replica.wire import BATCH_BYTES
from tests.replica.chaos import Chaos
from tests.replica.simulation import Cluster, SimHost, job, simulate

IDS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


async def three_voters(cluster: Cluster) -> list[SimHost]:
    """Three hosts, all voters of one group."""
    hosts = await cluster.start(*IDS)
    await cluster.until(
        lambda: (
            all(host.status.voters == IDS for host in hosts) and cluster.agreed(*IDS)
        )
    )
    return hosts


def test_a_newcomer_replays_everything() -> None:
    """A host that joins later has all jobs, also those of before it was there."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        for number in range(5):
            await a.submit(f"job-{number:04}")
        (b,) = await cluster.start("bbbbbbbb")
        await cluster.until(lambda: b.status.role is Role.FOLLOWER)
        await cluster.until(lambda: cluster.agreed("aaaaaaaa", "bbbbbbbb"))
        assert b.jobs == [f"job-{number:04}" for number in range(5)]

    simulate(scenario)


def test_a_second_voter_is_added_without_a_deadlock() -> None:
    """R1: from one voter to two the newcomer acks before its seat is proposed."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        term = a.status.term
        (b,) = await cluster.start("bbbbbbbb")
        await cluster.until(
            lambda: (
                b.status.voters == ("aaaaaaaa", "bbbbbbbb")
                and cluster.agreed("aaaaaaaa", "bbbbbbbb")
            ),
            5,
        )
        assert a.status.term == term
        assert (await b.submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_newcomer_gets_no_seat_before_it_has_the_log() -> None:
    """R1: while its acks are lost, the leader proposes nothing."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        cluster.net.filter = lambda _s, _t, m: (
            m.get("m", {}).get("type") != "next_node_idx"
        )
        (b,) = await cluster.start("bbbbbbbb")
        await cluster.until(lambda: b.status.role is Role.OBSERVER)
        await cluster.run_for(10)
        assert a.status.voters == ("aaaaaaaa",)
        assert (await a.submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_newcomer_without_a_seat_never_campaigns() -> None:
    """R1: its leader silent, its log empty, it waits; it founds no second leader."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        cluster.net.filter = lambda _s, _t, m: m.get("t") != "raft"
        (b,) = await cluster.start("bbbbbbbb")
        await cluster.until(lambda: b.status.role is Role.OBSERVER)
        await cluster.run_for(20)
        assert b.status.role is Role.OBSERVER
        assert b.status.term == 0

    simulate(scenario)


def test_one_membership_change_at_a_time() -> None:
    """Three seats given at once would lose the quorum: the next waits for the last."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        cluster.net.filter = lambda _s, _t, m: (
            m.get("m", {}).get("type") != "next_node_idx" or len(a.status.voters) == 1
        )
        await cluster.start("bbbbbbbb", "cccccccc")
        await cluster.until(lambda: len(a.status.voters) > 1)
        await cluster.run_for(3)
        assert len(a.status.voters) == 2
        cluster.net.filter = lambda *_: True
        await cluster.until(lambda: a.status.voters == IDS and cluster.agreed(*IDS))

    simulate(scenario)


def test_seats_pass_from_three_to_five_and_never_rest_on_four() -> None:
    """A fourth host observes; with a fifth both get their seats."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        (d,) = await cluster.start("dddddddd")
        await cluster.until(lambda: cluster.agreed(*IDS, "dddddddd"))
        await cluster.run_for(5)
        assert d.status.role is Role.OBSERVER
        assert (await d.submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.start("eeeeeeee", "ffffffff")
        await cluster.until(lambda: len(d.status.voters) == 5)
        await cluster.run_for(5)
        assert len(d.status.voters) == 5

    simulate(scenario)


def test_a_newcomer_far_behind_gets_batch_after_batch() -> None:
    """A log of many batches arrives over acks, not heartbeats, and not all at once."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        await a.submit("job-0000")
        for number in range(1, 13):
            wide = replace(job(f"job-{number:04}"), wishes=Wishes("j", "n" * 2000))
            wide = replace(wide, items=wide.items * 64)
            assert (await a.give(wide)).state is SubmitState.ACCEPTED
        since = len(cluster.net.sent)
        (b,) = await cluster.start("bbbbbbbb")
        await cluster.until(lambda: b.status.role is Role.OBSERVER)
        await cluster.until(lambda: len(b.jobs) == 13, 1)
        sizes = [
            sum(len(entry[3]) for entry in message["m"]["entries"])
            for source, _, message in cluster.net.sent[since:]
            if source == a.id and message.get("m", {}).get("entries")
        ]
        assert len(sizes) > 2
        assert max(sizes) < 2 * BATCH_BYTES

    simulate(scenario)


def test_a_lost_hello_is_said_again() -> None:
    """Links may lose a message: its host counts some seconds later all the same."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        hosts[2].kill()
        cluster.net.filter = lambda _s, _t, m: m["t"] != "hello"
        await hosts[2].start()
        await cluster.run_for(1)
        cluster.net.filter = lambda *_: True
        await hosts[0].submit("job-0001")
        await cluster.until(lambda: cluster.agreed(*IDS), 15)

    simulate(scenario)


def test_a_lost_entry_is_sent_again_over_the_same_link() -> None:
    """H6 forgets no follower: after an ack, a gap, and more entries, it catches up."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        leader = cluster.leader()
        assert leader is not None
        follower = next(host for host in hosts if host is not leader)
        cluster.net.filter = lambda _s, target, m: (
            target != follower.id or not m.get("m", {}).get("entries")
        )
        await leader.give(job("job-0001"))
        cluster.net.filter = lambda *_: True
        await leader.give(job("job-0002"))
        await cluster.until(lambda: cluster.agreed(*IDS), 3)

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_leader_loses_nothing_accepted(seed: int) -> None:
    """The others elect a leader, go on, and the killed one comes back to all of it."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        await leader.submit("job-0001")
        leader.kill()
        await cluster.until(lambda: cluster.leader() is not None, 15)
        other = cluster.alive[0]
        outcome = await other.submit("job-0002", timeout=15)
        assert outcome.state is SubmitState.ACCEPTED
        await leader.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert leader.jobs == ["job-0001", "job-0002"]

    simulate(scenario, seed)


def test_two_of_three_go_on_without_a_follower() -> None:
    """A killed follower is missed in the status and by nobody else."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        follower = next(h for h in hosts if h.status.role is Role.FOLLOWER)
        follower.kill()
        other = cluster.alive[0]
        assert (await other.submit("job-0001")).state is SubmitState.ACCEPTED
        assert other.status.missing_voters == (follower.id,)
        assert other.status.quorum
        await follower.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert follower.jobs == ["job-0001"]

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_all_killed_at_once_keep_every_accepted_job(seed: int) -> None:
    """A power cut in the whole workshop."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        for number in range(6):
            outcome = await hosts[number % 3].submit(f"job-{number:04}")
            assert outcome.state is SubmitState.ACCEPTED
        for host in hosts:
            host.kill()
        await asyncio.sleep(3)
        for host in hosts:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert set(hosts[0].jobs) == {f"job-{number:04}" for number in range(6)}

    simulate(scenario, seed)


def test_a_host_restarted_alone_shows_the_queue_and_founds_nothing() -> None:
    """R14: without quorum it restarts its group and shows what it knows."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0001")
        await cluster.until(lambda: cluster.agreed(*IDS))
        await cluster.run_for(3)  # the commit index is written once a second
        group = hosts[1].status.group
        for host in hosts:
            host.kill()
        await hosts[1].start()
        await cluster.run_for(20)
        assert hosts[1].status.group == group
        assert hosts[1].jobs == ["job-0001"]
        assert not hosts[1].status.quorum
        assert hosts[1].status.missing_voters == ("aaaaaaaa", "cccccccc")

    simulate(scenario)


def test_an_orderly_end_hands_leadership_over_at_once() -> None:
    """The others need no election timeout after the leader was closed."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        await leader.close()
        assert cluster.leader() is not None

    simulate(scenario)


def test_a_host_that_was_cut_off_ends_no_term() -> None:
    """Pre-vote: it asks first, so the leader it comes back to stays."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        term = leader.status.term
        cut_off = next(h for h in hosts if h is not leader)
        pairs = {frozenset((cut_off.id, h.id)) for h in hosts if h is not cut_off}
        cluster.net.cut |= pairs
        cluster.net.refresh()
        await cluster.run_for(30)
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.run_for(10)
        assert cluster.agreed(*IDS)
        assert leader.status.role is Role.LEADER
        assert leader.status.term == term

    simulate(scenario)


def test_a_loop_that_stood_still_ends_no_term() -> None:
    """Deadlines passed meanwhile; what the leader sent is heard before they count."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        term = hosts[0].status.term
        for _ in range(5):
            cluster.loop.stall(3.0)
            await cluster.run_for(2)
        assert {host.status.term for host in hosts} == {term}

    simulate(scenario)


def test_a_leader_cut_off_steps_down_and_accepts_nothing() -> None:
    """What it could not commit is pending there, and applied once after the cut."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        leader = cluster.leader()
        assert leader is not None
        others = [h for h in hosts if h is not leader]
        cluster.net.cut = {frozenset((leader.id, h.id)) for h in others}
        cluster.net.refresh()
        outcome = await leader.submit("job-0001", timeout=2)
        assert outcome.state is SubmitState.PENDING
        assert (await others[0].submit("job-0002", 15)).state is SubmitState.ACCEPTED
        await cluster.until(lambda: leader.status.role is Role.FOLLOWER)
        assert leader.status.pending == (outcome.command_id,)
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.until(lambda: cluster.agreed(*IDS) and not leader.status.pending)
        assert leader.jobs == ["job-0000", "job-0002", "job-0001"]

    simulate(scenario)


@pytest.mark.parametrize("seed", range(30))
def test_chaos_keeps_every_accepted_job_once(seed: int) -> None:
    """Whatever happened: then quiet, one state, no accepted job lost or doubled."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        chaos = Chaos(cluster, hosts)
        await chaos.rage(40)
        await chaos.calm()
        assert hosts[0].jobs
        assert set(chaos.accepted) <= set(hosts[0].jobs)

    simulate(scenario, seed)
