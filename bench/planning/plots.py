"""Results as pictures (SVG)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from .cases import SIZES, Kind, Size
from .rivals import BASELINE, rivals
from .runs import Result
from .targets import Pairs

_COLOURS = {
    "fifo": "#8c8c8c",
    "spt": "#c9a227",
    "original": "#b5651d",
    "greedy": "#7fb3d5",
    "assignment": "#2e6da4",
    "lookahead": "#1e8449",
}


def draw(results: Sequence[Result], directory: Path) -> None:
    """`planning-makespan.svg` and `planning-flow.svg`."""
    directory.mkdir(parents=True, exist_ok=True)
    batches = _measured(results, Kind.BATCH)
    figure, axes = _figure("makespan / lower bound")
    _bars(axes, results, batches, _of_bound, list(rivals()))
    axes.set_ylim(bottom=1)
    _write(figure, axes, directory / "planning-makespan.svg")
    figure, axes = _figure(f"mean flow against {BASELINE}, %")
    others = [name for name in rivals() if name != BASELINE]
    _bars(axes, results, batches + _measured(results, Kind.STREAM), _flow, others)
    axes.axhline(0, color="black", linewidth=0.8)
    _write(figure, axes, directory / "planning-flow.svg")


def _measured(results: Sequence[Result], kind: Kind) -> list[Size]:
    names = {result.size for result in results}
    return [size for size in SIZES if size.kind is kind and size.name in names]


def _of_bound(pairs: Pairs) -> list[float]:
    return pairs.ratios


def _flow(pairs: Pairs) -> list[float]:
    return [100 * change for change in pairs.changes("mean_flow")]


def _figure(label: str) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "planning"  # the same results, the same file
    mpl.rcParams["font.size"] = 9
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 3.6), layout="constrained")
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _bars(
    axes: Any,
    results: Sequence[Result],
    sizes: Sequence[Size],
    values: Any,
    names: Sequence[str],
) -> None:
    """A group of bars a size, a bar a strategy: mean and standard deviation."""
    present = [name for name in names if any(r.rival == name for r in results)]
    width = 0.8 / len(present)
    for number, name in enumerate(present):
        found = [values(Pairs.of(results, size, name)) for size in sizes]
        axes.bar(
            [place + width * (number + 0.5) - 0.4 for place in range(len(sizes))],
            [fmean(each) if each else 0 for each in found],
            width * 0.9,
            yerr=[stdev(each) if len(each) > 1 else 0 for each in found],
            color=_COLOURS[name],
            error_kw={"linewidth": 0.8},
            label=name,
        )
    labels = [f"{size.printers} x {size.copies:,}\n{size.kind.value}" for size in sizes]
    axes.set_xticks(range(len(sizes)), labels)


def _write(figure: Any, axes: Any, file: Path) -> None:
    axes.legend(ncols=6, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
    figure.savefig(file, metadata={"Date": None})
