"""What could start now, and the start after which the queue ends best.

The assignment's own choice is always among the candidates, so the answer is never worse
than that under the measure of rollout.py. Where the queue is too long to be played
forward within WORK, the prices alone decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..scored import Scored
from ..solvers.solver import Solver, solve
from ..solvers.tableau import Tableau, Vector
from .daytime import exact_start
from .prices import extra_minutes
from .rollout import Costs, Outcome, Queue, play
from .shop import shop_of
from .weighting import (
    SCORE,
    WEIGHTINGS,
    Parts,
    Weighting,
    parts_of,
    weighted_tableau,
)

WORK = 12_000  # prints started in all rollouts: 0.2 s on a PC, 2 s on a Raspberry Pi 3
_FEWEST = 2  # the best weighting and the assignment
_LIMITED = 3  # candidates where the operator has limits: each is a search


@dataclass(frozen=True)
class Candidate:
    """Starts, the tableau they are best in and its prices; None: chosen as a whole.

    `outcome` is what the queue played forward comes to; None: it was not.
    """

    vector: Vector
    tableau: Tableau
    prices: tuple[int, ...] | None
    outcome: Outcome | None = None


def best_candidate(scored: Scored) -> Candidate:
    """The start after which the queue ends best; the first among equals."""
    shop = shop_of(scored.problem)
    queue = Queue(scored.problem, shop)
    extra = extra_minutes(shop, queue.left, queue.busy())
    parts = parts_of(scored, shop, extra, queue.promised)
    number = _affordable(scored, queue)
    if number < _FEWEST:
        return _candidate(scored, parts, WEIGHTINGS[0])
    weightings = (*WEIGHTINGS[: number - 1], SCORE)
    candidates = [_candidate(scored, parts, each) for each in weightings]
    starts = [_starts(each.vector, scored.tableau.idle) for each in candidates]
    exact = exact_start(scored, queue)
    if exact is None and len(set(starts)) == 1:
        return candidates[0]
    outcomes = [
        play(queue, Costs(queue, extra, each), first)
        for each, first in zip(weightings, starts, strict=True)
    ]
    if exact is not None:
        vector, makespan = exact
        if all(outcome.makespan > makespan for outcome in outcomes):
            return Candidate(vector, scored.tableau, None)
        best = _best(outcomes, makespan)
    else:
        best = _best(outcomes)
    return replace(candidates[best], outcome=outcomes[best])


def _affordable(scored: Scored, queue: Queue) -> int:
    """How many candidates can be played forward within WORK.

    Of a long queue only the best weighting and the assignment: to play more of them
    takes long and changes little.
    """
    most = WORK // max(1, queue.units)
    if most <= len(WEIGHTINGS):
        most = min(most, _FEWEST)
    return min(most, _LIMITED) if scored.tableau.limits else most


def priced_candidate(scored: Scored) -> Candidate:
    """What the first weighting starts; nothing is played forward."""
    shop = shop_of(scored.problem)
    queue = Queue(scored.problem, shop)
    extra = extra_minutes(shop, queue.left, queue.busy())
    parts = parts_of(scored, shop, extra, queue.promised)
    return _candidate(scored, parts, WEIGHTINGS[0])


def _candidate(
    scored: Scored, parts: Sequence[Sequence[Parts]], weighting: Weighting
) -> Candidate:
    model = weighted_tableau(scored.tableau, parts, weighting)
    optimum, _ = solve(model, Solver.PURE)
    return Candidate(optimum.vector, model, optimum.prices)


def _starts(vector: Vector, idle: int) -> tuple[tuple[int, int], ...]:
    """The pairs of printer and job that start next."""
    return tuple((row, column) for row, column in enumerate(vector) if column != idle)


def _best(outcomes: Sequence[Outcome], most: int | None = None) -> int:
    """The number of the best outcome, of those of a makespan of `most` at most."""
    return min(
        (outcome.value, number)
        for number, outcome in enumerate(outcomes)
        if most is None or outcome.makespan <= most
    )[1]
