"""A queue as the rows that Moonraker's own job queue shows: one a copy.

Mainsail, Fluidd and others know a flat list of files. A row stands for a copy that has
not begun to print; its id is the same on every host and after a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..model.job import Item, Job
from ..model.print import UNSTARTED
from ..model.queue_state import QueueState

ROWS_OF_ITEM_MAX = 100  # what a list can show; counts may be far higher
ROWS_MAX = 500


@dataclass(frozen=True)
class Row:
    """One copy. `filename` is what a dashboard looks the file up by."""

    row_id: str
    filename: str
    job_id: str
    item: int  # index into the job's items
    added: float  # Unix seconds

    def view(self, now: float) -> dict[str, Any]:
        """The row as Moonraker gives it; `now` in Unix seconds."""
        return {
            "filename": self.filename,
            "job_id": self.row_id,
            "time_added": self.added,
            "time_in_queue": max(0.0, now - self.added),
        }


def rows_of(state: QueueState) -> tuple[Row, ...]:
    """Copies that wait or are reserved, from the queue's front, ROWS_MAX at most."""
    rows: list[Row] = []
    for job in state.ordered_jobs():
        for index in range(len(job.items)):
            rows += _rows_of_item(state, job, index)
            if len(rows) >= ROWS_MAX:
                return tuple(rows[:ROWS_MAX])
    return tuple(rows)


def begun_rows(state: QueueState) -> Iterator[str]:
    """Ids of the copies that print now: they are no rows any more."""
    for job in state.jobs.values():
        for index, item in enumerate(job.items):
            printing = state.live(job.job_id, index) - _unstarted(state, job, index)
            for copy in range(item.done, item.done + printing):
                yield _row_id(job.job_id, index, copy)


def file_of(item: Item) -> str:
    """The file of an item as dashboards know it, with its folder if that is known."""
    name = item.spec.files[0].name
    shown = item.spec.name
    return shown if shown.rpartition("/")[2] == name else name


def _rows_of_item(state: QueueState, job: Job, index: int) -> Iterator[Row]:
    item = job.items[index]
    rest = state.waiting(job, index) + _unstarted(state, job, index)
    # The last ones: as copies begin to print, the first rows go.
    first = item.spec.count - rest
    for copy in range(first, first + min(rest, ROWS_OF_ITEM_MAX)):
        row_id = _row_id(job.job_id, index, copy)
        yield Row(row_id, file_of(item), job.job_id, index, job.added)


def _unstarted(state: QueueState, job: Job, index: int) -> int:
    return sum(
        print_.item == index and print_.state in UNSTARTED
        for print_ in state.prints_of_job(job.job_id)
    )


def _row_id(job_id: str, item: int, copy: int) -> str:
    """16 digits like Moonraker's; some clients show the first 8 only."""
    name = f"{job_id} {item} {copy}".encode()
    return hashlib.blake2s(name, digest_size=8).hexdigest().upper()
