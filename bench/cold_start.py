"""How long until a queue is usable after a power failure of the whole workshop.

`python3 -m bench.cold_start [ROUNDS]` at the root of the checkout. Three virtual
printers (real Moonraker, real Klipper) share a queue of 1,000 jobs. All their processes
are killed at once and started again at once. What counts is the time until the queue
has accepted another job and every host shows all of them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason
from tests.component.test_component import GCODE, ROOT, wait
from tests.conftest import start_farm

_HOSTS = 3
_JOBS = 1000
_ROUNDS = 5
_TARGET = 30.0  # seconds
_PATIENCE = 300.0  # seconds


def _since(began: float, condition: Callable[[], object]) -> float:
    wait(condition, _PATIENCE)
    return time.monotonic() - began


def _add(printer: VirtualPrinter, name: str) -> bool:
    """Whether a job is accepted, once per name; it is held, so that nobody prints."""
    job = {"filename": "part.gcode", "hold": True, "command_id": name}
    return not printer.client.post(f"{ROOT}/job", job)["pending"]


def _shown(printer: VirtualPrinter) -> int:
    return len(printer.client.get(f"{ROOT}/jobs")["jobs"])


def _round(farm: VirtualFarm, jobs: int) -> tuple[float, float]:
    """Seconds until every Moonraker answers, and until the queue is usable."""
    for printer in farm.printers:
        for name in ("moonraker", "klippy", "mcu"):
            printer.kill(name)
    began = time.monotonic()
    for printer in farm.printers:
        printer.start()
    answers = _since(began, lambda: all(p.server_info() for p in farm.printers))
    _since(began, lambda: _add(farm.printers[-1], f"cold-start-{jobs + 1}"))
    usable = _since(began, lambda: all(_shown(p) == jobs + 1 for p in farm.printers))
    return answers, usable


def main(rounds: int) -> None:
    """Print seconds until all Moonrakers answer and until the queue is usable."""
    with (
        tempfile.TemporaryDirectory(prefix="netqueue-cold-") as folder,
        start_farm(Path(folder), _HOSTS, sections("cold-start")) as farm,
    ):
        wait(lambda: unshared_reason(farm) is None, _PATIENCE)
        for printer in farm.printers:
            printer.client.upload("part.gcode", GCODE)
        for number in range(1, _JOBS + 1):
            _add(farm.printers[0], f"cold-start-{number}")
        print(f"{_HOSTS} hosts, {_JOBS} jobs, {rounds} rounds; seconds", flush=True)
        times = []
        for number in range(rounds):
            wait(lambda: unshared_reason(farm) is None, _PATIENCE)
            answers, usable = _round(farm, _JOBS + number)
            times.append(usable)
            print(f"answers {answers:.1f}, usable {usable:.1f}", flush=True)
    median, worst = statistics.median(times), max(times)
    met = "met" if worst < _TARGET else "not met"
    print(f"usable: median {median:.1f}, worst {worst:.1f}")
    print(f"target: under {_TARGET:g} s: {met}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else _ROUNDS)
