"""Problems and plans as JSON, between the agent and the process that solves."""

from __future__ import annotations

import dataclasses
import json
from enum import Enum
from typing import Any

from .errors import ProblemError, SolverError
from .explain import Waiting
from .hours import OperatorPeriod
from .idle import PrinterWhy
from .phrases import Phrase, phrase_of, plain
from .planner import Plan
from .problem import FormFactor, JobClass, Printer, Problem, Volume, Weights
from .solvers.solver import Solver


def problem_to_json(problem: Problem) -> str:
    """One line of ASCII JSON."""
    return json.dumps(dataclasses.asdict(problem), default=_enum_value)


def problem_from_json(text: str) -> Problem:
    """The inverse; raises ProblemError."""
    try:
        fields = _frozen(json.loads(text))
        fields["printers"] = tuple(_printer(entry) for entry in fields["printers"])
        fields["jobs"] = tuple(JobClass(**entry) for entry in fields["jobs"])
        fields["weights"] = Weights(**fields["weights"])
        fields["operator"] = _periods(fields["operator"])
        return Problem(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise ProblemError(
            f"problem: is not what problem_to_json writes ({error}); use the same"
            " version on both sides"
        ) from error


def plan_to_json(plan: Plan) -> str:
    """One line of ASCII JSON."""
    fields = dataclasses.asdict(plan, dict_factory=_with_phrases)
    return json.dumps(fields, default=_enum_value)


def plan_from_json(text: str) -> Plan:
    """The inverse; raises SolverError, as for a solver that gave no answer."""
    try:
        fields = json.loads(text)
        fields["why_waiting"] = {
            job: Waiting(_text(waiting["why"]), waiting["reasons"])
            for job, waiting in fields["why_waiting"].items()
        }
        fields["why_idle"] = {
            printer: PrinterWhy(
                why["code"],
                _text(why["text"]),
                _text(why["remedy"]),
                _frozen(why["jobs"]),
            )
            for printer, why in fields["why_idle"].items()
        }
        fields["prices"] = _frozen(fields["prices"])
        fields["solver"] = Solver(fields["solver"])
        return Plan(**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SolverError(
            f"plan: is not what plan_to_json writes ({error}); solve it in this process"
        ) from error


def _printer(entry: dict[str, Any]) -> Printer:
    if (volume := entry["volume"]) is not None:
        form_factor = FormFactor(volume["form_factor"])
        entry["volume"] = Volume(**{**volume, "form_factor": form_factor})
    return Printer(**{**entry, "operator": _periods(entry["operator"])})


def _periods(entries: Any) -> tuple[OperatorPeriod, ...]:
    return tuple(OperatorPeriod(**entry) for entry in entries)


def _enum_value(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _with_phrases(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {
        name: plain(value) if isinstance(value, Phrase) else value
        for name, value in fields
    }


def _text(form: Any) -> str:
    return form if isinstance(form, str) else phrase_of(form)


def _frozen(value: Any) -> Any:
    """JSON lists as tuples, all the way down."""
    if isinstance(value, list):
        return tuple(_frozen(entry) for entry in value)
    if isinstance(value, dict):
        return {key: _frozen(entry) for key, entry in value.items()}
    return value
