"""What Klipper's module is told, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from moonraker_netqueue.api.klipper_status import KlipperStatus
from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.model.queue_state import QueueState


class ManualClock(MachineClock):
    """Each sleep lasts until the test lets it end."""

    def __init__(self) -> None:
        self.now = 0.0
        self.turn = asyncio.Event()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await self.turn.wait()
        self.turn.clear()
        self.now += seconds

    async def second(self) -> None:
        """Let a second pass."""
        self.turn.set()
        for _ in range(10):
            await asyncio.sleep(0)


class FakeModule:
    """Klipper's module."""

    def __init__(self) -> None:
        self.session = 1
        self.absent = False
        self.takes = True
        self.told: list[dict[str, Any]] = []

    async def tell(self, **what: Any) -> bool:
        if self.takes:
            self.told.append(what)
        return self.takes


class FakeHost:
    """This host, its agent and one queue."""

    name, host_id = "mk3", "h" * 64

    def __init__(self) -> None:
        self.agent = self
        self.queues = {"lab": SimpleNamespace(state=QueueState())}
        self.entry: dict[str, Any] = {
            "state": "bed_occupied",
            "reason": "part.gcode is on it",
            "accept": True,
            "materials_ready": ("PLA",),
            "bed_state": "occupied",
            "print": None,
            "idle_at": None,
        }

    def view(self) -> dict[str, Any]:
        return dict(self.entry)

    async def why_idle(self, _queue: object) -> dict[str, str]:
        raise NetqueueError("no plan")


@asynccontextmanager
async def _running() -> AsyncIterator[tuple[FakeHost, FakeModule, ManualClock, Any]]:
    host, module, clock = FakeHost(), FakeModule(), ManualClock()
    some_host: Any = host
    some_module: Any = module
    status = KlipperStatus(some_host, some_module, clock)
    await asyncio.sleep(0)
    try:
        yield host, module, clock, status
    finally:
        await status.close()


@pytest.mark.asyncio
async def test_only_changes_are_told_and_a_beat() -> None:
    """A printer whose progress moves is no news."""
    async with _running() as (host, module, clock, _):
        (first,) = module.told
        assert first["status"]["bed"] == "occupied"
        assert first["status"]["why"] == "part.gcode is on it"
        assert first["status"]["queues"]["lab"]["jobs"] == 0
        for second in range(4):
            host.entry["idle_at"] = float(second)
            await clock.second()
        assert len(module.told) == 1
        await clock.second()
        assert module.told[1:] == [{}]
        host.entry.update(state="ready", reason="", bed_state="clear")
        await clock.second()
        assert module.told[2]["status"]["bed"] == "clear"
        assert module.told[2]["status"]["why"] == ""


@pytest.mark.asyncio
async def test_queues_are_counted_when_they_have_changed() -> None:
    """Not each second: a queue may have thousands of jobs."""
    async with _running() as (host, module, clock, status):
        host.queues["lab"].state.paused = True
        await clock.second()
        assert len(module.told) == 1
        status.on_events(())
        await clock.second()
        assert module.told[1]["status"]["paused"] is True


@pytest.mark.asyncio
async def test_a_klipper_that_comes_back_is_told_everything() -> None:
    """It remembers nothing; one without the module is left alone."""
    async with _running() as (_, module, clock, _status):
        module.session += 1
        await clock.second()
        assert module.told[0] == module.told[1]
        module.takes = False
        module.session += 1
        await clock.second()
        module.takes = True
        await clock.second()
        assert len(module.told) == 3
        module.absent = True
        module.session += 1
        for _second in range(10):
            await clock.second()
        assert len(module.told) == 3
