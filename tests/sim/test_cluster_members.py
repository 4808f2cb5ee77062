"""Hosts that come and go in the middle of trouble, in whole clusters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.model.command import QueuePause
from moonraker_netqueue.sim.cluster_run import ClusterRun
from moonraker_netqueue.sim.host import WholeHost
from moonraker_netqueue.sim.shop import QUEUE, SEAT_TTL, Shop
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

pytestmark = pytest.mark.timeout(900)  # on a machine that does much else

Story = Callable[[ClusterRun], Coroutine[Any, Any, None]]


def in_cluster(hosts: int, story: Story) -> None:
    """Play a story in a cluster that has begun, then all must be well."""

    async def whole(loop: VirtualLoop) -> None:
        shop = Shop(loop, 1, hosts, lambda _line: None)
        run = ClusterRun(shop)
        try:
            await run.begin()
            await story(run)
            await run.repair()
            shop.invariants.check_end(shop.here)
            shop.account.check_end(shop.here[0].replicas[QUEUE].state)
            shop.require()
        finally:
            await shop.close()

    play(whole, VirtualLoop())


def leader(shop: Shop) -> WholeHost:
    statuses = [host.replicas[QUEUE].status() for host in shop.alive]
    best = max(statuses, key=lambda status: status.term)
    return next(host for host in shop.alive if host.id == best.leader)


def term(shop: Shop) -> int:
    return leader(shop).replicas[QUEUE].status().term


def test_a_removed_host_that_returns_with_an_old_log_disturbs_nobody() -> None:
    """Its seat went; it joins anew, and nobody has to elect a leader for that."""

    async def story(run: ClusterRun) -> None:
        shop = run.shop
        away = next(host for host in shop.here if host is not leader(shop))
        shop.cut_power(away, True)
        for number in range(3):
            run.people.add(leader(shop), f"job-{number}", 2)
            await asyncio.sleep(SEAT_TTL / 2)
        assert away.id not in leader(shop).replicas[QUEUE].status().voters
        led_by, before = leader(shop), term(shop)
        shop.start(away)
        await asyncio.sleep(20)
        assert (leader(shop), term(shop)) == (led_by, before)
        assert shop.invariants.is_settled(shop.here)

    in_cluster(6, story)


def test_hosts_join_and_leave_while_the_leader_is_killed_again_and_again() -> None:
    """Each change of seats is finished or undone by the next leader."""

    async def story(run: ClusterRun) -> None:
        shop = run.shop
        for _ in range(4):
            shop.start(shop.new_host())
            await asyncio.sleep(4 * shop.random.random())
            led_by = leader(shop)
            shop.kill(led_by)
            await asyncio.sleep(5)
            shop.start(led_by)
            shop.spawn(shop.stop(shop.here[0]))
            await asyncio.sleep(5)
            if shop.here[0].life is None:
                shop.start(shop.here[0])
            await asyncio.sleep(5)
            shop.check()
        assert len(shop.here) == 7

    in_cluster(3, story)


def test_a_host_whose_files_are_gone_says_so_when_it_is_asked_for_them() -> None:
    """Else who reserved a copy would ask for ever, and a person would not know why."""

    async def story(run: ClusterRun) -> None:
        shop = run.shop
        holder = shop.here[0]
        run.people.give(holder, "pauses the queue", QueuePause(True))
        run.people.add(holder, "job", 3)
        await asyncio.sleep(5)
        state = holder.replicas[QUEUE].state
        (content,) = state.contents.values()
        assert content.holders == (holder.id,)
        shop.kill(holder)
        shop.old_disks.append(holder.disk.copied())  # the person has the file
        holder.disk.remove(Path("/gcodes/.netqueue") / content.sha256)
        shop.start(holder)

    in_cluster(3, story)
