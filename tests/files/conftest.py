"""A gcodes folder and its store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.machine import MachineDisk, ThreadWorker


@pytest.fixture
def worker() -> Iterator[ThreadWorker]:
    """Threads that end with the test."""
    worker = ThreadWorker()
    yield worker
    worker.close()


@pytest.fixture
def gcodes(tmp_path: Path) -> Path:
    """The folder that people upload to."""
    folder = tmp_path / "gcodes"
    folder.mkdir()
    return folder


@pytest_asyncio.fixture
async def store(gcodes: Path, worker: ThreadWorker) -> ContentStore:
    """A loaded store."""
    store = ContentStore(gcodes, MachineDisk(), worker)
    await store.load()
    return store
