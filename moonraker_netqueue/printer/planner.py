"""What this printer shall print next, and why everything else waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model.job import Job
from ..ports import Clock
from ..scheduler.planner import Plan
from .board import Board, ClassKey, build_board, file_for
from .plan_solver import PlanSolver
from .queues import Queues

_SETTLED = 30  # seconds for which a plan stands while nothing changes


@dataclass(frozen=True)
class Choice:
    """The copy that this printer is to claim."""

    key: ClassKey
    sha256: str


@dataclass(frozen=True)
class Explanation:
    """Of one queue: why its jobs wait, by job id, and printers idle, by host id."""

    jobs: Mapping[str, str]
    printers: Mapping[str, str]


@dataclass(frozen=True)
class _Planned:
    board: Board
    plan: Plan


class Planner:
    """Plans over all queues of this host; a plan is kept until something changes."""

    def __init__(self, queues: Queues, solver: PlanSolver, clock: Clock) -> None:
        self._queues = queues
        self._solver = solver
        self._clock = clock
        self._declined: dict[ClassKey, float] = {}  # until, monotonic seconds
        self._known: tuple[object, _Planned] | None = None

    def decline(self, key: ClassKey, seconds: float) -> None:
        """Give this printer no copy of a class for a while."""
        self._declined[key] = self._clock.monotonic() + seconds

    def decline_item(self, queue: str, job_id: str, item: int, seconds: float) -> None:
        """The same, by the names of the item."""
        self.decline(ClassKey(queue, job_id, item), seconds)

    async def choose(self) -> Choice | None:
        """This printer's own part of the plan; raises SchedulerError."""
        planned = await self._planned()
        name = planned.board.name_of(self._queues.host_id)
        chosen = None if name is None else planned.plan.assignment.get(name)
        if chosen is None:
            return None
        key = planned.board.classes[chosen]
        state = self._queues.state(key.queue)
        job = state.jobs.get(key.job_id)
        printer = state.printers.get(self._queues.host_id)
        if job is None or printer is None or key.item >= len(job.items):
            return None  # gone while the plan was made
        file = file_for(job.items[key.item].spec, printer.profile.model)
        return None if file is None else Choice(key, file.sha256)

    async def explain(self, queue: str) -> Explanation:
        """Why jobs of `queue` wait and its printers are idle; raises SchedulerError."""
        planned = await self._planned()
        state = self._queues.state(queue)
        waiting: dict[str, str] = {}
        for name, key in planned.board.classes.items():
            job = state.jobs.get(key.job_id)
            if key.queue != queue or job is None or key.job_id in waiting:
                continue
            waiting[key.job_id] = self._why(planned, name, key, job)
        idle = {
            planned.board.printers[name]: text
            for name, text in planned.plan.why_idle.items()
            if planned.board.printers[name] in state.printers
        }
        return Explanation(waiting, idle)

    def _why(self, planned: _Planned, name: str, key: ClassKey, job: Job) -> str:
        state = self._queues.state(key.queue)
        if state.paused:
            return "waiting: the queue is paused"
        if job.wishes.hold:
            return "waiting: the job is on hold"
        if job.quarantined(key.item):
            failed = job.items[key.item].failed
            return f"waiting: it failed {failed} times; retry it after a look at why"
        text = planned.plan.why_waiting.get(name)
        if text is None:
            takers = [p for p, j in planned.plan.assignment.items() if j == name]
            return f"waiting: {', '.join(takers)} is about to take it"
        plain = text.text
        for prefix in ("waits: ", "waits, "):
            plain = plain.removeprefix(prefix)
        return f"waiting: {plain}"

    async def _planned(self) -> _Planned:
        moment = self._clock.monotonic()
        self._declined = {k: t for k, t in self._declined.items() if t > moment}
        up = {name: self._queues.up(name) for name in self._queues.names}
        # Hosts agree more often on whole half minutes than on seconds.
        now = int(self._clock.wall()) // _SETTLED * _SETTLED
        basis = (self._queues.revision, now, up, frozenset(self._declined))
        if self._known is not None and self._known[0] == basis:
            return self._known[1]
        board = build_board(
            self._queues.states, up, now, self._queues.host_id, self._declined
        )
        planned = _Planned(board, await self._solver.solve(board.problem))
        self._known = (basis, planned)
        return planned
