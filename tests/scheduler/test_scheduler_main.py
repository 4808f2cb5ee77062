"""`python3 -m moonraker_netqueue.scheduler` as people and the agent run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.scheduler.wire import plan_from_json, problem_to_json

_TESTDATA = Path(__file__).parents[2] / "testdata"
_ONE_SHOT = sorted((_TESTDATA / "instances").glob("p0*")) + sorted(
    (_TESTDATA / "instances").glob("p10*")
)
_NIGHT = _TESTDATA / "instances" / "p02_night.yaml"


def _run(
    folder: Path, *arguments: str, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run from another folder, which is the one for temporary files as well."""
    return subprocess.run(
        [sys.executable, "-m", "moonraker_netqueue.scheduler", *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


def test_json_of_an_instance(tmp_path: Path) -> None:
    """One JSON document on standard output, nothing on standard error."""
    done = _run(tmp_path, str(_NIGHT), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["objective"] == 10043260
    assert document["assignment"]["printer2"] is None


@pytest.mark.parametrize("path", _ONE_SHOT, ids=lambda path: path.stem)
def test_every_one_shot_instance_comes_out_exactly(tmp_path: Path, path: Path) -> None:
    """The fields of the contract and no others, as the file proves them."""
    done = _run(tmp_path, str(path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    expected = yaml.safe_load(path.read_text(encoding="utf-8"))["expected"]
    assert set(document.pop("why")) == {"waiting", "idle"}
    assert document == {
        "kind": "oneshot",
        "printers": expected["printerOrder"],
        "jobs": expected["jobOrder"],
        "mask": expected["mask"],
        "cost": expected["cost"],
        "objective": expected["optimum"],
        "assignment": expected["canonicalAssignment"],
    }


def test_table_of_the_original_demonstration(tmp_path: Path) -> None:
    """People see costs, reasons, who takes what and why the rest waits."""
    done = _run(tmp_path, str(_TESTDATA / "schedule1.yaml"))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["bracket", "gear", "vase", "hinge", "takes"]
    assert lines[2].split() == [
        "berta",
        "47.25",
        "3.75",
        "material",
        "material",
        "gear",
    ]
    assert "hinge waits: load ABS-red on anton (it takes bracket first)" in done.stdout


def test_solve_answers_with_the_same_plan_by_pulp(tmp_path: Path) -> None:
    """The agent's process leaves no file behind and agrees with the pure solver."""
    problem = read_instance(_NIGHT.read_text(encoding="utf-8"), "f").problem
    done = _run(tmp_path, "--solve", text=problem_to_json(problem))
    assert (done.returncode, done.stderr) == (0, "")
    found, pure = plan_from_json(done.stdout), plan(problem, Solver.PURE)
    assert found.solver is Solver.PULP
    assert found.assignment == pure.assignment
    assert found.why_waiting == pure.why_waiting
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "makespan"),
    [("p11_makespan.yaml", 1085), ("p12_makespan_together.yaml", 1775)],
)
def test_makespan_problems_come_out_exactly(
    tmp_path: Path, name: str, makespan: int
) -> None:
    """As JSON for programs, as a table for people."""
    file = str(_TESTDATA / "instances" / name)
    done = _run(tmp_path, file, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert list(document) == ["kind", "makespan_minutes", "plan"]
    assert (document["kind"], document["makespan_minutes"]) == ("makespan", makespan)
    table = _run(tmp_path, file).stdout.splitlines()
    assert table[0].split()[-3:] == ["changes", "done", "after"]
    assert table[-1] == f"all done after {makespan} min, the least possible"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"\xff\xfe\x00", "is not text; give a YAML file"),
        (b"a: [", "is not YAML"),
    ],
)
def test_unreadable_files_are_told_in_one_line(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    """Exit 2, no traceback."""
    file = tmp_path / "jobs.yaml"
    if content is not None:
        file.write_bytes(content)
    done = _run(tmp_path, str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_solve_refuses_what_is_no_problem(tmp_path: Path) -> None:
    """A wrong version on one side is an error of one line."""
    done = _run(tmp_path, "--solve", text="{}")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_importing_the_scheduler_loads_nothing_heavy() -> None:
    """PuLP is loaded by the solving process only; YAML by the program only."""
    code = (
        "import sys, moonraker_netqueue.scheduler;"
        "print([name for name in ('pulp', 'yaml', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_what_if_and_a_picture_of_a_file(tmp_path: Path) -> None:
    """The gain in lines, and the plan as it would be as SVG."""
    demo, picture = str(_TESTDATA / "schedule1.yaml"), tmp_path / "plan.svg"
    wish = "anton: ABS-red"
    done = _run(tmp_path, demo, "--with", wish, "--svg", str(picture))
    assert "hinge will start" in done.stdout
    assert picture.read_text(encoding="utf-8").startswith("<svg ")
    found = json.loads(_run(tmp_path, demo, "--with", wish, "--json").stdout)
    assert found["assignment"]["anton"] == "hinge"
    assert found["difference"]["after"]["never"] == 0
    wrong = _run(tmp_path, demo, "--with", "bert: PLA")
    assert wrong.returncode == 2
    assert "no printer, waiting job or queue is called 'bert'" in wrong.stderr


def test_the_picture_of_the_manual_is_that_of_its_command(tmp_path: Path) -> None:
    """docs/scheduling.md shows what the command it names draws."""
    picture = tmp_path / "plan.svg"
    done = _run(tmp_path, str(_TESTDATA / "workshop.yaml"), "--svg", str(picture))
    assert done.returncode == 0
    shown = _TESTDATA.parent / "docs" / "pictures" / "plan.svg"
    assert picture.read_bytes() == shown.read_bytes()
