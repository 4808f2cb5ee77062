"""Both solvers and the canonical choice, against enumeration and each other."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.errors import SolverError
from moonraker_netqueue.scheduler.solvers.canonical import canonical
from moonraker_netqueue.scheduler.solvers.linear_programme import (
    build_model,
    pulp_works,
    solve_pulp,
)
from moonraker_netqueue.scheduler.solvers.tableau import Tableau, Vector, tableau
from moonraker_netqueue.scheduler.solvers.transport import _Flow, _Search, solve_pure

_IDLE = 6  # low enough that leaving a printer idle is sometimes best


@st.composite
def _tableaus(draw: st.DrawFn) -> Tableau:
    """Small, with many ties, negative costs and infeasible pairs."""
    jobs = draw(st.integers(0, 4))
    cost = st.one_of(st.none(), st.integers(-4, 8))
    rows = draw(st.lists(st.tuples(*[cost] * jobs), max_size=4))
    units = draw(st.tuples(*[st.integers(0, 3)] * jobs))
    return tableau(tuple(rows), units, draw(st.sampled_from([_IDLE, 1000])))


def _plans(model: Tableau) -> list[Vector]:
    """Every feasible plan, by enumeration."""
    choices = ([column for column, _ in row] for row in model.costs)
    return [
        vector
        for vector in itertools.product(*choices)
        if all(vector.count(c) <= room for c, room in enumerate(model.capacity))
    ]


def _random_tableau(seed: int) -> Tableau:
    draw = random.Random(seed)  # noqa: S311 - test data, not secrets
    jobs = draw.randint(0, 12)
    rows = tuple(
        tuple(
            None if draw.random() < 0.3 else draw.randrange(-20, 20) * 500
            for _ in range(jobs)
        )
        for _ in range(draw.randint(0, 12))
    )
    return tableau(rows, [draw.randint(0, 3) for _ in range(jobs)], 10_000_000)


@settings(max_examples=500)
@given(_tableaus())
def test_pure_solver_finds_the_canonical_optimum_of_enumeration(model: Tableau) -> None:
    """Least cost, and of all plans of least cost the lexicographically smallest."""
    best = min((model.objective(vector), vector) for vector in _plans(model))
    assert model.objective(solve_pure(model)) == best[0]
    assert canonical(model, solve_pure(model)).vector == best[1]


@settings(max_examples=300)
@given(_tableaus())
def test_canonical_is_reached_from_every_optimal_plan(model: Tableau) -> None:
    """Whatever a solver returns, the same plan and the same prices come out."""
    plans = _plans(model)
    least = min(model.objective(vector) for vector in plans)
    optimal = [vector for vector in plans if model.objective(vector) == least]
    found = {canonical(model, vector) for vector in optimal}
    assert found == {canonical(model, min(optimal))}
    assert found.pop().vector == min(optimal)


@given(_tableaus())
def test_canonical_refuses_every_plan_that_is_not_optimal(model: Tableau) -> None:
    """No negative cycle is the proof of optimality."""
    plans = _plans(model)
    least = min(model.objective(vector) for vector in plans)
    for vector in plans:
        if model.objective(vector) > least:
            with pytest.raises(SolverError, match="not the optimum"):
                canonical(model, vector)


@given(_tableaus())
def test_prices_of_the_pure_solver_keep_its_searches_short(model: Tableau) -> None:
    """Every row is in a column that is cheapest for it: no edge is ever negative."""
    flow = _Flow(model)
    for row in range(len(model.costs)):
        flow.add(row)
        for added, column in enumerate(flow.column_of):
            reduced = {
                column: cost - flow._price[column]
                for column, cost in model.costs[added]
            }
            assert reduced[column] == min(reduced.values())


def test_equal_costs_do_not_make_a_search_look_at_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The nearest column with room ends it, whatever else is as near."""
    closed: list[int] = []
    next_column = _Search.next_column

    def counted(search: _Search) -> int:
        column = next_column(search)
        closed.append(column)
        return column

    monkeypatch.setattr(_Search, "next_column", counted)
    draw = random.Random(1)  # noqa: S311 - test data, not secrets
    rows, columns = 200, 40
    costs = tuple(
        tuple(draw.randrange(10) * 100 for _ in range(columns)) for _ in range(rows)
    )
    solve_pure(tableau(costs, [rows // columns] * columns, 10_000_000))
    assert len(closed) < 3 * rows


@given(_tableaus())
def test_prices_bound_the_cost_of_every_other_choice(model: Tableau) -> None:
    """Forcing a pair makes the plan at least its reduced cost worse."""
    optimum = canonical(model, solve_pure(model))
    assert optimum.prices is not None
    least = model.objective(optimum.vector)
    plans = _plans(model)
    for row, costs in enumerate(model.costs):
        here = optimum.vector[row]
        paid = dict(costs)[here] - optimum.prices[here]
        for column, cost in costs:
            forced = [
                model.objective(vector) for vector in plans if vector[row] == column
            ]
            reduced = cost - optimum.prices[column] - paid
            assert reduced >= 0
            assert not forced or min(forced) - least >= reduced


def test_pulp_and_pure_agree_on_sixty_random_instances() -> None:
    """Solvers differ in the plan they return, not in its canonical form."""
    for seed in range(60):
        model = _random_tableau(seed)
        pure = canonical(model, solve_pure(model))
        assert canonical(model, solve_pulp(model)) == pure, f"seed {seed}"


def test_pulp_solver_passes_its_self_test_here() -> None:
    """On the machines that test this, PuLP's own solver runs."""
    assert pulp_works()


# PuLP forgets an open /dev/null when its solver does not start.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("content", [None, b"\x7fELF of another processor"])
def test_self_test_fails_where_the_solver_cannot_run(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No binary, or (32-bit ARM) one for another processor: the pure solver's turn."""
    binary = tmp_path / "cbc"
    if content is not None:
        binary.write_bytes(content)
        binary.chmod(0o755)
    monkeypatch.setenv("TMP", str(tmp_path))
    monkeypatch.setattr(pulp.PULP_CBC_CMD, "pulp_cbc_path", str(binary))
    assert not pulp_works.__wrapped__()


def test_a_plan_at_the_time_limit_is_not_taken_for_the_optimum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PuLP says Optimal then too; its sol_status does not."""

    def out_of_time(problem: Any, _solver: object) -> int:
        problem.sol_status = 2
        return int(pulp.LpStatusOptimal)

    monkeypatch.setattr(pulp.LpProblem, "solve", out_of_time)
    with pytest.raises(SolverError, match="no optimum within 2 s"):
        solve_pulp(tableau(((1,),), (1,), 1000))


def test_ten_thousand_copies_are_one_column() -> None:
    """The model has as many variables for 10,000 copies as for one."""
    costs = ((5, 7), (6, None), (7, 1))
    sizes = []
    for copies in (1, 10_000):
        model = tableau(costs, (copies, copies), 1000)
        problem, variables = build_model(model)
        sizes.append(sum(map(len, variables)))
        assert problem.numVariables() == sizes[-1]
        assert model.pairs == 5
    assert sizes == [8, 8]


@pytest.mark.parametrize("rows", [(), ((),), ((None,),), ((3,),)])
def test_smallest_tableaus_have_a_plan(
    rows: tuple[tuple[int | None, ...], ...],
) -> None:
    """No printers, no jobs, nothing feasible, exactly one job."""
    units = (1,) * (len(rows[0]) if rows else 0)
    model = tableau(rows, units, 1000)
    expected = tuple(0 if row == (3,) else model.idle for row in rows)
    assert solve_pure(model) == expected
    assert solve_pulp(model) == expected
    assert canonical(model, expected).vector == expected


def test_objective_refuses_more_starts_than_copies() -> None:
    """A plan of a broken solver never passes."""
    model = tableau(((1,), (1,)), (1,), 1000)
    with pytest.raises(SolverError, match="more copies"):
        model.objective((0, 0))


def test_objective_refuses_an_infeasible_pair() -> None:
    """A plan of a broken solver never passes."""
    model = tableau(((None,),), (1,), 1000)
    with pytest.raises(SolverError, match="infeasible"):
        canonical(model, (0,))
