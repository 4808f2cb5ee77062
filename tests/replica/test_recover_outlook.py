"""What a person is shown before the queue goes on: never less than is risked (R7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.replica.status import Role
from tests.replica.simulation import Cluster, simulate
from tests.replica.test_generations import A, B, C, accepted, farm
from tests.replica.test_meeting import cut


@pytest.mark.parametrize("leaver", [A, B])
@pytest.mark.parametrize("seed", range(3))
def test_who_left_in_the_evening_may_be_missed_by_a_majority(
    seed: int, leaver: str
) -> None:
    """The last one on got its seat and went on alone: its log does not say so."""

    async def scenario(cluster: Cluster) -> None:
        hosts = {host.id: host for host in await farm(cluster, A, B)}
        gone = hosts.pop(leaver)
        (last,) = hosts.values()
        await gone.close()
        await accepted(last, "job-night")
        last.kill()
        await gone.start()
        await cluster.run_for(20)
        shown = gone.replica.outlook()
        assert (shown.missing, shown.majority_missing) == ((last.id,), True)

    simulate(scenario, seed)


def test_of_two_the_one_that_was_on_alone_knows_all() -> None:
    """It was switched off in order while the other one had no power."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        b.kill()
        await cluster.run_for(5)
        await a.close()
        await a.start()
        await cluster.run_for(10)
        shown = a.replica.outlook()
        assert (shown.missing, shown.majority_missing) == ((B,), False)

    simulate(scenario)


def test_a_host_that_lost_its_own_journal_does_not_know_all() -> None:
    """It had a seat, joined again with an empty log, and the other one went."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        b.kill()
        a.kill()
        del b.disk.files[Path("/data/group.db")]
        cluster.net.filter = lambda source, _target, message: (
            source != A or message.get("t") != "raft"
        )
        await a.start()
        await b.start()
        await cluster.until(lambda: b.status.group and a.status.group)
        a.kill()
        await cluster.run_for(5)
        shown = b.replica.outlook()
        assert (shown.missing, shown.majority_missing) == ((A,), True)

    simulate(scenario)


def test_half_of_the_voters_and_a_newcomer_are_a_majority() -> None:
    """The third host had no seat yet when this one was cut off from both."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        await cluster.start(C)
        group = str(a.status.group)
        await cluster.until(
            lambda: C in {h.id for h in b.replica._neighbours.in_group(group)}
        )
        assert C not in b.status.voters
        cut(cluster, (A, C), (B,))
        await cluster.run_for(5)
        shown = b.replica.outlook()
        assert (shown.missing, shown.majority_missing) == ((A,), True)

    simulate(scenario)


def test_a_seat_in_a_group_that_ended_binds_nobody() -> None:
    """A host that follows without a vote, and once had its own group, lost its copy."""

    async def scenario(cluster: Cluster) -> None:
        cut(cluster, (A, B, C), ("dddddddd",))
        d, *_ = await cluster.start("dddddddd")
        a, *_ = await farm(cluster, A, B, C)
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.until(lambda: cluster.agreed(A, B, C, d.id))
        assert d.id not in a.status.voters
        d.kill()
        del d.disk.files[Path("/data/group.db")]
        await d.start()
        await cluster.until(lambda: cluster.agreed(A, B, C, d.id))

    simulate(scenario)


def test_a_host_that_has_the_seat_of_its_lost_journal_is_not_waited_for_by_itself() -> (
    None
):
    """The notice names who is away, by name, and not this host."""

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await farm(cluster, A, B, C)
        leader = next(host for host in (a, b, c) if host.status.role is Role.LEADER)
        lost, other = (host for host in (a, b, c) if host is not leader)
        lost.kill()
        before = leader.status.last_index

        def without_the_change_of_its_seat(_s: str, to: str, message: Any) -> bool:
            raft = message.get("m", {})
            if to == lost.id and "entries" in raft:
                raft["entries"] = [e for e in raft["entries"] if e[0] <= before]
            return True

        cluster.net.filter = without_the_change_of_its_seat
        del lost.disk.files[Path("/data/group.db")]
        await lost.start()
        await cluster.until(lambda: lost.status.commit_index > 1)
        assert lost.status.role is Role.OBSERVER
        assert lost.id in lost.status.voters
        leader.kill()
        other.kill()
        await cluster.until(lambda: any("waits for" in n for n in lost.status.notices))
        (told,) = (text for text in lost.status.notices if "waits for" in text)
        assert leader.id in told
        assert other.id in told
        assert lost.id not in told

    simulate(scenario)
