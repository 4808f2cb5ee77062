"""What a host alone has is known before it leaves for good."""

from __future__ import annotations

from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import Cluster, SimHost, simulate

IDS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


async def _two(cluster: Cluster) -> list[SimHost]:
    hosts = await cluster.start(*IDS[:2])
    await cluster.until(
        lambda: cluster.agreed(*IDS[:2]) and len(hosts[0].status.voters) == 2
    )
    return hosts


def test_a_single_host_alone_has_all_of_its_queue_until_another_follows() -> None:
    async def scenario(cluster: Cluster) -> None:
        (first,) = await cluster.start(IDS[0])
        await cluster.until(lambda: first.status.ready)
        assert (await first.submit("job-0001")).state is SubmitState.ACCEPTED
        assert first.status.alone == first.status.commit_index
        (second,) = await cluster.start(IDS[1])
        await cluster.until(lambda: len(first.status.voters) == 2)
        assert "job-0001" in second.jobs
        assert first.status.alone == second.status.alone == 0

    simulate(scenario)


def test_who_went_on_alone_knows_what_the_others_did_not_get() -> None:
    """The other one was switched off in order, so this one went on by itself."""

    async def scenario(cluster: Cluster) -> None:
        first, second = await _two(cluster)
        await second.close()
        await cluster.until(lambda: first.status.voters == (first.id,))
        for number in range(3):
            answer = await first.submit(f"job-{number:04}")
            assert answer.state is SubmitState.ACCEPTED
        assert first.status.alone >= 3
        await second.start()
        await cluster.until(lambda: "job-0002" in second.jobs)
        await cluster.until(lambda: first.status.alone == 0)

    simulate(scenario)


def test_a_host_that_the_queue_waits_for_is_not_forgotten_lightly() -> None:
    """It may have gone on; of three that agree nobody is missed so."""

    async def scenario(cluster: Cluster) -> None:
        first, second = await _two(cluster)
        assert first.status.needed == second.status.needed == frozenset()
        second.lose_power()
        await cluster.until(lambda: not first.status.quorum)
        assert first.status.needed == {second.id}
        await second.start()
        await cluster.start(IDS[2])
        await cluster.until(lambda: len(first.status.voters) == 3)
        second.lose_power()
        await cluster.until(lambda: first.status.missing_voters == (second.id,))
        await cluster.until(lambda: first.status.ready)
        assert first.status.needed == frozenset()

    simulate(scenario)


def test_a_host_with_the_only_vote_is_needed_by_those_that_follow() -> None:
    async def scenario(cluster: Cluster) -> None:
        first, second = await _two(cluster)
        await second.close()
        await cluster.until(lambda: first.status.voters == (first.id,))
        await first.close()
        await second.start()
        await cluster.until(lambda: second.status.group is not None)
        assert second.status.needed == {first.id}

    simulate(scenario)
