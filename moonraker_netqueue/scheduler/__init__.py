"""Which printer prints what next: pure planning. docs/scheduling.md explains it."""

from __future__ import annotations

from .errors import ProblemError, SchedulerError, SolverError
from .explain import Waiting
from .feasibility import Reason
from .hours import OperatorPeriod
from .planner import Plan, Solver, choose_solver, plan, score
from .problem import (
    ANY_MODEL,
    UNKNOWN_DURATION,
    FormFactor,
    JobClass,
    Printer,
    Problem,
    Strategy,
    Volume,
    Weights,
)
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
    "Strategy",
    "Volume",
    "Waiting",
    "Weights",
    "choose_solver",
    "plan",
    "plan_from_json",
    "plan_to_json",
    "problem_from_json",
    "problem_to_json",
    "score",
]
