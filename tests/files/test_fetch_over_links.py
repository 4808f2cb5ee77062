"""A large content over real TLS links, one of the two holders lying."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from moonraker_netqueue.files.fetch import Fetcher
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.machine import (
    ThreadWorker,
    this_machine,
)
from tests.peers.hosts import Host, until

pytestmark = pytest.mark.asyncio

DATA = b"".join(b"G1 X%d Y%d\n" % (n, n * 7) for n in range(400_000))
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest_asyncio.fixture
async def hosts(tmp_path: Path, worker: ThreadWorker) -> AsyncIterator[list[Host]]:
    """Three linked hosts."""
    hosts = [Host(tmp_path / f"host{n}", worker) for n in range(3)]
    for host in hosts:
        await host.start("demo")
    for host in hosts:
        for other in hosts:
            host.hear(other)
    await until(lambda: all(len(h.network.connected("demo")) == 2 for h in hosts))
    yield hosts
    for host in hosts:
        await host.network.close()


def hold(host: Host, data: bytes) -> None:
    path = host.folder / "content"
    path.write_bytes(data)
    host.contents.paths["demo", SHA256] = path


async def test_large_content_from_two_holders_of_which_one_lies(
    hosts: list[Host], store: ContentStore, worker: ThreadWorker
) -> None:
    """Verified as a whole, the liar named, the content ready to print."""
    asking, honest, lying = hosts
    hold(honest, DATA)
    hold(lying, DATA[:-3_000_000] + b";" + DATA[-2_999_999:])
    blamed: list[str] = []
    fetcher = Fetcher(store, asking.network, this_machine(worker), blamed.append)
    holders = (honest.host_id, lying.host_id)
    await fetcher.fetch("demo", SHA256, len(DATA), lambda: holders)
    path = await store.materialise(SHA256, "demo", "large.gcode")
    assert path.read_bytes() == DATA
    assert honest.host_id not in blamed
    await fetcher.close()
