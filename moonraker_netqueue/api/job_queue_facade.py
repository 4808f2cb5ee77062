"""Moonraker's own job queue calls, acting on a shared queue.

`server.job_queue.*` as Mainsail, Fluidd, KlipperScreen and others call it. What they
know is a list of files, a pause switch, and whatever list they were last told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from ..model.command import JobAdd, JobEdit, JobMove, JobRemove, Place, QueuePause
from ..model.event import Event
from ..model.job import ItemSpec, Job, Wishes
from ..model.printer import PrinterState
from ..ports import Clock
from .errors import ApiError
from .gathering import Gathering
from .host import Host
from .job_queue_reorder import Merge, Wanted, merge, moves_of, runs_of
from .job_queue_rows import Row, TakenOut, begun_rows, file_of, rows_of
from .queue import ServedQueue

_LIST, _STATE = "jobs_added", "state_changed"  # Moonraker's words

Notify = Callable[[dict[str, Any]], object]
_List = tuple[str, tuple[Row, ...]]  # the queue's state and rows


class JobQueueFacade:
    """One shared queue as the job queue of this host's Moonraker."""

    def __init__(
        self, host: Host, queue: ServedQueue, clock: Clock, notify: Notify
    ) -> None:
        self._host = host
        self._queue = queue
        self._clock = clock
        self._notify = notify
        self._gathering = Gathering(clock, self._tell)
        self._out = TakenOut()
        self._taking = asyncio.Lock()  # a call that is repeated waits for the first
        self._told: _List = (self._state(), self._rows())
        # What a client was told in an answer, after the last notification to all.
        self._answered: dict[int, _List] = {}

    # The calls. `client` is a websocket's id; None: a request without one.

    def status(self, client: int | None = None) -> dict[str, Any]:
        """The rows and the state, as Moonraker answers every call."""
        state, rows = self._state(), self._rows()
        if client is not None:
            self._answered[client] = state, rows
        return {"queued_jobs": self._views(rows), "queue_state": state}

    async def add(
        self,
        filenames: Sequence[str],
        user: str = "",
        reset: bool = False,
        client: int | None = None,
    ) -> None:
        """Add files; with `reset` they are the whole list: see `merge`."""
        await self._host.caught_up()
        wanted = Merge((), tuple(runs_of(filenames)))
        if reset:
            wanted = merge(self._seen(client), self._rows(), filenames)
        items = await self._items(wanted.order)
        await self._take_away({row.row_id for row in wanted.removed})
        await self._reorder([part.job_id for part in wanted.order if part.job_id])
        await self._add_at(wanted.order, items, user)

    async def delete(self, row_ids: Sequence[str], everything: bool = False) -> None:
        """Take copies out; one that prints is refused by the queue's rule.

        Rows that are out already are none: the same call again changes nothing.
        """
        await self._host.caught_up()
        if everything:
            async with self._taking:
                for job in self._queue.state.ordered_jobs():
                    await self._take_out(job, self._waiting(job))
            return
        asked = set(row_ids)
        if asked & set(begun_rows(self._queue.state, self._out)):
            raise ApiError(
                403,
                "this copy is being printed, so it is assigned: cancel the print"
                " first, or wait for it",
            )
        await self._take_away(asked)

    async def jump(self, row_id: str) -> None:
        """Put the job of a row at the front."""
        await self._host.caught_up()
        for row in self._rows():
            if row.row_id == row_id:
                await self._submit(JobMove(row.job_id, Place.FRONT))
                return
        raise ApiError(400, f"Invalid job id: {row_id[:64]}")

    async def pause(self) -> None:
        """Reserve no more copies."""
        await self._submit(QueuePause(True))

    async def start(self) -> None:
        """Reserve copies again."""
        await self._submit(QueuePause(False))

    # Telling of changes.

    def on_events(self, _events: tuple[Event, ...]) -> None:
        """Events of an applied command."""
        self._gathering.soon()

    def close(self) -> None:
        """Tell no more."""
        self._gathering.close()

    def _tell(self) -> None:
        if self._queue.replica.replaying:
            self._gathering.soon()  # nobody wants to see the past go by
            return
        (_, old), (state, rows) = self._told, (self._state(), self._rows())
        now = state, rows
        self._out.forget(self._queue.state)
        known = all(answer == now for answer in self._answered.values())
        if known and self._told == now:
            return
        self._told = now
        self._answered.clear()  # everybody is told now
        action = _action(old, rows) if known else _LIST
        self._notify(
            {
                "action": action,
                "updated_queue": self._views(rows) if action != _STATE else None,
                "queue_state": state,
            }
        )

    # Inside.

    def _rows(self) -> tuple[Row, ...]:
        return rows_of(self._queue.state, self._out)

    def _views(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        now = self._clock.wall()
        return [row.view(now) for row in rows]

    def _state(self) -> str:
        if self._queue.state.paused:
            return "paused"
        printer = self._queue.state.printers.get(self._host.host_id)
        loading = printer and printer.profile.state is PrinterState.FETCHING
        return "loading" if loading else "ready"

    def _seen(self, client: int | None) -> tuple[Row, ...]:
        """The list that a client changes; one without memory saw the list of now."""
        if client is None:
            return self._rows()
        return self._answered.get(client, self._told)[1]

    async def _submit(
        self, body: JobAdd | JobEdit | JobMove | JobRemove | QueuePause
    ) -> None:
        """Submit; a client of this interface cannot be told "pending"."""
        if await self._queue.submit(body):
            raise ApiError(503, self._queue.pending_message())

    async def _items(self, order: Sequence[Wanted]) -> dict[str, ItemSpec]:
        """An item for each file to add; all of them are there, or none is added."""
        names = dict.fromkeys(part.filename for part in order if part.filename)
        return {name: await self._item(name) for name in names}

    async def _item(self, filename: str) -> ItemSpec:
        try:
            item = await self._host.files.item(filename)
        except ApiError as error:
            known = self._item_in_queue(filename)
            if error.status != 404 or known is None:
                raise
            return known
        await self._host.files.hold(self._queue, item.files[0])
        return item

    def _item_in_queue(self, filename: str) -> ItemSpec | None:
        """A file that only other hosts have: another copy of what is in the queue."""
        for job in self._queue.state.ordered_jobs():
            for item in job.items:
                if file_of(item) == filename:
                    return item.spec
        return None

    async def _add_at(
        self, order: Sequence[Wanted], items: dict[str, ItemSpec], user: str
    ) -> None:
        """Add what is new in `order`, each behind the one before it."""
        known = [number for number, part in enumerate(order) if part.job_id]
        last_known = max(known, default=-1)
        previous = ""
        for number, part in enumerate(order):
            job_id = part.job_id
            if not job_id:
                job_id = self._host.new_id()
                item = replace(items[part.filename], count=part.count)
                wishes = Wishes(item.files[0].name, owner=user)
                inside = number < last_known
                front = inside and not previous
                await self._submit(JobAdd(job_id, wishes, (item,), front=front))
                if inside and previous:
                    await self._submit(JobMove(job_id, Place.AFTER, previous))
            previous = job_id

    async def _reorder(self, wanted: Sequence[str]) -> None:
        now = [job.job_id for job in self._queue.state.ordered_jobs()]
        there = [job_id for job_id in wanted if job_id in self._queue.state.jobs]
        for move in moves_of(now, there):
            place = Place.BEFORE if move.before else Place.AFTER
            await self._submit(JobMove(move.job_id, place, move.anchor))

    async def _take_away(self, row_ids: Collection[str]) -> None:
        async with self._taking:
            by_job: dict[str, list[Row]] = {}
            for row in self._rows():
                if row.row_id in row_ids:
                    by_job.setdefault(row.job_id, []).append(row)
            for job_id, rows in by_job.items():
                job = self._queue.state.jobs.get(job_id)
                if job is not None:
                    await self._take_out(job, Counter(row.item for row in rows))
                    self._out.add(rows)
                    self._gathering.soon()  # the list may have been told in between

    def _waiting(self, job: Job) -> Counter[int]:
        """Copies of each item that nobody has done or holds."""
        state = self._queue.state
        return Counter({i: state.waiting(job, i) for i in range(len(job.items))})

    async def _take_out(self, job: Job, copies: Counter[int]) -> None:
        """Take copies of items out of a job; the last one takes the job with it."""
        if not copies.total():
            return
        counts = [item.spec.count - copies[i] for i, item in enumerate(job.items)]
        left = tuple(
            replace(item.spec, count=count)
            for item, count in zip(job.items, counts, strict=True)
            if count > 0
        )
        if left:
            await self._submit(JobEdit(job.job_id, job.version, items=left))
        else:
            await self._submit(JobRemove(job.job_id, job.version))


def _action(old: Sequence[Row], rows: Sequence[Row]) -> str:
    """Moonraker's word for a change of the list; it has none for another order."""
    before, after = ({row.row_id for row in rows_} for rows_ in (old, rows))
    if before - after and not after - before:
        return "jobs_removed"
    return _STATE if tuple(old) == tuple(rows) else _LIST
