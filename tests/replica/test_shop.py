"""Random lives of a workshop, with people who let it go on without missing hosts."""

from __future__ import annotations

import pytest

from moonraker_netqueue.model.command import ContentHeld
from tests.replica.shop import Shop
from tests.replica.simulation import FILE, Cluster, simulate

IDS = ("aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "eeeeeeee")
STEPS = 60


def check(shop: Shop, cluster: Cluster) -> None:
    """No accepted job lost, none back; no copy lost, none made twice unasked."""
    state = cluster.hosts[IDS[0]].replica.state
    for name, count in shop.counts.items():
        if name in shop.removed:
            continue
        assert name in state.jobs, f"{name} is lost"
        (item,) = state.jobs[name].items
        assert item.done >= count
        # What a person declared done need not be.
        assert shop.made[name] >= count - shop.declared[name], f"{name} lacks copies"
        unasked = shop.starts[name] - count - shop.spoilt[name] - shop.retried[name]
        assert unasked <= 0, f"{unasked} copies of {name} twice"


def live(seed: int, count: int) -> Shop:
    """One workshop of `count` hosts from its morning to its end."""
    shops: list[Shop] = []

    async def scenario(cluster: Cluster) -> None:
        ids = IDS[:count]
        hosts = await cluster.start(*ids)
        await cluster.until(lambda: cluster.agreed(*ids))
        await hosts[0].give(ContentHeld(FILE))
        shop = Shop(cluster, hosts)
        shops.append(shop)
        await shop.live(STEPS)
        await shop.settle()
        check(shop, cluster)

    simulate(scenario, seed)
    return shops[0]


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_a_workshop_in_which_much_fails(seed: int, count: int) -> None:
    """All hosts are equal in the end, and their promises are kept."""
    shop = live(seed, count)
    assert shop.counts
    assert sum(shop.starts.values()) > 0
