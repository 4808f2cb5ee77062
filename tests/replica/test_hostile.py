"""Peers that send what they must not: nothing of it counts, nothing stops (R2)."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    QueuePause,
    encode,
)
from moonraker_netqueue.model.schema import BASE, SCHEMA
from moonraker_netqueue.replica.entry import Kind
from moonraker_netqueue.replica.greeting import Hello, parse_hello
from moonraker_netqueue.replica.group import Group
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_faults import IDS, three_voters


def _receive(host: SimHost, sender: SimHost, form: dict[str, Any]) -> None:
    """Let a message of `sender` arrive, as if its link had brought it."""
    _group(host).receive(sender.id, _group(sender).incarnation, form)


def _group(host: SimHost) -> Group:
    group = host.replica._lifecycle.group
    assert group is not None
    return group


def _send(source: SimHost, target: SimHost, message: dict[str, Any]) -> None:
    """Let `source` send a raft message of its own making."""
    assert source.life is not None
    group = _group(source)
    form = {"t": "raft", "g": group.id, "i": group.incarnation, "m": message}
    assert source.links.send("bench", target.id, form)


async def _with_observer(cluster: Cluster) -> tuple[SimHost, SimHost]:
    """The leader of three voters, and a fourth host that has no vote."""
    await three_voters(cluster)
    (observer,) = await cluster.start("dddddddd")
    await cluster.until(lambda: cluster.agreed(*IDS, "dddddddd"))
    leader = cluster.leader()
    assert leader is not None
    return leader, observer


def _entries(leader: SimHost, *entries: list[Any], term: int = 0) -> dict[str, Any]:
    status = leader.status
    return {
        "type": "append_entries",
        "term": term or status.term,
        "commit_index": status.commit_index + len(entries),
        "prevLogIdx": status.last_index,
        "prevLogTerm": status.term,
        "entries": list(entries),
    }


@pytest.mark.parametrize(
    "message",
    [
        None,
        7,
        {},
        {"type": "apply_command", "command": b"x"},
        {"type": "append_entries", "term": 9, "commit_index": 1, "serialized": b""},
        {"type": "append_entries", "term": 9, "transmission": "start", "data": b""},
        {"type": ["request_vote"], "term": 1},
        {"type": "request_vote", "term": True, "last_log_index": 1, "last_log_term": 1},
        {"type": "request_vote", "term": 1.5, "last_log_index": 1, "last_log_term": 1},
        {"type": "request_vote", "term": -1, "last_log_index": 1, "last_log_term": 1},
        {
            "type": "snapshot_offer",
            "term": 1,
            "index": 9,
            "log_term": 2,
            "size": 9,
            "digest": "0" * 64,
        },
        {"type": "higher_term", "term": 1 << 60},
        {"type": "next_node_idx", "term": 1, "next_node_idx": 0, "reset": True},
    ],
)
def test_malformed_messages_change_nothing(message: Any) -> None:
    """From a voter, to the leader and to a follower; both go on."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        term = hosts[0].status.term
        for source in hosts:
            for target in hosts:
                if source is not target:
                    _send(source, target, message)
        await cluster.run_for(1)
        assert {host.status.term for host in hosts} == {term}
        assert (await hosts[0].submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_pickled_bytes_in_an_entry_are_refused_on_receipt() -> None:
    """An entry's payload is text; bytes that would be a pickle never get in."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        target = next(h for h in hosts if h is not leader)
        status = leader.status
        bomb = [status.last_index + 1, status.term, "cmd", pickle.dumps({})]
        _send(leader, target, _entries(leader, bomb))
        await cluster.run_for(1)
        assert (await hosts[0].submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_an_entry_that_cannot_be_decoded_changes_nothing_anywhere() -> None:
    """It is in every log, also over a restart of all, and later ones apply."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        group = _group(leader)
        for payload in ("no json", '{"kind":"unknown"}', "[" * 20_000, ""):
            group._core.append(Kind.COMMAND, payload)
        group._unsent = True
        group._driver.wake()
        assert (await hosts[1].submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))
        for host in hosts:
            host.kill()
        for host in hosts:
            await host.start()
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert hosts[2].jobs == ["job-0001"]
        assert (await hosts[0].submit("job-0002")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_one_vote_delivered_three_times_elects_nobody() -> None:
    """Of five voters, one voter's vote repeated is one vote."""

    async def scenario(cluster: Cluster) -> None:
        await three_voters(cluster)
        await cluster.start("dddddddd", "eeeeeeee")
        await cluster.until(
            lambda: all(len(host.status.voters) == 5 for host in cluster.alive)
        )
        candidate = next(h for h in cluster.alive if h.status.role is Role.FOLLOWER)
        cluster.net.cut = {
            frozenset((candidate.id, host.id))
            for host in cluster.alive
            if host.id not in (candidate.id, "eeeeeeee")
        }
        voter = cluster.hosts["eeeeeeee"]
        if voter is candidate:
            candidate, voter = cluster.hosts["dddddddd"], candidate
        cluster.net.cut.discard(frozenset((candidate.id, voter.id)))
        cluster.net.refresh()
        core = _group(candidate)._core
        cluster.net.filter = lambda source, target, _m: (
            candidate.id not in (source, target)
        )
        _group(candidate)._election._won = True  # as if all had granted the pre-vote
        core.set_election_deadline(0.0)
        _group(candidate)._driver.wake()
        await cluster.until(lambda: core.leader is None, 5)
        for _ in range(5):
            vote = {"type": "response_vote", "term": core.term}
            _receive(candidate, voter, vote)
        assert not core.is_leader

    simulate(scenario)


def test_votes_of_non_members_do_not_count() -> None:
    """An observer's vote elects nobody."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        candidate = next(
            h for h in cluster.alive if h is not leader and h is not observer
        )
        core = _group(candidate)._core
        cluster.net.filter = lambda *_: False
        _group(candidate)._election._won = True
        core.set_election_deadline(0.0)
        _group(candidate)._driver.wake()
        await cluster.until(lambda: core.leader is None, 5)
        for _ in range(3):
            vote = {"type": "response_vote", "term": core.term}
            _receive(candidate, observer, vote)
        assert not core.is_leader

    simulate(scenario)


def test_an_observer_cannot_append_or_end_a_term() -> None:
    """Entries, votes asked for and terms of a host without a seat are dropped."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        term = leader.status.term
        seat = [leader.status.last_index + 1, term + 5, "rem", leader.id]
        vote = {"last_log_index": 10**6, "last_log_term": term + 5}
        for target in cluster.alive:
            if target is not observer:
                _send(observer, target, _entries(leader, seat, term=term + 5))
                _send(
                    observer, target, {"type": "request_vote", "term": term + 5} | vote
                )
                _send(observer, target, {"type": "higher_term", "term": term + 9})
        await cluster.run_for(5)
        assert leader.status.role is Role.LEADER
        assert leader.status.term == term
        assert leader.status.voters == IDS

    simulate(scenario)


def test_acks_of_another_term_or_beyond_the_log_do_not_count() -> None:
    """H2: a stale ack or one for entries that do not exist commits nothing."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        leader = cluster.leader()
        assert leader is not None
        group, core = _group(leader), _group(leader)._core
        other = next(host.id for host in hosts if host is not leader)
        await cluster.until(lambda: core.match_index(other) == leader.status.last_index)
        cluster.net.filter = lambda *_: False
        index = leader.status.last_index
        group._core.append(Kind.NOOP, "")
        good = {"type": "next_node_idx", "reset": False, "success": True}
        for bad in (
            {"term": core.term - 1, "next_node_idx": index + 2},
            {"term": core.term + 1, "next_node_idx": index + 2},
            {"term": core.term, "next_node_idx": index + 3},
        ):
            _receive(leader, cluster.hosts[other], good | bad)
        assert core.match_index(other) == index
        _receive(
            leader,
            cluster.hosts[other],
            good | {"term": core.term, "next_node_idx": index + 2},
        )
        assert core.match_index(other) == index + 1

    simulate(scenario)


def test_a_heartbeat_does_not_cut_matching_entries() -> None:
    """H1: an old message of this leader leaves a longer log as it is."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        leader = cluster.leader()
        assert leader is not None
        target = next(host for host in hosts if host is not leader)
        last = target.status.last_index
        message = _entries(leader)
        message |= {"prevLogIdx": 2, "prevLogTerm": 0, "commit_index": 2}
        _receive(target, leader, message)
        assert target.status.last_index == last
        assert target.status.durable_index == last

    simulate(scenario)


def test_a_follower_asks_for_what_follows_its_commit_index() -> None:
    """H8: not one entry back a round, until a match is found by chance."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        leader = cluster.leader()
        assert leader is not None
        target = next(host for host in hosts if host is not leader)
        _group(target)._core._journal.add(b"\x01", target.status.last_index + 1, 1)
        committed = target.status.commit_index
        message = _entries(leader) | {"prevLogIdx": committed + 9}
        since = len(cluster.net.sent)
        _receive(target, leader, message)
        await cluster.until(lambda: len(cluster.net.sent) > since, 1)
        answers = [m["m"] for s, _, m in cluster.net.sent[since:] if s == target.id]
        assert answers[0]["reset"]
        assert answers[0]["next_node_idx"] == committed + 1

    simulate(scenario)


def test_a_committed_entry_is_never_replaced() -> None:
    """Whatever a voter sends: what was applied here stays."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0000")
        await cluster.until(lambda: cluster.agreed(*IDS))
        leader = cluster.leader()
        assert leader is not None
        target = next(host for host in hosts if host is not leader)
        status = target.status
        message = _entries(leader, [3, status.term + 1, "noop", ""])
        message |= {"term": status.term + 1, "prevLogIdx": 2, "prevLogTerm": 0}
        _receive(target, leader, message)
        assert target.status.last_index == status.last_index
        assert target.jobs == ["job-0000"]

    simulate(scenario)


def test_messages_of_another_group_are_dropped() -> None:
    """Each names its group; a wrong one is nobody's business here."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        term = hosts[0].status.term
        for target in hosts[1:]:
            assert hosts[0].life is not None
            form = {"type": "higher_term", "term": term + 7}
            message = {"t": "raft", "g": "f" * 32, "m": form}
            hosts[0].links.send("bench", target.id, message)
        await cluster.run_for(1)
        assert {host.status.term for host in hosts} == {term}

    simulate(scenario)


def test_malformed_hellos_and_unknown_messages_change_nothing() -> None:
    """The link stays, the group stays."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        good = hosts[0].replica._conversation._hello().form()
        bad = [
            {"t": "hello"},
            good | {"g": 7},
            good | {"voters": "abc"},
            good | {"voters": [1]},
            good | {"voters": ["x"] * 1000},
            good | {"jobs": 1},
            good | {"name": None},
            good | {"last": "9"},
            {"t": "unheard of"},
            {},
        ]
        assert hosts[0].life is not None
        for message in bad:
            hosts[0].links.send("bench", hosts[1].id, message)
        await cluster.run_for(1)
        assert (await hosts[0].submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_what_a_host_calls_itself_is_one_line() -> None:
    """It is written to the log and into warnings."""
    hello = parse_hello(Hello(name="mk4\n2026 ERROR", version="1\x1b[2J").form())
    assert (hello.name, hello.version) == ("mk4 2026 ERROR", "1 [2J")


def test_a_host_stops_at_an_entry_of_a_newer_version() -> None:
    """Passed over, it would make the hosts differ: it says whom to update (R23)."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        author = CommandId(leader.id, 9, 1)
        text = encode(Command(author, 1.0, QueuePause(True)))
        newer = text.replace(f'"schema":{BASE}', f'"schema":{SCHEMA + 1}')
        _group(leader)._core.append(Kind.COMMAND, newer)
        await cluster.until(lambda: leader.status.phase is Phase.FAILED)
        assert "update moonraker_netqueue" in str(leader.status.error)
        await cluster.run_for(10)
        for host in hosts:
            failed = host.status.phase is Phase.FAILED
            assert failed or host.status.commit_index < leader.status.last_index
            assert not host.replica.state.paused

    simulate(scenario)
