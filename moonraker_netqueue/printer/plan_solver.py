"""Solving a plan off the loop: in a process of its own, or in a worker thread."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Protocol

from ..ports import ProgramFailed, Programs, Worker
from ..scheduler.errors import SchedulerError
from ..scheduler.planner import Plan, plan_scored, suitable_solver
from ..scheduler.problem import Problem
from ..scheduler.scored import score
from ..scheduler.solvers.solver import Solver
from ..scheduler.wire import plan_from_json, problem_to_json

_LOGGER = logging.getLogger(__name__)
_TIMEOUT = 10.0  # seconds; a Pi needs 3 to start Python and PuLP
# Resolved: under Moonraker the package is reached through a link of another name.
_PACKAGE = Path(__file__).resolve().parents[1]


class PlanSolver(Protocol):
    """What turns a problem into its plan without holding the loop up."""

    async def solve(self, problem: Problem) -> Plan:
        """The canonical plan; raises SchedulerError for what cannot be planned."""


class OffLoopSolver:
    """PuLP in a short-lived process, so that its memory goes; else pure Python."""

    def __init__(self, worker: Worker, programs: Programs) -> None:
        self._worker = worker
        self._programs = programs
        self._program_works = True

    async def solve(self, problem: Problem) -> Plan:
        scored = await self._worker.run(score, problem)
        chosen = suitable_solver(scored, lambda: self._program_works)
        if chosen is Solver.PULP:
            try:
                return await self._solve_by_program(problem)
            except (ProgramFailed, SchedulerError) as error:
                self._program_works = False
                _LOGGER.warning("planning goes on without PuLP: %s", error)
        return await self._worker.run(plan_scored, scored, Solver.PURE)

    async def _solve_by_program(self, problem: Problem) -> Plan:
        command = (sys.executable, "-m", f"{_PACKAGE.name}.scheduler", "--solve")
        question = await self._worker.run(problem_to_json, problem)
        environment = {"PYTHONPATH": str(_PACKAGE.parent)}
        answer = await self._programs.run(
            command, question.encode("ascii"), environment, _TIMEOUT
        )
        return await self._worker.run(plan_from_json, answer.decode("utf-8", "replace"))
