"""A queue as the rows that Moonraker's own job queue shows: one a copy.

Mainsail, Fluidd and others know a flat list of files. A row stands for a copy that has
not begun to print; its id is the same on every host and after a restart, until a panel
takes copies of its item out.
"""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Iterable, Iterator
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
    copy: int  # its number: see TakenOut
    added: float  # Unix seconds

    def view(self, now: float) -> dict[str, Any]:
        """The row as Moonraker gives it; `now` in Unix seconds."""
        return {
            "filename": self.filename,
            "job_id": self.row_id,
            "time_added": self.added,
            "time_in_queue": max(0.0, now - self.added),
        }


class TakenOut:
    """Which copies panels took out of the list of this host.

    Of equal copies the queue knows a count only. That the very row goes which a person
    took out, and not the last one, is seen to here: so a client that repeats its call
    asks for a row that is no more, and takes no other one.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int], list[int]] = {}

    def add(self, rows: Iterable[Row]) -> None:
        """These copies are out."""
        for row in rows:
            numbers = self._numbers.setdefault((row.job_id, row.item), [])
            bisect.insort(numbers, row.copy)

    def forget(self, state: QueueState) -> None:
        """Drop what is known of jobs that are gone."""
        for key in [key for key in self._numbers if key[0] not in state.jobs]:
            del self._numbers[key]

    def numbers(self, job_id: str, item: int, start: int, stop: int) -> Iterator[int]:
        """The numbers of copies `start` to `stop`, counted without those taken out."""
        out = iter(self._numbers.get((job_id, item), ()))
        next_out = next(out, None)
        number = start
        for _ in range(start, stop):
            while next_out is not None and next_out <= number:
                number += 1
                next_out = next(out, None)
            yield number
            number += 1


def rows_of(state: QueueState, out: TakenOut) -> tuple[Row, ...]:
    """Copies that wait or are reserved, from the queue's front, ROWS_MAX at most."""
    rows: list[Row] = []
    for job in state.ordered_jobs():
        for index in range(len(job.items)):
            rows += _rows_of_item(state, out, job, index)
            if len(rows) >= ROWS_MAX:
                return tuple(rows[:ROWS_MAX])
    return tuple(rows)


def begun_rows(state: QueueState, out: TakenOut) -> Iterator[str]:
    """Ids of the copies that print now: they are no rows any more."""
    for job in state.jobs.values():
        for index, item in enumerate(job.items):
            printing = state.live(job.job_id, index) - _unstarted(state, job, index)
            stop = item.done + printing
            for copy in out.numbers(job.job_id, index, item.done, stop):
                yield _row_id(job.job_id, index, copy)


def file_of(item: Item) -> str:
    """The file of an item as dashboards know it, with its folder if that is known."""
    name = item.spec.files[0].name
    shown = item.spec.name
    return shown if shown.rpartition("/")[2] == name else name


def _rows_of_item(
    state: QueueState, out: TakenOut, job: Job, index: int
) -> Iterator[Row]:
    item = job.items[index]
    rest = state.waiting(job, index) + _unstarted(state, job, index)
    # The last ones: as copies begin to print, the first rows go.
    first = item.spec.count - rest
    stop = first + min(rest, ROWS_OF_ITEM_MAX)
    for copy in out.numbers(job.job_id, index, first, stop):
        row_id = _row_id(job.job_id, index, copy)
        yield Row(row_id, file_of(item), job.job_id, index, copy, job.added)


def _unstarted(state: QueueState, job: Job, index: int) -> int:
    return sum(
        print_.item == index and print_.state in UNSTARTED
        for print_ in state.prints_of_job(job.job_id)
    )


def _row_id(job_id: str, item: int, copy: int) -> str:
    """16 digits like Moonraker's; some clients show the first 8 only."""
    name = f"{job_id} {item} {copy}".encode()
    return hashlib.blake2s(name, digest_size=8).hexdigest().upper()
