"""Fixtures for all tests: virtual printers, and nothing may leak."""

from __future__ import annotations

import asyncio
import gc
import shutil
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from moonraker_netqueue.virtual_printer.printers import (
    VirtualFarm,
    VirtualPrinter,
    free_ports,
)

_GRACE_SECONDS = 10.0  # what ends in the background may still be ending
_START_SECONDS = 120.0

StartPrinters = Callable[..., VirtualFarm]

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


def _descriptors() -> dict[str, str]:
    """Open descriptors of this process and what they are."""
    links = list(Path("/proc/self/fd").iterdir())
    # The one that listed this directory is gone by now.
    return {link.name: str(link.readlink()) for link in links if link.is_symlink()}


def _leaks(descriptors: dict[str, str], threads: set[threading.Thread]) -> list[str]:
    leaks = [
        f"descriptor {number}: {target}"
        for number, target in _descriptors().items()
        if descriptors.get(number) != target
    ]
    leaks += [f"thread {t.name}" for t in threading.enumerate() if t not in threads]
    return leaks


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread, socket or file open."""
    descriptors, threads = _descriptors(), set(threading.enumerate())
    yield
    deadline = time.monotonic() + _GRACE_SECONDS
    while leaks := _leaks(descriptors, threads):
        if time.monotonic() > deadline:
            pytest.fail("left behind: " + "; ".join(leaks))
        gc.collect()
        time.sleep(0.02)


@pytest_asyncio.fixture
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fail a test that leaves an asyncio task running."""
    before = asyncio.all_tasks()
    yield
    after = asyncio.all_tasks() - before - {asyncio.current_task()}
    if after:
        _, after = await asyncio.wait(after, timeout=_GRACE_SECONDS)
    if after:
        pytest.fail("left running: " + "; ".join(repr(task) for task in after))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every asyncio test `no_leaked_tasks`, before its own fixtures.

    Files with tests that may take long come first: begun last, one of them would leave
    all workers but its own without work.
    """
    longest: dict[Path, float] = {}
    for item in items:
        limit = item.get_closest_marker("timeout")
        seconds = float(limit.args[0] if limit else item.config.getini("timeout"))
        longest[item.path] = max(seconds, longest.get(item.path, 0.0))
    items.sort(key=lambda item: -longest[item.path])
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("asyncio"):
            names = item.fixturenames
            if "no_leaked_tasks" not in names:
                names.insert(names.index("no_leaks") + 1, "no_leaked_tasks")


@pytest.fixture(scope="session")
def printers_folder() -> Iterator[Path]:
    """A folder with a short path: sockets below it must fit into 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="netqueue-test-"))
    yield folder
    shutil.rmtree(folder)


def start_farm(folder: Path, count: int, sections: str) -> VirtualFarm:
    """Printers in a new folder below `folder`, ready; to be used as a context."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    with free_ports(count) as ports:
        farm = VirtualFarm(folder, ports, sections)
    try:
        farm.start()
        farm.wait_ready(_START_SECONDS)
    except BaseException:
        farm.stop()
        raise
    return farm


@pytest.fixture(scope="session")
def shared_printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A printer without our component, ready, for tests that leave it ready."""
    with start_farm(printers_folder, 1, "") as farm:
        yield farm.printers[0]


@pytest.fixture
def start_printers(printers_folder: Path) -> Iterator[StartPrinters]:
    """`start_printers(count, sections="")`: a farm of this test's own, ready."""
    farms: list[VirtualFarm] = []

    def start(count: int, sections: str = "") -> VirtualFarm:
        farms.append(start_farm(printers_folder, count, sections))
        return farms[-1]

    yield start
    for farm in farms:
        farm.stop()
