"""Plans of small problems: edges, order, words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moonraker_netqueue.scheduler.errors import ProblemError, SolverError
from moonraker_netqueue.scheduler.planner import Plan, plan, suitable_solver
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem, Weights
from moonraker_netqueue.scheduler.scored import score
from moonraker_netqueue.scheduler.solvers import solver as solvers
from moonraker_netqueue.scheduler.solvers.solver import Solver, choose_solver
from moonraker_netqueue.scheduler.solvers.tableau import Tableau, Vector

_A, _B = Printer("a"), Printer("b")
_ONE, _TWO = JobClass("one", added=1), JobClass("two", added=2)


def _idle(found: Plan) -> dict[str, str]:
    return {printer: why.text for printer, why in found.why_idle.items()}


@pytest.mark.parametrize("solver", Solver)
def test_exactly_one_job(solver: Solver) -> None:
    """The original optimiser crashed on this (lesson 11)."""
    found = plan(Problem(now=0, printers=(_A, _B), jobs=(_ONE,)), solver)
    assert found.assignment == {"a": "one", "b": None}
    assert found.why_waiting == {}
    assert _idle(found) == {"b": "other printers take every job it could print"}


@pytest.mark.parametrize("solver", Solver)
def test_no_jobs(solver: Solver) -> None:
    """Every printer is idle and says so."""
    found = plan(Problem(now=0, printers=(_A,)), solver)
    assert found.assignment == {"a": None}
    assert found.objective == Weights().idle
    assert _idle(found) == {"a": "no job waits"}


@pytest.mark.parametrize("solver", Solver)
def test_no_printers(solver: Solver) -> None:
    """Every job waits and says so."""
    found = plan(Problem(now=0, jobs=(_ONE,)), solver)
    assert found.assignment == {}
    assert found.why_waiting["one"].text == "waits: no printer serves this queue yet"


def test_no_printers_and_no_jobs() -> None:
    """An empty queue on an empty farm has an empty plan."""
    found = plan(Problem(now=0))
    assert (found.assignment, found.objective) == ({}, 0)


def test_input_order_does_not_matter() -> None:
    """Hosts that hold the same state in another order compute the same plan."""
    straight = Problem(now=0, printers=(_A, _B), jobs=(_ONE, _TWO))
    reverse = Problem(now=0, printers=(_B, _A), jobs=(_TWO, _ONE))
    assert straight == reverse
    assert hash(straight) == hash(reverse)
    assert plan(straight) == plan(reverse)


def test_jobs_added_in_the_same_second_come_in_order_of_name() -> None:
    """Nothing is left to chance among equals."""
    jobs = (replace(_TWO, added=1), _ONE)
    assert plan(Problem(now=0, printers=(_A,), jobs=jobs)).assignment == {"a": "one"}


def test_copies_spread_over_the_printers() -> None:
    """Nine copies wait, three printers start one each, and the rest says why."""
    printers = (_A, _B, Printer("c"))
    found = plan(Problem(now=0, printers=printers, jobs=(replace(_ONE, copies=9),)))
    assert set(found.assignment.values()) == {"one"}
    assert (
        found.why_waiting["one"].text
        == "waits: every printer that fits already takes a copy of it"
    )


def test_copies_kept_together_start_on_one_printer() -> None:
    """The other printer stays idle rather than take a copy."""
    job = replace(_ONE, copies=5, keep_together=True)
    found = plan(Problem(now=0, printers=(_A, _B), jobs=(job,)))
    assert found.assignment == {"a": "one", "b": None}
    elsewhere = replace(job, together_on="b")
    found = plan(Problem(now=0, printers=(_A, _B), jobs=(elsewhere,)))
    assert found.assignment == {"a": None, "b": "one"}
    assert found.why_idle["a"].text == "other copies of the job are on another printer"


def test_why_a_job_fits_no_printer_is_the_mask_read_out() -> None:
    """The most frequent reason first, printers named, the rest counted."""
    printers = [Printer(f"p{n}", nozzle=0.6) for n in range(5)]
    printers.append(Printer("q", state="error", nozzle=0.6))
    job = replace(_ONE, nozzle=0.4)
    waiting = plan(Problem(now=0, printers=tuple(printers), jobs=(job,))).why_waiting
    assert waiting["one"].text == (
        "waits, no printer fits: needs a 0.4 mm nozzle (p0, p1, p2 and 2 more);"
        " not ready, nor soon (q: error)"
    )
    assert waiting["one"].reasons == {"nozzle": 5, "state": 1}


def test_why_a_job_is_outbid_names_the_printer_and_the_price() -> None:
    """Two jobs, one printer: the older goes first, by its hour of waiting more."""
    old = replace(_ONE, added=0)
    young = replace(_TWO, added=3600)
    found = plan(Problem(now=3600, printers=(_A,), jobs=(old, young)))
    assert found.why_waiting["two"].text == (
        "waits: a takes one first; this one instead would cost at least 3 min more"
    )


def test_why_a_job_waits_behind_an_equal_one() -> None:
    """Where nothing is lost by another choice, no price is told."""
    found = plan(Problem(now=0, printers=(_A,), jobs=(_ONE, _TWO)))
    assert found.why_waiting["two"].text == "waits: a takes one first"


def test_a_cheap_idle_printer_may_wait_for_better_work() -> None:
    """With a low weight of idleness both sides say that waiting is cheaper."""
    problem = Problem(
        now=0, printers=(_A,), jobs=(_ONE,), weights=Weights(idle=100, printing=50)
    )
    found = plan(problem)
    assert found.assignment == {"a": None}
    assert _idle(found) == {"a": "starting one costs more than staying idle"}
    assert (
        found.why_waiting["one"].text
        == "waits: starting it on a costs more than leaving that idle"
    )


@pytest.mark.parametrize(
    ("printer", "text"),
    [
        (replace(_A, state="offline"), "offline"),
        (replace(_A, state="printing", busy_minutes=99), "printing, 99 min left"),
        (replace(_A, bed_clear=False), "bed not known to be clear: clear it"),
        (replace(_A, switched_off=True), "paused by a person: resume it"),
        (replace(_A, tags=("x",)), "fits none of 2 jobs: nozzle 1, tags 1"),
    ],
)
def test_why_a_printer_is_idle(printer: Printer, text: str) -> None:
    """Its state, its one reason, or the count of each."""
    jobs = (replace(_ONE, nozzle=0.4, tags=("x",)), replace(_TWO, tags=("y",)))
    found = plan(Problem(now=0, printers=(printer,), jobs=jobs))
    assert _idle(found) == {"a": text}


def test_choice_of_solver_is_pulp_where_it_works_and_is_quick() -> None:
    """Nothing to solve, a large farm or a foreign processor: pure."""
    assert choose_solver(1, lambda: True) is Solver.PULP
    assert choose_solver(20_000, lambda: True) is Solver.PULP
    assert choose_solver(20_001, lambda: True) is Solver.PURE
    assert choose_solver(0, lambda: True) is Solver.PURE
    assert choose_solver(1, lambda: False) is Solver.PURE
    scored = score(Problem(now=0, printers=(_A,), jobs=(_ONE,)))
    assert suitable_solver(scored, lambda: True) is Solver.PULP
    greedy = replace(scored, problem=replace(scored.problem, strategy="greedy"))
    assert suitable_solver(greedy, lambda: True) is Solver.PURE


def _no_solver(_model: Tableau) -> Vector:
    raise SolverError("no solver here")


def _wrong_solver(model: Tableau) -> Vector:
    return (model.idle,) * len(model.costs)


@pytest.mark.parametrize("solve", [_no_solver, _wrong_solver])
def test_pure_solver_steps_in_where_pulp_fails_or_is_wrong(
    solve: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is the same and says which solver it was."""
    monkeypatch.setattr(solvers, "solve_pulp", solve)
    found = plan(Problem(now=0, printers=(_A,), jobs=(_ONE,)), Solver.PULP)
    assert found.assignment == {"a": "one"}
    assert found.solver is Solver.PURE


@pytest.mark.parametrize(
    ("printers", "jobs", "message"),
    [
        ((_A, _A), (), "printer a: is there twice"),
        ((), (_ONE, replace(_ONE, added=9)), "job one: is there twice"),
        ((), (replace(_ONE, copies=-1),), "job one: -1 copies"),
        ((), (replace(_ONE, durations=()),), "job one: has no file"),
    ],
)
def test_problems_without_meaning_are_refused(
    printers: tuple[Printer, ...], jobs: tuple[JobClass, ...], message: str
) -> None:
    """The message names the thing."""
    with pytest.raises(ProblemError, match=message):
        Problem(now=0, printers=printers, jobs=jobs)
