"""The log's beginning becomes a snapshot; who lacks it gets that instead (R3)."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings

from moonraker_netqueue.model.command import Command, decode, encode
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.job import Wishes
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.ports import Message
from moonraker_netqueue.replica import journal as journal_module
from moonraker_netqueue.replica import snapshot
from moonraker_netqueue.replica.entry import Kind
from moonraker_netqueue.replica.errors import (
    RequestRefused,
    SnapshotInvalid,
    SnapshotTooNew,
)
from moonraker_netqueue.replica.group import Group
from moonraker_netqueue.replica.journal import Journal
from moonraker_netqueue.replica.raft_core import HEARTBEAT
from moonraker_netqueue.replica.requests import RequestHandler
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.model.commands import sequences
from tests.replica.chaos import Chaos
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_faults import IDS, three_voters
from tests.replica.test_lost_journals import lose_journal


@pytest.fixture(autouse=True)
def short_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact after every few entries, and send snapshots in small parts."""
    monkeypatch.setattr(journal_module, "COMPACT_ENTRIES", 6)
    monkeypatch.setattr(journal_module, "KEPT_ENTRIES", 2)
    monkeypatch.setattr("moonraker_netqueue.replica.group.PART_SIZE", 300)


def _group(host: SimHost) -> Group:
    group = host.replica._lifecycle.group
    assert group is not None
    return group


def _journal(host: SimHost) -> Journal:
    journal = host.replica._lifecycle.journal
    assert journal is not None
    return journal


def _intake(host: SimHost) -> tuple[bool, str | None]:
    """Whether a snapshot is on its way, and why the last one was not taken."""
    group = host.replica._lifecycle.group
    if group is None:
        return False, None
    return group.intake.progress is not None, group.intake.error


async def _leader(cluster: Cluster) -> SimHost:
    await cluster.until(cluster.leader)
    leader = cluster.leader()
    assert leader is not None
    return leader


async def _give(host: SimHost, first: int, count: int) -> None:
    for number in range(first, first + count):
        answer = await host.submit(f"job-{number:04}")
        assert answer.state is SubmitState.ACCEPTED


async def _behind(cluster: Cluster) -> tuple[SimHost, SimHost]:
    """A leader whose log begins after all that a follower, switched off, has."""
    hosts = await three_voters(cluster)
    leader = await _leader(cluster)
    await _give(leader, 0, 3)
    late = next(host for host in hosts if host is not leader)
    had = late.status.last_index
    late.kill()
    await _give(leader, 3, 20)
    await cluster.until(lambda: _journal(leader).first_index > had)
    return leader, late


def _offers(cluster: Cluster, since: int = 0) -> list[str]:
    return [
        target
        for _, target, message in cluster.net.sent[since:]
        if message.get("m", {}).get("type") == "snapshot_offer"
    ]


def test_a_host_far_behind_gets_the_snapshot() -> None:
    """It has the queue as it is, and takes part as before."""

    async def scenario(cluster: Cluster) -> None:
        leader, late = await _behind(cluster)
        replayed: list[object] = []
        await late.start()
        late.replica.add_listener(replayed.append)
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert set(_offers(cluster)) == {late.id}
        assert len(late.jobs) == 23
        assert _journal(late).snapshot_index > 0
        assert replayed, "who shows the queue must hear that it is another"
        await _give(late, 23, 12)
        leader.kill()
        await cluster.until(lambda: cluster.agreed(*(set(IDS) - {leader.id})))
        assert len(late.jobs) == 35

    simulate(scenario)


def test_a_leader_can_give_a_false_snapshot_to_a_host_far_behind_only() -> None:
    """What docs/security.md says of a leader that lies: nothing of the log is left to
    check it by. Others keep what they know; put out, with the copy, it is over."""

    async def scenario(cluster: Cluster) -> None:
        leader, late = await _behind(cluster)
        (other,) = (h for h in cluster.alive if h is not leader)
        jobs = _group(leader).state.jobs
        jobs["job-0005"] = replace(jobs["job-0005"], wishes=Wishes("forged"))
        since = _journal(leader).snapshot_index
        await _give(leader, 23, 8)
        await cluster.until(lambda: _journal(leader).snapshot_index > since)
        await late.start()
        await cluster.until(lambda: len(late.jobs) == 31)
        assert late.replica.state.jobs["job-0005"].wishes.name == "forged"
        assert other.replica.state.jobs["job-0005"].wishes.name == "job-0005"
        assert other.life is not None
        await cluster.until(lambda: len(_group(late).voters) == 3)
        leader.kill()
        await other.life.spawn(other.replica.unseat(leader.id))
        late.kill()
        lose_journal(late)
        await late.start()
        await cluster.until(lambda: cluster.agreed(other.id, late.id))
        assert late.replica.state.jobs["job-0005"].wishes.name == "job-0005"

    simulate(scenario)


def test_nobody_who_is_not_behind_is_offered_one() -> None:
    """Compaction keeps the last entries for those that are a little late."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        await _give(await _leader(cluster), 0, 30)
        await cluster.until(lambda: cluster.agreed(*IDS))
        for host in cluster.alive:
            assert len(_journal(host)) <= 12
            assert _journal(host).snapshot_index > 20
        assert _offers(cluster) == []

    simulate(scenario)


@pytest.mark.parametrize("count", [1, 3])
def test_all_killed_after_a_compaction_come_back(count: int) -> None:
    """The state of a snapshot and the entries after it, from the disk."""

    async def scenario(cluster: Cluster) -> None:
        ids = IDS[:count]
        hosts = await cluster.start(*ids)
        await cluster.until(
            lambda: cluster.agreed(*ids) and len(hosts[0].status.voters) == count
        )
        await _give(hosts[0], 0, 25)
        await cluster.until(lambda: cluster.agreed(*ids))
        before = hosts[0].replica.state.canonical()
        for host in hosts:
            host.kill()
        await cluster.start(*ids)
        await cluster.until(lambda: cluster.agreed(*ids))
        assert _journal(hosts[0]).snapshot_index > 0
        assert hosts[0].replica.state.canonical() == before
        assert hosts[0].status.voters == ids
        await _give(hosts[0], 25, 1)

    simulate(scenario)


def test_a_newcomer_and_an_observer_begin_with_a_snapshot() -> None:
    """The seats come with it: the newcomer knows whom to follow, and gets one."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await _give(hosts[0], 0, 20)
        (fourth,) = await cluster.start("dddddddd")
        await cluster.until(lambda: cluster.agreed(*IDS, fourth.id))
        assert fourth.status.role is Role.OBSERVER
        assert fourth.status.voters == IDS
        assert len(fourth.jobs) == 20
        (fifth,) = await cluster.start("eeeeeeee")
        await cluster.until(lambda: len(fifth.status.voters) == 5)
        await cluster.until(lambda: cluster.agreed(*IDS, fourth.id, fifth.id))

    simulate(scenario)


def test_two_that_fetch_at_once_are_offered_it_at_heartbeats_only() -> None:
    """Seed 20297: each answer to one brought an offer to both, until nothing else
    got through the links."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await _give(hosts[0], 0, 20)
        for host in hosts:
            real = host.replica._requests._handlers["snapshot"]

            async def slowly(
                peer: str, params: Message, real: RequestHandler = real
            ) -> Message:
                await asyncio.sleep(1.0)
                return await real(peer, params)

            host.replica._requests._handlers["snapshot"] = slowly
        since, began = len(cluster.net.sent), cluster.loop.time()
        late = await cluster.start("dddddddd", "eeeeeeee")
        await cluster.until(lambda: all(len(host.jobs) == 20 for host in late))
        beats = (cluster.loop.time() - began) / HEARTBEAT
        offers = Counter(_offers(cluster, since))
        assert offers.keys() == {host.id for host in late}
        # One follows at once when the host is linked, or was heard to have nothing.
        assert all(3 < count <= beats + 4 for count in offers.values()), offers

    simulate(scenario)


def _spoil(host: SimHost, text: str | None) -> None:
    """Let a host answer every request for a part with that, None: with a refusal."""

    async def answer(_peer: str, _params: Message) -> Message:
        if text is None:
            raise RequestRefused("not here any more")
        return {"text": text}

    host.replica._requests._handlers["snapshot"] = answer


@pytest.mark.parametrize("text", ["", "x" * 300, "x" * 100_000, None])
def test_a_snapshot_that_is_not_what_was_offered_changes_nothing(
    text: str | None,
) -> None:
    """Lesson: a refused one was acked, and commit went on over a stale tail."""

    async def scenario(cluster: Cluster) -> None:
        leader, late = await _behind(cluster)
        handler = leader.replica._requests._handlers["snapshot"]
        _spoil(leader, text)
        await late.start()
        await cluster.until(lambda: _intake(late)[1])
        had = late.status
        await cluster.run_for(10)
        assert late.status.commit_index == had.commit_index
        assert late.status.last_index == had.last_index
        acked = _group(leader)._core.match_index(late.id)
        assert acked in range(had.last_index + 1)
        assert any("is not taken over" in notice for notice in late.status.notices)
        leader.replica._requests._handlers["snapshot"] = handler
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert _group(late).intake.error is None

    simulate(scenario)


@pytest.mark.parametrize("seed", range(20))
def test_a_host_killed_while_it_installs_has_the_old_or_the_new(seed: int) -> None:
    """Never half of each: the next start goes on from either."""

    async def scenario(cluster: Cluster) -> None:
        _, late = await _behind(cluster)
        late.delays = (0.02, 0.2)
        for _ in range(6):
            await late.start()
            await cluster.run_for(1.5 * cluster.random.random())
            late.kill()
        late.delays = (0.001, 0.02)
        await late.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert len(late.jobs) == 23

    simulate(scenario, seed)


@pytest.mark.parametrize("seed", range(5))
def test_a_leader_that_dies_while_it_is_asked_is_followed_by_another(
    seed: int,
) -> None:
    """Its successor's snapshot is another text: the fetching begins anew."""

    async def scenario(cluster: Cluster) -> None:
        leader, late = await _behind(cluster)
        await late.start()
        await cluster.until(lambda: _intake(late)[0])
        leader.kill()
        rest = [host for host in IDS if host != leader.id]
        await cluster.until(lambda: cluster.agreed(*rest))
        assert len(late.jobs) == 23
        assert _group(late).intake.progress is None

    simulate(scenario, seed)


def test_a_snapshot_that_was_replaced_meanwhile_is_asked_for_anew() -> None:
    """The leader compacts again while a slow host takes the last one."""

    async def scenario(cluster: Cluster) -> None:
        leader, late = await _behind(cluster)
        real = leader.replica._requests._handlers["snapshot"]
        digests: set[object] = set()

        async def slowly(peer: str, params: Message) -> Message:
            digests.add(params["digest"])
            if len(digests) == 1:
                await asyncio.sleep(0.5)
            return await real(peer, params)

        leader.replica._requests._handlers["snapshot"] = slowly
        await late.start()
        await cluster.until(lambda: digests)
        await _give(leader, 23, 20)
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert len(digests) > 1
        assert len(late.jobs) == 43

    simulate(scenario)


def test_what_was_acked_over_an_earlier_link_counts_no_more() -> None:
    """The disk behind it may be another one."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = await _leader(cluster)
        await _give(leader, 0, 3)
        other = next(host for host in hosts if host is not leader)
        core = _group(leader)._core
        await cluster.until(
            lambda: core.match_index(other.id) == leader.status.last_index
        )
        cluster.net.cut.add(frozenset((leader.id, other.id)))
        cluster.net.refresh()
        cluster.net.cut.clear()
        cluster.net.refresh()
        # Until its first ack over the new link.
        cluster.net.filter = lambda source, _, message: (
            source != other.id or message.get("m", {}).get("type") != "next_node_idx"
        )
        await cluster.run_for(0.3)
        assert core.match_index(other.id) == 0
        cluster.net.filter = lambda *_: True
        await cluster.until(lambda: core.match_index(other.id) != 0)

    simulate(scenario)


@pytest.mark.parametrize("seed", range(30))
def test_chaos_with_short_logs_keeps_every_accepted_job(seed: int) -> None:
    """Kills and cuts in the middle of compactions and installations."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        chaos = Chaos(cluster, hosts)
        await chaos.rage(40)
        await chaos.calm()
        assert any(_journal(host).snapshot_index for host in hosts)
        assert set(chaos.accepted) <= set(hosts[0].jobs)

    simulate(scenario, seed)


@settings(deadline=None, max_examples=40)
@given(sequences())
def test_a_snapshot_is_read_as_it_was_written(commands: list[Command]) -> None:
    """State, index, term and seats, byte for byte; no line is long."""
    state = QueueState()
    for index, command in enumerate(commands):
        with contextlib.suppress(Rejected):
            state.apply(decode(encode(command)), index)
    taken, text = snapshot.write(
        state, 7, 3, {"aaaaaaaa": "i1", "bbbbbbbb": ""}, (4, 2)
    )
    loaded = snapshot.read(text)
    assert loaded.snapshot == taken
    assert (taken.index, taken.term, taken.size) == (7, 3, len(text))
    assert loaded.state.canonical() == state.canonical()


def test_a_snapshot_in_another_form_is_refused() -> None:
    """Each damage has its reason; a newer format names the remedy."""
    _, text = snapshot.write(QueueState(), 7, 3, {"aaaaaaaa": "i1"}, (4, 2))
    header, rest = text.split("\n", 1)
    for damaged in (
        "",
        "[]",
        "null\n" + rest,
        header,
        header + "\n[",
        header + '\n[["jobs"],1]',
        header + '\n[["jobs",1],{}]',
        header + '\n[["nothing","here"],{}]',
        header.replace("7", "-7") + "\n" + rest,
        header.replace('"i1"', '"i/1"') + "\n" + rest,
        header.replace('{"aaaaaaaa":"i1"}', "[]") + "\n" + rest,
    ):
        with pytest.raises(SnapshotInvalid):
            snapshot.read(damaged)
    with pytest.raises(SnapshotTooNew, match="update moonraker_netqueue"):
        snapshot.read(text.replace('"version":2', f'"version":{SCHEMA + 1}'))


def test_a_snapshot_holds_the_seats_of_its_index() -> None:
    """Not those of now: a change that comes later may be cut off again."""

    async def scenario(cluster: Cluster) -> None:
        (host,) = await cluster.start("aaaaaaaa")
        await cluster.until(lambda: host.status.role is Role.LEADER)
        journal = _journal(host)
        index = journal.last_index
        seats = dict(journal.seats())
        _group(host)._core.append(Kind.ADD, "bbbbbbbb i2")
        taken, text = snapshot.write(host.replica.state, index, 1, seats, (2, 0))
        assert journal.seats_at(index) == seats
        journal.compact(taken, text)
        assert journal.voters() == {"aaaaaaaa", "bbbbbbbb"}
        journal.deleteEntriesFrom(len(journal) - 1)
        assert dict(journal.seats()) == seats

    simulate(scenario)
