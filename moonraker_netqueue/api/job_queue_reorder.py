"""What a client means that posts the whole list of files anew. Pure.

Moonraker's clients reorder, remove and add by one call that replaces the list, with
file names only. Taken literally it would undo what others did meanwhile and give every
job a new id. So it is a three-way merge: what the client changed against the list that
it last saw, done to the list of now.
"""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .job_queue_rows import Row


@dataclass(frozen=True)
class Wanted:
    """A job at its place: one that is there, or `count` copies of a file to add."""

    job_id: str = ""
    filename: str = ""
    count: int = 0


@dataclass(frozen=True)
class Move:
    """Put a job behind another, or with `before` ahead of it."""

    job_id: str
    anchor: str
    before: bool = False


@dataclass(frozen=True)
class Merge:
    """Rows to take away, and the order of the jobs that the client spoke of."""

    removed: tuple[Row, ...]
    order: tuple[Wanted, ...]


def runs_of(filenames: Iterable[str]) -> list[Wanted]:
    """A file that is repeated in a row is one job of several copies."""
    runs: list[Wanted] = []
    for name in filenames:
        if runs and runs[-1].filename == name:
            runs[-1] = Wanted("", name, runs[-1].count + 1)
        else:
            runs.append(Wanted("", name, 1))
    return runs


def merge(seen: Sequence[Row], now: Sequence[Row], wanted: Sequence[str]) -> Merge:
    """What to change, for a client that saw `seen` and wants the files `wanted`.

    Files are told apart by their names and, of one name, by their order. A job whose
    copies are wanted in several places goes to the first of them.
    """
    known: dict[str, deque[Row]] = {}
    for row in seen:
        known.setdefault(row.filename, deque()).append(row)
    here = {row.row_id for row in now}
    jobs_here = {row.job_id for row in now}
    order: dict[str, Wanted] = {}  # job id, or a name for what is new
    last_new = ""
    for place, name in enumerate(wanted):
        if known.get(name):
            last_new, row = "", known[name].popleft()
            if row.job_id in jobs_here:
                order.setdefault(row.job_id, Wanted(row.job_id))
        elif last_new and order[last_new].filename == name:
            order[last_new] = Wanted("", name, order[last_new].count + 1)
        else:
            last_new = f"new {place}"
            order[last_new] = Wanted("", name, 1)
    left = [row for rows in known.values() for row in rows]
    removed = tuple(gone for gone in left if gone.row_id in here)
    return Merge(removed, tuple(order.values()))


def moves_of(now: Sequence[str], wanted: Sequence[str]) -> list[Move]:
    """The fewest moves that bring job ids of `now` into the order `wanted`.

    Jobs that `wanted` does not name stay behind the ones they follow.
    """
    place = {job_id: index for index, job_id in enumerate(now)}
    staying = _longest_rise([place[job_id] for job_id in wanted])
    moves: list[Move] = []
    for index, job_id in enumerate(wanted):
        if index in staying:
            continue
        if index > 0:
            moves.append(Move(job_id, wanted[index - 1]))
        else:
            moves.append(Move(job_id, wanted[min(staying)], before=True))
    return moves


def _longest_rise(values: Sequence[int]) -> frozenset[int]:
    """Indices of a longest increasing subsequence (patience sorting)."""
    ends: list[int] = []  # smallest last value of a rise of each length
    last: list[int] = []  # its index
    before: dict[int, int] = {}
    for index, value in enumerate(values):
        length = bisect.bisect_left(ends, value)
        ends[length : length + 1] = [value]
        last[length : length + 1] = [index]
        if length:
            before[index] = last[length - 1]
    rise: list[int] = []
    step = last[-1] if last else None
    while step is not None:
        rise.append(step)
        step = before.get(step)
    return frozenset(rise)
