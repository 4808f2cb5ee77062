"""testdata/schedule*.yaml: what each explains in its comment is what comes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from moonraker_netqueue.scheduler.feasibility import needs_change
from moonraker_netqueue.scheduler.forecast import forecast
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.planner import plan, plan_scored
from moonraker_netqueue.scheduler.problem import Problem
from moonraker_netqueue.scheduler.scored import score
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.scheduler.strategies import known_strategies

_FILES = sorted((Path(__file__).parents[2] / "testdata").glob("schedule*.yaml"))


def _read(path: Path) -> tuple[Problem, dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    return read_instance(text, path.name).problem, yaml.safe_load(text)["expected"]


def test_all_files_are_tested_and_explained() -> None:
    """A file begins with a comment that says what it shows."""
    assert len(_FILES) >= 13
    for path in _FILES:
        assert path.read_text(encoding="utf-8").startswith("# "), path.name


@pytest.mark.parametrize("solver", Solver)
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_plan_is_the_expected_one(path: Path, solver: Solver) -> None:
    """By both solvers; changes are where they are expected."""
    problem, expected = _read(path)
    found = plan_scored(score(problem), solver)
    assert found.assignment == expected["assignment"]
    assert found.solver is solver
    if "changes" in expected:
        printers = {printer.name: printer for printer in problem.printers}
        jobs = {job.name: job for job in problem.jobs}
        changes = [
            job
            for printer, job in found.assignment.items()
            if job and needs_change(printers[printer], jobs[job])
        ]
        assert changes == expected["changes"]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_other_strategies_choose_as_expected(path: Path) -> None:
    """Where a file says what they do."""
    problem, expected = _read(path)
    for strategy in known_strategies().keys() & expected.keys():
        found = plan(replace(problem, strategy=strategy))
        assert found.assignment == expected[strategy], strategy


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_reasons_are_the_expected_ones(path: Path) -> None:
    """All of them: a pair that the file does not name is allowed."""
    problem, expected = _read(path)
    refused: dict[str, dict[str, str]] = {}
    for printer, row in zip(problem.printers, score(problem).mask, strict=True):
        for job, reason in zip(problem.jobs, row, strict=True):
            if reason is not None and job.queue in printer.queues:
                refused.setdefault(printer.name, {})[job.name] = reason.value
            elif reason is not None:
                assert reason.value in ("queue", "state")
    wanted = {
        printer: {job: reason for job, reason in row.items() if reason != "queue"}
        for printer, row in expected.get("refused", {}).items()
    }
    assert refused == wanted


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_jobs_start_when_expected(path: Path) -> None:
    """Played forward, where a file says when."""
    problem, expected = _read(path)
    starts: dict[str, int] = {}
    for planned in forecast(problem).prints:
        starts.setdefault(planned.job, planned.start)
    for job, when in expected.get("starts", {}).items():
        moment = datetime.fromisoformat(when.replace("Z", "+00:00"))
        assert starts[job] * 60 == moment.timestamp(), job
