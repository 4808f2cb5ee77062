"""Hosts for the tests of peers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from moonraker_netqueue.machine import ThreadWorker
from moonraker_netqueue.peers import exchange
from tests.peers.hosts import Host


@pytest.fixture
def worker() -> Iterator[ThreadWorker]:
    """Threads that end with the test."""
    worker = ThreadWorker()
    yield worker
    worker.close()


@pytest_asyncio.fixture
async def hosts(
    tmp_path: Path, worker: ThreadWorker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[Host]]:
    """Three hosts, in order of host id, not started; closed after the test."""
    # A machine that does much else answers late: that is not what is tested here.
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 60.0)
    hosts = [Host(tmp_path / f"host{n}", worker) for n in range(3)]
    hosts.sort(key=lambda host: host.host_id)
    yield hosts
    for host in hosts:
        await host.network.close()
