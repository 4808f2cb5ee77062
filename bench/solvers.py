"""The pure solver against PuLP on the same problems, in the same run.

`python3 bench/solvers.py`: trust the ratios, not the digits.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

from moonraker_netqueue.scheduler.chosen import Chosen
from moonraker_netqueue.scheduler.explain import why_waiting
from moonraker_netqueue.scheduler.idle import why_idle
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.scored import score
from moonraker_netqueue.scheduler.solvers.canonical import canonical
from moonraker_netqueue.scheduler.solvers.linear_programme import solve_pulp
from moonraker_netqueue.scheduler.solvers.solver import PULP_PAIRS
from moonraker_netqueue.scheduler.solvers.transport import solve_pure

_SIZES = ((3, 3), (5, 10), (20, 31), (100, 50), (100, 200), (1000, 200))
_REPETITIONS = 3
_MODELS = ("mk3", "ender", "large")
_MATERIALS = tuple(f"PLA:{number}" for number in range(7))

_T = TypeVar("_T")


def main() -> None:
    """Print one line a size, with few copies (scarce) and with many (ample)."""
    print(f"PuLP is chosen up to {PULP_PAIRS} pairs; milliseconds, median")
    print("printers x classes copies   pairs   score    pure canonical explain    PuLP")
    for printers, classes in _SIZES:
        for copies in (max(1, printers // classes), 10_000):
            print(_line(printers, classes, copies))


def _line(printers: int, classes: int, copies: int) -> str:
    problem = _problem(printers, classes, copies)
    scored, score_time = _timed(lambda: score(problem))
    model = scored.tableau
    pure, pure_time = _timed(lambda: solve_pure(model))
    optimum, canonical_time = _timed(lambda: canonical(model, pure))
    chosen = Chosen(scored, optimum.vector, optimum.prices)
    _, explain_time = _timed(lambda: (why_waiting(chosen), why_idle(chosen)))
    pulp, pulp_time = _timed(lambda: solve_pulp(model))
    if canonical(model, pulp) != optimum:
        raise SystemExit("the solvers disagree")
    return (
        f"{printers:8} x {classes:<7} {copies:6} {model.pairs:7} {score_time:7.1f}"
        f" {pure_time:7.1f} {canonical_time:9.1f} {explain_time:7.1f}"
        f" {pulp_time:7.1f} ({pulp_time / (pure_time + canonical_time):.0f} x)"
    )


def _timed(function: Callable[[], _T]) -> tuple[_T, float]:
    times = []
    for _ in range(_REPETITIONS):
        start = time.perf_counter()
        result = function()
        times.append((time.perf_counter() - start) * 1000)
    return result, median(times)


def _problem(printers: int, classes: int, copies: int) -> Problem:
    draw = random.Random(printers * classes)  # noqa: S311 - data, not secrets
    return Problem(
        now=100_000,
        printers=tuple(
            Printer(
                f"printer{number:04}",
                model=draw.choice(_MODELS),
                materials=_MATERIALS[:5],
                loaded=(draw.choice(_MATERIALS),),
                self_clearing=draw.random() < 0.2,
            )
            for number in range(printers)
        ),
        jobs=tuple(
            JobClass(
                f"job{number:04}",
                added=draw.randrange(100_000),
                copies=copies,
                materials=(draw.choice(_MATERIALS),),
                durations=tuple((model, draw.randrange(30, 700)) for model in _MODELS),
            )
            for number in range(classes)
        ),
    )


if __name__ == "__main__":
    main()
