"""The workloads that are compared, by name: size, kind and seeds.

Strategies were tuned on TUNING_SEEDS; what is reported comes from other seeds.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum

from moonraker_netqueue.sim.bound import least_makespan
from moonraker_netqueue.sim.workload import Workload, batch, stream

TUNING_SEEDS = (11, 12, 13, 14)
LOAD = 0.65  # of what the farm could do by the bound, in streams


class Kind(Enum):
    """How the lots come."""

    BATCH = "batch"
    STREAM = "stream"


@dataclass(frozen=True)
class Size:
    """A farm and how many copies it makes, on so many seeds from 1 on."""

    kind: Kind
    printers: int
    copies: int
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """For tables and files."""
        return f"{self.printers} x {self.copies:,} {self.kind.value}"

    def workload(self, seed: int) -> Workload:
        """The workload of one seed."""
        if self.kind is Kind.BATCH:
            return batch(seed, self.printers, self.copies)
        return stream(seed, self.printers, self.copies, _span(self, seed))


_FIVE = (1, 2, 3, 4, 5)
SIZES = (
    Size(Kind.BATCH, 5, 50, tuple(range(1, 11))),
    Size(Kind.BATCH, 20, 1_000, _FIVE),
    Size(Kind.BATCH, 100, 1_000, _FIVE),
    Size(Kind.BATCH, 100, 10_000, _FIVE),
    Size(Kind.STREAM, 20, 1_000, _FIVE),
    Size(Kind.STREAM, 100, 10_000, _FIVE),
)


@functools.cache
def _span(size: Size, seed: int) -> int:
    """Minutes in which a stream comes, so that it loads the farm to LOAD."""
    return round(least_makespan(batch(seed, size.printers, size.copies)) / LOAD)
