"""Which printer prints what next: pure planning. docs/scheduling.md explains it."""

from __future__ import annotations

from .errors import ProblemError, SchedulerError, SolverError
from .explain import Waiting
from .feasibility import Reason
from .hours import OperatorPeriod
from .planner import Plan, plan, suitable_solver
from .problem import (
    ANY_MODEL,
    UNKNOWN_DURATION,
    FormFactor,
    JobClass,
    Printer,
    Problem,
    Volume,
    Weights,
)
from .scored import score
from .solvers.solver import Solver
from .strategies import known_strategies
from .wire import plan_from_json, plan_to_json, problem_from_json, problem_to_json

__all__ = [
    "ANY_MODEL",
    "UNKNOWN_DURATION",
    "FormFactor",
    "JobClass",
    "OperatorPeriod",
    "Plan",
    "Printer",
    "Problem",
    "ProblemError",
    "Reason",
    "SchedulerError",
    "Solver",
    "SolverError",
    "Volume",
    "Waiting",
    "Weights",
    "known_strategies",
    "plan",
    "plan_from_json",
    "plan_to_json",
    "problem_from_json",
    "problem_to_json",
    "score",
    "suitable_solver",
]
