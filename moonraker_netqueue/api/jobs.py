"""Endpoints about jobs: list, read, add, edit, remove, move, pause."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from ..model.command import (
    CLIENT_ID_MAX,
    CLIENT_ID_MIN,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    Place,
    QueuePause,
)
from ..model.content import FileRef
from ..model.errors import Rejected
from ..model.job import ItemSpec, Job, Requirements, Wishes, check_count
from .arguments import Arguments
from .errors import CONFLICT, ApiError
from .host import Host
from .paging import Key, Page
from .queue import ServedQueue
from .sliced import joined
from .views import held_view, job_view, prints_by_job, start_views

_LIMIT_MAX = 1000  # rows of a page
_FILES = ("filename", "sha256", "files")  # ways to name what to print
_EDITS = 5  # of a job that others edit at the same time
_SLICE = 100  # views made at once: half a millisecond, a few on a Raspberry Pi 3


class JobEndpoints:
    """What `jobs`, `job`, `move`, `pause` and `resume` do."""

    def __init__(
        self, host: Host, item: Callable[[str], Awaitable[ItemSpec]] | None = None
    ) -> None:
        """`item(filename)` is one copy of a file; without it, of this host's gcodes."""
        self._host = host
        self._item_of = item or host.files.item

    async def list_jobs(self, arguments: Arguments) -> dict[str, Any]:
        """Jobs of a queue in order, with `why` for those that wait; all, or a page."""
        queue = self._host.queue(arguments)
        page = Page.asked(arguments, _LIMIT_MAX)
        arguments.finish()
        why = await self._host.why_waiting(queue)
        state = queue.state
        prints = prints_by_job(state)
        jobs, following = page.cut(state.ordered_jobs(), _by_rank)
        views: list[dict[str, Any]] = []
        answer = {
            "queue": queue.name,
            "revision": queue.revision,
            "jobs": views,
            "next": following,
            "pending": queue.pending_view(),
        }
        async for part in self._host.in_slices(jobs, _SLICE):
            views += (
                job_view(
                    state, job, prints.get(job.job_id, ()), why.get(job.job_id, "")
                )
                for job in part
            )
        return answer

    async def read_job(self, arguments: Arguments) -> dict[str, Any]:
        """One job; while it waits, what holds it on each printer, and until when."""
        queue = self._host.queue(arguments)
        job_id = arguments.text("job_id")
        ahead = arguments.boolean("forecast", False)
        arguments.finish()
        answer = await self._answer(queue, job_id)
        outlooks, view = self._host.agent.outlooks, answer["job"]
        held, gone = await outlooks.obstacles(queue.name, job_id), queue.gone()
        view["why_not"] = [
            held_view(queue.state, one) for one in held if one.host_id not in gone
        ]
        if ahead:
            outlook = await outlooks.look()
            starts = start_views(queue.name, queue.state, outlook)
            view["starts"] = starts.get(job_id)
        return answer

    async def write_job(self, arguments: Arguments) -> dict[str, Any]:
        """Add a job, or with `job_id` edit it."""
        queue = self._host.queue(arguments)
        client_id = _client_id(arguments)
        if "job_id" in arguments:
            return await self._change(queue, arguments, client_id)
        return await self._add(queue, arguments, client_id)

    async def remove_job(self, arguments: Arguments) -> dict[str, Any]:
        """Remove a job none of whose copies is assigned."""
        queue = self._host.queue(arguments)
        body = JobRemove(
            arguments.text("job_id"), arguments.optional_integer("if_version")
        )
        arguments.finish()
        pending = await queue.submit(body)
        return {"job_id": body.job_id, "pending": pending}

    async def move_job(self, arguments: Arguments) -> dict[str, Any]:
        """Move a job: `before` or `after` another, or `to` front or back."""
        queue = self._host.queue(arguments)
        job_id = arguments.text("job_id")
        chosen = [word for word in ("before", "after", "to") if word in arguments]
        if len(chosen) != 1:
            raise ApiError(400, "give one of the arguments 'before', 'after' and 'to'")
        value = arguments.text(chosen[0])
        arguments.finish()
        if chosen[0] == "to":
            if value not in (Place.FRONT.value, Place.BACK.value):
                raise ApiError(400, f"argument 'to': front or back, not {value!r}")
            body = JobMove(job_id, Place(value))
        else:
            body = JobMove(job_id, Place(chosen[0]), value)
        pending = await queue.submit(body)
        return await self._answer(queue, job_id, pending)

    async def pause(self, arguments: Arguments) -> dict[str, Any]:
        """Reserve no more copies; what is assigned goes on."""
        return await self._set_paused(arguments, True)

    async def resume(self, arguments: Arguments) -> dict[str, Any]:
        """Reserve copies again."""
        return await self._set_paused(arguments, False)

    async def _set_paused(self, arguments: Arguments, paused: bool) -> dict[str, Any]:
        queue = self._host.queue(arguments)
        arguments.finish()
        pending = await queue.submit(QueuePause(paused))
        return {"queue": queue.name, "paused": paused, "pending": pending}

    async def _answer(
        self, queue: ServedQueue, job_id: str, pending: bool = False
    ) -> dict[str, Any]:
        job = queue.state.jobs.get(job_id)
        if job is None and not pending:
            raise ApiError(404, f"queue {queue.name!r} has no job {job_id[:64]!r}")
        why = await self._host.why_waiting(queue)
        view = None
        if job is not None:
            prints = tuple(queue.state.prints_of_job(job_id))
            view = job_view(queue.state, job, prints, why.get(job_id, ""))
        answer: dict[str, Any] = {"job_id": job_id, "pending": pending, "job": view}
        if pending:
            answer["message"] = queue.pending_message()
        return answer

    async def _add(
        self, queue: ServedQueue, arguments: Arguments, client_id: str
    ) -> dict[str, Any]:
        repeated = queue.state.outcomes.of_client(client_id)
        if repeated is not None and repeated.ref:
            return await self._answer(queue, repeated.ref)
        job_id = self._host.job_id(queue, client_id)
        if job_id in queue.state.jobs:  # outcomes are remembered for a while only
            return await self._answer(queue, job_id)
        specs, files = await self._items(queue, arguments, None)
        body = JobAdd(
            job_id=job_id,
            wishes=_wishes(arguments, Wishes(name=specs[0].files[0].name)),
            items=tuple(specs),
            requires=_requirements(arguments, Requirements()),
            front=arguments.boolean("front", False),
        )
        arguments.finish()
        _checked(body.wishes)
        for file in files:
            await self._host.files.hold(queue, file)
        pending = await queue.submit(body, client_id)
        first = queue.state.outcomes.of_client(client_id)
        if first is not None and first.ref:
            job_id = first.ref
        return await self._answer(queue, job_id, pending)

    async def _change(
        self, queue: ServedQueue, arguments: Arguments, client_id: str
    ) -> dict[str, Any]:
        """Edit a job; made anew if it was another's edit that came first.

        Unless the client says which version it means, or repeats itself under one id.
        """
        job_id = arguments.text("job_id")
        means_any = arguments.optional_integer("if_version") is None
        left = _EDITS - 1 if means_any and not client_id else 0
        while True:
            edit = await self._edit(
                queue, await self._host.job(queue, job_id), arguments
            )
            arguments.finish()
            try:
                pending = await queue.submit(edit, client_id)
            except ApiError as error:
                if error.status != CONFLICT or not left:
                    raise
                left -= 1
            else:
                return await self._answer(queue, job_id, pending)

    async def _edit(
        self, queue: ServedQueue, job: Job, arguments: Arguments
    ) -> JobEdit:
        items = None
        if any(word in arguments for word in (*_FILES, "items", "count")):
            items, files = await self._items(queue, arguments, job)
            for file in files:
                await self._host.files.hold(queue, file)
        wishes = _wishes(arguments, job.wishes)
        requires = _requirements(arguments, job.requires)
        # What is replaced is a whole: without the version that was read, an edit of
        # the note made meanwhile by another person would be undone.
        version = arguments.optional_integer("if_version")
        return JobEdit(
            job_id=job.job_id,
            if_version=job.version if version is None else version,
            wishes=wishes if wishes != job.wishes else None,
            requires=requires if requires != job.requires else None,
            items=tuple(items) if items is not None else None,
            retry=arguments.boolean("retry", False),
        )

    async def _items(
        self, queue: ServedQueue, arguments: Arguments, job: Job | None
    ) -> tuple[list[ItemSpec], list[FileRef]]:
        """Items from `items`, or one item from the job's own arguments."""
        if "items" in arguments:
            rows = arguments.objects("items")
            if not rows:
                raise ApiError(400, "argument 'items': give at least one item")
        else:
            rows = [arguments]
        known: list[ItemSpec | None] = [None] * len(rows)
        if job is not None:
            if len(rows) != len(job.items) and "items" not in arguments:
                raise ApiError(400, "this job has several items: use argument 'items'")
            if len(rows) == len(job.items):
                known = [item.spec for item in job.items]
        specs, files = [], []
        for row, spec in zip(rows, known, strict=True):
            made, added = await self._item(queue, row, spec)
            if row is not arguments:
                row.finish()
            specs.append(made)
            files += added
        return specs, files

    async def _item(
        self, queue: ServedQueue, row: Arguments, known: ItemSpec | None
    ) -> tuple[ItemSpec, list[FileRef]]:
        count = row.integer("count", known.count if known else 1)
        try:
            check_count(known.name if known else "the item", count)
        except Rejected as error:
            raise ApiError.from_rejection(error) from error
        base = await self._base(queue, row, known)
        files = [] if base is known else list(base.files)
        # What a person demands binds every printer, also those that tell nothing.
        told = tuple(word for word in base.from_file if word not in row)
        spec = replace(
            base,
            count=count,
            materials=row.words("materials", base.materials),
            nozzle=row.optional_number("nozzle", base.nozzle),
            estimate_s=row.optional_integer("estimate_s", base.estimate_s),
            grams=row.optional_number("grams", base.grams),
            bbox=row.sides("bbox", base.bbox),
            from_file=told,
        )
        if "estimate_s" in row:  # a person's word, whichever file it is printed from
            alike = tuple(replace(file, estimate_s=None) for file in spec.files)
            spec = replace(spec, files=alike)
        _checked(spec)
        return spec, files

    async def _base(
        self, queue: ServedQueue, row: Arguments, known: ItemSpec | None
    ) -> ItemSpec:
        """The item that a row names by its files, or the one that it is about."""
        if sum(word in row for word in _FILES) > 1:
            raise ApiError(400, f"give one of the arguments {', '.join(_FILES)}")
        if "files" in row:
            return await self._alternatives(queue, row.objects("files"))
        if known is not None and not any(word in row for word in _FILES):
            return known
        return await self._named(queue, row)

    async def _named(self, queue: ServedQueue, row: Arguments) -> ItemSpec:
        """One copy of the file that a row names."""
        sha256 = row.optional_text("sha256")
        if sha256 is not None:
            return self._host.files.registered_item(queue, sha256)
        filename = row.optional_text("filename")
        if filename is None:
            raise ApiError(400, "argument 'filename' is missing")
        return await self._item_of(filename)

    async def _alternatives(
        self, queue: ServedQueue, rows: list[Arguments]
    ) -> ItemSpec:
        """One item from files that are sliced for one printer model or another."""
        if not rows:
            raise ApiError(400, "argument 'files': give at least one file")
        items = []
        for row in rows:
            item = await self._named(queue, row)
            models = row.words("models")
            seconds = row.optional_integer("estimate_s", item.estimate_s)
            row.finish()
            files = (replace(item.files[0], models=models),)
            items.append(replace(item, files=files, estimate_s=seconds))
        return joined(items)


def _by_rank(job: Job) -> Key:
    return job.rank, job.job_id


def _client_id(arguments: Arguments) -> str:
    text = arguments.text("command_id", "")
    if text and not CLIENT_ID_MIN <= len(text) <= CLIENT_ID_MAX:
        raise ApiError(
            400,
            f"argument 'command_id': {CLIENT_ID_MIN} to {CLIENT_ID_MAX} characters,"
            f" not {len(text)}",
        )
    return text


def _wishes(arguments: Arguments, base: Wishes) -> Wishes:
    return Wishes(
        name=arguments.text("name", base.name),
        note=arguments.text("note", base.note),
        priority=arguments.integer("priority", base.priority),
        due=arguments.optional_number("due", base.due),
        owner=arguments.text("owner", base.owner),
        hold=arguments.boolean("hold", base.hold),
        max_attempts=arguments.integer("max_attempts", base.max_attempts),
    )


def _requirements(arguments: Arguments, base: Requirements) -> Requirements:
    return Requirements(
        tags=arguments.words("tags", base.tags),
        models=arguments.words("models", base.models),
        keep_together=arguments.boolean("keep_together", base.keep_together),
        spread=arguments.boolean("spread", base.spread),
    )


def _checked(part: Wishes | ItemSpec) -> None:
    try:
        part.check()
    except Rejected as error:
        raise ApiError.from_rejection(error) from error
