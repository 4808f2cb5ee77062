"""Hosts whose copy of the queue is lost: who may go on without it (R4)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

import pytest

from moonraker_netqueue.replica.entry import Kind
from moonraker_netqueue.replica.errors import RejoinRefused
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from moonraker_netqueue.replica.wire import BATCH_BYTES
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_seats import IDS, farm, follower_of, group_of, voters_of

_T = TypeVar("_T")
_GROUP = Path("/data/group.db")
_LIVES = Path("/data/lives.db")


def lose_journal(host: SimHost) -> None:
    """What setting a damaged database aside leaves: none."""
    del host.disk.files[_GROUP]


def _forget_lives(host: SimHost) -> None:
    """As if it had never met the others."""
    host.disk.connect(_LIVES).execute("DELETE FROM seen")


async def _accepted(host: SimHost, job_id: str) -> bool:
    return (await host.submit(job_id)).state is SubmitState.ACCEPTED


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_host_that_lost_its_journal_gets_a_new_seat(count: int) -> None:
    """Its old seat goes without its help, its vote never counts meanwhile (R4)."""

    async def scenario(cluster: Cluster) -> None:
        voters = {4: 3}.get(count, count)
        hosts = await farm(cluster, count, voters)
        gone = follower_of(hosts)
        before = group_of(gone).incarnation
        gone.kill()
        await cluster.run_for(10)
        lose_journal(gone)
        await gone.start()
        await cluster.until(
            lambda: cluster.agreed(*IDS[:count]) and len(voters_of(cluster)) == voters
        )
        assert group_of(gone).incarnation not in ("", before)
        assert gone.jobs == ["job-0001"]
        outcome = await gone.submit("job-0002")
        assert outcome.state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_lost_journal_is_replayed_past_seats_that_are_over() -> None:
    """Where the first batch ends, the leader's seat is that of a journal that it had
    before: that is no reason to wait for ever."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 3, 3)
        for number in range(200):
            assert await _accepted(hosts[0], f"job-{number + 1000}")
        log = group_of(hosts[0])._journal
        size = sum(len(log[place].data) for place in range(len(log)))
        assert size > BATCH_BYTES
        for host in (hosts[0], hosts[1], hosts[2]):
            host.kill()
            await cluster.run_for(10)
            lose_journal(host)
            await host.start()
            # All know it: what only a host knows whose journal is lost, it waits for.
            await cluster.until(
                lambda: all(one.status.voters == IDS[:3] for one in hosts), 120
            )
            await cluster.until(lambda: cluster.agreed(*IDS[:3]))
        assert len(hosts[2].jobs) == 201

    simulate(scenario)


def test_of_two_hosts_the_leader_may_lose_its_journal_too() -> None:
    """The other one has all that was committed, and goes on."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 2, 2)
        leader = cluster.leader()
        assert leader is not None
        leader.kill()
        lose_journal(leader)
        await cluster.run_for(10)
        await leader.start()
        await cluster.until(
            lambda: cluster.agreed(*IDS[:2]) and voters_of(cluster) == IDS[:2]
        )
        assert all(host.jobs == ["job-0001"] for host in hosts)

    simulate(scenario)


def test_an_old_copy_of_a_journal_does_not_make_a_leader_alone() -> None:
    """It takes the other host's journal for another one than its seat's, as if that
    were lost; but that one is not empty: its own may be the old one."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 2, 2)
        other = follower_of(hosts)
        here = next(host for host in hosts if host is not other)
        backup, now = other.disk.copied(), other.disk
        here.kill()
        lose_journal(here)
        await cluster.run_for(10)
        await here.start()
        await cluster.until(lambda: cluster.agreed(*IDS[:2]))
        await cluster.until(lambda: voters_of(cluster) == IDS[:2])
        await here.submit("job-0002")
        await cluster.run_for(2)  # the commit index is written once a second
        for host in hosts:
            host.kill()
        other.disk = backup
        _forget_lives(here)  # else it would not let the old copy in at all
        for host in hosts:
            await host.start()
        await cluster.run_for(60)
        assert cluster.leader() is None
        assert here.jobs == ["job-0001", "job-0002"]
        (told,) = here.status.notices
        assert "elect no leader" in told
        for host in hosts:
            host.kill()
        other.disk = now
        _forget_lives(here)
        for host in hosts:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*IDS[:2]))
        assert other.jobs == ["job-0001", "job-0002"]

    simulate(scenario)


def test_two_of_three_that_lost_their_journals_elect_nobody() -> None:
    """What was committed may be with them alone: that is for a person to decide."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 3, 3)
        await cluster.until(lambda: cluster.agreed(*IDS[:3]))
        for host in hosts[:2]:
            host.kill()
            lose_journal(host)
        await cluster.run_for(10)
        for host in hosts[:2]:
            await host.start()
        await cluster.run_for(60)
        assert cluster.leader() is None
        assert hosts[2].jobs == ["job-0001"]

    simulate(scenario)


async def _left_behind(cluster: Cluster) -> tuple[SimHost, SimHost, SimHost]:
    """Of two voters one is off while a third host gets a seat and jobs are added.

    Returns (the one that is off, the one that stayed, the third); all are off.
    """
    hosts = await farm(cluster, 2, 2)
    stays = cluster.leader()
    assert stays is not None
    stale = follower_of(hosts)

    def lacks_the_third(_source: str, target: str, message: dict[str, object]) -> bool:
        return target != stale.id or IDS[2] not in repr(message)

    cluster.net.filter = lacks_the_third
    (third,) = await cluster.start(IDS[2])
    await cluster.until(
        lambda: (
            len(stays.status.voters) == 3
            and stays.status.commit_index == stays.status.last_index
        )
    )
    stale.kill()
    cluster.net.filter = lambda *_: True
    assert await _accepted(third, "job-0002")
    await cluster.until(lambda: cluster.agreed(stays.id, third.id))
    assert stale.status.voters == tuple(sorted((stale.id, stays.id)))
    stays.kill()
    third.kill()
    return stale, stays, third


def test_one_that_missed_a_seat_is_not_elected_alone() -> None:
    """The other one lost its journal, but knows that its seat saw a later
    configuration: the third host may have what this one lacks."""

    async def scenario(cluster: Cluster) -> None:
        stale, stays, third = await _left_behind(cluster)
        lose_journal(stays)
        await stale.start()
        await stays.start()
        await cluster.run_for(60)
        assert cluster.leader() is None
        (notice,) = stays.status.notices
        assert "switch the other hosts of the queue on" in notice
        assert not stale.status.notices
        assert stale.replica.outlook().majority_missing  # it lacks job-0002
        await third.start()
        await cluster.until(lambda: cluster.agreed(*IDS[:3]))
        assert stale.jobs == ["job-0001", "job-0002"]
        assert not stays.status.notices

    simulate(scenario)


def test_a_person_lets_the_others_go_on_without_a_lost_copy() -> None:
    """The third host never comes back: what only it and the lost copy had is gone."""

    async def scenario(cluster: Cluster) -> None:
        stale, stays, _ = await _left_behind(cluster)
        lose_journal(stays)
        await stale.start()
        await stays.start()
        await cluster.until(lambda: "go on without" in str(stays.status.notices))
        assert stays.life is not None
        await stays.life.spawn(stays.replica.rejoin())
        await cluster.until(lambda: cluster.agreed(stale.id, stays.id))
        assert stays.jobs == ["job-0001"]
        assert await _accepted(stays, "job-0003")
        with pytest.raises(RejoinRefused):
            await stays.life.spawn(stays.replica.rejoin())

    simulate(scenario)


def test_one_that_missed_a_seat_votes_for_its_holder() -> None:
    """Its log does not know the third host, which alone has the newest entries."""

    async def scenario(cluster: Cluster) -> None:
        stale, _, third = await _left_behind(cluster)
        await stale.start()
        await third.start()
        await cluster.until(lambda: cluster.agreed(stale.id, third.id))
        assert third.status.role is Role.LEADER
        assert stale.jobs == ["job-0001", "job-0002"]
        assert await _accepted(stale, "job-0003")

    simulate(scenario)


@pytest.mark.parametrize("heard", [False, True])
def test_a_configuration_that_came_and_went_is_not_the_first(heard: bool) -> None:
    """The same two voters again: the third one was about to lose its seat.

    If it `heard` so, none can be elected: what a person says of the lost copy does
    not make those forget who know more.
    """

    async def scenario(cluster: Cluster) -> None:
        stale, stays, third = await _left_behind(cluster)
        await stays.start()
        await third.start()
        await cluster.until(lambda: cluster.agreed(stays.id, third.id))
        await cluster.until(lambda: stays.status.role is Role.LEADER, 20)
        cluster.net.filter = lambda *_: heard
        group_of(stays)._core.append(Kind.REMOVE, third.id)
        assert stays.status.voters == stale.status.voters
        await cluster.run_for(0.5)
        cluster.net.filter = lambda *_: True
        stays.kill()
        third.kill()
        lose_journal(stays)
        await stale.start()
        await stays.start()
        await cluster.run_for(60)
        assert cluster.leader() is None
        await third.start()
        if heard:
            assert stays.life is not None
            await stays.life.spawn(stays.replica.rejoin())
            await cluster.run_for(60)
            assert cluster.leader() is None
            assert stale.jobs == []
            assert third.jobs == ["job-0001", "job-0002"]
        else:
            await cluster.until(lambda: cluster.agreed(*IDS[:3]))
            assert stale.jobs == ["job-0001", "job-0002"]

    simulate(scenario)


def test_a_seat_is_known_apart_from_the_journal_before_it_counts() -> None:
    """Whatever its journal agreed to, a host that loses it knows the configuration."""

    async def scenario(cluster: Cluster) -> None:
        _, other = await farm(cluster, 2, 2)
        lives, journal = (other.disk.connect(path) for path in (_LIVES, _GROUP))
        known = "SELECT configuration FROM seat"
        written = "SELECT max(position) FROM log"
        known_before = lives.execute(known).fetchone()
        written_before = journal.execute(written).fetchone()
        await cluster.start(IDS[2])
        while len(group_of(other)._journal.voters()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.0005)  # its journal is written 10 ms later
        assert journal.execute(written).fetchone() == written_before
        while journal.execute(written).fetchone() == written_before:
            was_known = lives.execute(known).fetchone()
            await asyncio.sleep(0.001)
        assert was_known != known_before

    simulate(scenario)


def test_a_lost_copy_is_not_forgotten_for_another_queue() -> None:
    """A new host began one of the same name meanwhile. Joined, it would leave the
    other host of the old queue without a quorum for good."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await farm(cluster, 2, 2)
        for host in hosts:
            host.kill()
        lose_journal(hosts[1])
        (new,) = await cluster.start(IDS[2])
        await cluster.until(lambda: new.status.role is Role.LEADER)
        assert await _accepted(new, "job-0009")
        await hosts[1].start()
        await cluster.run_for(60)
        assert hosts[1].status.phase is Phase.LISTENING
        assert "or join one of other hosts" in str(hosts[1].status.notices)
        new.kill()  # else the two queues would become one
        await hosts[0].start()
        await cluster.until(lambda: cluster.agreed(*IDS[:2]))
        assert hosts[1].jobs == ["job-0001"]
        for host in hosts:
            host.kill()
        lose_journal(hosts[1])
        await new.start()
        await hosts[1].start()
        assert hosts[1].life is not None
        await cluster.until(lambda: hosts[1].status.notices)
        await hosts[1].life.spawn(hosts[1].replica.rejoin(found=True))
        await cluster.until(lambda: cluster.agreed(IDS[1], new.id))

    simulate(scenario)


class _Workshop:
    """Hosts that are switched on and off at random, get jobs, and lose a journal."""

    def __init__(self, cluster: Cluster, hosts: list[SimHost]) -> None:
        self._cluster = cluster
        self._hosts = hosts
        self._clients: list[asyncio.Task[None]] = []
        self.accepted: set[str] = set()

    async def live(self, steps: int) -> None:
        """Do `steps` random things."""
        for _ in range(steps):
            host = self._draw(self._hosts)
            if host.life is None:
                await host.start()
            else:
                await self._draw(
                    [self._kill, self._kill, self._close, self._add, self._add]
                )(host)
            await self._cluster.run_for(self._draw([0.02, 0.1, 0.5, 4, 15, 70]))

    async def lose_a_journal(self) -> None:
        """Of one host, which is off then."""
        host = self._draw(self._hosts)
        if host.life is not None:
            host.kill()
        host.disk.files.pop(_GROUP, None)

    async def open(self) -> None:
        """Switch all hosts on."""
        for host in self._hosts:
            if host.life is None:
                await host.start()
        for client in self._clients:
            client.cancel()

    def _draw(self, choices: list[_T]) -> _T:
        return choices[int(self._cluster.random.random() * len(choices))]

    async def _kill(self, host: SimHost) -> None:
        host.kill()

    async def _close(self, host: SimHost) -> None:
        await host.close()

    async def _add(self, host: SimHost) -> None:
        self._clients.append(asyncio.ensure_future(self._client(host)))

    async def _client(self, host: SimHost) -> None:
        job_id = f"job-{len(self._clients):04}"
        outcome = await host.submit(job_id, timeout=3)
        if outcome.state is SubmitState.ACCEPTED:
            self.accepted.add(job_id)


@pytest.mark.parametrize("seed", range(20))
def test_a_lost_journal_never_costs_an_accepted_job(seed: int) -> None:
    """Two hosts, a third one that comes and goes, any of them without its journal.

    Either all are back in one queue with every accepted job, or none is elected.
    """

    async def scenario(cluster: Cluster) -> None:
        cluster.seat_ttl = 20.0
        hosts = await farm(cluster, 2, 2)
        cluster.hosts[IDS[2]] = SimHost(cluster, IDS[2])
        workshop = _Workshop(cluster, [*hosts, cluster.hosts[IDS[2]]])
        await workshop.live(8)
        await workshop.lose_a_journal()
        await workshop.live(4)
        await workshop.open()
        await cluster.run_for(60)
        leader = cluster.leader()
        groups = {host.status.group for host in cluster.alive}
        if leader is not None and len(groups) == 1:  # else a new one was begun
            assert cluster.agreed(*IDS[:3])
            assert workshop.accepted <= set(leader.jobs)

    simulate(scenario, seed)
