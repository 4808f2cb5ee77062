"""The instance files are the contract: mask, cost, optimum, canonical plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.planner import plan_scored
from moonraker_netqueue.scheduler.report import as_document
from moonraker_netqueue.scheduler.scored import Scored, score
from moonraker_netqueue.scheduler.solvers.solver import Solver

_FOLDER = Path(__file__).parents[2] / "testdata" / "instances"
_ONE_SHOT = sorted(
    path for path in _FOLDER.glob("*.yaml") if "makespan" not in path.name
)


def _read(path: Path) -> tuple[Scored, dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    return score(read_instance(text, path.name).problem), yaml.safe_load(text)[
        "expected"
    ]


def test_all_ten_one_shot_files_are_tested() -> None:
    """A file lost from testdata must not shrink the contract unnoticed."""
    assert len(_ONE_SHOT) == 10


@pytest.mark.parametrize("solver", Solver)
@pytest.mark.parametrize("path", _ONE_SHOT, ids=lambda path: path.stem)
def test_instance_is_reproduced_exactly(path: Path, solver: Solver) -> None:
    """Orders, mask, cost, objective and assignment equal what enumeration proved."""
    scored, expected = _read(path)
    plan = plan_scored(scored, solver)
    document = as_document(scored, plan)
    assert plan.solver is solver
    assert document["printers"] == expected["printerOrder"]
    assert document["jobs"] == expected["jobOrder"]
    assert document["mask"] == expected["mask"]
    assert document["cost"] == expected["cost"]
    assert document["objective"] == expected["optimum"]
    assert document["assignment"] == expected["canonicalAssignment"]


def test_document_has_the_documented_keys() -> None:
    """Programs read the plan under these names."""
    scored, _ = _read(_ONE_SHOT[1])
    document = json.loads(
        json.dumps(as_document(scored, plan_scored(scored, Solver.PURE)))
    )
    assert list(document) == [
        "kind",
        "printers",
        "jobs",
        "mask",
        "cost",
        "objective",
        "assignment",
        "why",
    ]
    assert document["kind"] == "oneshot"
    assert document["why"]["waiting"]["job2"]["reasons"] == {
        "operator": 1,
        "profile": 3,
    }
    assert list(document["why"]["idle"]) == ["printer2"]
