"""How long a compaction of 1000 jobs lets Moonraker's loop wait.

`python3 -m bench.compaction` at the root of the checkout. Prints the longest pause of a
loop that wants to run every millisecond: idle, then while a worker writes the snapshot.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from moonraker_netqueue.machine import MachineDisk, ThreadWorker
from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    decode,
    encode,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.replica.compaction import Compaction
from moonraker_netqueue.replica.database import Database
from moonraker_netqueue.replica.entry import Kind, pack
from moonraker_netqueue.replica.journal import COMPACT_ENTRIES, KEPT_ENTRIES, Journal

_JOBS = 1000
_STEP = 0.001


def _queue() -> QueueState:
    file = FileRef("0" * 32, "0" * 64, 1, "part.gcode")
    items = (ItemSpec("part", 3, (file,)),) * 2
    bodies: list[Body] = [ContentHeld(file)]
    bodies += (
        JobAdd(f"job-{number:024}", Wishes(f"job {number}"), items)
        for number in range(_JOBS)
    )
    state = QueueState()
    for index, body in enumerate(bodies, start=1):
        command = Command(CommandId("a" * 32, 1, index), 1.7e9, body)
        state.apply(decode(encode(command)), index)
    return state


async def _longest_pause(done: Callable[[], bool]) -> float:
    longest, last = 0.0, time.perf_counter()
    while not done():
        await asyncio.sleep(_STEP)
        now = time.perf_counter()
        longest, last = max(longest, now - last - _STEP), now
    return longest


async def _measure(folder: Path) -> None:
    worker, state = ThreadWorker(), _queue()
    journal = Journal(Database(folder / "group.db", worker, MachineDisk()))
    await journal.open()
    last = COMPACT_ENTRIES + KEPT_ENTRIES + 1
    for index in range(1, last + 1):
        journal.add(pack(Kind.COMMAND, "x" * 300), index, 1)
    await journal.database.wait_durable(journal.database.position)
    began = time.perf_counter()
    idle = await _longest_pause(lambda: time.perf_counter() > began + 0.5)
    began = time.perf_counter()
    compaction = Compaction(journal)
    compaction.look(state, last)
    during = await _longest_pause(lambda: journal.snapshot is not None)
    await journal.database.wait_durable(journal.database.position)
    took = time.perf_counter() - began
    size = 0 if journal.snapshot is None else journal.snapshot.size
    print(f"{_JOBS} jobs, {size} bytes, durable after {took * 1000:.0f} ms")
    print(f"longest pause: idle {idle * 1000:.1f} ms, during {during * 1000:.1f} ms")
    await journal.database.close()
    worker.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(_measure(Path(name)))
