"""Ways to weigh a start: the score, with more or less of what the queue ahead asks for.

Each is the score of cost.py plus whole multiples of three of its parts, so that what a
person sets still means what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..feasibility import needs_change, start_minute
from ..problem import Problem
from ..scored import Scored
from ..solvers.tableau import Tableau
from .shop import Minutes, Shop


@dataclass(frozen=True)
class Weighting:
    """How often each counts, besides what the score has of it.

    `price`: percent of the extra minutes of prices.py. `dead`: the minutes a finished
    print blocks its printer. `printing`: the minutes of printing; below 0, long prints
    come first. `change`: the minutes and the effort of a material change.
    `promises`: priority, fair share and the end of waiting, which must not drown in
    what else counts more often.
    """

    price: int
    dead: int
    printing: int
    change: int = 0
    promises: int = 3


SCORE = Weighting(price=0, dead=0, printing=0, promises=0)

WEIGHTINGS = (
    Weighting(price=100, dead=3, printing=2),
    Weighting(price=100, dead=1, printing=0, change=1),
    Weighting(price=100, dead=3, printing=5),
    Weighting(price=100, dead=7, printing=2),
    Weighting(price=200, dead=3, printing=2, change=1),
    Weighting(price=50, dead=3, printing=2),
    Weighting(price=100, dead=3, printing=0, change=2),
    Weighting(price=100, dead=1, printing=-2),
    Weighting(price=0, dead=3, printing=2, change=1),
)
"""The first is the best single one; the order breaks ties."""


class Parts(NamedTuple):
    """What starting a job on a printer costs, and what of it is weighed; hundredths
    of a minute, `extra` whole minutes.
    """

    column: int
    score: int
    extra: int
    printing: int
    dead: int
    change: int
    promised: int

    def weighed(self, by: Weighting) -> int:
        """The cost by a weighting."""
        return (
            self.score
            + by.price * self.extra
            + by.printing * self.printing
            + by.dead * self.dead
            + by.change * self.change
            - by.promises * self.promised
        )


def parts_of(
    scored: Scored, shop: Shop, extra: Minutes, promises: Sequence[int]
) -> tuple[tuple[Parts, ...], ...]:
    """The feasible pairs of each printer, idle apart.

    `promises` are what promised() says of each job.
    """
    return tuple(
        tuple(
            _parts(scored.problem, shop, extra, row, column, cost, promises[column])
            for column, cost in costs[:-1]
        )
        for row, costs in enumerate(scored.tableau.costs)
    )


def weighted_tableau(
    model: Tableau, parts: Sequence[Sequence[Parts]], weighting: Weighting
) -> Tableau:
    """The transportation problem of the next starts, by a weighting."""
    rows = tuple(
        (*((pair.column, pair.weighed(weighting)) for pair in pairs), costs[-1])
        for pairs, costs in zip(parts, model.costs, strict=True)
    )
    return replace(model, costs=rows)


def _parts(
    problem: Problem,
    shop: Shop,
    extra: Minutes,
    row: int,
    column: int,
    cost: int,
    promise: int,
) -> Parts:
    number = shop.kind_of[row]
    minutes = None if number is None else shop.kinds[number].minutes[column]
    if number is None or minutes is None:
        return Parts(column, cost, 0, 0, 0, 0, 0)  # only what is left on the spool fits
    kind, weights, printer = shop.kinds[number], problem.weights, problem.printers[row]
    finish, change = start_minute(problem, printer) + minutes, 0
    if needs_change(printer, problem.jobs[column]):
        finish += weights.change_minutes
        change = 100 * (weights.change_minutes + kind.effort)
    return Parts(
        column,
        cost,
        extra=extra[number][column] or 0,
        printing=weights.printing * minutes,
        dead=weights.dead * kind.wait(finish) if kind.by_hand else 0,
        change=change,
        promised=promise,
    )
