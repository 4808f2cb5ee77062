"""A host that reads its log again after a start answers with today's jobs only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from moonraker_netqueue.api.host import Host


class _Clock:
    """Time that passes by sleeping only."""

    def __init__(self, replica: SimpleNamespace, replayed_at: float) -> None:
        self.now = 100.0
        self._replica = replica
        self._end = self.now + replayed_at

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self._replica.replaying = self.now < self._end


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("replayed_at", "waited"), [(0.0, 0.0), (0.5, 0.5), (60.0, 3.0)]
)
async def test_a_call_waits_for_the_log_but_not_for_ever(
    replayed_at: float, waited: float
) -> None:
    """One whose log never catches up still answers with what it has."""
    replica = SimpleNamespace(replaying=replayed_at > 0)
    clock = _Clock(replica, replayed_at)
    nothing: Any = None
    host = Host(
        name="here",
        queues={"q": SimpleNamespace(replica=replica)},  # type: ignore[dict-item]
        links=nothing,
        peers=nothing,
        store=nothing,
        fetcher=nothing,
        eviction=nothing,
        agent=nothing,
        klipper=nothing,
        gcodes=nothing,
        metadata=nothing,
        cameras=tuple,
        random=nothing,
        clock=clock,  # type: ignore[arg-type]
    )
    await host.caught_up()
    assert clock.now - 100.0 == pytest.approx(waited, abs=0.05)
