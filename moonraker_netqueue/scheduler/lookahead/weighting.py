"""Ways to weigh a start: the score, with more or less of what the queue ahead asks for.

Each is the score of cost.py plus whole multiples of three of its parts, so that what a
person sets still means what it says.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..scored import Scored
from ..solvers.tableau import Tableau, tableau
from ..feasibility import needs_change, start_minute
from .shop import Minutes, Shop


@dataclass(frozen=True)
class Weighting:
    """How often each counts, besides what the score has of it.

    `price`: percent of the extra minutes of prices.py. `dead`: the minutes a finished
    print blocks its printer. `printing`: the minutes of printing; below 0, long prints
    come first.
    """

    price: int
    dead: int
    printing: int


SCORE = Weighting(price=0, dead=0, printing=0)

WEIGHTINGS = (
    Weighting(price=100, dead=1, printing=0),
    Weighting(price=100, dead=3, printing=0),
    Weighting(price=50, dead=1, printing=0),
    Weighting(price=200, dead=3, printing=0),
    Weighting(price=100, dead=1, printing=2),
    Weighting(price=100, dead=1, printing=-2),
    Weighting(price=100, dead=1, printing=-4),
    Weighting(price=50, dead=3, printing=-4),
    Weighting(price=0, dead=1, printing=0),
)
"""The first is the best single one; the order breaks ties."""


def weighted_tableau(
    scored: Scored, shop: Shop, extra: Minutes, weighting: Weighting
) -> Tableau:
    """The transportation problem of the next starts, by a weighting."""
    problem = scored.problem
    weights = problem.weights
    rows = []
    for number, (printer, costs) in enumerate(
        zip(problem.printers, scored.costs, strict=True)
    ):
        kind = shop.kind_of[number]
        if kind is None or all(cost is None for cost in costs):
            rows.append(costs)
            continue
        own = shop.kinds[kind]
        start = start_minute(problem, printer)
        row: list[int | None] = []
        for column, (job, cost) in enumerate(zip(problem.jobs, costs, strict=True)):
            minutes = own.minutes[column]
            if cost is None or minutes is None:
                row.append(cost)
                continue
            more = weighting.price * (extra[kind][column] or 0)
            more += weighting.printing * weights.printing * minutes
            if own.by_hand and weighting.dead:
                finish = start + minutes
                if needs_change(printer, job):
                    finish += weights.change_minutes
                more += weighting.dead * weights.dead * shop.wait(finish)
            row.append(cost + more)
        rows.append(tuple(row))
    units = (job.units for job in problem.jobs)
    return tableau(tuple(rows), units, weights.idle)
