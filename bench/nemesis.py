"""Real printers on real networks, and everything goes wrong: is a job lost or doubled?

`sudo python3 -m bench.nemesis --minutes 10`: three printers (real Moonraker, real
Klipper) in network namespaces share a queue. Jobs are added all the time while random
faults are made and mended. At the end everything is mended, a person decides about
prints whose end nobody saw (each is printed again), and Klipper's own logs are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from tests.component.test_component import ROOT, wait
from tests.failures.farm import Farm, Machine, farm_of
from tests.failures.switch import Faults

_PAUSE = (2.0, 8.0)  # seconds a fault lasts, and between faults
_JOBS_EVERY = 6.0  # seconds
_PATIENCE = 300.0  # seconds until all is printed in the end


class Nemesis:
    """One fault at a time, drawn by a seed."""

    def __init__(self, farm: Farm, seed: int) -> None:
        self.made: Counter[str] = Counter()
        self._farm = farm
        self._draw = random.Random(seed)  # noqa: S311 - which fault
        self._faults: dict[str, Callable[[Machine], Callable[[], None]]] = {
            "cut off": self._cut_off,
            "cut one way": self._cut_one_way,
            "bad wires": self._bad_wires,
            "stopped": self._stop,
            "killed": self._kill,
            "power cut": self._cut_power,
        }

    def strike(self) -> None:
        """Make a fault, let it last, and mend it."""
        name = self._draw.choice(sorted(self._faults))
        victim = self._draw.choice(self._farm.printers)
        self.made[name] += 1
        print(f"  {name}: {victim.name}", flush=True)
        mend = self._faults[name](victim)
        time.sleep(self._draw.uniform(*_PAUSE))
        mend()
        time.sleep(self._draw.uniform(*_PAUSE) / 2)

    def _cut_off(self, victim: Machine) -> Callable[[], None]:
        wires = set(range(len(self._farm.printers)))
        alone = self._farm.index(victim)
        self._farm.switch.part([alone], sorted(wires - {alone}))
        return self._farm.switch.heal

    def _cut_one_way(self, victim: Machine) -> Callable[[], None]:
        deaf = self._draw.choice(self._farm.others(victim))
        ways = (self._farm.index(victim), self._farm.index(deaf))
        self._farm.switch.set(*ways, Faults(cut=True))
        return self._farm.switch.heal

    def _bad_wires(self, _victim: Machine) -> Callable[[], None]:
        bad = Faults(loss=0.15, delay=0.02, jitter=0.1, rate=100_000)
        self._farm.switch.everywhere(bad)
        return self._farm.switch.heal

    def _stop(self, victim: Machine) -> Callable[[], None]:
        pid = victim.pid("moonraker")
        if pid is None:
            return victim.start
        os.kill(pid, signal.SIGSTOP)
        return lambda: os.kill(pid, signal.SIGCONT)

    def _kill(self, victim: Machine) -> Callable[[], None]:
        victim.kill("moonraker")
        return victim.start

    def _cut_power(self, victim: Machine) -> Callable[[], None]:
        victim.cut_power()
        return victim.start


class Client:
    """A person who adds jobs at any printer, whatever happens."""

    def __init__(self, farm: Farm, seed: int) -> None:
        self.submitted = self.acknowledged = self.pending = 0
        self.job_ids: dict[str, str] = {}  # by mark, of what was acknowledged
        self._farm = farm
        self._draw = random.Random(seed + 1)  # noqa: S311 - which job
        self._next = 0.0

    def work(self) -> None:
        """Add a job when it is time; a host that does not answer is not asked again."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _JOBS_EVERY
        at = self._draw.choice(self._farm.printers)
        count = self._draw.randint(1, 2)
        self.submitted += 1
        mark, text = self._farm.sample(count, seconds=self._draw.randint(1, 5))
        with contextlib.suppress(VirtualPrinterError, OSError):
            answer = self._farm.submit(at, mark, text, count)
            self.acknowledged += 1
            self.pending += bool(answer["pending"])
            self.job_ids[mark] = str(answer["job_id"])


def run(minutes: float, seed: int) -> int:
    """The exit status: 0 if nothing was lost or doubled."""
    with (
        tempfile.TemporaryDirectory(prefix="netqueue-nemesis-") as folder,
        farm_of(Path(folder), 3) as farm,
    ):
        nemesis, client = Nemesis(farm, seed), Client(farm, seed)
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            left = end - time.monotonic()
            print(f"{left / 60:5.1f} min left, {client.submitted} jobs", flush=True)
            client.work()
            nemesis.strike()
            client.work()
        return _judge(farm, nemesis, client)


def _judge(farm: Farm, nemesis: Nemesis, client: Client) -> int:
    print("mending everything", flush=True)
    farm.switch.heal()
    for printer in farm.printers:
        printer.start()
        printer.wait_ready(120)
    wait(farm.settled, 120)
    decided = _finish(farm, client)
    lost = [m for m, job in client.job_ids.items() if not farm.knows(job)]
    doubled = {
        mark: farm.begun(mark) - farm.wanted[mark] - decided[job]
        for mark, job in client.job_ids.items()
        if farm.begun(mark) > farm.wanted[mark] + decided[job]
    }
    print(f"faults: {', '.join(f'{n} {c}' for n, c in sorted(nemesis.made.items()))}")
    print(
        f"jobs submitted {client.submitted}, acknowledged {client.acknowledged} (of"
        f" these {client.pending} kept until a majority was back), printed"
        f" {sum(farm.printed(mark) for mark in client.job_ids)}"
    )
    print(f"prints that a person had to decide about: {decided.total()}")
    print(f"lost {len(lost)}, doubled {sum(doubled.values())}")
    return 1 if lost or doubled else 0


def _finish(farm: Farm, client: Client) -> Counter[str]:
    """Wait for all copies; each lost print is printed again. Decisions by job id."""
    decided: Counter[str] = Counter()
    deadline = time.monotonic() + _PATIENCE
    while not farm.printed(*client.job_ids):
        if time.monotonic() > deadline:
            print(f"not all is printed after {_PATIENCE:g} s")
            break
        for printer in farm.printers:
            if printer.client.get(f"{ROOT}/status")["printer"]["state"] in (
                "bed_occupied",
                "needs_attention",
            ):
                printer.recover()
                printer.client.post(f"{ROOT}/bed_clear", {"by": "nemesis"})
        for lost in _lost(farm):
            retry = {"print_id": lost["print_id"], "action": "retry", "by": "nemesis"}
            farm.printers[0].client.post(f"{ROOT}/print", retry)
            decided[lost["job_id"]] += 1
        time.sleep(1)
    return decided


def _lost(farm: Farm) -> list[dict[str, Any]]:
    printers = farm.printers[0].client.get(f"{ROOT}/printers")["printers"]
    return [p for one in printers for p in one["prints"] if p["state"] == "lost"]


def main() -> int:
    """Parse the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Break everything, count the prints.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    return run(options.minutes, options.seed)


if __name__ == "__main__":
    sys.exit(main())
