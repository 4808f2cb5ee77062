"""What this printer shall print next, and why everything else waits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..model.queue_state import QueueState
from ..ports import Clock, Worker
from ..scheduler.cost import cost
from ..scheduler.feasibility import refusal
from .board import Board, ClassKey, Group, build_board, file_for
from .explanation import Explanation, explanation
from .joint_plan import JointPlan, plan_jointly
from .overdue import Overdue
from .plan_solver import PlanSolver
from .queues import Claim, Queues

_T = TypeVar("_T")
_OTHERS = "the plan has another printer for it by now"
_SETTLED = 30  # seconds for which a plan stands while nothing changes
_QUIET, _LONGEST = 0.2, 1.0  # seconds: a burst of changes is over, or long enough
SWAP_GAIN = 30  # minutes by which another copy must be better than a reserved one


@dataclass(frozen=True)
class Choice:
    """The copy that this printer is to claim."""

    key: ClassKey
    sha256: str


@dataclass(frozen=True)
class Objection:
    """Why a printer should let go a copy that it has reserved."""

    reason: str
    swap: bool = False  # for one that is better for it


@dataclass(frozen=True)
class _Scene:
    """What a board depends on besides the queues."""

    up: Mapping[str, frozenset[str]]  # hosts that are there, by queue
    overdue: frozenset[str]
    now: int  # Unix seconds


@dataclass(frozen=True)
class _Board:
    basis: object  # what a board that is still right has in common with it
    board: Board


@dataclass(frozen=True)
class Planned:
    """A board and its plan."""

    board: Board
    joint: JointPlan


@dataclass(frozen=True)
class _Explained:
    """What was told last of a queue, and what that followed from."""

    planned: Planned
    revision: int
    declined: Mapping[ClassKey, str]
    explanation: Explanation

    def holds(
        self, planned: Planned, revision: int, declined: Mapping[ClassKey, str]
    ) -> bool:
        """Whether it is still so: screens ask once a second."""
        basis = (self.revision, self.declined)
        return self.planned is planned and basis == (revision, declined)


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
        self._changed = self._unplanned = -math.inf  # monotonic: last, first change
        # By what was declined:
        self._boards: dict[frozenset[ClassKey], _Board] = {}
        self._known: dict[frozenset[ClassKey], Planned] = {}
        self._explained: dict[str, _Explained] = {}  # by queue
        self._overdue = Overdue()

    def decline(self, key: ClassKey, seconds: float, reason: str) -> None:
        """Give this printer no copy of a class for a while."""
        until = self._clock.monotonic() + seconds
        self._declined[key] = _Declined(until, reason)

    def note_change(self) -> None:
        """Something of a queue changed: what is planned may be old."""
        self._changed = self._clock.monotonic()
        if self._unplanned == -math.inf:
            self._unplanned = self._changed

    def unrest(self) -> float:
        """Seconds to wait with a plan, so that a burst of changes needs only one."""
        due = min(self._changed + _QUIET, self._unplanned + _LONGEST)
        return max(0.0, due - self._clock.monotonic())

    async def choose(self) -> Choice | None:
        """This printer's own part of the plan; raises SchedulerError."""
        self._unplanned = -math.inf
        declined = self._still_declined()
        board = await self._look(declined)
        name = board.name_of(self._queues.host_id)
        if name is None or not await self._worker.run(has_work, board.groups, name):
            return None  # whatever the others get: no need to solve
        planned = await self._planned(declined)
        self._overdue.note(self._given_to_others(planned), self._clock.monotonic())
        chosen = planned.joint.plan.assignment.get(name)
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

    def _given_to_others(self, planned: Planned) -> Iterator[tuple[str, ClassKey]]:
        """What the plan gives to idle printers of other hosts, which could take it."""
        board = planned.board
        printers = (p for group in board.groups for p in group.problem.printers)
        idle = {printer.name for printer in printers if not printer.busy_minutes}
        for name, given in planned.joint.plan.assignment.items():
            host = board.printers[name]
            if given is None or name not in idle or host == self._queues.host_id:
                continue
            if self._queues.ready(board.classes[given].queue):
                yield host, board.classes[given]

    async def objection(self, claim: Claim, *, may_swap: bool) -> Objection | None:
        """Why this printer should let go what it has reserved; None: it should not.

        It keeps a copy that a new plan gives it again; else it lets go if an idle
        printer may take the copy or, where it may swap, if what the plan has for it
        instead is better by SWAP_GAIN. Raises SchedulerError.
        """
        without = self._copies()
        without[claim.queue].prints.pop(claim.print_id, None)
        board = await self._build(without, self._scene(), frozenset())
        name = board.name_of(self._queues.host_id)
        key = ClassKey(claim.queue, claim.print_.job_id, claim.print_.item)
        copy = next((c for c, known in board.classes.items() if known == key), None)
        if name is None or copy is None:
            return Objection(_OTHERS)
        wanted = await self._worker.run(is_wanted, board.groups, copy, name)
        gains: dict[str, int] = {}
        if may_swap:
            gains = await self._worker.run(gains_over, board.groups, copy, name)
        if not wanted and not gains:
            return None  # no need to solve
        chosen = (await self.solve(board)).plan.assignment.get(name)
        if chosen == copy:
            return None
        if chosen in gains:
            better = f"{chosen} is better for this printer by {gains[chosen]} min"
            return Objection(better, swap=True)
        return Objection(_OTHERS) if wanted else None

    async def explain(self, queue: str) -> Explanation:
        """Why jobs of `queue` wait and its printers are idle; raises SchedulerError."""
        planned = await self.planned()
        declined = {key: self._declined[key].reason for key in self._still_declined()}
        revision = self._queues.revision
        known = self._explained.get(queue)
        if known is None or not known.holds(planned, revision, declined):
            state, plan = self._queues.state(queue), planned.joint.plan
            told = explanation(queue, state, planned.board, plan, declined)
            known = _Explained(planned, revision, declined, told)
            self._explained[queue] = known
        return known.explanation

    async def planned(self) -> Planned:
        """The plan of everything that waits; raises SchedulerError."""
        return await self._planned(frozenset())

    async def solve(self, board: Board) -> JointPlan:
        """The plan of a board; raises SchedulerError."""
        return await plan_jointly(board, self._solver, self._worker)

    def _still_declined(self) -> frozenset[ClassKey]:
        now = self._clock.monotonic()
        self._declined = {k: d for k, d in self._declined.items() if d.until > now}
        return frozenset(self._declined)

    def _scene(self) -> _Scene:
        up = {name: self._queues.up(name) for name in self._queues.names}
        overdue = self._overdue.hosts(self._clock.monotonic())
        # Hosts agree more often on whole half minutes than on seconds.
        return _Scene(up, overdue, int(self._clock.wall()) // _SETTLED * _SETTLED)

    def _copies(self) -> dict[str, QueueState]:
        """The states as they are now: the queues go on while a board is built."""
        return {name: state.copied() for name, state in self._queues.states.items()}

    async def _build(
        self,
        states: Mapping[str, QueueState],
        scene: _Scene,
        declined: frozenset[ClassKey],
    ) -> Board:
        up, overdue, now = scene.up, scene.overdue, scene.now
        here = self._queues.host_id
        return await self._worker.run(
            build_board, states, up, now, here, declined, overdue
        )

    async def _look(self, declined: frozenset[ClassKey]) -> Board:
        scene = self._scene()
        basis = (self._queues.revision, scene)
        known = self._boards.get(declined)
        if known is None or known.basis != basis:
            board = await self._build(self._copies(), scene, declined)
            known = _Board(basis, board)
            self._boards = _kept(self._boards, declined) | {declined: known}
        return known.board

    async def _planned(self, declined: frozenset[ClassKey]) -> Planned:
        board = await self._look(declined)
        known = self._known.get(declined)
        if known is None or not await self._worker.run(_alike, known.board, board):
            known = Planned(board, await self.solve(board))
            self._known = _kept(self._known, declined) | {declined: known}
        return known


def _alike(known: Board, board: Board) -> bool:
    """Whether a plan of one is a plan of the other. For the worker: both are large."""
    return known is board or known == board


def _kept(
    known: Mapping[frozenset[ClassKey], _T], declined: frozenset[ClassKey]
) -> dict[frozenset[ClassKey], _T]:
    """What is still of use: of all classes, and of those not declined."""
    keep = (frozenset[ClassKey](), declined)
    return {key: value for key, value in known.items() if key in keep}


def has_work(groups: Sequence[Group], name: str) -> bool:
    """Whether any waiting copy may go to the printer `name`. For the worker."""
    return any(
        refusal(group.problem, printer, job) is None
        for group in groups
        for printer in group.problem.printers
        if printer.name == name
        for job in group.problem.jobs
    )


def is_wanted(groups: Sequence[Group], copy: str, name: str) -> bool:
    """Whether a printer other than `name` is idle and may take a copy."""
    return any(
        printer.name != name
        and not printer.busy_minutes
        and refusal(group.problem, printer, job) is None
        for group in groups
        for job in group.problem.jobs
        if job.name == copy
        for printer in group.problem.printers
    )


def gains_over(groups: Sequence[Group], copy: str, name: str) -> dict[str, int]:
    """Copies that are better for printer `name` than `copy`, by how many minutes.

    Of its own group, whose weights both are measured by, and from SWAP_GAIN on.
    """
    for group in groups:
        problem = group.problem
        jobs = {job.name: job for job in problem.jobs}
        if copy not in jobs:
            continue
        printer = next(p for p in problem.printers if p.name == name)
        costs = {
            job.name: cost(problem, printer, job)
            for job in problem.jobs
            if refusal(problem, printer, job) is None
        }
        if copy not in costs:
            return {}
        gains = {other: (costs[copy] - dear) // 100 for other, dear in costs.items()}
        return {other: gain for other, gain in gains.items() if gain >= SWAP_GAIN}
    return {}
