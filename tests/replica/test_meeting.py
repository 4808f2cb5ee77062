"""Groups of one queue that meet: an empty one yields, no job is ever lost (R14, R8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    Body,
    CommandId,
    ContentHeld,
    Dissolve,
    MemberSet,
    QueuePause,
    QueueSet,
)
from moonraker_netqueue.model.event import Event, Topic
from moonraker_netqueue.model.member import MemberRole
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.ports import Message
from moonraker_netqueue.replica.errors import ReplicaError
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.replica import GROUP_ENTERED
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import FILE, Cluster, SimHost, job, simulate

A, B, C, D, E, F = (letter * 8 for letter in "abcdef")


def cut(cluster: Cluster, left: tuple[str, ...], right: tuple[str, ...]) -> None:
    """Let these two sides not see each other."""
    cluster.net.cut |= {frozenset((a, b)) for a in left for b in right}
    cluster.net.refresh()


def heal(cluster: Cluster) -> None:
    cluster.net.cut.clear()
    cluster.net.refresh()


async def two_groups(
    cluster: Cluster, left: tuple[str, ...], right: tuple[str, ...]
) -> tuple[list[SimHost], list[SimHost]]:
    """Two groups of the same queue that have not met."""
    cut(cluster, left, right)
    hosts = await cluster.start(*left, *right)
    await cluster.until(lambda: cluster.agreed(*left) and cluster.agreed(*right))
    return hosts[: len(left)], hosts[len(left) :]


@pytest.mark.parametrize("with_jobs", [A, B])
@pytest.mark.parametrize("seed", range(4))
def test_the_group_without_jobs_yields(seed: int, with_jobs: str) -> None:
    """Whichever id is lower: the group that has a job stays."""

    async def scenario(cluster: Cluster) -> None:
        await two_groups(cluster, (A,), (B,))
        keeper = cluster.hosts[with_jobs]
        await keeper.submit("job-0001")
        group = keeper.status.group
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B))
        assert cluster.hosts[A].status.group == cluster.hosts[B].status.group == group
        assert cluster.hosts[A].jobs == cluster.hosts[B].jobs == ["job-0001"]

    simulate(scenario, seed)


def is_paused(state: QueueState) -> bool:
    return state.paused


def has_title(state: QueueState) -> bool:
    return state.settings.title == "Hall 2"


def has_viewer(state: QueueState) -> bool:
    return C in state.viewers


@pytest.mark.parametrize("other_has_jobs", [False, True])
@pytest.mark.parametrize("where", [A, B])
@pytest.mark.parametrize(
    ("said", "holds"),
    [
        (QueuePause(True), is_paused),
        (QueueSet(title="Hall 2"), has_title),
        (MemberSet(C, MemberRole.VIEWER), has_viewer),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_what_was_said_of_a_queue_without_jobs_is_not_lost(
    seed: int,
    said: Body,
    holds: Callable[[QueueState], bool],
    where: str,
    other_has_jobs: bool,
) -> None:
    """Its group does not dissolve: what it knows is handed in (R8, R14)."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        here, there = (a, b) if where == A else (b, a)
        assert (await here.give(said)).state is SubmitState.ACCEPTED
        if other_has_jobs:
            await there.submit("job-0001")
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B))
        assert holds(a.replica.state)
        assert bool(a.jobs) == other_has_jobs

    simulate(scenario, seed)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_said_while_groups_meet_is_not_lost(seed: int) -> None:
    """In the log before the Dissolve it stops it, on disk or not (R14)."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        await a.submit("job-0001")
        b.delays = (0.3, 0.3)  # first of the outbox, then of the log
        answer = asyncio.ensure_future(b.give(QueuePause(True), timeout=20))
        await cluster.run_for(0.8 * cluster.random.random())
        heal(cluster)
        assert (await answer).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(A, B))
        assert a.replica.state.paused

    simulate(scenario, seed)


def test_of_two_empty_groups_the_higher_id_yields_and_is_set_aside() -> None:
    """All members move; the old database is kept under its group's name."""

    async def scenario(cluster: Cluster) -> None:
        left, right = await two_groups(cluster, (A, B), (C, D))
        groups = [str(left[0].status.group), str(right[0].status.group)]
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert left[0].status.group == min(groups)
        movers = left if groups[0] == max(groups) else right
        for host in movers:
            names = [path.name for path in host.disk.files]
            assert f"{max(groups)}-1.db" in names

    simulate(scenario)


def test_a_host_that_fails_while_it_is_joined_is_asked_no_more() -> None:
    """Its disk filled up just after its hello: another one lets the newcomer in."""

    async def scenario(cluster: Cluster) -> None:
        left, (d,) = await two_groups(cluster, (A, B, C), (D,))
        await left[0].submit("job-0001")
        asked: list[str] = []
        request = cluster.net.request

        async def counted(
            queue: str, source: str, target: str, method: str, *more: Any
        ) -> Message:
            if (source, method) == (D, "join"):
                asked.append(target)
            return await request(queue, source, target, method, *more)

        cluster.net.request = counted  # type: ignore[assignment]
        heal(cluster)
        await cluster.until(lambda: d.replica._neighbours.to_join() is not None)
        left[0].disk_error = OSError(28, "No space left on device")
        with pytest.raises(ReplicaError):
            await left[0].submit("job-0002", timeout=1)
        await cluster.until(lambda: cluster.agreed(B, C, D))
        assert d.jobs == ["job-0001"]
        assert len(asked) <= 3

    simulate(scenario)


@pytest.mark.parametrize("seed", range(12))
def test_a_job_added_while_groups_meet_survives(seed: int) -> None:
    """Accepted before the Dissolve, it stops it; after it, it goes over, too."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        heal(cluster)
        await cluster.run_for(0.03 * cluster.random.random())
        outcome = await b.submit("job-0001", timeout=20)
        assert outcome.state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(A, B))
        assert a.jobs == b.jobs == ["job-0001"]

    simulate(scenario, seed)


def test_commands_without_answer_go_to_the_new_group() -> None:
    """What waits in the outbox keeps its id and is applied where its host lives."""

    async def scenario(cluster: Cluster) -> None:
        left, right = await two_groups(cluster, (A, B), (C,))
        await right[0].submit("job-0001")
        left[1].kill()
        await cluster.run_for(6)
        given = await left[0].give(QueuePause(True), timeout=1)
        assert given.state is SubmitState.PENDING
        await left[1].start()
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        await cluster.until(lambda: not left[0].status.pending)
        assert right[0].replica.state.paused
        assert right[0].replica.state.outcome(given.command_id) is not None

    simulate(scenario)


def test_a_host_that_was_off_when_its_group_dissolved_follows() -> None:
    """Its log never had a job and a voter of its group is elsewhere: it yields too."""

    async def scenario(cluster: Cluster) -> None:
        left, right = await two_groups(cluster, (A, B, C), (D,))
        await right[0].submit("job-0001")
        left[2].kill()
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, D))
        await left[2].start()
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert left[2].jobs == ["job-0001"]

    simulate(scenario)


@pytest.mark.parametrize("said", [job("job-tail"), QueuePause(True)])
@pytest.mark.parametrize("seed", range(3))
def test_who_was_off_when_its_group_dissolved_brings_what_only_its_log_has(
    seed: int, said: Body
) -> None:
    """It led, and the others never heard it; they went, and the group had the lower
    id: no host comes to it, and it has no quorum. It goes over."""

    async def scenario(cluster: Cluster) -> None:
        sides = await two_groups(cluster, (A, B, C), (D, E, F))
        await cluster.until(lambda: all(len(s[0].status.voters) == 3 for s in sides))
        left, right = sorted(sides, key=lambda hosts: str(hosts[0].status.group))
        lost = next(host for host in left if host.status.role is Role.LEADER)
        went = tuple(host.id for host in left if host is not lost)
        await right[0].submit("job-0001")
        await lost.give(ContentHeld(FILE))
        cut(cluster, (lost.id,), went)
        given = await lost.give(said, 0.5)
        assert given.state is SubmitState.PENDING
        lost.kill()
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(*went, *(h.id for h in right)))
        await lost.start()
        await cluster.until(
            lambda: cluster.agreed(A, B, C, D, E, F) and not lost.status.pending
        )
        state = right[0].replica.state
        assert "job-tail" in state.jobs or state.paused

    simulate(scenario, seed)


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35])
def test_a_crash_while_dissolving_is_finished_at_the_next_start(moment: float) -> None:
    """Killed at any moment around the set-aside, the host ends in the other group."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        await b.submit("job-0001")
        a.delays = (0.1, 0.1)  # four of them: mark, close, move, open
        heal(cluster)
        await cluster.until(lambda: a.status.phase is Phase.DISSOLVING)
        await asyncio.sleep(moment)
        a.kill()
        await a.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert a.jobs == ["job-0001"]

    simulate(scenario)


def test_a_group_that_is_dissolved_is_not_restarted() -> None:
    """Killed once that was on disk and started alone, the host has left it."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        await b.submit("job-0001")
        a.delays = (0.1, 0.1)
        heal(cluster)
        await cluster.until(lambda: a.status.phase is Phase.DISSOLVING)
        await asyncio.sleep(0.12)
        a.kill()
        cut(cluster, (A,), (B,))
        await a.start()
        await cluster.until(lambda: a.status.phase is Phase.LISTENING, 2)
        assert a.status.group is None

    simulate(scenario)


def test_listeners_hear_of_the_new_group() -> None:
    """State is another group's: what a host said of itself must be said again."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        heard: list[Event] = []
        a.replica.add_listener(heard.extend)
        await b.submit("job-0001")
        heal(cluster)
        await cluster.until(lambda: a.jobs == ["job-0001"])
        assert GROUP_ENTERED in heard
        assert heard.index(GROUP_ENTERED) < heard.index(Event(Topic.JOB, "job-0001"))

    simulate(scenario)


def test_dissolve_is_refused_once_there_is_a_job() -> None:
    """The compare-and-set is in the log: a late Dissolve changes nothing."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start(A)
        await cluster.until(lambda: a.status.role is Role.LEADER)
        await a.submit("job-0001")
        outcome = await a.give(Dissolve("0" * 32))
        assert outcome.state is SubmitState.REJECTED
        assert a.jobs == ["job-0001"]
        assert isinstance(outcome.command_id, CommandId)

    simulate(scenario)
