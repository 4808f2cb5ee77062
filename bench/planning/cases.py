"""The workloads that are compared, by name: size, kind and seeds.

Strategies were tuned on other seeds than those reported here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import Enum

from moonraker_netqueue.sim.bound import least_makespan
from moonraker_netqueue.sim.workload import Workload, batch, orders, small_batch, stream

from .exact import shortest_makespan

TUNING_SEEDS = (11, 12, 13, 14)
SMALL_TUNING_SEEDS = tuple(range(101, 261))
LOAD = 0.65  # of what the farm could do by the bound, in streams


class Kind(Enum):
    """How the lots come: at once (small ones without nights), each at a time of its
    own, or again and again in small orders.
    """

    SMALL = "small"
    BATCH = "batch"
    STREAM = "stream"
    ORDERS = "orders"


@dataclass(frozen=True)
class Size:
    """A farm and how many copies it makes, on so many seeds."""

    kind: Kind
    printers: int
    copies: int
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)

    @property
    def name(self) -> str:
        """For tables and files."""
        return f"{self.printers} x {self.copies:,} {self.kind.value}"

    def workload(self, seed: int) -> Workload:
        """The workload of one seed."""
        if self.kind is Kind.SMALL:
            return small_batch(seed, self.printers, self.copies)
        if self.kind is Kind.BATCH:
            return batch(seed, self.printers, self.copies)
        draw = stream if self.kind is Kind.STREAM else orders
        return draw(seed, self.printers, self.copies, _span(self, seed))

    def least(self, seed: int) -> int | None:
        """The least makespan: exact of a small one, a lower bound of a batch."""
        if self.kind is Kind.SMALL:
            return shortest_makespan(self.workload(seed))
        return _bound(self, seed) if self.kind is Kind.BATCH else None


SMALL = Size(Kind.SMALL, 3, 9, tuple(range(401, 461)))
BATCH_20 = Size(Kind.BATCH, 20, 1_000)
BATCH_100 = Size(Kind.BATCH, 100, 10_000)
STREAM_20 = Size(Kind.STREAM, 20, 1_000)
ORDERS_20 = Size(Kind.ORDERS, 20, 1_000)
SIZES = (
    SMALL,
    Size(Kind.BATCH, 5, 50, tuple(range(1, 11))),
    BATCH_20,
    Size(Kind.BATCH, 100, 1_000),
    BATCH_100,
    STREAM_20,
    ORDERS_20,
)


def _span(size: Size, seed: int) -> int:
    """Minutes in which a stream comes, so that it loads the farm to LOAD."""
    return round(_bound(size, seed) / LOAD)


@functools.cache
def _bound(size: Size, seed: int) -> int:
    return least_makespan(batch(seed, size.printers, size.copies))
