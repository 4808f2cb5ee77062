"""Founding, joining and seats (R1, R14)."""

from __future__ import annotations

import pytest

from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, simulate


def test_a_host_alone_founds_a_group_and_accepts_commands() -> None:
    """A host that hears nobody leads a one-voter group after listening."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start("aaaaaaaa")
        assert a.status.role is Role.JOINING
        await cluster.until(lambda: a.status.role is Role.LEADER, 7)
        outcome = await a.submit("job-0001")
        assert outcome.state is SubmitState.ACCEPTED
        assert a.jobs == ["job-0001"]
        assert a.status.voters == ("aaaaaaaa",)
        assert a.status.phase is Phase.MEMBER

    simulate(scenario)


@pytest.mark.parametrize("seed", range(10))
def test_three_hosts_started_together_become_one_group_of_three_voters(
    seed: int,
) -> None:
    """Whoever founds first, all end in one group and all vote."""

    async def scenario(cluster: Cluster) -> None:
        ids = ("aaaaaaaa", "bbbbbbbb", "cccccccc")
        hosts = await cluster.start(*ids)
        await cluster.until(
            lambda: (
                all(host.status.voters == ids for host in hosts)
                and cluster.agreed(*ids)
            )
        )
        for number, host in enumerate(hosts):
            outcome = await host.submit(f"job-{number:04}")
            assert outcome.state is SubmitState.ACCEPTED
            assert f"job-{number:04}" in host.jobs
        await cluster.until(lambda: cluster.agreed(*ids))

    simulate(scenario, seed)
