"""What could start now, and the start after which the queue ends best.

The assignment's own choice is always among the candidates, so the answer is never worse
than that under the measure of rollout.py. Where the queue is too long to be played
forward within WORK, the prices alone decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..scored import Scored
from ..solvers.canonical import canonical
from ..solvers.tableau import Tableau, Vector
from ..solvers.transport import solve_pure
from .prices import extra_minutes
from .rollout import Costs, Outcome, Queue, play
from .shop import Minutes, shop_of
from .weighting import SCORE, WEIGHTINGS, Weighting, weighted_tableau

WORK = 12_000  # prints started in all rollouts: 0.2 s on a PC, 2 s on a Raspberry Pi 3


@dataclass(frozen=True)
class Candidate:
    """The starts that are best by one weighting, and the prices that show it."""

    vector: Vector
    tableau: Tableau
    prices: tuple[int, ...]
    weighting: Weighting


def best_candidate(scored: Scored) -> Candidate:
    """The start after which the queue ends best; the first among equals."""
    shop = shop_of(scored.problem)
    queue = Queue(scored.problem, shop)
    extra = extra_minutes(shop, queue.left, queue.busy())
    affordable = WORK // max(1, queue.units)
    if affordable < 2:
        return _candidate(
            scored, weighted_tableau(scored, shop, extra, WEIGHTINGS[0]), WEIGHTINGS[0]
        )
    weightings = (*WEIGHTINGS[: affordable - 1], SCORE)
    candidates = [
        _candidate(scored, weighted_tableau(scored, shop, extra, w), w)
        for w in weightings
    ]
    starts = [_starts(scored, each.vector) for each in candidates]
    if len(set(starts)) == 1:
        return candidates[0]
    values = [
        play(queue, Costs(queue, extra, each.weighting), first).value
        for each, first in zip(candidates, starts, strict=True)
    ]
    return candidates[values.index(min(values))]


def _candidate(scored: Scored, tableau: Tableau, weighting: Weighting) -> Candidate:
    optimum = canonical(tableau, solve_pure(tableau))
    return Candidate(optimum.vector, tableau, optimum.prices, weighting)


def _starts(scored: Scored, vector: Vector) -> tuple[tuple[int, int], ...]:
    """The pairs of printer and job that start now: not those of printers busy yet."""
    problem = scored.problem
    return tuple(
        (row, column)
        for row, column in enumerate(vector)
        if column < len(problem.jobs) and not problem.printers[row].busy_minutes
    )
