"""The model of strategy `assignment` as docs/scheduling.md states it, in PuLP.

    minimise    sum c[p,j] x[p,j] + sum B s[p]
    subject to  sum over j of x[p,j] + s[p] = 1   for each printer p
                sum over p of x[p,j] <= n[j]      for each job class j
                x, s >= 0

The matrix is totally unimodular, so every vertex is integral without integer
variables. With limits to what the operator does by hand it is not: they are integer,

    sum over p, j of a limit of x[p,j] <= E

CBC writes temporary files: only a process of its own solves with it.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import SolverError
from .tableau import Tableau, Vector

TIME_LIMIT = 2  # seconds; under 0.1 s is expected
_PROVEN = 1  # LpProblem.sol_status; LpStatus says Optimal at the time limit too

_Variables = list[dict[int, Any]]


def solve_pulp(tableau: Tableau) -> Vector:
    """An optimal plan by PuLP; raises SolverError if none is proven in time."""
    if not tableau.costs:
        return ()
    problem, variables = build_model(tableau)
    solve_model(problem, TIME_LIMIT)
    return tuple(_chosen(row) for row in variables)


@functools.cache
def pulp_works() -> bool:
    """Whether PuLP's solver is there and solves a model of one variable."""
    model = Tableau(costs=(((0, 0),),), capacity=(1,))
    try:
        return solve_pulp(model) == (0,)
    except (ImportError, OSError, SolverError):
        return False


def build_model(tableau: Tableau) -> tuple[Any, _Variables]:
    """The LpProblem, and its variables as rows of column -> variable."""
    import pulp

    problem = pulp.LpProblem("assignment", pulp.LpMinimize)
    kind = pulp.LpInteger if tableau.limits else pulp.LpContinuous
    with names_of_pulp_3():
        variables = [
            {
                column: pulp.LpVariable(f"x_{row}_{column}", 0, cat=kind)
                for column, _ in costs
            }
            for row, costs in enumerate(tableau.costs)
        ]
    problem += pulp.lpSum(
        cost * variables[row][column]
        for row, costs in enumerate(tableau.costs)
        for column, cost in costs
    )
    for row in variables:
        problem += pulp.lpSum(row.values()) == 1
    for column, units in enumerate(tableau.capacity[: tableau.idle]):
        takers = [row[column] for row in variables if column in row]
        if takers:
            problem += pulp.lpSum(takers) <= units
    for limit in tableau.limits:
        by_hand = [
            variable
            for row in limit.rows
            for column, variable in variables[row].items()
            if column in tableau.manual[row]
        ]
        problem += pulp.lpSum(by_hand) <= limit.most
    return problem, variables


@contextmanager
def names_of_pulp_3() -> Iterator[None]:
    """The names PuLP 4 wants instead are not in every 3.3, and 4 is excluded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def solve_model(problem: Any, seconds: int) -> None:
    """Solve an LpProblem; raises SolverError if no optimum is proven in time."""
    import pulp

    # PuLP's bundled CBC, under the class that stays in PuLP 4.
    bundled = pulp.PULP_CBC_CMD.pulp_cbc_path
    solver = pulp.COIN_CMD(path=bundled, msg=False, timeLimit=seconds)
    if not solver.available():
        raise SolverError("PuLP has no solver here; the pure solver needs none")
    try:
        problem.solve(solver)
    except pulp.PulpError as error:
        raise SolverError(f"PuLP failed: {error}; the pure solver needs none") from None
    if problem.sol_status != _PROVEN:
        raise SolverError(
            f"PuLP proved no optimum within {seconds} s; the pure solver needs less"
        )


def _chosen(row: dict[int, Any]) -> int:
    for column, variable in row.items():
        value = variable.value()
        if value is not None and value > 0.5:
            return column
    raise SolverError("PuLP's plan leaves a printer undecided; use the pure solver")
