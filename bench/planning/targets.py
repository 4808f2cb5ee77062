"""The project's own targets for planning, each computed from the results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.solvers import Timing

from .cases import BATCH_20, BATCH_100, ORDERS_20, SMALL, STREAM_20, Size
from .rivals import BASELINE, LOOKS_AHEAD
from .runs import Result

_SOLVER_LIMITS = ((100, 10_000, 50), (1_000, 10_000, 1_000))
_SMALL_RATIO = 1.02
_BATCH_RATIO = 1.2
_BATCH_FLOW = -0.25
_STREAM_FLOW = -0.18


@dataclass(frozen=True)
class Target:
    """What was wanted and what was measured; both in words."""

    wanted: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Pairs:
    """A strategy and the baseline on the same seeds of one size."""

    ours: Sequence[Result]
    theirs: Sequence[Result]

    @staticmethod
    def of(results: Iterable[Result], size: Size, name: str) -> Pairs:
        """The results of a size, seed by seed."""
        by_case = {(r.rival, r.seed): r for r in results if r.size == size.name}
        seeds = [seed for seed in size.seeds if (name, seed) in by_case]
        return Pairs(
            [by_case[name, seed] for seed in seeds],
            [by_case[BASELINE, seed] for seed in seeds],
        )

    def told(self, size: Size, name: str) -> str:
        """The strategy, and how many seeds it was played on, if not on all."""
        some = len(self.ours) < len(size.seeds)
        return f"`{name}`" + f" ({len(self.ours)} of {len(size.seeds)} seeds)" * some

    def changes(self, measure: str) -> list[float]:
        """How much more than the baseline's, by seed: -0.1 is 10 % less."""
        return [
            getattr(our.measures, measure) / getattr(their.measures, measure) - 1
            for our, their in zip(self.ours, self.theirs, strict=True)
        ]

    @property
    def ratios(self) -> list[float]:
        """Makespans relative to the least, by seed."""
        return [result.ratio for result in self.ours if result.ratio is not None]


def targets(
    results: Sequence[Result], timings: Sequence[Timing], strategy: str = LOOKS_AHEAD
) -> Iterator[Target]:
    """All targets of the sizes that there are results of a strategy for."""
    yield from _solver_targets(timings)
    for size, size_targets in (
        (SMALL, _small_targets),
        (BATCH_20, _batch_targets),
        (BATCH_100, _batch_targets),
        (STREAM_20, _stream_targets),
        (ORDERS_20, _stream_targets),
    ):
        pairs = Pairs.of(results, size, strategy)
        if pairs.ours:
            yield from size_targets(pairs, f"{size.name}, {pairs.told(size, strategy)}")


def _solver_targets(timings: Sequence[Timing]) -> Iterator[Target]:
    for printers, copies, limit in _SOLVER_LIMITS:
        found = next(t for t in timings if (t.printers, t.copies) == (printers, copies))
        yield Target(
            f"{printers:,} printers x {copies:,} copies solved without a binary"
            f" in under {limit:,} ms",
            f"{found.ours:.0f} ms",
            found.ours < limit,
        )


def _small_targets(pairs: Pairs, title: str) -> Iterator[Target]:
    mean, worse = fmean(pairs.ratios), sum(x > 0 for x in pairs.changes("makespan"))
    yield Target(
        f"{title}: mean makespan at most {_SMALL_RATIO} of the optimum",
        f"{mean:.3f}",
        mean <= _SMALL_RATIO,
    )
    yield Target(
        f"{title}: never longer than `{BASELINE}`",
        f"{worse} of {len(pairs.ours)} longer",
        worse == 0,
    )


def _batch_targets(pairs: Pairs, title: str) -> Iterator[Target]:
    ratio, flow = fmean(pairs.ratios), fmean(pairs.changes("mean_flow"))
    yield Target(
        f"{title}: makespan within {_BATCH_RATIO} of the bound",
        f"{ratio:.2f} ({min(pairs.ratios):.2f} to {max(pairs.ratios):.2f})",
        ratio <= _BATCH_RATIO,
    )
    yield Target(
        f"{title}: mean flow at least {-_BATCH_FLOW:.0%} below `{BASELINE}`",
        f"{flow:+.1%}",
        flow <= _BATCH_FLOW,
    )


def _stream_targets(pairs: Pairs, title: str) -> Iterator[Target]:
    flow, wait = fmean(pairs.changes("mean_flow")), pairs.changes("longest_wait")
    floor = fmean(r.least_flow / r.measures.mean_flow - 1 for r in pairs.theirs)
    yield Target(
        f"{title}: mean flow at least {-_STREAM_FLOW:.0%} below `{BASELINE}`",
        f"{flow:+.1%}; no strategy can be below {floor:+.0%}",
        flow <= _STREAM_FLOW,
    )
    yield Target(
        f"{title}: longest wait no longer than `{BASELINE}`'s",
        f"{fmean(wait):+.1%} ({min(wait):+.0%} to {max(wait):+.0%})",
        fmean(wait) <= 0,
    )
