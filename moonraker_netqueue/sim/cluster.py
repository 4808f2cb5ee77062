"""`python3 -m moonraker_netqueue.sim.cluster`: random lives of whole clusters.

Each seed is one workshop in which machines, disks, clocks, networks and people do what
they should not; then all is repaired, and every promise must have been kept.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields

from ..cli.page import Column, Line, Page, Table
from ..cli.terminal import complain
from ..cli.text import duration
from .cluster_run import STEPS, Life, live
from .ledger import PromiseBroken

KEPT, BROKEN, INTERRUPTED = 0, 3, 130  # exit status
_HOSTS = re.compile(r"([2-9])(?:\.\.([2-9]))?")
_PROGRAM = "python3 -m moonraker_netqueue.sim.cluster"

Show = Callable[[int], object]
"""Shows how many lives are lived."""


@dataclass(frozen=True)
class HostRange:
    """How many hosts; which of these numbers follows from the seed."""

    low: int
    high: int

    def of(self, seed: int) -> int:
        """The number for a seed."""
        return self.low + seed % (self.high - self.low + 1)


@dataclass
class Tally:
    """What all lives came to."""

    lives: int = 0
    broken: dict[int, str] = field(default_factory=dict)  # seed -> what
    figures: Counter[str] = field(default_factory=Counter)
    longest_repair: float = 0.0

    def add(self, life: Life) -> None:
        """One that kept all promises."""
        for each in fields(life):
            self.figures[each.name] += getattr(life, each.name)
        self.longest_repair = max(self.longest_repair, life.repair_s)


def main(arguments: Sequence[str] | None = None) -> int:
    """Live them; the exit status."""
    options = _options(arguments)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    told: Callable[[str], object] = _write if len(seeds) == 1 else _forget
    tally, began, used = Tally(), time.monotonic(), time.process_time()
    try:
        with _quiet_logs(), _progress(len(seeds)) as show:
            for seed in seeds:
                _live(seed, options, told, tally)
                show(tally.lives)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        real, cpu = time.monotonic() - began, time.process_time() - used
        _show(_page(tally, real, cpu))
    return BROKEN if tally.broken else KEPT


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description="Random lives of whole clusters in simulated time.",
    )
    parser.add_argument(
        "--seeds", type=_count, default=100, help="how many lives (default: 100)"
    )
    parser.add_argument(
        "--first-seed", type=int, default=1, help="of the first one (default: 1)"
    )
    parser.add_argument(
        "--hosts",
        type=_hosts,
        default=HostRange(2, 7),
        metavar="N..M",
        help="2 to 9 hosts, or one number (default: 2..7)",
    )
    parser.add_argument(
        "--steps",
        type=_count,
        default=STEPS,
        help="how much happens in a life (default: %(default)s)",
    )
    parser.add_argument(
        "--disk-budget",
        type=_count,
        metavar="BYTES",
        help="what files may take on a host: they are some 50 bytes each, and leave"
        " hosts and come back (default: nothing is deleted)",
    )
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _hosts(text: str) -> HostRange:
    match = _HOSTS.fullmatch(text)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        raise argparse.ArgumentTypeError(f"{text!r}: write 2..7, or one number")
    return HostRange(int(match[1]), int(match[2] or match[1]))


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Hosts complain of what is done to them; and a life is quicker without."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _live(
    seed: int,
    options: argparse.Namespace,
    told: Callable[[str], object],
    tally: Tally,
) -> None:
    count, steps, budget = options.hosts.of(seed), options.steps, options.disk_budget
    try:
        tally.add(live(seed, count, steps, told, budget))
    except PromiseBroken as error:
        tally.broken[seed] = str(error)
        more = "" if steps == STEPS else f" --steps {steps}"
        more += "" if budget is None else f" --disk-budget {budget}"
        complain(
            f"seed {seed}: {error}\n  its story: {_PROGRAM} --seeds 1"
            f" --first-seed {seed} --hosts {count}{more}"
        )
    tally.lives += 1


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _forget(_line: str) -> None:
    return


@contextmanager
def _progress(total: int) -> Iterator[Show]:
    if not (sys.stdout.isatty() and importlib.util.find_spec("rich") and total > 1):
        yield lambda _lives: None
        return
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task("lives", total=total)
        yield lambda lives: progress.update(task, completed=lives)


def _page(tally: Tally, real: float, cpu: float) -> Page:
    figures = tally.figures
    rows = [
        ("lives", str(tally.lives)),
        ("promises broken", str(len(tally.broken))),
        ("simulated", duration(figures["seconds"])),
        ("longest repair", f"{tally.longest_repair:.0f} s"),
        ("elections", str(figures["elections"])),
        ("groups", str(figures["groups"])),
        ("commands applied", str(figures["commands"])),
        ("jobs", str(figures["jobs"])),
        ("copies made", str(figures["made"])),
        ("copies spoiled", str(figures["spoiled"])),
        ("copies risked by people", str(figures["risked"])),
        ("files given up by hosts", str(figures["given_up"])),
        ("simulated s per CPU s", f"{figures['seconds'] / max(cpu, 1e-9):.0f}"),
        ("took", f"{duration(real)}, {duration(cpu)} of them computing"),
    ]
    columns = (Column("what", lead=True), Column("figure"))
    verdict = "a promise was BROKEN" if tally.broken else "all promises were kept"
    return [Line(verdict, "bold"), Table.of(columns, rows)]


def _show(page: Page) -> None:
    from ..cli.screen import Screen

    Screen().show(page)


if __name__ == "__main__":
    sys.exit(main())
