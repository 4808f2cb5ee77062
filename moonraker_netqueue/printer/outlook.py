"""The plan at length: what holds a job on each printer, what prints when, what if."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..model.print import PrintState
from ..ports import Clock, Worker
from ..scheduler.cost import cost
from ..scheduler.explain import Obstacle, obstacles
from ..scheduler.feasibility import PLANNED_STATES
from ..scheduler.forecast import Forecast, forecast
from ..scheduler.gantt import gantt_svg
from ..scheduler.planner import chosen_from
from ..scheduler.problem import Problem
from ..scheduler.what_if import Difference, changed, compare
from .board import Board
from .joint_plan import JointPlan, Part
from .planner import Planner
from .queues import Queues

_PRINTING = PLANNED_STATES[1]
HOURS = 48  # how far ahead is looked
_PRINTS_MAX = 500  # a Pi 3 needs some seconds for them
_KEPT = 300.0  # seconds for which a forecast stands while nothing changes


@dataclass(frozen=True)
class Outlook:
    """A plan and what follows from it, under the names of its board."""

    board: Board
    joint: JointPlan
    forecast: Forecast
    until: int  # Unix minute up to which was looked

    @property
    def problem(self) -> Problem:
        """The printers, and the hours of the queues that choose first."""
        return self.board.groups[0].problem


@dataclass(frozen=True)
class WhatIf:
    """The outlook as it would be, and the difference to the one that is."""

    outlook: Outlook
    difference: Difference


@dataclass(frozen=True)
class Held:
    """What holds an item of a job on the printer of a host."""

    item: int
    host_id: str
    obstacle: Obstacle


class Outlooks:
    """Looks ahead when asked, off the loop; what was seen is kept for a while."""

    def __init__(
        self, planner: Planner, queues: Queues, clock: Clock, worker: Worker
    ) -> None:
        self._planner = planner
        self._queues = queues
        self._clock = clock
        self._worker = worker
        self._looking = asyncio.Lock()
        self._known: tuple[object, float, Outlook] | None = None

    async def look(self) -> Outlook:
        """What prints when; raises SchedulerError."""
        async with self._looking:
            # Not each half minute anew, as plans are: it tells times of day.
            up = tuple(self._queues.up(name) for name in self._queues.names)
            basis, now = (self._queues.revision, up), self._clock.monotonic()
            if self._known is not None:
                known, since, outlook = self._known
                if known == basis and now - since < _KEPT:
                    return outlook
            planned = await self._planner.planned()
            outlook = await self._played(planned.board, planned.joint)
            self._known = basis, now, outlook
            return outlook

    async def what_if(self, wishes: Sequence[str]) -> WhatIf:
        """What prints when if `wishes` were true; raises SchedulerError."""
        as_it_is = await self.look()
        board = as_it_is.board
        problems = tuple(group.problem for group in board.groups)
        problems = changed(problems, wishes)
        groups = tuple(
            replace(group, problem=problem)
            for group, problem in zip(board.groups, problems, strict=True)
        )
        board = replace(board, groups=groups)
        would_be = await self._played(board, await self._planner.solve(board))
        difference = compare(as_it_is.forecast, would_be.forecast)
        return WhatIf(would_be, difference)

    async def obstacles(self, queue: str, job_id: str) -> list[Held]:
        """What holds each waiting item of a job on each printer of its queue."""
        planned = await self._planner.planned()
        board, shown = planned.board, self._queues.state(queue).printers
        return [
            Held(key.item, board.printers[one.printer], one)
            for name, key in board.classes.items()
            if (key.queue, key.job_id) == (queue, job_id)
            for part in planned.joint.parts
            if name in part.plan.why_waiting
            for one in await self._worker.run(_obstacles, part, name)
            if board.printers[one.printer] in shown
        ]

    async def scores(self) -> dict[str, int]:
        """What each printer's next copy costs by its group's score, by host id."""
        planned = await self._planner.planned()
        return await self._worker.run(_scores, planned.board, planned.joint)

    async def picture(
        self, queue: str, outlook: Outlook, utc_offset: int, width: int
    ) -> str:
        """The outlook of a queue's printers as SVG."""
        board, problem = outlook.board, outlook.problem
        shown = self._queues.state(queue).printers
        printers = tuple(
            printer
            for printer in problem.printers
            if board.printers[printer.name] in shown
        )
        names = {printer.name for printer in printers}
        prints = tuple(p for p in outlook.forecast.prints if p.printer in names)
        shown_only = replace(problem, printers=printers)
        seen = replace(outlook.forecast, prints=prints)
        running = {name: self._running(board.printers[name]) for name in names}
        return await self._worker.run(
            _drawn, shown_only, seen, utc_offset, width, running
        )

    def _running(self, host: str) -> str:
        """The jobs of what a printer prints and has reserved."""
        names = [
            job.wishes.name
            for state in self._queues.states.values()
            for one in state.prints_of_host(host)
            if one.state is not PrintState.LOST
            and (job := state.jobs.get(one.job_id)) is not None
        ]
        return ", ".join(dict.fromkeys(names)) or "printing"

    async def _played(self, board: Board, joint: JointPlan) -> Outlook:
        until = board.groups[0].problem.now // 60 + HOURS * 60
        seen = await self._worker.run(_play, joint.parts, until)
        return Outlook(board, joint, seen, until)


def _obstacles(part: Part, name: str) -> tuple[Obstacle, ...]:
    return obstacles(chosen_from(part.problem, part.plan), name)


def _drawn(
    problem: Problem,
    seen: Forecast,
    utc_offset: int,
    width: int,
    running: Mapping[str, str],
) -> str:
    return gantt_svg(problem, seen, utc_offset=utc_offset, width=width, running=running)


def _scores(board: Board, joint: JointPlan) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in joint.parts:
        problem, takes = part.problem, part.plan.assignment
        jobs = {job.name: job for job in problem.jobs}
        for printer in problem.printers:
            name = takes[printer.name]
            if name is not None:
                host = board.printers[printer.name]
                found[host] = cost(problem, printer, jobs[name])
    return found


def _play(parts: Sequence[Part], until: int) -> Forecast:
    """Each group played forward in turn, on printers that those before it left.

    A printer is taken for the later groups until the last print of the earlier ones.
    """
    seen: list[Forecast] = []
    room = _PRINTS_MAX
    loaded: dict[str, tuple[str, ...]] = {}
    ends: dict[str, int] = {}
    for part in parts:
        problem = _left_over(part.problem, ends, loaded)
        first = part.plan.assignment
        found = forecast(problem, until=until, prints_max=room, first=first)
        materials = {job.name: job.materials for job in problem.jobs}
        for one in found.prints:
            ends[one.printer] = one.end
            if one.change:
                loaded[one.printer] = materials[one.job]
        room -= len(found.prints)
        seen.append(found)
    prints = (one for found in seen for one in found.prints)
    return Forecast(
        prints=tuple(sorted(prints, key=lambda one: one.start)),
        left=tuple(left for found in seen for left in found.left),
        complete=all(found.complete for found in seen),
    )


def _left_over(
    problem: Problem,
    ends: Mapping[str, int],
    loaded: Mapping[str, tuple[str, ...]],
) -> Problem:
    """The problem once other groups have printed until `ends`, Unix minutes."""
    now = problem.now // 60
    printers = []
    for printer in problem.printers:
        left = replace(printer, taken_by="")
        if printer.name in ends:
            busy = ends[printer.name] - now
            material = loaded.get(printer.name) or printer.loaded
            left = replace(left, state=_PRINTING, busy_minutes=busy, loaded=material)
        printers.append(left)
    return replace(problem, printers=tuple(printers))
