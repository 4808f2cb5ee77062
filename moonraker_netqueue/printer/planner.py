"""What this printer shall print next, and why everything else waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from ..model.job import Job
from ..ports import Clock, Worker
from ..scheduler.feasibility import refusal
from ..scheduler.planner import Plan
from ..scheduler.problem import Problem
from .board import Board, ClassKey, bar_repeaters, build_board, file_for
from .plan_solver import PlanSolver
from .queues import Claim, Queues

_T = TypeVar("_T")
_SETTLED = 30  # seconds for which a plan stands while nothing changes


@dataclass(frozen=True)
class Choice:
    """The copy that this printer is to claim."""

    key: ClassKey
    sha256: str


@dataclass(frozen=True)
class Explanation:
    """Of one queue: why its jobs wait, by job id, and printers idle, by host id.

    `assignment` says which item each printer is to take next: host id -> (job id,
    item). `objective` is that of the whole plan, over all queues of this host, in
    hundredths of a minute; `solver` is what computed it.
    """

    jobs: Mapping[str, str]
    printers: Mapping[str, str]
    assignment: Mapping[str, tuple[str, int]]
    objective: int
    solver: str


@dataclass(frozen=True)
class _Board:
    basis: object  # what a board that is still right has in common with it
    board: Board


@dataclass(frozen=True)
class _Planned:
    board: Board
    plan: Plan


@dataclass(frozen=True)
class _Declined:
    until: float  # monotonic seconds
    reason: str


class Planner:
    """Plans over all queues of this host; a plan is kept until something changes."""

    def __init__(
        self, queues: Queues, solver: PlanSolver, clock: Clock, worker: Worker
    ) -> None:
        self._queues = queues
        self._solver = solver
        self._clock = clock
        self._worker = worker
        self._declined: dict[ClassKey, _Declined] = {}
        # By what was declined:
        self._boards: dict[frozenset[ClassKey], _Board] = {}
        self._known: dict[frozenset[ClassKey], _Planned] = {}

    def decline(self, key: ClassKey, seconds: float, reason: str) -> None:
        """Give this printer no copy of a class for a while."""
        until = self._clock.monotonic() + seconds
        self._declined[key] = _Declined(until, reason)

    async def choose(self) -> Choice | None:
        """This printer's own part of the plan; raises SchedulerError."""
        declined = self._still_declined()
        board = self._look(declined)
        name = board.name_of(self._queues.host_id)
        if name is None or not await self._worker.run(has_work, board.problem, name):
            return None  # whatever the others get: no need to solve
        planned = await self._planned(declined)
        chosen = planned.plan.assignment.get(name)
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

    async def keeps(self, claim: Claim) -> bool:
        """Whether this printer should keep what it has reserved: a plan gives it the
        copy again, or no other printer could take it now.

        Raises SchedulerError.
        """
        without = {name: state.copied() for name, state in self._queues.states.items()}
        without[claim.queue].prints.pop(claim.print_id, None)
        here = self._queues.host_id
        board = build_board(without, self._up(), self._now(), here, ())
        name = board.name_of(here)
        key = ClassKey(claim.queue, claim.print_.job_id, claim.print_.item)
        copy = next((c for c, known in board.classes.items() if known == key), None)
        if name is None or copy is None:
            return False
        if not await self._worker.run(is_wanted, board.problem, copy, name):
            return True
        plan = await self._solve(board)
        return plan.assignment.get(name) == copy

    async def explain(self, queue: str) -> Explanation:
        """Why jobs of `queue` wait and its printers are idle; raises SchedulerError."""
        planned = await self._planned(frozenset())
        state = self._queues.state(queue)
        waiting: dict[str, str] = {}
        for name, key in planned.board.classes.items():
            job = state.jobs.get(key.job_id)
            if key.queue != queue or job is None or key.job_id in waiting:
                continue
            waiting[key.job_id] = self._why(planned, name, key, job)
        idle = {
            planned.board.printers[name]: "the queue is paused"
            if state.paused
            else why.text
            for name, why in planned.plan.why_idle.items()
            if planned.board.printers[name] in state.printers
        }
        board, plan = planned.board, planned.plan
        taken = {
            board.printers[printer]: board.classes[name]
            for printer, name in plan.assignment.items()
            if name is not None
        }
        assignment = {
            host: (key.job_id, key.item)
            for host, key in taken.items()
            if key.queue == queue
        }
        solver = plan.solver.value
        return Explanation(waiting, idle, assignment, plan.objective, solver)

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
        if text is None and key in self._still_declined():
            return f"waiting: it is tried again soon. {self._declined[key].reason}"
        if text is None:
            takers = [p for p, j in planned.plan.assignment.items() if j == name]
            return f"waiting: {', '.join(takers)} is about to take it"
        plain = text.text
        for prefix in ("waits: ", "waits, "):
            plain = plain.removeprefix(prefix)
        return f"waiting: {plain}"

    def _still_declined(self) -> frozenset[ClassKey]:
        now = self._clock.monotonic()
        self._declined = {k: d for k, d in self._declined.items() if d.until > now}
        return frozenset(self._declined)

    def _up(self) -> dict[str, frozenset[str]]:
        return {name: self._queues.up(name) for name in self._queues.names}

    def _now(self) -> int:
        # Hosts agree more often on whole half minutes than on seconds.
        return int(self._clock.wall()) // _SETTLED * _SETTLED

    async def _solve(self, board: Board) -> Plan:
        problem = board.problem
        if board.failures:
            problem = await self._worker.run(bar_repeaters, board)
        return await self._solver.solve(problem)

    def _look(self, declined: frozenset[ClassKey]) -> Board:
        up, now = self._up(), self._now()
        basis = (self._queues.revision, now, up)
        known = self._boards.get(declined)
        if known is None or known.basis != basis:
            here = self._queues.host_id
            board = build_board(self._queues.states, up, now, here, declined)
            known = _Board(basis, board)
            self._boards = _kept(self._boards, declined) | {declined: known}
        return known.board

    async def _planned(self, declined: frozenset[ClassKey]) -> _Planned:
        board = self._look(declined)
        known = self._known.get(declined)
        if known is None or known.board != board:
            known = _Planned(board, await self._solve(board))
            self._known = _kept(self._known, declined) | {declined: known}
        return known


def _kept(
    known: Mapping[frozenset[ClassKey], _T], declined: frozenset[ClassKey]
) -> dict[frozenset[ClassKey], _T]:
    """What is still of use: of all classes, and of those not declined."""
    keep = (frozenset[ClassKey](), declined)
    return {key: value for key, value in known.items() if key in keep}


def has_work(problem: Problem, name: str) -> bool:
    """Whether any waiting copy may go to the printer `name`. For the worker."""
    own = next(printer for printer in problem.printers if printer.name == name)
    return any(refusal(problem, own, job) is None for job in problem.jobs)


def is_wanted(problem: Problem, copy: str, name: str) -> bool:
    """Whether a printer other than `name` is idle and may take a copy."""
    job = next(job for job in problem.jobs if job.name == copy)
    return any(
        printer.name != name
        and not printer.busy_minutes
        and refusal(problem, printer, job) is None
        for printer in problem.printers
    )
