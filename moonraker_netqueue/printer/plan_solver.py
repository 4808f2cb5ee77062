"""Solving a plan off the loop: in a process of its own, or in a worker thread."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Protocol

from ..ports import Clock, ProgramFailed, Programs, Worker
from ..scheduler.errors import SchedulerError
from ..scheduler.planner import Plan, plan_scored, suitable_solver
from ..scheduler.problem import Problem
from ..scheduler.scored import score
from ..scheduler.solvers.solver import Solver
from ..scheduler.wire import plan_from_json, problem_to_json

_LOGGER = logging.getLogger(__name__)
_TIMEOUT = 10.0  # seconds; a Pi needs 3 to start Python and PuLP
_PAUSE, _PAUSE_MOST = 300.0, 6 * 3600.0  # seconds without it, doubled each time
# Resolved: under Moonraker the package is reached through a link of another name.
_PACKAGE = Path(__file__).resolve().parents[1]


class PlanSolver(Protocol):
    """What turns a problem into its plan without holding the loop up."""

    async def solve(self, problem: Problem) -> Plan:
        """The canonical plan; raises SchedulerError for what cannot be planned."""


class OffLoopSolver:
    """PuLP in a short-lived process, so that its memory goes; else pure Python.

    What failed, or took too long on a busy machine, is tried again later.
    """

    def __init__(self, worker: Worker, programs: Programs, clock: Clock) -> None:
        self._worker = worker
        self._programs = programs
        self._clock = clock
        self._pause = _PAUSE
        self._next_try = clock.monotonic()

    def _due(self) -> bool:
        return self._clock.monotonic() >= self._next_try

    async def solve(self, problem: Problem) -> Plan:
        scored = await self._worker.run(score, problem)
        chosen = suitable_solver(scored, self._due)
        if chosen is Solver.PULP:
            try:
                plan = await self._solve_by_program(problem)
            except (ProgramFailed, SchedulerError) as error:
                _LOGGER.warning(
                    "planning goes on without PuLP for %g s: %s", self._pause, error
                )
                self._next_try = self._clock.monotonic() + self._pause
                self._pause = min(2 * self._pause, _PAUSE_MOST)
            else:
                self._pause = _PAUSE
                return plan
        return await self._worker.run(plan_scored, scored, Solver.PURE)

    async def _solve_by_program(self, problem: Problem) -> Plan:
        command = (sys.executable, "-m", f"{_PACKAGE.name}.scheduler", "--solve")
        question = await self._worker.run(problem_to_json, problem)
        environment = {"PYTHONPATH": str(_PACKAGE.parent)}
        answer = await self._programs.run(
            command, question.encode("ascii"), environment, _TIMEOUT
        )
        return await self._worker.run(plan_from_json, answer.decode("utf-8", "replace"))
