"""Plans within what an operator can do by hand, against enumeration."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.errors import SolverError
from moonraker_netqueue.scheduler.solvers import solver as solvers
from moonraker_netqueue.scheduler.solvers.limited import limited
from moonraker_netqueue.scheduler.solvers.linear_programme import solve_pulp
from moonraker_netqueue.scheduler.solvers.solver import Solver, solve
from moonraker_netqueue.scheduler.solvers.tableau import (
    Limit,
    Tableau,
    Vector,
    tableau,
)

_IDLE = 6  # low enough that leaving a printer idle is sometimes best


@st.composite
def _limited_tableaus(draw: st.DrawFn) -> Tableau:
    """Small, with many ties, up to two limits, and limits of nothing."""
    jobs = draw(st.integers(1, 4))
    cost = st.one_of(st.none(), st.integers(-3, 4))
    rows = draw(st.lists(st.tuples(*[cost] * jobs), min_size=1, max_size=5))
    units = draw(st.tuples(*[st.integers(0, 3)] * jobs))
    column = st.frozensets(st.integers(0, jobs - 1))
    manual = tuple(draw(st.tuples(*[column] * len(rows))))
    some_rows = st.sets(st.integers(0, len(rows) - 1), min_size=1)
    limits = draw(st.lists(st.tuples(some_rows, st.integers(0, 3)), max_size=2))
    model = tableau(tuple(rows), units, draw(st.sampled_from([_IDLE, 1000])))
    return Tableau(
        model.costs,
        model.capacity,
        manual,
        tuple(Limit(tuple(sorted(rows)), most) for rows, most in limits),
    )


def _random_tableau(seed: int, rows: int, jobs: int, most: int, units: int) -> Tableau:
    draw = random.Random(seed)  # noqa: S311 - test data, not secrets
    costs = tuple(
        tuple(
            None if draw.random() < 0.2 else draw.randrange(-20, 20) * 500
            for _ in range(jobs)
        )
        for _ in range(rows)
    )
    model = tableau(costs, [draw.randint(1, units) for _ in range(jobs)], 10_000_000)
    manual = tuple(
        frozenset(column for column in range(jobs) if draw.random() < 0.7)
        for _ in range(rows)
    )
    limits = (Limit(tuple(range(rows)), most),)
    return Tableau(model.costs, model.capacity, manual, limits)


def _best(model: Tableau) -> Vector:
    """The canonical plan, by enumeration."""
    choices = ([column for column, _ in row] for row in model.costs)
    plans = [
        vector
        for vector in itertools.product(*choices)
        if all(vector.count(c) <= room for c, room in enumerate(model.capacity))
        and model.keeps_limits(vector)
    ]
    return min(plans, key=lambda vector: (model.objective(vector), vector))


@settings(max_examples=400, deadline=None)
@given(_limited_tableaus())
def test_the_canonical_plan_is_that_of_enumeration(model: Tableau) -> None:
    """Least cost within the limits, and of equal ones the first in order."""
    found = limited(model)
    assert found.proven
    assert found.optimum.vector == _best(model)


@settings(max_examples=40, deadline=None)
@given(_limited_tableaus())
def test_pulp_and_pure_lead_to_the_same_plan(model: Tableau) -> None:
    """PuLP solves it as an integer programme: another plan perhaps, the same cost."""
    optimum, solver = solve(model, Solver.PULP)
    assert solver is Solver.PULP
    assert model.objective(solve_pulp(model)) == model.objective(optimum.vector)
    assert solve(model, Solver.PURE) == (optimum, Solver.PURE)


@pytest.mark.parametrize("seed", range(12))
def test_pulp_confirms_larger_plans(seed: int) -> None:
    """Twelve printers, ten jobs, scarce copies, most of them by hand."""
    model = _random_tableau(seed, rows=12, jobs=10, most=seed % 6, units=2)
    found = limited(model)
    assert found.proven
    assert model.objective(found.optimum.vector) == model.objective(solve_pulp(model))


@settings(max_examples=150, deadline=None)
@given(_limited_tableaus())
def test_without_time_there_is_a_plan_within_the_limits(model: Tableau) -> None:
    """Not cheaper than the best, and never one that asks too much of the operator."""
    found = limited(model, work=1)
    best = model.objective(_best(model))
    assert model.objective(found.optimum.vector) >= best
    if found.proven:
        assert found.optimum.vector == _best(model)


@pytest.mark.parametrize(
    ("rows", "jobs", "units", "seed"),
    [(12, 10, 2, 131), (10, 6, 2, 4), (10, 6, 2, 25), (8, 8, 1, 105)],
)
def test_gaps_that_the_price_leaves_are_closed(
    rows: int, jobs: int, units: int, seed: int
) -> None:
    """Of 600 like these, the ones in which a bound too high led to a dearer plan."""
    model = _random_tableau(seed, rows, jobs, most=seed % 6, units=units)
    found = limited(model).optimum.vector
    assert model.objective(found) == model.objective(solve_pulp(model))


def test_the_plan_without_time_is_a_good_one() -> None:
    """Within a hundredth of what the best costs over the plan without limits."""
    gaps = []
    for seed in range(20):
        model = _random_tableau(seed, rows=20, jobs=30, most=8, units=3)
        best, quick = limited(model), limited(model, work=1)
        assert best.proven
        assert not quick.proven
        least = model.objective(best.optimum.vector)
        gaps.append(model.objective(quick.optimum.vector) - least)
    assert max(gaps) <= 10_000  # the whole range of costs is 20,000
    assert sum(gaps) / len(gaps) < 1_000


def test_a_limit_that_does_not_bind_changes_nothing() -> None:
    """The plan has prices, as without."""
    model = _random_tableau(3, rows=6, jobs=8, most=6, units=2)
    optimum, _ = solve(model, Solver.PURE)
    assert optimum == solve(model.relaxed, Solver.PURE)[0]
    assert optimum.prices is not None


def test_plans_that_ask_too_much_of_the_operator_are_refused() -> None:
    """A plan of a broken solver never passes."""
    model = Tableau((((0, 1), (1, 9)),), (1, 1), (frozenset({0}),), (Limit((0,), 0),))
    with pytest.raises(SolverError, match="too much of the operator"):
        model.objective((0,))
    assert model.objective((1,)) == 9


def test_a_wrong_plan_of_pulp_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pure solver takes over."""
    model = Tableau(
        (((0, 1), (1, 9)), ((0, 1), (1, 9))),
        (2, 2),
        (frozenset({0}), frozenset({0})),
        (Limit((0, 1), 1),),
    )
    monkeypatch.setattr(solvers, "solve_pulp", lambda _model: (1, 1))
    optimum, solver = solve(model, Solver.PULP)
    assert (optimum.vector, solver) == ((0, 1), Solver.PURE)
