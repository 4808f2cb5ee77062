"""Hosts of several versions share a queue, or say who must be updated (R23)."""

from __future__ import annotations

import pytest

from moonraker_netqueue.model.command import ContentEvict, ContentHeld, Origin
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.schema import BASE, SCHEMA
from moonraker_netqueue.replica.errors import RulesTooLow
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.submission import SubmitState
from moonraker_netqueue.version import __version__
from tests.replica.mixed import FIRST, FUTURE, NEW, MixedHost, start
from tests.replica.simulation import FILE, Cluster, SimHost, simulate

A, B, C, D = "a" * 8, "b" * 8, "c" * 8, "d" * 8
EVICT = ContentEvict(FILE.sha256, (A, B, C))


@pytest.mark.parametrize("seed", range(3))
def test_updated_and_taken_back_one_at_a_time_the_queue_goes_on(seed: int) -> None:
    """Each in turn, whoever leads; every host of either version has the same bytes."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=FIRST, b=FIRST, c=FIRST)
        ids = [host.id for host in hosts]
        number = 0
        for version in (NEW, FIRST):
            for host in hosts:
                await host.become(version)
                await cluster.until(lambda: cluster.agreed(*ids))
                for giver in hosts:
                    number += 1
                    outcome = await giver.submit(f"job-{number:04}")
                    assert outcome.state is SubmitState.ACCEPTED
                await cluster.until(lambda: cluster.agreed(*ids))
        assert len(hosts[0].jobs) == number == 18
        assert {host.status.phase for host in hosts} == {Phase.MEMBER}

    simulate(scenario, seed)


def test_what_is_new_waits_until_all_hosts_know_it() -> None:
    """The user is told which host to update; after that it works, for all at once."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=NEW, b=NEW, c=FIRST)
        for host in hosts:
            await host.give(ContentHeld(FILE))
        leader = cluster.leader()
        assert leader is not None
        for host in hosts[:2]:
            try:
                refused = await host.give(EVICT)
            except RulesTooLow as error:  # the leader is the one of version 0.1.0
                reason = str(error)
            else:
                assert refused.rule is Rule.CONFLICT
                reason = refused.reason
            assert f"host {C} runs {FIRST}" in reason
            assert host.status.pending == ()
        assert all(host.status.phase is Phase.MEMBER for host in hosts)
        await hosts[2].become(NEW)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert [host.status.rules for host in hosts] == [BASE] * 3
        assert (await hosts[2].give(EVICT)).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert [host.status.rules for host in hosts] == [SCHEMA] * 3
        assert (await hosts[0].submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_host_that_is_away_counts_with_what_it_said_last() -> None:
    """It may come back as it was: nobody may use what it does not know, until then."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=NEW, b=NEW, c=NEW, d=FIRST)
        await hosts[0].give(ContentHeld(FILE))
        await hosts[3].close()
        await cluster.run_for(5)
        refused = await hosts[0].give(EVICT)
        assert f"host {D} runs {FIRST}" in refused.reason
        for host in hosts[:3]:  # remembered over restarts, by whoever leads
            await host.close()
        for host in hosts[:3]:
            await host.start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert f"{D} runs {FIRST}" in (await hosts[1].give(EVICT)).reason
        await hosts[3].become(NEW)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert (await hosts[0].give(EVICT)).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_host_that_will_not_come_back_is_left_out_by_a_person() -> None:
    """If it does, it says what to do, takes no seat and loses nothing."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=NEW, b=NEW, c=NEW, d=FIRST)
        new, old = hosts[:3], hosts[3]
        await new[0].give(ContentHeld(FILE))
        with pytest.raises(RulesTooLow, match="is on: update it, or switch it off"):
            await raise_rules(cluster, SCHEMA, D)
        await old.close()
        await cluster.run_for(5)
        with pytest.raises(RulesTooLow, match=f"host {D} runs {FIRST}"):
            await raise_rules(cluster, SCHEMA)
        await raise_rules(cluster, SCHEMA, D)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert {host.status.rules for host in new} == {SCHEMA}
        assert (await new[0].give(EVICT)).state is SubmitState.ACCEPTED
        await old.start()
        await cluster.until(lambda: old.status.phase is Phase.FAILED)
        assert "update moonraker_netqueue on this host" in str(old.status.error)
        await cluster.run_for(200)
        assert (await new[1].submit("job-0001")).state is SubmitState.ACCEPTED
        assert all(D not in host.status.voters for host in new)
        await old.become(NEW)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))

    simulate(scenario)


def test_an_outdated_host_gets_no_seat_and_loses_the_one_it_has() -> None:
    """It follows until it meets what it does not know; nothing depends on it."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=NEW, b=NEW, c=NEW)
        await hosts[0].give(ContentHeld(FILE))
        assert (await hosts[0].give(EVICT)).state is SubmitState.ACCEPTED
        await hosts[2].become(FIRST)
        await cluster.until(lambda: hosts[2].status.phase is Phase.FAILED)
        assert "update moonraker_netqueue on this host" in str(hosts[2].status.error)
        late = await start_one(cluster, FIRST)
        await cluster.run_for(200)
        assert late.status.phase is Phase.FAILED
        assert (await hosts[1].submit("job-0001")).state is SubmitState.ACCEPTED
        assert D not in hosts[0].status.voters
        await hosts[2].become(NEW)
        await late.become(NEW)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))

    async def start_one(cluster: Cluster, version: str) -> MixedHost:
        host = cluster.hosts[D] = MixedHost(cluster, D, version)
        await host.start()
        return host

    simulate(scenario)


def test_a_host_that_meets_what_it_does_not_know_stands_back() -> None:
    """It says what to do, its seat goes, its file stays until it is updated."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=FUTURE, b=FUTURE, c=FUTURE, d=NEW)
        for number, host in enumerate(hosts):
            await host.submit(f"job-{number:04}")
        voter = next(host for host in hosts if host.id in host.status.voters)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        await hosts[3].close()
        await raise_rules(cluster, SCHEMA + 1, D)
        await hosts[3].start()
        await cluster.until(lambda: hosts[3].status.phase is Phase.FAILED)
        error = str(hosts[3].status.error)
        assert f"knows and this one ({__version__}) does not" in error
        assert "update moonraker_netqueue on this host" in error
        await voter.become(NEW)  # taken back: what it has is written in the new form
        await cluster.until(lambda: voter.status.phase is Phase.FAILED)
        assert "update moonraker_netqueue on this host" in str(voter.status.error)
        await hosts[3].become(FUTURE)
        rest = [host for host in hosts if host.version == FUTURE]
        await cluster.until(lambda: voter.id not in rest[0].status.voters, 100)
        await cluster.until(lambda: D in rest[0].status.voters, 100)
        assert (await rest[0].submit("job-0009")).state is SubmitState.ACCEPTED
        await voter.become(FUTURE)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert len(hosts[0].jobs) == 5

    simulate(scenario)


def test_taken_back_before_a_command_was_answered_loses_nothing() -> None:
    """What waits in its outbox and its snapshot are not damage: they are kept."""

    async def scenario(cluster: Cluster) -> None:
        (host,) = await start(cluster, a=FUTURE)
        await host.submit("job-0001")
        await raise_rules(cluster, SCHEMA + 1)
        group = host.status.group
        files = set(host.disk.files)
        await host.become(NEW)
        await cluster.run_for(30)
        assert host.status.phase is Phase.FAILED
        assert "update moonraker_netqueue on this host" in str(host.status.error)
        await host.become(FUTURE)
        await cluster.until(lambda: cluster.agreed(A))
        assert host.status.group == group
        assert host.jobs == ["job-0001"]
        assert set(host.disk.files) == files

    simulate(scenario)


async def _two_groups(cluster: Cluster, *versions: str) -> list[MixedHost]:
    """A and B, of these versions, each a group of its own."""
    cluster.net.cut.add(frozenset((A, B)))
    hosts = [
        MixedHost(cluster, host_id, version)
        for host_id, version in zip((A, B), versions, strict=True)
    ]
    for host in hosts:
        cluster.hosts[host.id] = host
        await host.start()
    await cluster.until(lambda: cluster.agreed(A) and cluster.agreed(B))
    return hosts


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("with_more", [A, B])
def test_groups_of_two_versions_that_meet_become_one(seed: int, with_more: str) -> None:
    """As long as neither uses what the other does not know: whichever wins."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _two_groups(cluster, FIRST, NEW)
        for host in hosts:
            for number in range(3 if host.id == with_more else 1):
                await host.submit(f"job-{host.id}-{number}")
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.until(lambda: cluster.agreed(A, B), 120)
        assert len(hosts[0].jobs) == len(hosts[1].jobs) == 4

    simulate(scenario, seed)


@pytest.mark.parametrize(("seed", "winner"), [(0, A), (1, A), (3, B), (4, B)])
def test_a_group_that_uses_what_is_new_meets_one_that_cannot(
    seed: int, winner: str
) -> None:
    """What has the higher rules comes over with what both know. Else each stays, and
    the one that must be updated says so; then they become one."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _two_groups(cluster, NEW, FUTURE)
        for host in hosts:
            await host.submit(f"job-{host.id}")
        await raise_rules(cluster, SCHEMA + 1, leader=hosts[1])
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.run_for(60)
        told = " ".join(hosts[0].status.notices)
        assert cluster.agreed(A, B) == (winner == A)
        assert ("update moonraker_netqueue on this host" in told) == (winner == B)
        assert (await hosts[0].submit("job-late")).state is SubmitState.ACCEPTED
        await hosts[0].become(FUTURE)
        await cluster.until(lambda: cluster.agreed(A, B), 120)
        assert sorted(hosts[0].jobs) == [f"job-{A}", f"job-{B}", "job-late"]

    simulate(scenario, seed)


@pytest.mark.parametrize("by", [A, B])
def test_a_person_lets_hosts_of_two_versions_go_on(by: str) -> None:
    """Two of five are left, of two versions: either can begin the next generation."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=FIRST, b=NEW, c=NEW, d=FIRST, e=NEW)
        await cluster.until(lambda: len(hosts[0].status.voters) == 5)
        await hosts[2].submit("job-0001")
        await cluster.until(lambda: cluster.agreed(*(host.id for host in hosts)))
        for host in hosts[2:]:
            host.kill()
        await cluster.run_for(30)
        chosen = cluster.hosts[by]
        assert chosen.life is not None
        group = str(chosen.status.group)
        await chosen.life.spawn(chosen.replica.recover("anna", group))
        await cluster.until(lambda: cluster.agreed(A, B), 60)
        assert hosts[0].status.generation == hosts[1].status.generation == 2
        assert (await hosts[1].submit("job-0002")).state is SubmitState.ACCEPTED
        for host in hosts[2:]:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*(host.id for host in hosts)), 120)
        assert hosts[4].jobs == ["job-0001", "job-0002"]

    simulate(scenario)


async def raise_rules(
    cluster: Cluster, rules: int, *without: str, leader: SimHost | None = None
) -> None:
    """What a person does on a host, which asks the leader."""
    leader = leader or cluster.leader()
    assert leader is not None
    assert leader.life is not None
    await leader.life.spawn(leader.replica.raise_rules(without, Origin()))
    await cluster.until(lambda: leader.status.rules == rules)
