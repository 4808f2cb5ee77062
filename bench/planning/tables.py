"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean, stdev

from bench.solvers import Timing

from .cases import SIZES, SMALL, Kind, Size
from .rivals import BASELINE, rivals
from .runs import Result
from .targets import Pairs, Target

_COMPARED = {  # column: measure that is shown relative to the baseline
    "makespan": "makespan",
    "mean flow": "mean_flow",
    "p95 flow": "p95_flow",
    "longest wait": "longest_wait",
    "changes": "changes",
    "visits": "visits",
}


def target_table(found: Iterable[Target]) -> str:
    """Wanted, measured, and whether that is enough."""
    rows = ((t.wanted, t.measured, "yes" if t.met else "**no**") for t in found)
    return _table(("wanted", "measured", "met"), rows)


def small_table(results: Sequence[Result]) -> str:
    """How far from the proven optimum each strategy is."""
    head = ("strategy", "mean of optimum", "worst", "optimal", "longer than `fifo`")
    return _table(head, _small_rows(results))


def _small_rows(results: Sequence[Result]) -> Iterator[tuple[str, ...]]:
    for name in _present(results, SMALL):
        pairs = Pairs.of(results, SMALL, name)
        ratios = pairs.ratios
        yield (
            pairs.told(SMALL, name),
            f"{fmean(ratios):.3f}",
            f"{max(ratios):.2f}",
            f"{sum(ratio == 1 for ratio in ratios)}/{len(ratios)}",
            str(sum(change > 0 for change in pairs.changes("makespan"))),
        )


def farm_tables(results: Sequence[Result]) -> str:
    """One table a size: the baseline's own figures, the others relative to it."""
    sizes = (size for size in SIZES if size.kind is not Kind.SMALL)
    parts = (
        f"### {size.name}, {len(size.seeds)} seeds\n\n{_farm_table(results, size)}"
        for size in sizes
        if any(result.size == size.name for result in results)
    )
    return "\n\n".join(parts)


def _farm_table(results: Sequence[Result], size: Size) -> str:
    is_batch = size.kind is Kind.BATCH
    columns = [c for c in _COMPARED if is_batch or c != "makespan"]
    bound = "of bound" if is_batch else "flow of bound"
    head = ("strategy", *columns, "late/due", "utilisation", bound)
    rows = []
    for name in _present(results, size):
        pairs = Pairs.of(results, size, name)
        row = [
            pairs.told(size, name),
            *(_compared(pairs, _COMPARED[c]) for c in columns),
            _late(pairs),
        ]
        row.append(f"{fmean(r.measures.utilisation for r in pairs.ours):.2f}")
        ratios = pairs.ratios if is_batch else [r.flow_ratio for r in pairs.ours]
        row.append(f"{fmean(ratios):.2f}{_spread(ratios, '.2f')}")
        rows.append(row)
    return _table(head, rows)


def _compared(pairs: Pairs, measure: str) -> str:
    if all(result.rival == BASELINE for result in pairs.ours):
        return f"{fmean(getattr(r.measures, measure) for r in pairs.ours):,.0f}"
    changes = pairs.changes(measure)
    percent = [100 * change for change in changes]
    return f"{fmean(percent):+.0f}{_spread(percent, '.0f')} %"


def _spread(values: Sequence[float], form: str) -> str:
    """The standard deviation; of one value there is none."""
    return f" ± {stdev(values):{form}}" if len(values) > 1 else ""


def _late(pairs: Pairs) -> str:
    late = fmean(result.measures.late for result in pairs.ours)
    return f"{late:.0f}/{fmean(result.measures.due for result in pairs.ours):.0f}"


def solver_table(timings: Iterable[Timing]) -> str:
    """Milliseconds by size."""
    head = (
        "printers x classes (copies)",
        "score",
        "pure Python, canonical",
        "PuLP, by class",
        "PuLP, by copy",
        "by copy / pure",
    )
    return _table(head, map(_solver_row, timings))


def _solver_row(timing: Timing) -> tuple[str, ...]:
    size = f"{timing.printers:,} x {timing.classes} ({timing.copies:,})"
    return (
        size,
        f"{timing.score:,.1f}",
        f"{timing.ours:,.1f}",
        f"{timing.pulp:,.0f}",
        "not tried" if timing.per_copy is None else f"{timing.per_copy:,.0f}",
        "" if timing.per_copy is None else f"{timing.per_copy / timing.ours:,.0f} x",
    )


def cost_table(results: Sequence[Result]) -> str:
    """How long one decision takes on average, simulation included."""
    sizes = [size for size in SIZES if any(r.size == size.name for r in results)]
    names = [name for name in rivals() if any(r.rival == name for r in results)]
    rows = (
        [size.name, *(_milliseconds(results, size, name) for name in names)]
        for size in sizes
    )
    return _table(["", *names], rows)


def _milliseconds(results: Sequence[Result], size: Size, name: str) -> str:
    own = [r for r in results if (r.size, r.rival) == (size.name, name)]
    if not own:
        return ""
    return f"{fmean(r.seconds * 1000 / size.copies for r in own):.2g}"


def _present(results: Sequence[Result], size: Size) -> list[str]:
    """The strategies that there are results of, in order."""
    found = {result.rival for result in results if result.size == size.name}
    return [name for name in rivals() if name in found]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
