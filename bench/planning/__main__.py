"""Strategies on simulated farms. `python3 -m bench.planning --help`."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from bench.solvers import Timing, time_sizes
from moonraker_netqueue.sim.farm import play
from moonraker_netqueue.sim.measures import measure

from . import plots, runs, tables
from .cases import SIZES, Kind, Size
from .report import fill
from .rivals import LOOKS_AHEAD, rivals
from .targets import targets

_HERE = Path(__file__).parent
_DOCS = _HERE.parents[1] / "docs"
_FARMS = _HERE / "farms.json"
_SOLVERS = _HERE / "solvers.json"


def main() -> None:
    """Read the command line and run one of the commands."""
    parser = argparse.ArgumentParser(prog="python3 -m bench.planning")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("run", help="one workload by some strategies")
    one.add_argument("strategies", nargs="+", choices=sorted(rivals()))
    one.add_argument("--kind", choices=[k.value for k in Kind], default="batch")
    one.add_argument("--printers", type=int, default=20)
    one.add_argument("--copies", type=int, default=1_000)
    one.add_argument("--seed", type=int, default=11)
    one.set_defaults(command=_run)
    every = commands.add_parser(
        "compare", help="all workloads, and docs/planning-results.md from the results"
    )
    every.add_argument(
        "--strategies",
        nargs="+",
        choices=list(rivals()),
        help="only these again; the others keep their results",
    )
    every.add_argument("--sizes", nargs="+", choices=[size.name for size in SIZES])
    every.set_defaults(command=_compare)
    solvers = commands.add_parser("solvers", help="time the solvers, write the page")
    solvers.set_defaults(command=_time_solvers)
    report = commands.add_parser("report", help="write the page from kept results")
    report.set_defaults(command=_report)
    arguments = parser.parse_args()
    arguments.command(arguments)


def _run(arguments: argparse.Namespace) -> None:
    size = Size(Kind(arguments.kind), arguments.printers, arguments.copies)
    workload = size.workload(arguments.seed)
    print(f"least makespan {size.least(arguments.seed)}")
    for name in arguments.strategies:
        rival = rivals()[name]
        start = time.perf_counter()
        prints = play(workload, rival.strategy, whole=rival.whole)
        print(f"{name}: {time.perf_counter() - start:.1f} s")
        for key, value in asdict(measure(workload, prints)).items():
            shown = f"{value:.4g}" if isinstance(value, float) else value
            print(f"    {key} {shown}")


def _compare(arguments: argparse.Namespace) -> None:
    sizes = [s for s in SIZES if s.name in (arguments.sizes or [s.name])]
    for result in runs.run_all(arguments.strategies or rivals(), sizes):
        # Hours may have gone into it: nothing done is lost where somebody stops it.
        runs.save(runs.replaced(runs.load(_FARMS), [result]), _FARMS)
    is_whole = arguments.strategies is None and arguments.sizes is None
    if is_whole or not _SOLVERS.exists():
        _time_solvers(arguments)
    else:
        _report(arguments)


def _time_solvers(arguments: argparse.Namespace) -> None:
    lines = ",\n".join(json.dumps(asdict(timing)) for timing in time_sizes())
    _SOLVERS.write_text(f"[\n{lines}\n]\n")
    _report(arguments)


def _report(_arguments: argparse.Namespace) -> None:
    results = runs.load(_FARMS)
    timings = [Timing(**row) for row in json.loads(_SOLVERS.read_text())]
    plots.draw(results, _DOCS / "pictures")
    parts = {
        "small": tables.small_table(results),
        "farms": tables.farm_tables(results),
        "solvers": tables.solver_table(timings),
        "cost": tables.cost_table(results),
    }
    if LOOKS_AHEAD in {result.rival for result in results}:
        parts["targets"] = tables.target_table(targets(results, timings))
    fill(_DOCS / "planning-results.md", parts)


if __name__ == "__main__":
    main()
