"""Nobody speaks for another host: what its author did not sign counts nowhere (R12)."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    ContentHeld,
    Dissolve,
    MemberSet,
    QueuePause,
    RulesRaise,
    encode,
)
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.member import MemberRole
from moonraker_netqueue.model.schema import BASE, SCHEMA
from moonraker_netqueue.replica import rules_gate
from moonraker_netqueue.replica.entry import Kind
from moonraker_netqueue.replica.errors import RecoverRefused
from moonraker_netqueue.replica.group import Group
from moonraker_netqueue.replica.signatures import Signatures
from moonraker_netqueue.replica.submission import SubmitState
from moonraker_netqueue.sim.key import SimKey
from tests.replica.mixed import FIRST, NEW, start
from tests.replica.simulation import FILE, QUEUE, Cluster, SimHost, job, simulate
from tests.replica.test_faults import IDS, three_voters
from tests.replica.test_versions import raise_rules

A, B, C, D = (*IDS, "dddddddd")


def _group(host: SimHost) -> Group:
    group = host.replica._lifecycle.group
    assert group is not None
    return group


def _append(leader: SimHost, command: Command) -> None:
    """Let a leader write into the log what nobody submitted."""
    group = _group(leader)
    group._core.append(Kind.COMMAND, encode(command))
    group._unsent = True
    group._driver.wake()


def _signed(command: Command, by: str, queue: str, group: str) -> Command:
    """As `by` would sign it if it were the author."""
    key = SimKey(by)
    signed = Signatures(queue, command.id.author, key).signed(command, group)
    assert signed.signature
    return signed


def _next_of(host: SimHost, *, paused: bool = True) -> Command:
    """A command in a host's name, with the number that its next one will have."""
    outbox = host.replica._outbox
    number = CommandId(host.id, outbox._incarnation, outbox._sequence + 1)
    return Command(number, 1.0, QueuePause(paused))


async def _three_that_sign(cluster: Cluster) -> tuple[SimHost, SimHost]:
    """Three voters of a queue whose commands are signed: the leader and another."""
    await three_voters(cluster)
    await raise_rules(cluster, SCHEMA)
    await cluster.until(lambda: cluster.agreed(*IDS))
    leader = cluster.leader()
    assert leader is not None
    victim = next(host for host in cluster.alive if host is not leader)
    return leader, victim


@pytest.mark.parametrize("how", ["unsigned", "by the leader", "queue", "group", "body"])
def test_a_leader_cannot_speak_for_another_host(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it makes of the signature: no host counts it, all say so, and the
    command that the victim gives by that number counts. Also after a restart of all."""

    async def scenario(cluster: Cluster) -> None:
        leader, victim = await _three_that_sign(cluster)
        true = _next_of(victim)
        group = str(leader.status.group)
        forged = {
            "unsigned": true,
            "by the leader": _signed(true, leader.id, QUEUE, group),
            "queue": _signed(true, victim.id, "another", group),
            "group": _signed(true, victim.id, QUEUE, "f" * 32),
            "body": replace(
                _signed(_next_of(victim, paused=False), victim.id, QUEUE, group),
                body=QueuePause(True),
            ),
        }[how]
        _append(leader, forged)
        own = await leader.give(job_of(leader))
        assert own.state is SubmitState.ACCEPTED  # it stops nobody
        await cluster.until(lambda: cluster.agreed(*IDS))
        for host in cluster.alive:
            assert not host.replica.state.paused
            assert host.replica.state.outcome(forged.id) is None
        told = [r for r in caplog.records if r.levelno == logging.WARNING]
        mine = [r for r in told if f"host {victim.id} did not sign" in r.getMessage()]
        assert len(mine) == len(IDS)  # one a host
        for host in cluster.alive:
            host.kill()
        for host_id in IDS:
            await cluster.hosts[host_id].start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert not victim.replica.state.paused
        assert (await victim.give(QueuePause(True))).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert leader.replica.state.paused

    simulate(scenario)


def job_of(host: SimHost) -> ContentHeld:
    return ContentHeld(replace(FILE, name=f"{host.id}.gcode"))


def test_what_is_badly_signed_does_not_get_into_the_log() -> None:
    """An honest leader refuses it, to whoever submits it."""

    async def scenario(cluster: Cluster) -> None:
        leader, victim = await _three_that_sign(cluster)
        last = leader.status.last_index
        for command in (
            _next_of(victim),
            _signed(_next_of(victim), leader.id, QUEUE, str(leader.status.group)),
        ):
            params = {"g": leader.status.group, "command": encode(command)}
            with pytest.raises(NetqueueError, match="did not sign"):
                await victim.links.request(QUEUE, leader.id, "submit", params, 3.0)
        assert leader.status.last_index == last

    simulate(scenario)


@pytest.mark.parametrize("body", [RulesRaise(SCHEMA), Dissolve("f" * 32)])
def test_a_follower_cannot_say_what_leaders_say(body: RulesRaise | Dissolve) -> None:
    """They are no commands of hosts: a leader makes them by its own rules."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        other = next(host for host in cluster.alive if host is not leader)
        group = str(leader.status.group)
        command = replace(_next_of(other), body=body)
        signed = _signed(command, other.id, QUEUE, group)
        params = {"g": group, "command": encode(signed)}
        with pytest.raises(NetqueueError, match="only a leader says that"):
            await other.links.request(QUEUE, leader.id, "submit", params, 3.0)

    simulate(scenario)


def test_the_queue_goes_over_to_signatures_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A while after the last host learnt of them: until then it can be taken back."""
    settled, look = 120.0, 5.0  # an hour of three hosts takes long to simulate
    monkeypatch.setattr(rules_gate, "_SETTLED", settled)
    monkeypatch.setattr(rules_gate, "_LOOK", look)

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=NEW, b=NEW, c=FIRST)
        await cluster.run_for(2 * settled)
        assert (await hosts[2].submit("job-0001")).state is SubmitState.ACCEPTED
        assert {host.status.rules for host in hosts} == {BASE}
        await hosts[2].become(NEW)
        await cluster.run_for(settled / 2)
        assert {host.status.rules for host in hosts} == {BASE}
        await cluster.until(
            lambda: {host.status.rules for host in hosts} == {SCHEMA}, settled
        )
        for host in hosts:
            assert (await host.submit(f"job-{host.id}")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(A, B, C))

    simulate(scenario)


def test_hosts_of_the_first_version_count_for_what_they_say() -> None:
    """They sign nothing, and read what others sign; whoever leads."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await start(cluster, a=FIRST, b=NEW, c=NEW)
        for number in range(2):
            for host in hosts:
                name = f"job-{number}-{host.id}"
                assert (await host.submit(name)).state is SubmitState.ACCEPTED
            leader = cluster.leader()
            assert leader is not None
            await leader.close()
            await cluster.until(lambda: cluster.leader() is not None)
            await leader.start()
            await cluster.until(lambda: cluster.agreed(A, B, C))
        assert len(hosts[0].jobs) == 6

    simulate(scenario)


def test_a_command_that_waits_is_signed_for_the_group_that_takes_it() -> None:
    """Given in a group that goes over to another one, it counts there, once."""

    async def scenario(cluster: Cluster) -> None:
        cluster.net.cut.add(frozenset((A, B)))
        await cluster.start(A, B)
        await cluster.until(lambda: cluster.agreed(A) and cluster.agreed(B))
        for host in cluster.alive:
            await host.submit(f"job-{host.id}")
            await raise_rules(cluster, SCHEMA, leader=host)
        cluster.net.cut.clear()
        cluster.net.refresh()
        hosts = [cluster.hosts[A], cluster.hosts[B]]
        outcomes = [await h.give(job(f"late-{h.id}"), timeout=60) for h in hosts]
        assert {outcome.state for outcome in outcomes} == {SubmitState.ACCEPTED}
        await cluster.until(lambda: cluster.agreed(A, B), 120)
        names = [f"{kind}-{h}" for kind in ("job", "late") for h in (A, B)]
        assert sorted(hosts[0].jobs) == names

    simulate(scenario)


def test_what_goes_on_without_a_quorum_counts_no_forged_command() -> None:
    """The tail of the log that is merged is checked like what is applied (R6)."""

    async def scenario(cluster: Cluster) -> None:
        leader, victim = await _three_that_sign(cluster)
        await leader.submit("job-0001")
        await cluster.until(lambda: cluster.agreed(*IDS))
        for host in cluster.alive:
            if host is not leader:
                host.kill()
        _append(leader, _next_of(victim))
        await cluster.run_for(30)
        assert leader.life is not None
        group = str(leader.status.group)
        await leader.life.spawn(leader.replica.recover("anna", group))
        await cluster.until(lambda: leader.status.generation == 2, 60)
        assert leader.jobs == ["job-0001"]
        assert not leader.replica.state.paused
        assert leader.replica.state.outcome(_next_of(victim).id) is None

    simulate(scenario)


def test_a_viewer_changes_nothing_by_any_way() -> None:
    """Not by commands, not by requests, not by letting the queue go on; it has no
    vote, and sees all."""

    async def scenario(cluster: Cluster) -> None:
        leader, viewer = await _three_that_sign(cluster)
        await leader.submit("job-0001")
        given = await leader.give(MemberSet(viewer.id, MemberRole.VIEWER))
        assert given.state is SubmitState.ACCEPTED
        await cluster.until(lambda: viewer.id not in leader.status.voters)
        await cluster.until(lambda: cluster.agreed(*IDS))
        refused = await viewer.give(job("job-0002"))
        assert (refused.state, refused.rule) == (
            SubmitState.REJECTED,
            Rule.PERMISSION,
        )
        assert viewer.jobs == ["job-0001"]
        group = leader.status.group
        for method, params in (
            ("rules", {"without": [], "user": "", "address": ""}),
            ("unseat", {"host": leader.id}),
            ("copy", {}),
            ("copy_part", {"digest": "", "start": 0}),
        ):
            with pytest.raises(NetqueueError, match="is a viewer"):
                await viewer.links.request(
                    QUEUE, leader.id, method, {"g": group, **params}, 3.0
                )
        await cluster.run_for(120)
        assert viewer.id not in leader.status.voters
        await leader.give(MemberSet(viewer.id, MemberRole.PRINTER))
        await cluster.until(lambda: viewer.id in leader.status.voters, 120)
        assert (await viewer.give(job("job-0002"))).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_leader_that_is_made_a_viewer_hands_over() -> None:
    """Its own seat it cannot take; and not to another viewer."""

    async def scenario(cluster: Cluster) -> None:
        leader, other = await _three_that_sign(cluster)
        await other.give(MemberSet(leader.id, MemberRole.VIEWER))
        await cluster.until(lambda: leader.id not in other.status.voters)
        assert cluster.leader() is not leader
        given = await other.give(QueuePause(True))
        assert given.state is SubmitState.ACCEPTED

    simulate(scenario)


def test_nobody_follows_a_group_that_a_viewer_made() -> None:
    """It goes on alone, as a later generation: the others stay where they are."""

    async def scenario(cluster: Cluster) -> None:
        leader, viewer = await _three_that_sign(cluster)
        await leader.give(MemberSet(viewer.id, MemberRole.VIEWER))
        await cluster.until(lambda: cluster.agreed(*IDS))
        before = leader.status.group
        others = [host for host in cluster.alive if host is not viewer]
        cluster.net.cut |= {frozenset((viewer.id, host.id)) for host in others}
        cluster.net.refresh()
        await cluster.run_for(30)
        assert viewer.life is not None
        group = str(viewer.status.group)
        with pytest.raises(RecoverRefused, match="is a viewer"):
            await viewer.life.spawn(viewer.replica.recover("anna", group))
        viewer.replica.state.roles = ()  # a program of its own
        await viewer.life.spawn(viewer.replica.recover("anna", group))
        await cluster.until(lambda: viewer.status.generation == 2, 60)
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.run_for(60)
        assert {host.status.group for host in others} == {before}
        assert (await leader.submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_host_that_is_put_out_has_no_vote_at_once() -> None:
    """Long before its silence would be too long; the one that leads hands over."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        others = [host for host in cluster.alive if host is not leader]
        asker, gone = others
        assert asker.life is not None
        await asker.life.spawn(asker.replica.unseat(gone.id))
        await cluster.until(lambda: gone.id not in asker.status.voters, 5)
        gone.kill()
        await asker.life.spawn(asker.replica.unseat(leader.id))
        await cluster.until(lambda: asker.status.voters == (asker.id,), 5)
        leader.kill()
        assert (await asker.submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


@pytest.mark.parametrize("led_by_the_one_put_out", [False, True])
def test_of_two_hosts_one_goes_on_when_the_other_is_put_out(
    led_by_the_one_put_out: bool,
) -> None:
    """It loses its seat while it can agree to that, also if it leads."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await cluster.start(A, B)
        await cluster.until(lambda: hosts[0].status.voters == (A, B))
        await cluster.until(lambda: cluster.agreed(A, B))
        leader = cluster.leader()
        assert leader is not None
        other = hosts[1] if leader is hosts[0] else hosts[0]
        gone, stays = (leader, other) if led_by_the_one_put_out else (other, leader)
        assert stays.life is not None
        await stays.life.spawn(stays.replica.unseat(gone.id))
        gone.kill()
        await cluster.until(lambda: stays.status.voters == (stays.id,), 5)
        assert (await stays.submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)
