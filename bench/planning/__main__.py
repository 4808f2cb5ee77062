"""Strategies on simulated farms. `python3 -m bench.planning --help`."""

from __future__ import annotations

import argparse
import time

from moonraker_netqueue.sim.bound import least_makespan
from moonraker_netqueue.sim.farm import play
from moonraker_netqueue.sim.measures import measure

from .cases import Kind, Size
from .rivals import rivals


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
    arguments = parser.parse_args()
    arguments.command(arguments)


def _run(arguments: argparse.Namespace) -> None:
    size = Size(Kind(arguments.kind), arguments.printers, arguments.copies, ())
    workload = size.workload(arguments.seed)
    if size.kind is Kind.BATCH:
        print(f"bound {least_makespan(workload)}")
    for name in arguments.strategies:
        rival = rivals()[name]
        start = time.perf_counter()
        prints = play(workload, rival.strategy, whole=rival.whole)
        print(f"{name}: {time.perf_counter() - start:.1f} s")
        for key, value in vars(measure(workload, prints)).items():
            print(
                f"    {key} {value:.4g}"
                if isinstance(value, float)
                else f"    {key} {value}"
            )


if __name__ == "__main__":
    main()
