"""JSON between the agent and the solving process."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonraker_netqueue.scheduler.errors import ProblemError, SolverError
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.phrases import plain
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import Problem
from moonraker_netqueue.scheduler.wire import (
    plan_from_json,
    plan_to_json,
    problem_from_json,
    problem_to_json,
)

_TESTDATA = Path(__file__).parents[2] / "testdata"
_FILES = sorted((_TESTDATA / "instances").glob("*")) + sorted(_TESTDATA.glob("sch*"))


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_problem_and_plan_survive_the_way(path: Path) -> None:
    """What arrives equals what was sent, down to the hash, in plain ASCII."""
    problem = read_instance(path.read_text(encoding="utf-8"), path.name).problem
    text = problem_to_json(problem)
    assert text.isascii()
    assert problem_from_json(text) == problem
    assert hash(problem_from_json(text)) == hash(problem)
    found = plan(problem)
    arrived = plan_from_json(plan_to_json(found))
    assert arrived == found
    for name, waiting in found.why_waiting.items():
        assert plain(arrived.why_waiting[name].why) == plain(waiting.why) is not None
    for name, why in found.why_idle.items():
        assert plain(arrived.why_idle[name].text) == plain(why.text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "7",
        problem_to_json(Problem(now=0)).replace('"now"', '"later"'),
    ],
)
def test_foreign_problems_are_refused(text: str) -> None:
    """A process of another version answers with an error, not with a traceback."""
    with pytest.raises(ProblemError, match="same version"):
        problem_from_json(text)


@pytest.mark.parametrize("text", ["", "[]", "{}", "7", '{"why_waiting": {}}'])
def test_foreign_plans_are_refused(text: str) -> None:
    """A solving process that died half-way gave no answer."""
    with pytest.raises(SolverError, match="solve it in this process"):
        plan_from_json(text)
