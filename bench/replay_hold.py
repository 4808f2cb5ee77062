"""How long a replay of many entries holds the loop: CPU time of each callback.

`python3 -m bench.replay_hold` at the root of the checkout. Three hosts in one process,
of which two restart, and a newcomer.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moonraker_netqueue.machine import (
    ThreadWorker,
    this_machine,
)
from moonraker_netqueue.model.command import QueuePause
from moonraker_netqueue.replica.replica import Replica
from tests.replica.switchboard import Switchboard

_COMMITS = 100
_LARGE_LOG = 3000
_HOSTS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


class _HeldLoop:
    """The longest CPU time that one callback held the loop for."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._run: Callable[..., Any] = asyncio.Handle._run

    def __enter__(self) -> _HeldLoop:
        run = self._run

        def timed(handle: asyncio.Handle) -> Any:
            start = time.thread_time()
            result = run(handle)
            self.longest = max(self.longest, time.thread_time() - start)
            return result

        asyncio.Handle._run = timed  # type: ignore[assignment, method-assign]  # a probe
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]  # a probe


async def _measure(folder: Path) -> None:
    board, worker = Switchboard(), ThreadWorker()
    replicas = [_replica(host, folder, board, worker) for host in _HOSTS]
    for replica in replicas:
        await replica.start()
    await _until(lambda: all(r.status().voters == _HOSTS for r in replicas))
    with _HeldLoop() as held:
        while replicas[0].status().last_index < _LARGE_LOG:
            await asyncio.gather(*(_submit(replica) for replica in replicas))
    print(f"{_LARGE_LOG} entries, replicated to three:")
    print(f"  longest callback: {1000 * held.longest:.1f} ms of CPU")
    for replica in replicas[1:]:
        await replica.close()
    again = [_replica(host, folder, board, worker) for host in _HOSTS[1:]]
    newcomer = _replica("dddddddd", folder, board, worker)
    with _HeldLoop() as held:
        for replica in (*again, newcomer):
            await replica.start()
        target = _LARGE_LOG
        await _until(lambda: newcomer.status().applied_index >= target)
    print(f"a newcomer and two restarts replay {_LARGE_LOG} entries:")
    print(f"  longest callback: {1000 * held.longest:.1f} ms of CPU")
    for replica in (replicas[0], *again, newcomer):
        await replica.close()
    worker.close()


def _replica(
    host: str, folder: Path, board: Switchboard, worker: ThreadWorker
) -> Replica:
    return Replica(
        "bench",
        host,
        folder / host,
        board.links(host),
        this_machine(worker),
        listen_seconds=0.2,
    )


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  a status has no event to wait for
        await asyncio.sleep(0.01)


async def _submit(replica: Replica) -> None:
    for number in range(_COMMITS):
        await replica.submit(QueuePause(number % 2 == 0), timeout=30)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_measure(Path(name)))
