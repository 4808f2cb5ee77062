"""Ways to weigh a start: the score, with more or less of what the queue ahead asks for.

Each is the score of cost.py plus whole multiples of three of its parts, so that what a
person sets still means what it says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..cost import promised
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


def weighted_tableau(
    scored: Scored, shop: Shop, extra: Minutes, weighting: Weighting
) -> Tableau:
    """The transportation problem of the next starts, by a weighting."""
    model = scored.tableau
    rows = tuple(
        tuple(
            (column, cost + _more(scored.problem, shop, extra, weighting, row, column))
            for column, cost in costs
        )
        for row, costs in enumerate(model.costs)
    )
    return replace(model, costs=rows)


def _more(
    problem: Problem,
    shop: Shop,
    extra: Minutes,
    weighting: Weighting,
    row: int,
    column: int,
) -> int:
    """What a weighting adds to the score of a pair; 0 for idle."""
    number = shop.kind_of[row]
    if number is None or column == len(problem.jobs):
        return 0
    kind, weights = shop.kinds[number], problem.weights
    minutes = kind.minutes[column]
    if minutes is None:
        return 0  # only what is left on the spool is enough for it
    printer, job = problem.printers[row], problem.jobs[column]
    finish = start_minute(problem, printer) + minutes
    more = weighting.price * (extra[number][column] or 0)
    more += weighting.printing * weights.printing * minutes
    if needs_change(printer, job):
        finish += weights.change_minutes
        more += weighting.change * 100 * (weights.change_minutes + kind.effort)
    if kind.by_hand:
        more += weighting.dead * weights.dead * kind.wait(finish)
    return more - weighting.promises * promised(problem, job)
