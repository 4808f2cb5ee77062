"""Old copies, clones and lost files of hosts: noticed, named, and a person decides."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from moonraker_netqueue.replica.errors import RejoinRefused
from moonraker_netqueue.replica.greeting import Hello
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from moonraker_netqueue.sim.disk import SimDisk
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_faults import IDS, three_voters

_GROUP = Path("/data/group.db")


async def _accepts(host: SimHost, job_id: str) -> bool:
    return (await host.submit(job_id)).state is SubmitState.ACCEPTED


async def _follower(cluster: Cluster, hosts: list[SimHost]) -> SimHost:
    await cluster.until(cluster.leader)
    return next(host for host in hosts if host is not cluster.leader())


async def _restart(cluster: Cluster, host: SimHost, times: int) -> None:
    for _ in range(times):
        host.kill()
        await host.start()
        await cluster.until(lambda: cluster.agreed(*IDS))


async def _put_in(cluster: Cluster, host: SimHost, disk: SimDisk) -> None:
    """An old copy of the host's disk; wait until it is found out."""
    host.kill()
    host.disk = disk
    await host.start()
    await cluster.until(lambda: host.status.phase is Phase.FAILED)


def test_a_host_restored_from_an_old_backup_is_not_let_in() -> None:
    """Its seat goes, it takes nothing, it says why; also after a restart."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        others = [host for host in hosts if host is not old]
        backup = old.disk.copied()
        await _restart(cluster, old, 2)
        assert await _accepts(others[0], "job-0001")
        old.kill()
        old.disk = backup
        await old.start()
        for _ in range(2):
            await cluster.until(lambda: old.status.phase is Phase.FAILED)
            error = old.status.error or ""
            assert "does not let this host in" in error
            assert "POST /server/netqueue/rejoin" in error
            assert not old.status.quorum
            old.kill()
            await old.start()
        for host in others:
            assert await _accepts(host, f"job-{host.id}")
        await cluster.until(lambda: old.id not in others[0].status.voters)

    simulate(scenario)


def test_a_copy_whose_journal_is_as_long_is_told_by_its_starts() -> None:
    """Nothing was written since the card was copied, but the host started again."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        backup = old.disk.copied()
        await _restart(cluster, old, 1)
        await _put_in(cluster, old, backup)
        assert "start" in str(old.status.error)

    simulate(scenario)


def test_a_copy_that_was_started_more_often_alone_is_not_let_in() -> None:
    """Its counter is higher, but its starts are others; the right disk is let in."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        backup = old.disk.copied()
        await _restart(cluster, old, 1)
        old.kill()
        right, old.disk = old.disk, backup
        for host in hosts:
            if host is not old:
                cluster.net.cut.add(frozenset({old.id, host.id}))
        cluster.net.refresh()
        for _ in range(4):
            await old.start()
            await cluster.run_for(1)
            old.kill()
        cluster.net.cut.clear()
        cluster.net.refresh()
        await old.start()
        await cluster.until(lambda: old.status.phase is Phase.FAILED)
        assert "start 2 of it" in (old.status.error or "")
        old.kill()
        old.disk = right
        await old.start()
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_who_knows_a_later_life_passes_it_on() -> None:
    """The only host that met it is off when the old disk is put in again."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        met, other = (host for host in hosts if host is not old)
        backup = old.disk.copied()
        cluster.net.cut.add(frozenset({old.id, other.id}))
        cluster.net.refresh()
        old.kill()
        await old.start()
        await cluster.until(lambda: met.id in old.links.connected("bench"))
        await cluster.run_for(15)  # longer than from one hello to the next
        met.kill()
        cluster.net.cut.clear()
        await _put_in(cluster, old, backup)
        await cluster.run_for(1)
        other.kill()
        await other.start()  # it keeps what it was told
        old.kill()
        old.disk = backup.copied()
        await old.start()
        await cluster.until(lambda: old.status.phase is Phase.FAILED)

    simulate(scenario)


def test_a_person_lets_a_restored_host_rejoin() -> None:
    """It forgets its copy, which is set aside, and gets a seat for a new one."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        backup = old.disk.copied()
        await _restart(cluster, old, 2)
        assert await _accepts(hosts[0], "job-0001")
        await _put_in(cluster, old, backup)
        assert old.life is not None
        await old.life.spawn(old.replica.rejoin())
        await cluster.until(lambda: cluster.agreed(*IDS))
        await cluster.until(lambda: old.status.voters == IDS)
        assert old.jobs == ["job-0001"]
        assert Path("/data/set-aside/doubted-1.db") in old.disk.files
        assert await _accepts(old, "job-0002")
        await _restart(cluster, old, 1)
        assert old.status.error is None

    simulate(scenario)


def test_a_restored_host_speaks_under_numbers_that_it_never_used() -> None:
    """Else what it says reads as what it had said after its backup, and is dropped."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        assert await _accepts(old, "job-before")
        backup = old.disk.copied()
        await _restart(cluster, old, 2)
        for number in range(3):
            assert await _accepts(old, f"job-000{number}")
        await _put_in(cluster, old, backup)
        assert old.life is not None
        await old.life.spawn(old.replica.rejoin())
        await cluster.until(lambda: old.status.voters == IDS)
        assert await _accepts(old, "job-0009")
        assert old.jobs == [
            "job-before",
            *(f"job-000{number}" for number in range(3)),
            "job-0009",
        ]

    simulate(scenario)


@pytest.mark.parametrize("gap", [0.0, 0.005, 0.02, 0.05])
def test_a_second_click_on_rejoin_finds_nothing_to_decide(gap: float) -> None:
    """Both of them together do what one does."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        backup = old.disk.copied()
        await _restart(cluster, old, 2)
        await _put_in(cluster, old, backup)
        assert old.life is not None
        first = old.life.spawn(old.replica.rejoin())
        await asyncio.sleep(gap)
        with pytest.raises(RejoinRefused):
            await old.life.spawn(old.replica.rejoin())
        await first
        await cluster.until(lambda: cluster.agreed(*IDS))
        aside = [path for path in old.disk.files if "set-aside" in path.parts]
        assert aside == [Path("/data/set-aside/doubted-1.db")]
        await _restart(cluster, old, 1)
        assert old.status.error is None

    simulate(scenario)


@pytest.mark.parametrize("seed", range(3))
def test_a_journal_shorter_than_what_it_acked_is_an_old_copy(seed: int) -> None:
    """Only the journal was restored: the starts go on counting."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        old = await _follower(cluster, hosts)
        backup = old.disk.copied()
        for number in range(5):
            assert await _accepts(hosts[0], f"job-{number:04}")
        await cluster.until(lambda: cluster.agreed(*IDS))
        await cluster.run_for(1)
        old.kill()
        old.disk.files[_GROUP] = backup.files[_GROUP]
        await old.start()
        await cluster.until(lambda: old.status.phase is Phase.FAILED)
        assert "but had entry" in (old.status.error or "")

    simulate(scenario, seed)


@pytest.mark.parametrize("count", [2, 3])
def test_a_damaged_journal_costs_the_seat_not_the_entries(count: int) -> None:
    """It is set aside, and the host gets the queue from the others, by itself."""

    async def scenario(cluster: Cluster) -> None:
        ids = IDS[:count]
        hosts = await cluster.start(*ids)
        await cluster.until(
            lambda: cluster.agreed(*ids) and len(hosts[0].status.voters) == count
        )
        assert await _accepts(hosts[0], "job-0001")
        hosts[1].kill()
        file = hosts[1].disk.connect(_GROUP)
        file.execute("UPDATE log SET term = 99 WHERE position = 2")
        await hosts[1].start()
        await cluster.until(lambda: cluster.agreed(*ids))
        await cluster.until(lambda: hosts[0].status.voters == ids)
        assert hosts[1].jobs == ["job-0001"]
        assert Path("/data/set-aside/damaged-1.db") in hosts[1].disk.files
        assert await _accepts(hosts[1], "job-0002")

    simulate(scenario)


def test_a_host_that_lost_its_queue_founds_none_unasked() -> None:
    """However long it is alone; the others that have it may come back."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await cluster.start(*IDS[:2])
        await cluster.until(lambda: len(hosts[0].status.voters) == 2)
        assert await _accepts(hosts[0], "job-0001")
        for host in hosts:
            host.kill()
        del hosts[1].disk.files[_GROUP]
        await hosts[1].start()
        await cluster.run_for(200)
        assert hosts[1].status.phase is Phase.LISTENING
        assert any("found=true" in notice for notice in hosts[1].status.notices)
        await hosts[0].start()
        await cluster.until(lambda: cluster.agreed(*IDS[:2]))
        assert hosts[1].jobs == ["job-0001"]
        assert not hosts[1].status.notices

    simulate(scenario)


def test_a_person_lets_a_host_that_lost_its_queue_begin_anew() -> None:
    """It was the only one: there is nobody to wait for."""

    async def scenario(cluster: Cluster) -> None:
        (host,) = await cluster.start(IDS[0])
        await cluster.until(lambda: host.status.role is Role.LEADER)
        assert await _accepts(host, "job-0001")
        host.kill()
        del host.disk.files[_GROUP]
        await host.start()
        await cluster.run_for(30)
        assert host.life is not None
        with pytest.raises(RejoinRefused):
            await host.life.spawn(host.replica.rejoin())
        await host.life.spawn(host.replica.rejoin(found=True))
        await cluster.until(lambda: host.status.role is Role.LEADER)
        assert host.jobs == []
        assert await _accepts(host, "job-0002")

    simulate(scenario)


def test_where_nothing_is_to_decide_rejoin_is_refused() -> None:
    """A member's copy is not thrown away by a slip."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        assert hosts[0].life is not None
        for found in (False, True):
            with pytest.raises(RejoinRefused, match="waits for no decision"):
                await hosts[0].life.spawn(hosts[0].replica.rejoin(found))
        assert cluster.agreed(*IDS)

    simulate(scenario)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE own SET boots = 'many'",
        "UPDATE own SET doubt = CAST(x'ff' AS TEXT)",
        "UPDATE seen SET reach = -1",
        "UPDATE seen SET nonce = x'00'",
        "UPDATE seat SET configuration = CAST(x'c328' AS TEXT)",
    ],
)
def test_damaged_lives_are_named_with_a_remedy(damage: str) -> None:
    """Not taken for a failed disk; without the file its starts are counted anew, which
    the other host takes for an old copy: a person decides."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await cluster.start(*IDS[:2])
        await cluster.until(lambda: len(hosts[1].status.voters) == 2)
        await cluster.run_for(70)  # what was seen is written once a minute
        hosts[0].kill()
        lives = Path("/data/lives.db")
        assert hosts[0].disk.connect(lives).execute(damage).rowcount == 1
        await hosts[0].start()
        error = hosts[0].status.error or ""
        assert "lives.db is damaged" in error
        assert "move it away" in error
        hosts[0].kill()
        del hosts[0].disk.files[lives]
        await hosts[0].start()
        await cluster.until(lambda: "rejoin" in (hosts[0].status.error or ""))
        assert hosts[0].life is not None
        await hosts[0].life.spawn(hosts[0].replica.rejoin())
        await cluster.until(lambda: hosts[0].status.voters == IDS[:2])

    simulate(scenario)


def test_malformed_doubts_change_nothing() -> None:
    """And hellos whose counts are none, and starts of others that are none."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        for form in (
            {"t": "doubt"},
            {"t": "doubt", "boots": -1, "why": "x"},
            {"t": "doubt", "boots": True, "why": "x"},
            {"t": "doubt", "boots": 9, "why": ""},
            {"t": "doubt", "boots": 9, "why": 7},
            Hello(boots=-1).form(),
            Hello().form() | {"nonce": "a/b"},
            Hello().form() | {"reach": "x"},
            Hello().form() | {"starts": ["a/b"]},
            {"t": "lives"},
            {"t": "lives", "seen": [["bbbbbbbb", 9]]},
            {"t": "lives", "seen": [["bbbbbbbb", -9, "n9"]]},
            {"t": "lives", "seen": [["bbbbbbbb", 9, ""]]},
            {"t": "lives", "seen": [["cccccccc", 9, "n9"]] * 257},
        ):
            hosts[0].replica.on_message(hosts[1].id, form)
        await cluster.run_for(15)  # longer than from one hello to the next
        assert cluster.agreed(*IDS)

    simulate(scenario)


def test_who_has_no_vote_is_not_believed_about_others() -> None:
    """One admitted host could stop all others by a word about their starts."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        told = {"t": "lives", "seen": [[hosts[1].id, 99, "n99"]]}
        hosts[0].replica.on_message("dddddddd", told)
        await cluster.run_for(15)  # longer than from one hello to the next
        assert cluster.agreed(*IDS)

    simulate(scenario)


def test_a_host_of_the_last_version_is_let_in() -> None:
    """It counts no starts."""

    async def scenario(cluster: Cluster) -> None:
        (host,) = await cluster.start(IDS[0])
        lives = host.replica._lives
        assert lives.judge("bbbbbbbb", Hello()) is None
        assert lives.judge("bbbbbbbb", Hello(boots=4, nonce="n1")) is None
        assert lives.judge("bbbbbbbb", Hello(boots=4, nonce="n1")) is None
        assert lives.judge("bbbbbbbb", Hello(boots=4, nonce="n2")) is not None
        assert lives.judge("bbbbbbbb", Hello(boots=3, nonce="n3")) is not None
        now = Hello("g1", boots=5, nonce="n5", incarnation="i1", last_index=9, reach=9)
        assert lives.judge("bbbbbbbb", now) is None
        later = replace(now, boots=6, nonce="n6", last_index=8)
        assert lives.judge("bbbbbbbb", later) is not None
        assert lives.judge("bbbbbbbb", replace(later, incarnation="i2")) is None

    simulate(scenario)
