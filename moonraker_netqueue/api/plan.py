"""The endpoint `plan`: who prints what, next and later, why not, and what if."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..model.queue_state import QueueState
from ..printer.board import Board
from ..printer.explanation import Explanation
from ..printer.outlook import Outlook, WhatIf
from ..scheduler.errors import ProblemError
from ..scheduler.forecast import PlannedPrint
from ..scheduler.what_if import Difference, Shift, told
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .queue import ServedQueue
from .views import host_name, idle_view, job_name, phrases, start_views

_WIDTH, _WIDTH_MIN, _WIDTH_MAX = 960, 320, 4_000  # pixels
_OFFSET_MAX = 16 * 60  # minutes
_SLICE = 100  # prints between two looks at other work
_MINUTE, _HUNDREDTHS = 60, 100


class PlanEndpoint:
    """What `plan` does."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def plan(self, arguments: Arguments) -> dict[str, Any]:
        """Who prints what next and later, and why the rest waits."""
        queue = self._host.queue(arguments)
        wishes = arguments.lines("with")
        ahead = arguments.boolean("forecast", True)
        svg = arguments.boolean("svg", False)
        offset = _bounded(arguments, "utc_offset", 0, -_OFFSET_MAX, _OFFSET_MAX)
        width = _bounded(arguments, "width", _WIDTH, _WIDTH_MIN, _WIDTH_MAX)
        arguments.finish()
        outlooks = self._host.agent.outlooks
        found = await self._host.agent.explain(queue.name)
        answer = _plan_view(queue, found, await outlooks.scores())
        if not (ahead or svg or wishes):
            return answer
        outlook = await outlooks.look()
        answer["forecast"] = await self._forecast_view(queue, outlook)
        starts = start_views(queue.name, queue.state, outlook)
        for row in answer["waiting"]:
            row["starts"] = starts.get(row["job_id"])
        if wishes:
            try:
                what_if = await outlooks.what_if(wishes)
            except ProblemError as error:
                raise ApiError(400, f"argument 'with': {error}") from error
            outlook = what_if.outlook
            answer["what_if"] = {
                **_what_if_view(queue, wishes, what_if),
                "forecast": await self._forecast_view(queue, outlook),
            }
        if svg:
            answer["svg"] = await outlooks.picture(queue.name, outlook, offset, width)
        return answer

    async def _forecast_view(
        self, queue: ServedQueue, outlook: Outlook
    ) -> dict[str, Any]:
        """Prints of the queue's printers, also for other queues; in Unix seconds."""
        board, shown = outlook.board, queue.state.printers
        never = outlook.forecast.left if outlook.forecast.complete else ()
        prints: list[dict[str, Any]] = []
        async for part in self._host.in_slices(outlook.forecast.prints, _SLICE):
            prints += (
                _print_view(queue, board, one)
                for one in part
                if board.printers[one.printer] in shown
            )
        return {
            "until": _MINUTE * outlook.until,
            "complete": outlook.forecast.complete,
            "prints": prints,
            "never": [
                {**_class_view(queue, board, job), "copies": copies}
                for job, copies in never
                if board.classes[job].queue == queue.name
            ],
        }


def _bounded(
    arguments: Arguments, name: str, default: int, least: int, most: int
) -> int:
    value = arguments.integer(name, default)
    if not least <= value <= most:
        raise ApiError(400, f"argument {name!r}: {least} to {most}, not {value}")
    return value


def _plan_view(
    queue: ServedQueue, found: Explanation, scores: Mapping[str, int]
) -> dict[str, Any]:
    state, gone = queue.state, queue.gone()
    return {
        "queue": queue.name,
        "revision": queue.revision,
        "solver": found.solver,
        "objective_minutes": found.objective / _HUNDREDTHS,
        "next": [
            {
                **_next_view(state, host_id, job_id, item),
                "score_minutes": scores.get(host_id, 0) / _HUNDREDTHS,
            }
            for host_id, (job_id, item) in sorted(found.assignment.items())
        ],
        "waiting": [
            {
                "job_id": job_id,
                "job": job_name(state, job_id),
                "why": why,
                "phrases": phrases(why=why),
            }
            for job_id, why in found.jobs.items()
        ],
        "idle": [
            {
                "printer_id": host_id,
                "printer": host_name(state, host_id),
                "why": why.text,
                **idle_view(why),
            }
            for host_id, why in sorted(found.idle.items())
            if host_id not in gone
        ],
    }


def _next_view(
    state: QueueState, host_id: str, job_id: str, item: int
) -> dict[str, Any]:
    return {
        "printer_id": host_id,
        "printer": host_name(state, host_id),
        "job_id": job_id,
        "job": job_name(state, job_id),
        "item": item,
    }


def _print_view(queue: ServedQueue, board: Board, one: PlannedPrint) -> dict[str, Any]:
    return {
        "printer_id": board.printers[one.printer],
        "printer": one.printer,
        **_class_view(queue, board, one.job),
        "copies": one.copies,
        "start": _MINUTE * one.start,
        "end": _MINUTE * one.end,
        "ready": _MINUTE * one.ready,
        "change": one.change,
    }


def _class_view(queue: ServedQueue, board: Board, name: str) -> dict[str, Any]:
    """Which copies those of a class are; `job` also names those of other queues."""
    key = board.classes[name]
    own = key.queue == queue.name
    return {
        "queue": key.queue,
        "job_id": key.job_id,
        "job": job_name(queue.state, key.job_id) if own else name,
        "item": key.item,
    }


def _what_if_view(
    queue: ServedQueue, wishes: tuple[str, ...], what_if: WhatIf
) -> dict[str, Any]:
    outlook = what_if.outlook
    board, takes = outlook.board, outlook.joint.plan.assignment
    taken = [
        (board.printers[printer], board.classes[name])
        for printer, name in takes.items()
        if name is not None and board.classes[name].queue == queue.name
    ]
    return {
        "with": list(wishes),
        "next": [
            _next_view(queue.state, host_id, key.job_id, key.item)
            for host_id, key in sorted(taken)
        ],
        "difference": _difference_view(queue, board, what_if.difference),
    }


def _difference_view(
    queue: ServedQueue, board: Board, found: Difference
) -> dict[str, Any]:
    before, after = found.before, found.after
    return {
        "lines": told(found),
        "jobs": [
            {**_class_view(queue, board, shift.job), **_shift_view(shift)}
            for shift in found.shifts
        ],
        "finish_before": _seconds(before.finish),
        "finish_after": _seconds(after.finish),
        "copies_before": before.copies,
        "copies_after": after.copies,
        "changes_before": before.changes,
        "changes_after": after.changes,
        "never_before": before.never,
        "never_after": after.never,
    }


def _shift_view(shift: Shift) -> dict[str, Any]:
    return {
        "start_before": _seconds(shift.start_before),
        "start_after": _seconds(shift.start_after),
        "end_before": _seconds(shift.end_before),
        "end_after": _seconds(shift.end_after),
    }


def _seconds(minute: int | None) -> int | None:
    return None if minute is None else _MINUTE * minute
