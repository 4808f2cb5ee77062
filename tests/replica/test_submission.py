"""Submits: accepted, rejected or pending, once, in order, by their author (R11)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    JobAdd,
    JobRemove,
    QueuePause,
    encode,
)
from moonraker_netqueue.model.errors import CommandInvalid, Rule
from moonraker_netqueue.model.job import Wishes
from moonraker_netqueue.ports import Message
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import QUEUE, Cluster, job, simulate
from tests.replica.test_faults import IDS, three_voters


def test_a_rejected_command_says_which_rule() -> None:
    """The reason comes back to a follower and nothing stays pending."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        follower = next(h for h in hosts if h.status.role is Role.FOLLOWER)
        outcome = await follower.give(JobRemove("job-none"))
        assert outcome.state is SubmitState.REJECTED
        assert outcome.rule is Rule.NOT_FOUND
        assert "job-none" in outcome.reason
        assert not follower.status.pending

    simulate(scenario)


def test_without_quorum_a_submit_is_pending_and_delivered_later() -> None:
    """It is shown, survives a restart of its host, and is applied once."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        hosts[1].kill()
        hosts[2].kill()
        outcome = await hosts[0].submit("job-0001", timeout=1)
        assert outcome.state is SubmitState.PENDING
        assert hosts[0].status.pending == (outcome.command_id,)
        hosts[0].kill()
        for host in hosts:
            await host.start()
        await cluster.until(
            lambda: cluster.agreed(*IDS) and not hosts[0].status.pending
        )
        assert hosts[1].jobs == ["job-0000", "job-0001"]

    simulate(scenario)


def test_an_answer_lost_with_the_leader_applies_once() -> None:
    """The repeated command has the same id; apply sees it a second time."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        leader = cluster.leader()
        assert leader is not None
        author = next(host for host in hosts if host is not leader)
        task = asyncio.ensure_future(author.submit("job-0001", timeout=30))
        await cluster.until(lambda: "job-0001" in leader.jobs or task.done())
        leader.kill()
        assert (await task).state is SubmitState.ACCEPTED
        assert author.jobs == ["job-0000", "job-0001"]
        await leader.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert leader.jobs == ["job-0000", "job-0001"]

    for seed in range(8):
        simulate(scenario, seed)


def test_a_host_reads_its_own_write() -> None:
    """Accepted by faster hosts, it is in the author's state when submit returns."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        author = next(h for h in hosts if h.status.role is Role.FOLLOWER)
        author.delays = (0.4, 0.4)
        outcome = await author.give(job("job-0001"))
        assert outcome.state is SubmitState.ACCEPTED
        assert "job-0001" in author.jobs

    simulate(scenario)


def test_commands_of_one_author_are_applied_in_the_order_given() -> None:
    """Given at once, over a change of leader."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        names = [f"job-{number:04}" for number in range(1, 9)]
        tasks = [asyncio.ensure_future(hosts[0].give(job(n), 30)) for n in names]
        await asyncio.sleep(0.1)
        leader = cluster.leader()
        if leader is not None and leader is not hosts[0]:
            leader.kill()
        for task in tasks:
            assert (await task).state is SubmitState.ACCEPTED
        assert hosts[0].jobs == ["job-0000", *names]

    for seed in range(6):
        simulate(scenario, seed)


def test_a_host_submits_only_its_own_commands() -> None:
    """A command in another author's name is refused where it enters."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        forger, victim = [h for h in cluster.alive if h is not leader]
        command = Command(CommandId(victim.id, 1, 1), 0.0, QueuePause(True))
        assert forger.life is not None
        params = {"g": leader.status.group, "command": encode(command)}
        with pytest.raises(NetqueueError, match="own commands only"):
            await forger.links.request(QUEUE, leader.id, "submit", params, 2)
        assert not leader.replica.state.paused

    simulate(scenario)


def test_a_follower_refuses_submits_of_others() -> None:
    """Only the leader appends; the author looks for it again."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        author, other = [h for h in hosts if h.status.role is Role.FOLLOWER]
        command = Command(CommandId(author.id, 1, 1), 0.0, QueuePause(True))
        assert author.life is not None
        params = {"g": other.status.group, "command": encode(command)}
        with pytest.raises(NetqueueError, match="does not lead"):
            await author.links.request(QUEUE, other.id, "submit", params, 2)

    simulate(scenario)


def test_a_command_that_is_too_large_is_refused_at_once() -> None:
    """And the outbox is as it was."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.role is Role.LEADER)
        body: JobAdd = replace(job("job-0001"), wishes=Wishes("x", note="x" * 50_000))
        with pytest.raises(CommandInvalid):
            await a.give(body)
        assert not a.status.pending
        assert (await a.submit("job-0002")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_submit_while_listening_waits_for_the_group() -> None:
    """Given before there is a group, accepted once there is one."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: a.status.phase is Phase.LISTENING)
        outcome = await a.give(QueuePause(True), timeout=20)
        assert outcome.state is SubmitState.ACCEPTED

    simulate(scenario)


def test_other_parts_answer_their_own_requests() -> None:
    """`register_request` serves a method; an unknown one is refused by name."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await cluster.start("aaaaaaaa", "bbbbbbbb")

        async def answer(peer: str, params: object) -> dict[str, object]:
            return {"peer": peer, "params": params}

        b.replica.register_request("progress", answer)
        with pytest.raises(ValueError, match="handler already"):
            b.replica.register_request("progress", answer)
        assert a.life is not None
        links = a.links
        form = await links.request(QUEUE, b.id, "progress", {"x": 1}, 2)
        assert form == {"peer": a.id, "params": {"x": 1}}
        with pytest.raises(NetqueueError, match="no request 'nothing'"):
            await links.request(QUEUE, b.id, "nothing", {}, 2)

    simulate(scenario)


@pytest.mark.parametrize("seed", range(5))
def test_a_leader_that_fell_silent_is_not_waited_for(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its link is up and nothing comes: whoever leads next gets the command at once."""
    monkeypatch.setattr("moonraker_netqueue.replica.submission._TRY", 60.0)

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None

        async def forever(_peer: str, _params: Message) -> Message:
            await asyncio.sleep(1000)
            return {}

        leader.replica._requests._handlers["submit"] = forever
        cluster.net.filter = lambda source, *_: source != leader.id
        follower = next(host for host in hosts if host is not leader)
        outcome = await follower.give(QueuePause(True), timeout=10)
        assert outcome.state is SubmitState.ACCEPTED

    simulate(scenario, seed)
