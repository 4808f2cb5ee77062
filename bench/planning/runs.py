"""Every rival on every workload, in two processes, and the results as a file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import track

from moonraker_netqueue.sim.bound import least_mean_flow
from moonraker_netqueue.sim.farm import play
from moonraker_netqueue.sim.measures import Measures, measure

from .cases import SIZES, Size
from .rivals import rivals

PROCESSES = 2


@dataclass(frozen=True)
class Result:
    """What one rival made of one workload.

    `least` is the optimal makespan or a lower bound, where known, `least_flow` a lower
    bound on the mean flow; `seconds` of processor time are what all decisions together
    took, the simulation included.
    """

    size: str
    seed: int
    rival: str
    measures: Measures
    least: int | None
    least_flow: float
    seconds: float

    @property
    def ratio(self) -> float | None:
        """The makespan, relative to the least."""
        return None if self.least is None else self.measures.makespan / self.least

    @property
    def flow_ratio(self) -> float:
        """The mean flow, relative to the least."""
        return self.measures.mean_flow / self.least_flow


def run_all(
    strategies: Iterable[str], sizes: Iterable[Size] = SIZES
) -> Iterator[Result]:
    """Every workload of all seeds, as they are done; shows how far it is."""
    names = tuple(strategies)
    cases = [
        (size, seed, name) for size in sizes for seed in size.seeds for name in names
    ]
    # The longest first, so that both processes end at about the same time.
    cases.sort(key=lambda case: -case[0].copies)
    with ProcessPoolExecutor(PROCESSES) as pool:
        done = as_completed([pool.submit(run, *case) for case in cases])
        yield from (future.result() for future in track(done, "farms", len(cases)))


def run(size: Size, seed: int, name: str) -> Result:
    """One rival on one workload."""
    rival, workload = rivals()[name], size.workload(seed)
    start = time.process_time()  # whatever else the machine does
    prints = play(workload, rival.strategy, whole=rival.whole)
    seconds = time.process_time() - start
    return Result(
        size.name,
        seed,
        name,
        measure(workload, prints),
        size.least(seed),
        least_mean_flow(workload),
        seconds,
    )


def load(file: Path) -> list[Result]:
    """The results of an earlier run; none without a file."""
    if not file.exists():
        return []
    return [
        Result(**{**row, "measures": Measures(**row["measures"])})
        for row in json.loads(file.read_text())
    ]


def save(results: Iterable[Result], file: Path) -> None:
    """One line a result, in the order of the tables."""
    lines = ",\n".join(json.dumps(asdict(result)) for result in _ordered(results))
    file.write_text(f"[\n{lines}\n]\n")


def replaced(old: Iterable[Result], new: Iterable[Result]) -> list[Result]:
    """The old results with the new ones instead, where there are both."""
    by_case = {(r.size, r.seed, r.rival): r for each in (old, new) for r in each}
    return list(_ordered(by_case.values()))


def _ordered(results: Iterable[Result]) -> Iterator[Result]:
    sizes = [size.name for size in SIZES]
    names = list(rivals())
    known = (r for r in results if r.size in sizes and r.rival in names)
    yield from sorted(
        known, key=lambda r: (sizes.index(r.size), r.seed, names.index(r.rival))
    )
