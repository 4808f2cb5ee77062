"""Made-up workshops and orders, by seed: what the strategies are compared on.

The same seed gives the same printers, lots and failures to every strategy: whether the
n-th print of a lot fails does not depend on who prints it when.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..scheduler.feasibility import refusal
from ..scheduler.hours import DAY, OperatorPeriod
from ..scheduler.problem import JobClass, Printer, Problem, Volume

START = 4 * DAY + 8 * 60  # Unix minute: Monday, 5 January 1970, 08:00
DAYTIME = OperatorPeriod(days=(0, 1, 2, 3, 4, 5, 6), start=8 * 60, duration=600)
FAILURES = 0.02  # share of prints
LOTS_MAX = 60
DUE_SHARE = 0.4  # of the lots
LARGE_SHARE = 0.15  # of the lots, that fit on the largest model alone
SELF_CLEARING_SHARE = 0.2  # of the printers
ORDER_MAX = 20  # copies in an order
MEDIAN = 120  # minutes of a print on the fastest model
SIGMA = 0.75  # of the logarithm of that
SHORTEST, LONGEST = 30, 720  # minutes
OFFERED = 5  # materials that a printer can load

_SPEEDS = {"mk3": 1.0, "ender": 1.35, "large": 1.1}  # minutes, relative
_MODEL_WEIGHTS = {"mk3": 9, "ender": 7, "large": 4}
_VOLUMES = {
    "mk3": Volume(250, 210, 210),
    "ender": Volume(220, 220, 250),
    "large": Volume(350, 350, 400),
}
_MATERIAL_WEIGHTS = {
    "PLA:black": 30,
    "PLA:white": 20,
    "PLA:red": 12,
    "PETG:black": 15,
    "PETG:white": 10,
    "ABS:black": 8,
    "TPU:black": 5,
}
_LARGE_PART = (300.0, 250.0, 150.0)  # mm
_SMALL_PART = (100.0, 80.0, 60.0)


@dataclass(frozen=True)
class Workload:
    """A workshop and the lots that come to it; `added` of a lot is when it comes.

    Without `operator` somebody is always there; `operators` is how many people are
    there at a time, None: enough.
    """

    seed: int
    printers: tuple[Printer, ...]
    lots: tuple[JobClass, ...]
    operator: tuple[OperatorPeriod, ...] = (DAYTIME,)
    operators: int | None = None
    failures: float = FAILURES

    @property
    def copies(self) -> int:
        """How many parts are asked for."""
        return sum(lot.copies for lot in self.lots)

    def failing_share(self, lot: str, attempt: int) -> float | None:
        """How far the `attempt`-th print of a lot gets, 0 to 1; None: it succeeds."""
        draw = _dice(self.seed, lot, attempt)
        return draw.random() if draw.random() < self.failures else None


def batch(seed: int, printers: int, copies: int) -> Workload:
    """All lots are there at the start, a Monday at 08:00."""
    farm = _printers(seed, printers)
    return Workload(seed, farm, _lots(seed, farm, copies))


def stream(seed: int, printers: int, copies: int, span: int) -> Workload:
    """The same workshop, with lots that come evenly at random within `span` minutes."""
    farm = _printers(seed, printers)
    draw = _dice(seed, "arrivals")
    lots = _lots(seed, farm, copies)
    return Workload(
        seed, farm, tuple(_later(lot, draw.randrange(span)) for lot in lots)
    )


def orders(seed: int, printers: int, copies: int, span: int) -> Workload:
    """The same workshop and files, ordered again and again in small lots.

    They come evenly at random within `span` minutes.
    """
    farm = _printers(seed, printers)
    draw = _dice(seed, "arrivals")
    lots = []
    for kind in _lots(seed, farm, copies):
        left, number = kind.copies, 0
        while left:
            size = min(left, draw.randint(1, ORDER_MAX))
            delay = draw.randrange(span)
            lot = replace(
                kind,
                name=f"{kind.name}-{number:03}",
                copies=size,
                due=_due(draw, farm, kind, size),
            )
            lots.append(_later(lot, delay))
            left, number = left - size, number + 1
    return Workload(seed, farm, tuple(lots))


def _later(lot: JobClass, minutes: int) -> JobClass:
    due = None if lot.due is None else lot.due + minutes * 60
    return replace(lot, added=lot.added + minutes * 60, due=due)


def small_batch(seed: int, printers: int = 3, copies: int = 9) -> Workload:
    """A batch without nights, failures or due dates, small enough for the optimum."""
    farm = _printers(seed, printers)
    lots = _lots(
        seed, farm, copies, number=min(copies, _dice(seed, "lots").randint(3, 6))
    )
    lots = tuple(replace(lot, due=None) for lot in lots)
    return Workload(seed, farm, lots, operator=(), failures=0.0)


def _dice(*key: object) -> random.Random:
    return random.Random("/".join(map(str, key)))  # noqa: S311 - data, not secrets


def _printers(seed: int, number: int) -> tuple[Printer, ...]:
    draw = _dice(seed, "printers", number)
    models = draw.choices(list(_MODEL_WEIGHTS), list(_MODEL_WEIGHTS.values()), k=number)
    models[0] = "large"  # or some lots could never be printed
    return tuple(
        _printer(draw, f"printer{index:03}", model)
        for index, model in enumerate(sorted(models))
    )


def _printer(draw: random.Random, name: str, model: str) -> Printer:
    materials = draw.sample(list(_MATERIAL_WEIGHTS), OFFERED)
    return Printer(
        name,
        model=model,
        materials=tuple(sorted(materials)),
        loaded=(materials[0],),
        self_clearing=draw.random() < SELF_CLEARING_SHARE,
        volume=_VOLUMES[model],
    )


def _lots(
    seed: int, farm: Sequence[Printer], copies: int, number: int | None = None
) -> tuple[JobClass, ...]:
    """Lots whose sizes follow Zipf's law, each printable somewhere."""
    draw = _dice(seed, "lots", len(farm), copies)
    number = number or min(LOTS_MAX, max(3, round(math.sqrt(copies))))
    sizes = _zipf(copies, number)
    draw.shuffle(sizes)
    return tuple(
        _lot(draw, farm, f"lot{index:02}", size) for index, size in enumerate(sizes)
    )


def _zipf(copies: int, number: int) -> list[int]:
    """`number` sizes in proportion to 1, 1/2, 1/3..., at least 1, `copies` in all."""
    total = sum(1 / rank for rank in range(1, number + 1))
    sizes = [max(1, int(copies / total / rank)) for rank in range(1, number + 1)]
    sizes[0] += copies - sum(sizes)
    return sizes


def _lot(
    draw: random.Random, farm: Sequence[Printer], name: str, copies: int
) -> JobClass:
    minutes = draw.lognormvariate(math.log(MEDIAN), SIGMA)
    minutes = min(LONGEST, max(SHORTEST, minutes))
    large = draw.random() < LARGE_SHARE
    lot = JobClass(
        name,
        added=START * 60,
        copies=copies,
        durations=tuple(
            (model, round(minutes * speed)) for model, speed in _SPEEDS.items()
        ),
        bbox=_LARGE_PART if large else _SMALL_PART,
    )
    weights = {
        material: weight
        for material, weight in _MATERIAL_WEIGHTS.items()
        if _takers(farm, replace(lot, materials=(material,)))
    }
    material = draw.choices(list(weights), list(weights.values()))[0]
    lot = replace(lot, materials=(material,))
    return replace(lot, due=_due(draw, farm, lot, copies))


def _due(
    draw: random.Random, farm: Sequence[Printer], lot: JobClass, copies: int
) -> int | None:
    """When so many copies of a lot that comes at `added` are due, if they are."""
    is_due, patience = draw.random() < DUE_SHARE, draw.uniform(2, 8)
    if not is_due:
        return None
    # As long as its own printers would need for it alone, a few times over.
    alone = copies * lot.shortest / _takers(farm, lot)
    return lot.added + round(DAY + patience * alone) * 60


def _takers(farm: Sequence[Printer], lot: JobClass) -> int:
    """How many printers may take a lot, with somebody there to load its material."""
    problem = Problem(now=START * 60)
    return sum(refusal(problem, printer, lot) is None for printer in farm)
