"""Solving off the loop, in a real process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import pytest

from moonraker_netqueue.machine import MachinePrograms
from moonraker_netqueue.ports import ProgramFailed
from moonraker_netqueue.printer.plan_solver import OffLoopSolver
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.solvers.solver import Solver
from tests.printer.workshop import InlineWorker

PROBLEM = Problem(
    now=1_700_000_000,
    printers=(Printer("a"), Printer("b"), Printer("c")),
    jobs=(JobClass("long", durations=(("", 90),)), JobClass("short", copies=4)),
)


class BrokenPrograms:
    """Programs that do not run, or answer nonsense; `runs` counts them."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.runs = 0

    async def run(
        self,
        command: Sequence[str],
        stdin: bytes,
        environment: Mapping[str, str],
        timeout: float,
    ) -> bytes:
        self.runs += 1
        if self.answer is None:
            raise ProgramFailed("python3: no memory")
        return self.answer


@pytest.mark.asyncio
async def test_a_process_of_its_own_solves_with_pulp() -> None:
    """The same canonical plan as the pure solver's."""
    solver = OffLoopSolver(InlineWorker(), MachinePrograms())
    found = await solver.solve(PROBLEM)
    assert found.solver is Solver.PULP
    assert found.assignment == plan(PROBLEM).assignment


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [None, b"Traceback", b"{}"])
async def test_without_it_the_pure_solver_takes_over(answer: bytes | None) -> None:
    """Once for all: what failed is not started again for every plan."""
    programs = BrokenPrograms(answer)
    solver = OffLoopSolver(InlineWorker(), programs)
    for _ in range(3):
        found = await solver.solve(PROBLEM)
        assert found.solver is Solver.PURE
        assert found.assignment == plan(PROBLEM).assignment
    assert programs.runs == 1


@pytest.mark.asyncio
async def test_nothing_to_assign_needs_no_process() -> None:
    """No job, no printer that fits."""
    programs = BrokenPrograms(b"")
    solver = OffLoopSolver(InlineWorker(), programs)
    found = await solver.solve(Problem(now=0, printers=(Printer("a"),)))
    assert found.assignment == {"a": None}
    assert programs.runs == 0


@pytest.mark.asyncio
async def test_a_program_that_fails_says_why() -> None:
    """Status and last words; not there; not in time."""
    programs = MachinePrograms()
    failing = (sys.executable, "-c", "import sys; sys.exit('no solver here')")
    with pytest.raises(ProgramFailed, match="status 1: no solver here"):
        await programs.run(failing, b"", {}, 90)
    with pytest.raises(ProgramFailed, match="No such file"):
        await programs.run(("/no/such/program",), b"", {}, 90)
    sleeping = (sys.executable, "-c", "import time; time.sleep(60)")
    with pytest.raises(ProgramFailed, match="took over"):
        await programs.run(sleeping, b"", {}, 0.2)


@pytest.mark.asyncio
async def test_a_program_gets_its_input_and_environment() -> None:
    """And what it prints is the answer."""
    script = "import os, sys; print(os.environ['WORD'] + sys.stdin.read())"
    command = (sys.executable, "-c", script)
    answer = await MachinePrograms().run(command, b" there", {"WORD": "hello"}, 90)
    assert answer == b"hello there\n"
