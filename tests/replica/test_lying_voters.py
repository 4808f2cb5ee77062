"""What a voter that lies can do to the others of its group (docs/security.md)."""

from __future__ import annotations

from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    QueuePause,
    encode,
)
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, simulate
from tests.replica.test_faults import IDS, three_voters
from tests.replica.test_hostile import _entries, _receive


def test_a_voter_that_raises_terms_delays_and_loses_nothing() -> None:
    """It can keep the group from having a leader for long; what was accepted stays,
    and without it all goes on."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        assert (await hosts[0].submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))
        liar, others = hosts[0], hosts[1:]
        for n in range(1, 20):
            for host in others:
                term = host.status.term + n
                _receive(host, liar, {"type": "higher_term", "term": term})
                _receive(host, liar, {"type": "timeout_now", "term": term})
                _receive(host, liar, _entries(host, term=term))
            await cluster.run_for(0.3)
        liar.kill()
        done = await others[0].submit("job-0002", timeout=60.0)
        assert done.state is SubmitState.ACCEPTED
        await cluster.until(lambda: others[1].jobs == ["job-0001", "job-0002"])

    simulate(scenario)


def test_a_voter_that_says_it_leads_too_is_not_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its entry had the term of the leader's and was taken for that one's: the hosts
    had two queues, and none of them noticed."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        assert (await hosts[0].submit("job-0001")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))
        leader = cluster.leader()
        liar, victim = (host for host in hosts if host is not leader)
        assert leader is not None
        text = encode(Command(CommandId(liar.id, 9, 1), 1.0, QueuePause(True)))
        index, term = victim.status.last_index + 1, victim.status.term
        for _ in range(5):
            _receive(victim, liar, _entries(victim, [index, term, "cmd", text]))
        await cluster.run_for(1)
        assert not victim.replica.state.paused
        assert (await leader.submit("job-0002")).state is SubmitState.ACCEPTED
        await cluster.until(lambda: cluster.agreed(*IDS))
        said = [text for text in caplog.messages if "says that it leads" in text]
        assert len(said) == 1
        assert liar.id in said[0]

    simulate(scenario)


def test_terms_do_not_come_to_their_end(caplog: pytest.LogCaptureFixture) -> None:
    """One message named the last one there is: nobody could lead again, for ever."""

    async def scenario(cluster: Cluster) -> None:
        liar, *others = await three_voters(cluster)
        last = (1 << 53) - 1
        asks = {"term": last, "last_log_index": 9, "last_log_term": 9}
        for host in others:
            for message in (
                {"type": "higher_term", "term": last},
                {"type": "request_vote"} | asks,
                {"type": "pre_vote_answer", "granted": False, "round": 1, "term": last},
                _entries(host, term=last),
            ):
                _receive(host, liar, message)
        liar.kill()
        done = await others[0].submit("job-0001", timeout=60.0)
        assert done.state is SubmitState.ACCEPTED
        assert max(host.status.term for host in others) < 100
        assert len([t for t in caplog.messages if "out of reach" in t]) == 2

    simulate(scenario)


def _is_heartbeat(message: Any) -> bool:
    """Whether it says no more than that its sender leads."""
    form = message.get("m") if isinstance(message, dict) else None
    return isinstance(form, dict) and form.get("entries") == []


def test_a_leader_that_accepts_and_forgets_loses_only_time() -> None:
    """It answers nobody and sends on nothing: the author keeps its command, and gives
    it to the next leader."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        author = next(host for host in hosts if host is not leader)
        await author.submit("job-0001")
        liar = leader.id
        cluster.net.filter = lambda source, _, message: (
            source != liar or _is_heartbeat(message)
        )
        assert (await author.submit("job-0002")).state is SubmitState.PENDING
        leader.kill()
        await cluster.until(lambda: author.jobs == ["job-0001", "job-0002"])

    simulate(scenario)
