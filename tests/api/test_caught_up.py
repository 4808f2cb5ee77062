"""A host that reads its log again after a start answers with today's jobs only."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.host import Host
from moonraker_netqueue.api.queue import ServedQueue
from moonraker_netqueue.model.job import Job
from tests.model.talk import Talk


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
    await _host(clock, SimpleNamespace(replica=replica)).caught_up()
    assert clock.now - 100.0 == pytest.approx(waited, abs=0.05)


def _host(clock: _Clock, queue: SimpleNamespace) -> Host:
    nothing: Any = None
    return Host(
        name="here",
        notices={},
        queues={"q": queue},  # type: ignore[dict-item]
        links=nothing,
        files=nothing,
        agent=nothing,
        klipper=nothing,
        cameras=tuple,
        random=nothing,
        clock=clock,  # type: ignore[arg-type]
    )


class _Leaderless(_Clock):
    """A leader is heard at `_end`; then the job is there, if `found`."""

    def __init__(self, queue: ServedQueue, heard_at: float, found: Job | None) -> None:
        super().__init__(SimpleNamespace(), heard_at)
        self._queue: Any = queue
        self._found = found

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if self.now >= self._end:
            self._queue.replica.ready = True
            if self._found is not None:
                self._queue.state.jobs[self._found.job_id] = self._found


def _queue(talk: Talk) -> Any:
    """One that hears no leader."""
    queue: Any = ServedQueue.__new__(ServedQueue)
    queue.name = "q"
    queue.replica = SimpleNamespace(replaying=False, state=talk.state, ready=False)
    queue.replica.status = lambda: queue.replica
    return queue


@pytest.mark.asyncio
async def test_a_job_that_only_the_leader_confirms_is_waited_for() -> None:
    """After a restart an edit of a job that was seen is not told "no such job"."""
    talk = Talk.with_printers()
    job_id = talk.add("hooks-01")
    job = talk.state.jobs.pop(job_id)  # it is behind what is known to be committed
    queue = _queue(talk)
    clock = _Leaderless(queue, 0.5, job)
    assert await _host(clock, queue).job(queue, job_id) is job


@pytest.mark.asyncio
@pytest.mark.parametrize(("heard_at", "status"), [(0.5, 404), (60.0, 503)])
async def test_without_a_leader_nobody_is_told_that_there_is_no_job(
    heard_at: float, status: int
) -> None:
    queue = _queue(Talk())
    clock = _Leaderless(queue, heard_at, None)
    with pytest.raises(ApiError) as refused:
        await _host(clock, queue).job(queue, "hooks-01")
    assert refused.value.status == status
