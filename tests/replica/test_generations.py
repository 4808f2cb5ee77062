"""Groups that meet join, and a person lets the queue go on without who is missing."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    Decision,
    JobAdd,
    JobRemove,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
    QueuePause,
)
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.replica.errors import RecoverRefused
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import FILE, Cluster, SimHost, simulate
from tests.replica.test_meeting import cut, heal, two_groups

A, B, C, D, E, F = (letter * 8 for letter in "abcdef")


async def farm(cluster: Cluster, *ids: str) -> list[SimHost]:
    """Hosts that share a queue with a job and a printer of each."""
    hosts = await cluster.start(*ids)
    voters = min(len(ids), 5) if len(ids) != 4 else 3
    await cluster.until(
        lambda: cluster.agreed(*ids) and len(hosts[0].status.voters) == voters
    )
    for host in hosts:
        await host.give(PrinterUpdate(Profile(f"printer {host.id[0]}")))
        await accepted(host, f"job-{host.id}")
    await cluster.until(lambda: cluster.agreed(*ids))
    return hosts


async def accepted(host: SimHost, job_id: str, timeout: float = 5.0) -> None:
    outcome = await host.submit(job_id, timeout)
    assert outcome.state is SubmitState.ACCEPTED, outcome


async def recover(host: SimHost, by: str = "eva") -> str:
    """A person looks at it and lets the queue go on."""
    assert host.life is not None
    shown = host.replica.outlook()
    work = host.replica.recover(by, shown.group)
    return (await host.life.spawn(work)).group


async def reserve(host: SimHost, print_id: str, job_id: str) -> None:
    outcome = await host.give(PrintReserve(print_id, job_id, 0, FILE.sha256))
    assert outcome.state is SubmitState.ACCEPTED, outcome


def ended(print_id: str, job_id: str, outcome: PrintState) -> PrintEnded:
    return PrintEnded(print_id, outcome, job_id, 0, FILE.sha256)


def done(host: SimHost, job_id: str) -> int:
    return host.replica.state.jobs[job_id].items[0].done


@pytest.mark.parametrize("seed", range(6))
def test_two_groups_with_jobs_become_one(seed: int) -> None:
    """Both booted alone: the one with the lower id stays, and no job is lost (R8)."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b, c) = await two_groups(cluster, (A,), (B, C))
        await accepted(a, "job-000a")
        await accepted(b, "job-000b")
        await accepted(c, "job-000c")
        groups = [str(a.status.group), str(b.status.group)]
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert a.status.group == min(groups)
        assert sorted(a.jobs) == ["job-000a", "job-000b", "job-000c"]
        movers = (a,) if groups[0] == max(groups) else (b, c)
        for host in movers:
            names = [path.name for path in host.disk.files]
            assert f"{max(groups)}-1.db" in names
        await cluster.until(lambda: len(a.status.voters) == 3)
        await accepted(c, "job-000d")

    simulate(scenario, seed)


@pytest.mark.parametrize("seed", range(8))
def test_jobs_added_while_two_groups_join_survive(seed: int) -> None:
    """Accepted by either of them, at any moment."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        await accepted(a, "job-000a")
        await accepted(b, "job-000b")
        heal(cluster)
        for number in range(8):
            await asyncio.gather(
                accepted(a, f"job-a{number:03}", 30),
                accepted(b, f"job-b{number:03}", 30),
            )
        await cluster.until(lambda: cluster.agreed(A, B))
        assert len(a.jobs) == 18

    simulate(scenario, seed)


@pytest.mark.parametrize("moment", [0.02 * step for step in range(1, 16)])
def test_a_crash_while_handing_over_loses_nothing(moment: float) -> None:
    """Of the host that goes over, at any moment; it begins again, or has finished."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        for number in range(40):
            await accepted(a, f"job-a{number:03}")
            await accepted(b, f"job-b{number:03}")
        mover = max(a, b, key=lambda host: str(host.status.group))
        heal(cluster)
        await cluster.until(lambda: mover.status.phase is not Phase.MEMBER)
        await asyncio.sleep(moment)
        mover.kill()
        await cluster.run_for(1)
        await mover.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert len(a.jobs) == 80

    simulate(scenario)


def test_of_two_hosts_one_goes_on_by_a_persons_word() -> None:
    """The other is dead: nothing goes on by itself; then its return is a merge (R7)."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        await reserve(b, "print-b1", f"job-{A}")
        b.kill()
        await cluster.run_for(120)
        assert a.status.leader is None
        pending = await a.submit("job-later", 1)
        assert pending.state is SubmitState.PENDING
        shown = a.replica.outlook()
        assert (shown.missing, shown.majority_missing) == ((B,), False)
        old = a.status.group
        new = await recover(a)
        assert new != old
        await cluster.until(lambda: not a.status.pending)
        assert a.status.generation == 2
        assert a.status.group == new
        state = a.replica.state
        assert list(state.prints) == ["print-b1"]  # no reservation ends
        founding = a.status.founding
        assert founding is not None
        assert (founding.by, founding.missing) == ("eva", (B,))
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert b.status.group == new
        assert sorted(b.jobs) == [f"job-{A}", f"job-{B}", "job-later"]
        await cluster.until(lambda: len(a.status.voters) == 2)
        await accepted(b, "job-again")

    simulate(scenario)


def test_what_a_printer_did_alone_counts_once_after_its_return() -> None:
    """It printed what it had reserved, was told of nothing, and crashed at times."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        await reserve(b, "print-b1", f"job-{A}")
        cut(cluster, (A,), (B,))
        await cluster.run_for(10)
        await recover(a)
        told = await b.give(PrintStarted("print-b1"), 1)
        assert told.state is SubmitState.PENDING
        await b.give(ended("print-b1", f"job-{A}", PrintState.DONE), 1)
        b.kill()
        await b.start()
        await cluster.run_for(3)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B) and not b.status.pending)
        assert done(a, f"job-{A}") == 1
        b.kill()
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B) and not b.status.pending)
        assert done(a, f"job-{A}") == done(b, f"job-{A}") == 1

    simulate(scenario)


def test_a_copy_that_was_given_to_another_printer_is_extra() -> None:
    """Two acts: go on, then reprint what the missing one holds. It was printing."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        await reserve(b, "print-b1", f"job-{A}")
        await b.give(PrintStarted("print-b1"))
        cut(cluster, (A,), (B,))
        await cluster.run_for(10)
        await recover(a)
        decide = PrintDecide("print-b1", Decision.RETRY, "eva", absent=True)
        assert (await a.give(decide)).state is SubmitState.ACCEPTED
        await reserve(a, "print-a1", f"job-{A}")
        await a.give(PrintStarted("print-a1"))
        await a.give(ended("print-a1", f"job-{A}", PrintState.DONE))
        await b.give(ended("print-b1", f"job-{A}", PrintState.DONE), 1)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B) and not b.status.pending)
        (item,) = a.replica.state.jobs[f"job-{A}"].items
        assert (item.done, item.extra) == (2, 1)
        extra = {p.print_id: p.extra for p in a.replica.state.finished}
        assert extra == {"print-a1": False, "print-b1": True}

    simulate(scenario)


def test_a_removed_job_stays_removed_when_an_old_copy_returns() -> None:
    """It was removed while the other host was away; that one still has it."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        b.kill()
        await cluster.run_for(10)
        await recover(a)
        await cluster.until(lambda: a.status.role is Role.LEADER)
        await a.give(JobRemove(f"job-{B}"))
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert a.jobs == b.jobs == [f"job-{A}"]

    simulate(scenario)


def test_an_entry_that_only_a_follower_has_is_not_lost() -> None:
    """R6: a leader acknowledged it and died before the others knew of the commit."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, A, B, C)
        leader = cluster.leader()
        assert leader is not None
        keeper, other = (host for host in hosts if host is not leader)

        def hides_the_commit(source: str, target: str, message: dict[str, Any]) -> bool:
            if source != leader.id or message.get("t") != "raft":
                return True
            return target == keeper.id and bool(message["m"].get("entries"))

        cluster.net.filter = hides_the_commit
        await accepted(leader, "job-acked")
        leader.kill()
        cut(cluster, (keeper.id,), (other.id,))
        cluster.net.filter = lambda *_: True
        await cluster.run_for(10)
        assert "job-acked" not in keeper.jobs
        await recover(keeper)
        await cluster.until(lambda: keeper.status.role is Role.LEADER)
        assert "job-acked" in keeper.jobs
        heal(cluster)
        await leader.start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert "job-acked" in other.jobs

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_two_people_on_one_side_found_one_group(seed: int) -> None:
    """At the same moment on two hosts: one of them is told that the other does it."""

    async def scenario(cluster: Cluster) -> None:
        ids = (A, B, C, D, E)
        hosts = await farm(cluster, *ids)
        for host in hosts[2:]:
            host.kill()
        await cluster.run_for(10)
        answers = await asyncio.gather(
            recover(hosts[0]), recover(hosts[1]), return_exceptions=True
        )
        new = [answer for answer in answers if isinstance(answer, str)]
        assert len(set(new)) == 1
        assert all(isinstance(a, str | RecoverRefused) for a in answers)
        await cluster.until(lambda: cluster.agreed(A, B))
        assert hosts[0].status.group == new[0]
        assert len(hosts[0].jobs) == 5
        for host in hosts[2:]:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*ids))
        assert {host.status.group for host in hosts} == {new[0]}

    simulate(scenario, seed)


@pytest.mark.parametrize("sides", [((A, B), (C, D)), ((A, B), (C,)), ((A,), (B, C))])
def test_two_sides_of_a_split_that_both_went_on_become_one(
    sides: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    """The one that more hosts followed stays; of equals the lower id (R8)."""

    async def scenario(cluster: Cluster) -> None:
        hosts = {host.id: host for host in await farm(cluster, A, B, C, D, E)}
        together = [host_id for side in sides for host_id in side]
        for host_id in hosts.keys() - set(together):
            hosts[host_id].kill()
        cut(cluster, *sides)
        await cluster.run_for(10)
        groups = [await recover(hosts[side[0]]) for side in sides]
        for side in sides:
            await cluster.until(partial(cluster.agreed, *side))
            for host_id in side:
                await accepted(hosts[host_id], f"job-late-{host_id}", 30)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(*together))
        assert len(hosts[A].jobs) == 5 + len(together)
        sizes = [len(side) for side in sides]
        larger = groups[sizes.index(max(sizes))]
        winner = min(groups) if sizes[0] == sizes[1] else larger
        assert hosts[A].status.group == winner
        acts = hosts[A].replica.state.foundings
        assert {act.group for act in acts} == set(groups)  # both are remembered

    simulate(scenario)


def test_a_reachable_majority_is_not_left() -> None:
    """Nothing is missing: the act is refused, and says why."""

    async def scenario(cluster: Cluster) -> None:
        a, _, c = await farm(cluster, A, B, C)
        c.kill()
        await cluster.run_for(5)
        with pytest.raises(RecoverRefused, match="nothing to go on without"):
            await recover(a)

    simulate(scenario)


def test_a_host_that_was_off_for_two_generations_follows() -> None:
    """The groups in between are named by the one that is there (R8)."""

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await farm(cluster, A, B, C)
        b.kill()
        c.kill()
        await cluster.run_for(5)
        await recover(a)
        await cluster.until(lambda: a.status.role is Role.LEADER)
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B) and len(a.status.voters) == 2)
        a.kill()
        await cluster.run_for(5)
        await recover(b)
        await cluster.until(lambda: b.status.generation == 3)
        await accepted(b, "job-third")
        for host in (c, a):
            await host.start()
            await cluster.until(partial(cluster.agreed, B, host.id))
        assert len(c.jobs) == 4

    simulate(scenario)


def test_hosts_go_on_although_the_only_voters_disk_is_lost() -> None:
    """Switched off in the evening the last one took the seat, and does not return."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        await a.close()
        await accepted(b, "job-night")
        await cluster.run_for(1)
        b.kill()
        del b.disk.files[Path("/data/group.db")]
        await a.start()
        await b.start()
        await cluster.run_for(30)
        assert a.status.leader is None
        shown = a.replica.outlook()
        assert shown.majority_missing
        await recover(a)
        await cluster.until(lambda: cluster.agreed(A, B))
        assert sorted(a.jobs) == [f"job-{A}", f"job-{B}"]
        await accepted(b, "job-morning")

    simulate(scenario)


@pytest.mark.parametrize("moment", [0.02 * step for step in range(20)])
def test_a_crash_while_the_queue_is_let_go_on(moment: float) -> None:
    """Then the old group is there, or the new one; never neither."""

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await farm(cluster, A, B, C)
        for host in (b, c):
            host.kill()
        await cluster.run_for(5)
        a.delays = (0.02, 0.02)
        act = asyncio.ensure_future(recover(a))
        await asyncio.sleep(moment)
        a.kill()
        act.cancel()
        await cluster.run_for(1)
        await a.start()
        await cluster.run_for(3)
        assert a.status.phase is Phase.MEMBER
        assert len(a.jobs) == 3
        for host in (b, c):
            await host.start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert len(c.jobs) == 3

    simulate(scenario)


def test_commands_of_before_are_answered_after() -> None:
    """What waited in an outbox goes to the new group under its id, once (R11)."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        b.kill()
        await cluster.run_for(6)
        pause = await a.give(QueuePause(True), 1)
        assert pause.state is SubmitState.PENDING
        await recover(a)
        await cluster.until(lambda: not a.status.pending)
        assert a.replica.state.paused
        assert a.replica.state.outcome(pause.command_id) is not None

    simulate(scenario)


@pytest.mark.parametrize("seed", range(6))
def test_an_empty_queue_goes_on_and_stays_gone_on(seed: int) -> None:
    """Without jobs the lower id would win, were the groups not related (R14, R8)."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await cluster.start(A, B)
        await cluster.until(lambda: cluster.agreed(A, B) and len(a.status.voters) == 2)
        b.kill()
        await cluster.run_for(5)
        new = await recover(a)
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert a.status.group == b.status.group == new

    simulate(scenario, seed)


@pytest.mark.parametrize("seed", range(6))
def test_who_hands_over_acknowledges_nothing_more(seed: int) -> None:
    """What its old group accepted after it told all would be with one host only."""

    async def scenario(cluster: Cluster) -> None:
        left, right = await two_groups(cluster, (A, B), (C, D))
        for host in (*left, *right):
            await accepted(host, f"job-{host.id}")
        stay, go = sorted((left, right), key=lambda hosts: str(hosts[0].status.group))
        leads = next(host for host in go if host.status.role is Role.LEADER)
        moves = next(host for host in go if host is not leads)
        for host in stay:
            host.delays = (0.6, 0.6)  # so that it takes a while
        heal(cluster)
        await cluster.until(lambda: moves.status.phase is Phase.YIELDING)
        outcome = await leads.submit("job-late", 1)
        assert moves.status.phase is Phase.YIELDING
        assert outcome.state is SubmitState.PENDING
        await cluster.until(
            lambda: cluster.agreed(A, B, C, D) and not leads.status.pending, 120
        )
        assert "job-late" in moves.jobs

    simulate(scenario, seed)


@pytest.mark.parametrize("seed", range(4))
def test_no_host_goes_over_while_a_majority_of_its_group_stays(seed: int) -> None:
    """The others do not see the other group, and would print what it brought there."""

    async def scenario(cluster: Cluster) -> None:
        sides = await two_groups(cluster, (A, B, C), (D, E, F))
        await cluster.until(lambda: all(len(s[0].status.voters) == 3 for s in sides))
        for hosts in sides:
            await accepted(hosts[0], f"job-{hosts[0].id}")
        stay, go = sorted(sides, key=lambda hosts: str(hosts[0].status.group))
        sees = go[seed % 3]
        cluster.net.cut -= {frozenset((sees.id, host.id)) for host in stay}
        cluster.net.refresh()
        await cluster.run_for(60)
        assert cluster.agreed(*(host.id for host in go))
        assert cluster.agreed(*(host.id for host in stay))
        assert len(stay[0].jobs) == len(go[0].jobs) == 1
        also = go[(seed + 1) % 3]
        cluster.net.cut -= {frozenset((also.id, host.id)) for host in stay}
        cluster.net.refresh()
        await cluster.until(
            lambda: cluster.agreed(sees.id, also.id, *(host.id for host in stay))
        )
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D, E, F))
        assert len(stay[0].jobs) == 2

    simulate(scenario, seed)


def test_an_end_that_only_the_others_heard_is_told_again() -> None:
    """It was accepted while this host lagged; then this host went on without them.

    Its counter would else be raised twice from one value, and a copy be lost (R10).
    """

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await farm(cluster, A, B, C)
        item = ItemSpec("part", 3, (FILE,))
        await a.give(JobAdd("job-three", Wishes("three"), (item,)))
        for name in ("print-c1", "print-c2"):
            await reserve(c, name, "job-three")
        await c.give(PrintStarted("print-c1"))
        await cluster.until(lambda: cluster.agreed(A, B, C))
        cluster.net.filter = lambda _source, target, message: (
            target != C or message.get("t") != "raft"
        )
        told = await c.give(ended("print-c1", "job-three", PrintState.DONE))
        assert told.state is SubmitState.ACCEPTED
        await cluster.run_for(0.5)
        for host in (a, b):
            host.kill()
        cluster.net.filter = lambda *_: True
        await cluster.run_for(5)
        await recover(c)
        await c.give(PrintStarted("print-c2"), 20)
        await c.give(ended("print-c2", "job-three", PrintState.DONE), 20)
        for host in (a, b):
            await host.start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert done(c, "job-three") == 2

    simulate(scenario)


def test_what_is_said_of_an_empty_queue_goes_over_with_it() -> None:
    """It never had a job, and is paused: a host that knows it brings that, too (R8)."""

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await cluster.start(A, B, C)
        await cluster.until(
            lambda: cluster.agreed(A, B, C) and len(a.status.voters) == 3
        )
        cut(cluster, (A, B), (C,))
        assert (await a.give(QueuePause(True), 20)).state is SubmitState.ACCEPTED
        await cluster.run_for(1)  # so that it is in no outbox any more
        a.kill()
        b.kill()
        await cluster.run_for(5)
        await recover(c)
        assert not c.replica.state.paused
        heal(cluster)
        await a.start()
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert c.status.generation == 2
        assert c.replica.state.paused

    simulate(scenario)


@pytest.mark.parametrize("seed", range(4))
def test_an_empty_generation_takes_in_the_jobs_of_the_group_before(seed: int) -> None:
    """The others were a majority and went on, too: it is no stranger that yields."""

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await cluster.start(A, B, C)
        await cluster.until(
            lambda: cluster.agreed(A, B, C) and len(a.status.voters) == 3
        )
        cut(cluster, (A,), (B, C))
        await cluster.until(lambda: b.status.leader in (B, C))
        await accepted(b, "job-late", 20)
        new = await recover(a)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert c.status.group == new
        assert a.jobs == ["job-late"]

    simulate(scenario, seed)
