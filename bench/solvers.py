"""The pure solver against PuLP on the same problems, in the same run.

`python3 -m bench.solvers`: processor time. Trust the ratios, not the digits.
"""

from __future__ import annotations

import random
import resource
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from itertools import repeat
from statistics import median
from typing import TypeVar

from moonraker_netqueue.scheduler.chosen import Chosen
from moonraker_netqueue.scheduler.explain import why_waiting
from moonraker_netqueue.scheduler.idle import why_idle
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.scored import score
from moonraker_netqueue.scheduler.solvers.canonical import canonical
from moonraker_netqueue.scheduler.solvers.linear_programme import (
    build_model,
    solve_pulp,
)
from moonraker_netqueue.scheduler.solvers.solver import PULP_PAIRS
from moonraker_netqueue.scheduler.solvers.tableau import Tableau
from moonraker_netqueue.scheduler.solvers.transport import solve_pure

_SIZES = (  # printers, classes, copies
    (3, 3, 9),
    (5, 10, 50),
    (20, 31, 1_000),
    (100, 50, 1_000),
    (100, 200, 200),  # scarce: hardly more copies than printers
    (100, 200, 10_000),
    (1_000, 200, 1_000),
    (1_000, 200, 10_000),
)
_PER_COPY_PAIRS = 1_000_000  # more need more than 2 GB
_REPETITIONS = 3
_MODELS = ("mk3", "ender", "large")
_MATERIALS = tuple(f"PLA:{number}" for number in range(7))

_T = TypeVar("_T")


@dataclass(frozen=True)
class Timing:
    """Milliseconds of processor time, medians.

    `per_copy` is PuLP with a variable per copy and printer that may take it; None: too
    large to try.
    """

    printers: int
    classes: int
    copies: int
    pairs: int
    score: float
    pure: float
    canonical: float
    explain: float
    pulp: float
    per_copy: float | None

    @property
    def ours(self) -> float:
        """What the plan takes without a binary."""
        return self.pure + self.canonical


def time_sizes() -> Iterable[Timing]:
    """One timing a size."""
    for printers, classes, copies in _SIZES:
        yield _timing(printers, classes, copies)


def main() -> None:
    """Print one line a size."""
    print(f"PuLP is chosen up to {PULP_PAIRS} pairs; milliseconds, median")
    for timing in time_sizes():
        print("  ".join(_cell(*field) for field in asdict(timing).items()), flush=True)


def _cell(name: str, value: float | None) -> str:
    shown = f"{value:.1f}" if isinstance(value, float) else str(value)
    return f"{name} {shown}"


def _timing(printers: int, classes: int, copies: int) -> Timing:
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
    per_copy = None
    if printers * copies <= _PER_COPY_PAIRS:
        single = _per_copy(model)
        objective, per_copy = _timed(lambda: _least_by_pulp(single), repetitions=1)
        if objective != model.objective(pure):
            raise SystemExit("the models disagree")
    return Timing(
        printers,
        classes,
        copies,
        model.pairs,
        score_time,
        pure_time,
        canonical_time,
        explain_time,
        pulp_time,
        per_copy,
    )


def _per_copy(model: Tableau) -> Tableau:
    """The same problem with a column of its own for each copy."""
    columns = [
        column
        for column, units in enumerate(model.capacity[: model.idle])
        for _ in range(units)
    ]
    costs = tuple(
        tuple(
            (number, row[column])
            for number, column in enumerate((*columns, model.idle))
            if column in row
        )
        for row in model.by_column
    )
    return Tableau(costs, (*repeat(1, len(columns)), len(costs)))


def _least_by_pulp(model: Tableau) -> int:
    """The least cost by PuLP, however long it takes."""
    import pulp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        problem, _ = build_model(model)
    problem.solve(pulp.COIN_CMD(path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False))
    least: float = pulp.value(problem.objective)
    return round(least)


def _timed(
    function: Callable[[], _T], repetitions: int = _REPETITIONS
) -> tuple[_T, float]:
    times = []
    for _ in range(repetitions):
        start = _processor_time()
        result = function()
        times.append((_processor_time() - start) * 1000)
    return result, median(times)


def _processor_time() -> float:
    """Seconds, PuLP's solver processes included, whatever else the machine does."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


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
                copies=(copies + number) // classes,
                materials=(draw.choice(_MATERIALS),),
                durations=tuple((model, draw.randrange(30, 700)) for model in _MODELS),
            )
            for number in range(classes)
        ),
    )


if __name__ == "__main__":
    main()
