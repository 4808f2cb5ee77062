"""What a strategy is: from a scored problem, the job that each printer takes next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..scored import Scored
from ..solvers.solver import Solver
from ..solvers.tableau import Tableau, Vector


@dataclass(frozen=True)
class Decision:
    """The column of `tableau` that each row (printer) takes, its last one for idle.

    `prices` are of the columns: the cost of one unit less; None where a strategy
    knows none. They belong to `tableau`, whose costs may hold more than the score.
    """

    vector: Vector
    tableau: Tableau
    prices: tuple[int, ...] | None
    solver: Solver


@dataclass(frozen=True)
class Strategy:
    """One way to give the printers of a queue their work.

    `choose` is pure: all hosts decide alike. `solves` says whether it solves a linear
    programme: then it runs where PuLP can. `choose_later` stands for a slow `choose`
    at moments of a forecast that are yet to come. `text` is for people.
    """

    name: str
    text: str
    choose: Callable[[Scored, Solver], Decision]
    solves: bool = False
    choose_later: Callable[[Scored, Solver], Decision] | None = None
