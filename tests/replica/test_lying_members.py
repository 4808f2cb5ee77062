"""What a member that lies can do to a queue, and what it cannot (docs/security.md)."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.model.command import (
    NOBODY,
    Command,
    CommandId,
    HandIn,
    QueuePause,
    encode,
)
from moonraker_netqueue.model.outcome import AuthorLog, Outcome
from moonraker_netqueue.model.part import Part
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.ports import Message
from moonraker_netqueue.replica.entry import Kind
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState, answer_form
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_faults import IDS, three_voters
from tests.replica.test_hostile import _group, _receive, _with_observer

_ODD: tuple[Any, ...] = (
    *(None, True, -1, 1 << 62, 1.5, float("nan"), float("inf"), "", "x" * 100_000),
    *("../../etc/passwd", "a\0b", "\ud800", b"bytes", [], [[]] * 1000, {}, {"a": {}}),
    *([None], ["x"] * 300, "[" * 50_000, '{"kind":' * 9_000, "NaN", "1e999"),
)
_ARGUMENTS = ("g", "digest", "start", "command", "without", "user", "address", "size")


async def _ask(host: SimHost, peer: str, method: str, params: Any) -> str:
    """What a host refuses with; empty: it answers."""
    try:
        assert host.life is not None
        await host.life.spawn(host.replica.on_request(peer, method, params))
    except NetqueueError as error:
        return str(error)
    return ""


def test_whatever_a_member_asks_is_answered_or_refused() -> None:
    """Every request with every odd value for every argument: no other error."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        target, peer = hosts[0], hosts[1].id
        right = {"g": _group(target).id, "without": [], "user": "", "address": ""}
        refused = 0
        for method in ("no such", *target.replica._requests._handlers):
            if method == "rules":
                continue  # with the right arguments it does what any member may
            for name in _ARGUMENTS:
                for odd in _ODD:
                    params = {**right, name: odd}
                    refused += bool(await _ask(target, peer, method, params))
        for name in ("g", "without", "user", "address"):
            for odd in _ODD:
                params = {**right, name: odd, "g": odd}
                assert await _ask(target, peer, "rules", params)
        assert refused > 500
        assert (await hosts[2].submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))

    simulate(scenario)


def test_no_member_speaks_for_another() -> None:
    """Not by a request, and a command that came twice counts once."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        liar, victim = (host for host in hosts if host is not leader)
        group = _group(leader)
        forged = encode(Command(CommandId(victim.id, 1, 99), 1.0, QueuePause(True)))
        params = {"g": group.id, "command": forged}
        assert "own commands only" in await _ask(leader, liar.id, "submit", params)
        assert not leader.replica.state.paused
        own = encode(Command(CommandId(liar.id, 9, 1), 1.0, QueuePause(True)))
        params = {"g": group.id, "command": own}
        assert await _ask(leader, liar.id, "submit", params) == ""
        await cluster.until(lambda: victim.replica.state.paused)
        await victim.give(QueuePause(False))
        for _ in range(5):  # replayed, it would pause the queue again
            assert await _ask(leader, liar.id, "submit", params) == ""
        await cluster.run_for(2)
        assert {host.replica.state.paused for host in hosts} == {False}

    simulate(scenario)


@pytest.mark.parametrize("which", ["its own", "four later ones"])
def test_who_used_up_the_numbers_of_a_host_swallows_nothing(
    which: str, caplog: pytest.LogCaptureFixture
) -> None:
    """An observer hands in that all which a host will ever say was heard: what that
    host was told to be accepted was in no queue."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        victim = next(h for h in cluster.alive if h not in (leader, observer))
        assert (await victim.submit("job-0000")).state is SubmitState.ACCEPTED
        (now,) = victim.replica.state.outcomes.authors[victim.id]
        top = 1 << 50
        lives = [now.incarnation] if which == "its own" else range(top - 3, top + 1)
        logs = tuple(AuthorLog(life, 1 << 56, {}, ()) for life in lives)
        lie = HandIn("made-up-group", Part(authors={victim.id: logs}))
        text = encode(Command(CommandId(observer.id, 1 << 61, 1), 1.0, lie))
        params = {"g": _group(leader).id, "command": text}
        assert await _ask(leader, observer.id, "submit", params) == ""
        await cluster.run_for(1)
        for job_id in ("job-0001", "job-0002"):
            done = await victim.submit(job_id)
            assert done.state is SubmitState.ACCEPTED
        await cluster.until(lambda: leader.jobs[1:] == ["job-0001", "job-0002"])
        assert len([t for t in caplog.messages if "new numbers" in t]) == 1
        assert not victim.status.pending

    simulate(scenario)


def test_an_observer_stops_nobody_by_its_hello() -> None:
    """A version that it makes up, a group, a leader, a majority: the queue goes on."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        group = _group(leader)
        good = observer.replica._conversation._hello().form()
        lies = (
            good | {"rules": SCHEMA + 7, "speaks": SCHEMA + 7, "v": "9.9.9"},
            good | {"leader": observer.id, "voters": [observer.id]},
            good | {"last": 1 << 52, "reach": 1 << 52, "boots": 1 << 52},
            good | {"name": "<b>\x1b[31m\n", "v": "\0" * 90},
            good | {"gen": 1 << 60},
            good | {"leaving": True},
        )
        for host in cluster.alive:
            if host is observer:
                continue
            for lie in lies:
                host.replica.on_message(observer.id, lie)
                await cluster.run_for(0.1)
        await cluster.run_for(3)
        voters = [cluster.hosts[host_id] for host_id in IDS]
        assert {host.status.phase for host in voters} == {Phase.MEMBER}
        assert leader.status.role is Role.LEADER
        assert _group(leader) is group
        assert (await voters[1].submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_member_cannot_hold_the_queue_up_for_a_copy() -> None:
    """Where a majority is here nobody stands still for one that says it goes on."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        params = {"g": _group(leader).id}
        for host_id in IDS:
            refusal = await _ask(cluster.hosts[host_id], observer.id, "copy", params)
            assert "majority" in refusal
        assert (await leader.submit("job-0001")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_member_can_doubt_a_host_until_a_person_looks() -> None:
    """The one thing by which it stops another host: the others go on, and that one
    says who doubts it, and what to do."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        await hosts[0].submit("job-0001")
        liar, victim, other = hosts
        doubt = {"t": "doubt", "boots": 7, "why": "I say so"}
        victim.replica.on_message(liar.id, doubt)
        await cluster.until(lambda: victim.status.phase is Phase.FAILED)
        error = victim.status.error or ""
        assert liar.id in error
        assert "rejoin" in error
        done = await other.submit("job-0002", timeout=60.0)
        assert done.state is SubmitState.ACCEPTED
        assert victim.life is not None
        await victim.life.spawn(victim.replica.rejoin())
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert victim.jobs == ["job-0001", "job-0002"]

    simulate(scenario)


def test_seats_that_a_member_has_taken_come_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """To put a host out takes its seat first. An observer that put nobody out had all
    seats but the leader's taken, and the queue hung on itself."""

    async def scenario(cluster: Cluster) -> None:
        leader, observer = await _with_observer(cluster)
        followers = [host_id for host_id in IDS if host_id != leader.id]
        for host in followers:
            params = {"g": _group(leader).id, "host": host}
            assert await _ask(leader, observer.id, "unseat", params) == ""
        assert len(leader.status.voters) < len(IDS)
        await cluster.until(lambda: len(leader.status.voters) >= len(IDS), 60)
        said = [text for text in caplog.messages if "has seats taken" in text]
        assert len(said) == 1
        assert observer.id in said[0]

    simulate(scenario)


async def _made_up_group(cluster: Cluster, takes: bool) -> SimHost:
    """An observer makes a group up which comes before all others, and is gone after a
    minute; the leader. `takes`: it says that it takes what the others know."""

    async def taken(_peer: str, _params: Message) -> Message:
        return answer_form((Outcome(), 5))

    leader, observer = await _with_observer(cluster)
    await leader.submit("job-0001")
    if takes:
        observer.replica._requests._handlers["submit"] = taken
    talk = observer.replica._conversation
    made_up = {"g": "f" * 32, "gen": 1 << 50, "leader": observer.id, "last": 99}
    lie = talk._hello().form() | made_up | {"voters": [observer.id], "jobs": True}
    for _ in range(60):
        for host_id in IDS:
            cluster.hosts[host_id].replica.on_message(observer.id, lie)
        await cluster.run_for(1)
    observer.kill()
    return leader


def test_who_makes_up_a_group_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """One that takes nothing is followed by nobody; each try was a line of the log."""

    async def scenario(cluster: Cluster) -> None:
        leader = await _made_up_group(cluster, takes=False)
        said = [t for t in caplog.messages if "says: this host is not in that" in t]
        assert 1 <= len(said) <= len(IDS)
        assert (await leader.submit("job-0002")).state is SubmitState.ACCEPTED

    simulate(scenario)


def test_a_member_can_have_the_others_leave_until_a_person_looks() -> None:
    """They stand still, and a person lets the queue go on; nothing is lost."""

    async def scenario(cluster: Cluster) -> None:
        leader = await _made_up_group(cluster, takes=True)
        voters = [cluster.hosts[host_id] for host_id in IDS]
        assert {host.status.phase for host in voters} == {Phase.YIELDING}
        assert any("let the queue go on" in text for text in leader.status.notices)
        assert leader.life is not None
        group = leader.replica.outlook().group
        await leader.life.spawn(leader.replica.recover("a person", group))
        await cluster.until(lambda: cluster.agreed(*IDS))
        assert (await voters[0].submit("job-0002")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: voters[1].jobs == ["job-0001", "job-0002"])

    simulate(scenario)


def test_what_a_liar_writes_is_in_the_log_once_and_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each entry, and each command that was not signed, was a line; and a name, an
    author or a key in it could begin another one."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        await leader.replica.raise_rules((), NOBODY)
        liar = next(host for host in hosts if host is not leader)
        await cluster.until(lambda: liar.replica.state.rules == SCHEMA)
        good = liar.replica._conversation._hello().form()
        caplog.clear()
        author = CommandId("\nx\x1b[2J", 1, 1)
        forged = encode(Command(author, 1.0, QueuePause(True)))
        odd = forged.replace('"paused":true', '"weights":{"\\n\\u001b[2J":[]}')
        own = encode(Command(CommandId(liar.id, 1, 1), 1.0, QueuePause(True)))
        for n in range(50):
            for text in (forged, odd.replace("queue_pause", "queue_set")):
                _group(leader)._core.append(Kind.COMMAND, text)
            params = {"g": _group(leader).id, "command": own}
            assert "did not sign" in await _ask(leader, liar.id, "submit", params)
            name = f"a\nb\x1b[31m{n}"
            leader.replica.on_message(liar.id, good | {"name": name, "last": "x"})
            leader.replica.on_message(liar.id, good | {"name": name, "boots": 0})
        await cluster.run_for(5)
        lines = [r for r in caplog.records if r.levelno >= logging.WARNING]
        said = [r.getMessage() for r in lines]
        assert all(text.isprintable() for text in said)
        assert len([text for text in said if "changes nothing" in text]) == 6
        assert len([text for text in said if "is not taken" in text]) == 1

    simulate(scenario)


def test_bad_messages_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of them: a line for each kind."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        good = hosts[1].replica._conversation._hello().form()
        caplog.clear()
        for n in range(500):
            _receive(hosts[0], hosts[1], {"type": f"kind {n}"})
            hosts[0].replica.on_message(hosts[1].id, good | {"last": str(n)})
            old = good | {"boots": 1, "nonce": f"n{n}"}
            hosts[0].replica.on_message(hosts[1].id, old)
        await cluster.run_for(1)
        lines = [r for r in caplog.records if r.levelno >= logging.WARNING]
        said = [r.getMessage() for r in lines]
        about = [text for text in said if text.startswith("host ")]
        assert len(about) == 3
        assert all(hosts[1].id in text for text in about)
        assert len(said) == 4  # and the one that was doubted stops, once

    simulate(scenario)
