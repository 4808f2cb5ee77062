"""A group goes over to another one as one: never do two decide about a job (R8)."""

from __future__ import annotations

import asyncio

import pytest

from moonraker_netqueue.replica.errors import HandInFailed, RecoverRefused
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_generations import A, B, C, D, E, accepted, recover
from tests.replica.test_meeting import cut, heal

F, Z = "f" * 8, "9" * 8


async def stay_and_go(
    cluster: Cluster, count: int = 3
) -> tuple[SimHost, list[SimHost], SimHost]:
    """A host alone, and a group with jobs that will go over to it: all of its hosts,
    the leader. The alone one went on without another, so its group is the winner."""
    ids = (B, C, D, E, F)[:count]
    cut(cluster, (A,), ids)
    stay, *go = await cluster.start(A, *ids)
    await cluster.until(lambda: cluster.agreed(*ids) and cluster.agreed(A))
    await cluster.until(lambda: len(go[0].status.voters) == count - (count % 2 == 0))
    for host in (stay, *go):
        await accepted(host, f"job-{host.id}")
    await win(cluster, stay, *ids)
    await accepted(stay, "job-of-two", 20)
    return stay, go, leader_of(go)


async def win(cluster: Cluster, host: SimHost, *others: str) -> None:
    """Let it go on without another one: its group is of a higher generation than a
    stranger's first one, whatever their ids."""
    name = f"0{len(cluster.hosts)}" * 4
    lone = cluster.hosts.setdefault(name, SimHost(cluster, name))
    cut(cluster, (name,), tuple(cluster.hosts.keys() - {host.id, name}))
    await lone.start()
    cut(cluster, (host.id,), others)
    await cluster.until(lambda: len(host.status.voters) == 2)
    lone.kill()
    await cluster.run_for(5)
    await recover(host)


def leader_of(hosts: list[SimHost]) -> SimHost:
    return next(host for host in hosts if host.status.role is Role.LEADER)


def going(host: SimHost) -> bool:
    group = host.replica._lifecycle.group
    return group is not None and group.going_to is not None


def join_links(cluster: Cluster, one: SimHost, other: SimHost) -> None:
    cluster.net.cut.discard(frozenset((one.id, other.id)))
    cluster.net.refresh()


@pytest.mark.parametrize("seed", range(4))
def test_a_group_that_can_still_decide_is_not_left(seed: int) -> None:
    """Only one of three meets the other group: what it would bring the other two
    would go on to give away."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, leads = await stay_and_go(cluster)
        meets = next(host for host in go if host is not leads)
        join_links(cluster, stay, meets)
        await cluster.run_for(30)
        assert meets.status.phase is Phase.MEMBER
        assert set(stay.jobs) == {f"job-{A}", "job-of-two"}
        await accepted(meets, "job-late")
        (notice,) = meets.status.notices
        assert all(host.id in notice for host in go if host is not meets)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert "job-late" in stay.jobs

    simulate(scenario, seed)


def test_who_was_switched_off_does_not_speak_for_the_one_that_stayed() -> None:
    """Of two: the other one has both votes since, and by its old log it has one."""

    async def scenario(cluster: Cluster) -> None:
        stay, (off, on), _ = await stay_and_go(cluster, 2)
        await off.close()
        await accepted(on, "job-night", 20)
        cut(cluster, (B,), (C,))
        join_links(cluster, stay, off)
        await off.start()
        await cluster.run_for(30)
        assert f"job-{B}" not in stay.jobs
        await accepted(on, "job-late")
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert {f"job-{B}", "job-night", "job-late"} < set(stay.jobs)

    simulate(scenario)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_group_of_any_size_goes_over(count: int) -> None:
    """The leader goes first, each next one in its turn."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, _ = await stay_and_go(cluster, count)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, *(host.id for host in go)))
        assert len(stay.jobs) == count + 2

    simulate(scenario)


@pytest.mark.parametrize("moment", [0.1 * step for step in range(12)])
@pytest.mark.parametrize("seed", range(3))
def test_who_brought_its_jobs_decides_on_them_no_more(seed: int, moment: float) -> None:
    """The other group's leader loses its power while it is told of them (a life of
    seed 40662): both would print them."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, _ = await stay_and_go(cluster)
        stay.delays = (0.1, 0.1)
        heal(cluster)
        await cluster.run_for(moment)
        stay.kill()
        stay.delays = (0.001, 0.02)
        given = await asyncio.gather(
            *(host.submit(f"late-{host.id}", 20) for host in go)
        )
        cut(cluster, (A,), (B, C, D))
        await stay.start()
        await cluster.run_for(10)
        brought = f"job-{B}" in stay.jobs
        decided = any(one.state is SubmitState.ACCEPTED for one in given)
        assert not (brought and decided)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        await cluster.until(lambda: f"late-{D}" in stay.jobs)

    simulate(scenario, seed)


async def brought_alone(cluster: Cluster) -> tuple[SimHost, SimHost]:
    """Who stays, and a host that was killed when all that it knew had been taken."""
    stay, (mover,), _ = await stay_and_go(cluster, 1)
    mover.delays = (0.5, 0.5)
    heal(cluster)
    await cluster.until(lambda: f"job-{B}" in stay.jobs)
    mover.kill()
    mover.delays = (0.001, 0.02)
    cut(cluster, (A,), (B,))
    await mover.start()
    await cluster.until(lambda: mover.status.phase is Phase.YIELDING)
    return stay, mover


def test_what_it_began_to_bring_a_host_does_not_take_back_after_a_restart() -> None:
    """Started where it sees nobody it has its old group, and decides nothing in it."""

    async def scenario(cluster: Cluster) -> None:
        stay, mover = await brought_alone(cluster)
        await cluster.until(lambda: f"job-{B}" in mover.jobs)  # to be seen, at least
        outcome = await mover.submit("job-late", 20)
        assert outcome.state is SubmitState.PENDING
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B))
        await cluster.until(lambda: "job-late" in stay.jobs)

    simulate(scenario)


def test_where_the_other_group_is_gone_a_person_lets_the_queue_go_on() -> None:
    """It is told that the others may have the jobs, too; when they meet all is one."""

    async def scenario(cluster: Cluster) -> None:
        _, mover = await brought_alone(cluster)
        await cluster.run_for(5)
        (notice,) = mover.status.notices
        assert "goes over to another group" in notice
        shown = mover.replica.outlook()
        assert shown.majority_missing
        await recover(mover)
        await accepted(mover, "job-late", 20)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B))
        assert {f"job-{A}", f"job-{B}", "job-late"} < set(mover.jobs)

    simulate(scenario)


def test_where_the_other_group_is_here_there_is_nothing_to_go_on_without() -> None:
    """It goes over to that one."""

    async def scenario(cluster: Cluster) -> None:
        stay, (mover,), _ = await stay_and_go(cluster, 1)
        stay.delays = (0.5, 0.5)
        heal(cluster)
        await cluster.until(lambda: going(mover))
        with pytest.raises(RecoverRefused):
            await recover(mover)
        await cluster.until(lambda: cluster.agreed(A, B))

    simulate(scenario)


def test_of_a_few_that_decide_nothing_each_goes_once_enough_have_left() -> None:
    """Two of five, and a third that has gone over: no two of the rest are three."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, leads = await stay_and_go(cluster, 5)
        first, *rest = sorted(go, key=lambda host: host is not leads)
        few, away = rest[:2], rest[2:]
        for host in away:
            host.kill()
        cut(cluster, (first.id,), tuple(host.id for host in few))
        await cluster.run_for(5)
        for host in few:
            join_links(cluster, stay, host)
        await cluster.run_for(10)
        assert f"job-{B}" not in stay.jobs  # the three could still decide
        heal(cluster)
        here = (A, first.id, *(host.id for host in few))
        await cluster.until(lambda: cluster.agreed(*here))
        for host in away:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*here, *(h.id for h in away)))
        assert len(stay.jobs) == 7

    simulate(scenario)


async def one_goes(cluster: Cluster) -> tuple[SimHost, SimHost, SimHost, SimHost]:
    """Who stays, the leader of three, one that just left, a slow one that would."""
    stay, go, leads = await stay_and_go(cluster)
    first, second = (host for host in go if host is not leads)
    second.delays = (5.0, 5.0)
    for host in (first, second):
        join_links(cluster, stay, host)
    await cluster.until(lambda: going(first))
    return stay, leads, first, second


def test_who_went_while_its_group_stays_comes_back_as_new() -> None:
    """Another one would have gone, too, and lost its power first: without the other
    group in sight its group goes on, and takes this host in again."""

    async def scenario(cluster: Cluster) -> None:
        stay, leads, first, second = await one_goes(cluster)
        second.lose_power()
        second.delays = (0.001, 0.02)
        cut(cluster, (A,), (second.id,))
        await second.start()
        await accepted(leads, "job-late", 30)
        assert f"job-{B}" not in stay.jobs
        await cluster.until(lambda: "job-late" in first.jobs, 90)
        await cluster.until(lambda: len(leads.status.voters) == 3)
        await accepted(first, "job-later")
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert "job-later" in stay.jobs

    simulate(scenario)


@pytest.mark.parametrize("seed", range(3))
def test_who_sees_one_group_does_not_count_on_who_sees_another(seed: int) -> None:
    """Two winners that do not see each other: each would get the jobs, and decide."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, _ = await stay_and_go(cluster)
        cut(cluster, (Z,), (A, B, C, D))
        (other,) = await cluster.start(Z)
        await accepted(other, f"job-{Z}", 20)
        await win(cluster, other, A, B, C, D)
        await accepted(other, "job-other", 20)
        join_links(cluster, stay, go[0])
        join_links(cluster, other, go[1])
        await cluster.run_for(40)
        assert not any(going(host) for host in go)
        assert not set(stay.jobs) & set(other.jobs)
        await accepted(go[0], "job-late")
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D, Z))
        assert {"job-late", "job-other", "job-of-two"} < set(stay.jobs)

    simulate(scenario, seed)


def test_who_left_and_came_back_as_new_is_not_counted_as_gone() -> None:
    """Another host heard that it went, and never that it came back."""

    async def scenario(cluster: Cluster) -> None:
        stay, leads, first, second = await one_goes(cluster)
        second.delays = (0.001, 0.02)
        cut(cluster, (A,), (first.id, second.id))
        await cluster.until(lambda: knows_going(second, first))
        cut(cluster, (second.id,), (first.id,))
        seats = {leads.id, first.id, second.id}
        await cluster.until(lambda: not going(first) and seated(first), 120)
        await cluster.until(lambda: set(second.status.voters) == seats)
        join_links(cluster, stay, second)
        await cluster.run_for(40)
        assert second.status.phase is Phase.MEMBER
        assert f"job-{B}" not in stay.jobs
        await accepted(leads, "job-late")
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert "job-late" in stay.jobs

    simulate(scenario)


def knows_going(host: SimHost, other: SimHost) -> bool:
    known = host.replica._neighbours.get(other.id)
    return known is not None and known.hello.going


def seated(host: SimHost) -> bool:
    group = host.replica._lifecycle.group
    return group is not None and group.has_seat


def test_who_gave_a_copy_does_not_leave_alone() -> None:
    """It stands still for another host, next to a group that it would go over to."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, leads = await stay_and_go(cluster)
        meets, asks = (host for host in go if host is not leads)
        for host in (asks, leads):
            cut(cluster, (meets.id,), (host.id,))
        await cluster.run_for(10)
        join_links(cluster, stay, meets)
        assert meets.life is not None
        params = {"g": meets.status.group}
        given = meets.replica._lifecycle.give_copy(asks.id, params)
        await meets.life.spawn(given)
        await cluster.run_for(40)
        assert not going(meets)
        assert f"job-{B}" not in stay.jobs
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))

    simulate(scenario)


def test_where_the_other_group_refuses_a_person_lets_the_queue_go_on() -> None:
    """It took the offer, and not what came then."""

    async def scenario(cluster: Cluster) -> None:
        stay, (mover,), _ = await stay_and_go(cluster, 1)
        succession = mover.replica._lifecycle.succession

        async def refused(*_: object) -> None:
            raise HandInFailed("host aaaaaaaa says: no")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(succession._hand_over, "bring", refused)
            heal(cluster)
            await cluster.until(lambda: succession.trouble)
            (notice,) = mover.status.notices
            assert "says: no" in notice
            await recover(mover)
            await accepted(mover, "job-late", 20)
        await cluster.until(lambda: cluster.agreed(A, B))
        assert {f"job-{A}", f"job-{B}", "job-late"} < set(stay.jobs)

    simulate(scenario)


def test_who_could_not_go_is_not_counted_on() -> None:
    """Else a host leaves in vain, comes back as new, and leaves again, for ever."""

    async def scenario(cluster: Cluster) -> None:
        stay, go, _ = await stay_and_go(cluster)
        able, *unable = go

        async def refused(*_: object) -> None:
            raise HandInFailed("its set-aside file is gone")

        with pytest.MonkeyPatch.context() as patch:
            for host in unable:
                succession = host.replica._lifecycle.succession
                patch.setattr(succession, "_prepare", refused)
            heal(cluster)
            await cluster.run_for(60)
            assert able.status.phase is Phase.MEMBER
            (told,) = able.status.notices
            assert all(f"host {host.id}" in told for host in unable)
            assert len(able.status.voters) == 3
            await accepted(able, "job-late")
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert "job-late" in stay.jobs

    simulate(scenario)
