"""How long a farm takes after a power failure: all hosts start at the same moment.

`python3 -m bench.blackout [HOSTS]` at the root of the checkout, 30 hosts by default, in
simulated time: until one leads, until a job is accepted, and until all are equal.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable

from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.sim.cluster_run import ClusterRun
from moonraker_netqueue.sim.shop import QUEUE, Shop
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

_HOSTS = 30
_JOBS = 20
_PRINTING = 60.0  # seconds until the power fails
_LOOK = 0.05  # seconds
_PATIENCE = 120.0  # seconds


def _led(shop: Shop) -> bool:
    return any(
        replica.status().role is Role.LEADER and replica.status().quorum
        for host in shop.alive
        for replica in host.replicas.values()
    )


async def _blackout(loop: VirtualLoop, hosts: int) -> list[tuple[str, float, float]]:
    """What, simulated seconds, CPU seconds."""
    shop = Shop(loop, 1, hosts, lambda _line: None)
    run = ClusterRun(shop)
    await run.begin()
    for number in range(_JOBS):
        run.people.add(shop.here[number % hosts], f"job-{number:02}", 4)
        await asyncio.sleep(0.5)
    await asyncio.sleep(_PRINTING)
    for host in shop.here:
        shop.cut_power(host, True)
    await asyncio.sleep(60)
    rows: list[tuple[str, float, float]] = []
    began, used = shop.seconds, time.process_time()

    def note(what: str) -> None:
        rows.append((what, shop.seconds - began, time.process_time() - used))

    for host in shop.here:
        shop.start(host)
    await _until(lambda: _led(shop))
    note("a host leads")
    run.people.add(shop.here[-1], "after", 1)
    await _until(lambda: shop.account.jobs["after"].accepted)
    note("a job is accepted")
    await _until(lambda: _is_everywhere(shop))
    note("every host has that job")
    shop.check()
    await shop.close()
    return rows


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(round(_PATIENCE / _LOOK)):
        if condition():
            return
        await asyncio.sleep(_LOOK)
    raise AssertionError(f"not within {_PATIENCE:g} s")


def _is_everywhere(shop: Shop) -> bool:
    job_id = shop.account.jobs["after"].job_id
    states = [host.state(QUEUE) for host in shop.here]
    return all(state is not None and job_id in state.jobs for state in states)


def main() -> None:
    """Measure."""
    logging.disable(logging.CRITICAL)
    hosts = int(sys.argv[1]) if len(sys.argv) > 1 else _HOSTS
    print(f"| {hosts} hosts start at once | simulated s | CPU s |\n|---|---|---|")
    for what, seconds, cpu in play(lambda loop: _blackout(loop, hosts), VirtualLoop()):
        print(f"| {what} | {seconds:.1f} | {cpu:.1f} |", flush=True)


if __name__ == "__main__":
    main()
