"""Solving off the loop, in a real process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from moonraker_netqueue.machine import MachineClock, MachinePrograms
from moonraker_netqueue.ports import ProgramFailed
from moonraker_netqueue.printer import plan_solver
from moonraker_netqueue.printer.plan_solver import OffLoopSolver
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.scheduler.wire import plan_to_json
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play
from tests.printer.workshop import InlineWorker, LoopClock

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
async def test_a_process_of_its_own_solves_with_pulp(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same canonical plan as the pure solver's."""
    monkeypatch.setattr(plan_solver, "_TIMEOUT", 120.0)  # a machine may be busy
    solver = OffLoopSolver(InlineWorker(), MachinePrograms(), MachineClock())
    found = await solver.solve(PROBLEM)
    assert found.solver is Solver.PULP
    assert found.assignment == plan(PROBLEM).assignment


@pytest.mark.asyncio
@pytest.mark.parametrize("answer", [None, b"Traceback", b"{}"])
async def test_without_it_the_pure_solver_takes_over(answer: bytes | None) -> None:
    """What failed is not started again for every plan."""
    programs = BrokenPrograms(answer)
    solver = OffLoopSolver(InlineWorker(), programs, MachineClock())
    for _ in range(3):
        found = await solver.solve(PROBLEM)
        assert found.solver is Solver.PURE
        assert found.assignment == plan(PROBLEM).assignment
    assert programs.runs == 1


def test_a_solver_that_was_too_slow_once_is_asked_again_later() -> None:
    """After 5 minutes, then after 10; once it answers it is asked each time."""

    async def scenario(loop: VirtualLoop) -> None:
        programs = BrokenPrograms(None)
        solver = OffLoopSolver(InlineWorker(), programs, LoopClock())
        runs = []
        for _ in range(32):  # minutes
            assert (await solver.solve(PROBLEM)).solver is Solver.PURE
            runs.append(programs.runs)
            await asyncio.sleep(60)
        assert [runs.index(number) for number in (1, 2, 3)] == [0, 5, 15]
        assert programs.runs == 3
        await asyncio.sleep(3600)
        found = replace(plan(PROBLEM), solver=Solver.PULP)
        programs.answer = plan_to_json(found).encode()
        for _ in range(3):
            assert (await solver.solve(PROBLEM)).solver is Solver.PULP
        assert programs.runs == 6
        programs.answer = None
        await solver.solve(PROBLEM)
        await asyncio.sleep(300)
        await solver.solve(PROBLEM)  # the pause is short again
        assert programs.runs == 8

    play(scenario, VirtualLoop())


@pytest.mark.asyncio
async def test_nothing_to_assign_needs_no_process() -> None:
    """No job, no printer that fits."""
    programs = BrokenPrograms(b"")
    solver = OffLoopSolver(InlineWorker(), programs, MachineClock())
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
