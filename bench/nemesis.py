"""Real printers on real networks, and everything goes wrong: is a job lost or doubled?

`sudo python3 -m bench.nemesis --minutes 10`: three printers (real Moonraker, real
Klipper) in network namespaces share a queue. Jobs are added all the time, and a person
clears beds and has lost prints made again, while random faults are made and mended. At
the end everything is mended, all is printed, and Klipper's own logs are counted.
Files are too large for all to stay on every host: they leave, and are fetched again.
Ctrl-C brings the end on; once more, or a failure, and what was counted so far is told.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from moonraker_netqueue.virtual_printer.evidence import gather
from tests.component.test_component import wait
from tests.failures.farm import Farm, FragileMachine, Machine, damage, farm_of
from tests.failures.switch import Faults

from .nemesis_people import People

_PAUSE = (2.0, 8.0)  # seconds a fault lasts, and between faults
_JUMPS = (-86400, -90, 90, 86400)  # seconds
_BUDGET = "disk_budget: 64\n"  # MiB of files on each host, the least there can be
_PATIENCE = 600.0  # seconds until a host is back, and until all is printed in the end
_TELL_EVERY = 15.0  # seconds


class Nemesis:
    """One fault at a time, drawn by a seed."""

    def __init__(self, farm: Farm, people: People, seed: int) -> None:
        self.made: Counter[str] = Counter()
        self._farm = farm
        self._people = people
        self._draw = random.Random(seed)  # noqa: S311 - which fault
        self._addresses = iter(range(100, 250))
        self._victims = [p for p in farm.printers if isinstance(p, FragileMachine)]
        self._faults: dict[str, Callable[[FragileMachine], Callable[[], None]]] = {
            "cut off": self._cut_off,
            "cut one way": self._cut_one_way,
            "bad wires": self._bad_wires,
            "stopped": self._stop,
            "killed": self._kill,
            "power cut": self._cut_power,
            "all lost power": self._cut_all_power,
            "disk full": self._fill_disk,
            "disk read-only": self._make_read_only,
            "clock jump": self._jump,
            "new address": self._readdress,
            "journal damaged": self._damage,
        }
        self._left: list[str] = []  # of this round of all faults

    def strike(self) -> None:
        """Make a fault, let it last, and mend it."""
        if not self._left:
            self._left = self._draw.sample(sorted(self._faults), len(self._faults))
        name = self._left.pop()
        victim = self._draw.choice(self._victims)
        self.made[name] += 1
        print(f"{self.made.total():4} {name}: {victim.name}", flush=True)
        mend = self._faults[name](victim)
        self._people.work_for(self._draw.uniform(*_PAUSE))
        mend()
        self._people.work_for(self._draw.uniform(*_PAUSE) / 2)

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

    def _cut_all_power(self, _victim: Machine) -> Callable[[], None]:
        for printer in self._farm.printers:
            printer.cut_power()
        return self._farm.start

    def _fill_disk(self, victim: FragileMachine) -> Callable[[], None]:
        victim.fill_disk()

        def mend() -> None:
            victim.empty_disk()
            victim.kill("moonraker")
            victim.start()

        return mend

    def _make_read_only(self, victim: FragileMachine) -> Callable[[], None]:
        victim.kill("moonraker")
        victim.remount("ro")
        victim.start()

        def mend() -> None:
            victim.kill("moonraker")
            victim.remount("rw")
            victim.start()

        return mend

    def _jump(self, victim: FragileMachine) -> Callable[[], None]:
        victim.set_clock(self._draw.choice(_JUMPS))
        return lambda: victim.set_clock(0)

    def _readdress(self, victim: Machine) -> Callable[[], None]:
        victim.namespace.readdress(f"10.77.0.{next(self._addresses)}")
        return lambda: None

    def _damage(self, victim: Machine) -> Callable[[], None]:
        """One disk at a time is lost: two of three would be more than is promised."""
        wait(self._farm.settled, _PATIENCE)
        victim.kill("moonraker")
        damage(victim.journal)

        def back() -> bool:
            self._people.let_in(victim)
            return self._farm.settled()

        def mend() -> None:
            victim.start()
            wait(back, _PATIENCE)

        return mend


def run(minutes: float, faults: int, seed: int) -> int:
    """The exit status: 0 if nothing was lost or doubled and all counts are right."""
    with (
        tempfile.TemporaryDirectory(prefix="netqueue-nemesis-") as folder,
        farm_of(Path(folder), 3, fragile=3, options=_BUDGET) as farm,
    ):
        people = People(farm, seed)
        people.take_room()
        nemesis = Nemesis(farm, people, seed)
        began = time.monotonic()
        end = began + 60 * minutes
        stopped: list[int] = []

        def stop(number: int, _frame: object) -> None:
            stopped.append(number)
            signal.signal(signal.SIGINT, signal.default_int_handler)

        signal.signal(signal.SIGINT, stop)
        ended = False
        try:
            while not stopped and (
                time.monotonic() < end or nemesis.made.total() < faults
            ):
                minute = (time.monotonic() - began) / 60
                told = f"{minute:5.1f} min, {people.submitted} jobs:"
                print(told, end="", flush=True)
                nemesis.strike()
            _mend(farm, people)
            ended = True
        finally:
            if not ended:
                print("NOT TO ITS END: what follows is as far as it got", flush=True)
            status = _judge(farm, nemesis, people)
            if status or not ended:
                kept = tempfile.mkdtemp(prefix="netqueue-nemesis-logs-")
                for printer in farm.printers:
                    logs = printer.data_path / "logs"
                    shutil.copytree(logs, Path(kept) / printer.name)
                print(f"the logs are kept in {kept}", flush=True)
        return status


def _mend(farm: Farm, people: People) -> None:
    """Mend everything, and let all be printed."""
    print("mending everything", flush=True)
    farm.switch.heal()
    farm.start()
    for printer in farm.printers:
        printer.recover(120)
    print("waiting until all are one group", flush=True)
    wait(farm.settled, _PATIENCE)
    wait(people.ask_again, _PATIENCE)
    _finish(farm, people)


def _judge(farm: Farm, nemesis: Nemesis, people: People) -> int:
    """Tell the counts; the exit status."""
    evidence = gather(farm, farm.began)
    begun = sum((one.begun for one in evidence), Counter[str]())
    ended = sum((one.ended for one in evidence), Counter[str]())
    decided = Counter(people.mark_of(job_id) for job_id in people.decided.values())
    shown, equal = _shown(farm)
    lost = [
        mark
        for mark, job_id in people.job_ids.items()
        if mark not in people.printed and job_id not in shown
    ]
    # A job whose answer never came may be there: it is printed once all the same.
    doubled = Counter(
        {
            mark: begun[mark] - farm.wanted[mark] - farm.again[mark] - decided[mark]
            for mark in farm.wanted
        }
    )
    wrong = [
        f"{mark}: {text}"
        for mark, job in people.jobs.items()
        for text in _wrong(job, farm.wanted[mark], begun[mark], ended[mark])
    ]
    if people.made_again < people.again:
        wrong.append(f"{people.again - people.made_again} copies were not made again")
    if not equal:
        wrong.append("the printers do not tell the same story")
    faults = ", ".join(f"{name} {n}" for name, n in sorted(nemesis.made.items()))
    print(f"faults injected: {nemesis.made.total()} ({faults})")
    print(
        f"jobs submitted {people.submitted}, acknowledged {len(people.job_ids)} (of"
        f" these {people.pending} kept until a majority was back), printed"
        f" {len(people.printed & people.job_ids.keys())}"
    )
    for cause, number in people.unanswered.most_common():
        print(f"  not acknowledged {number}: {cause}")
    there = len(people.jobs.keys() - people.job_ids.keys())
    print(f"  of those without an answer {there} were taken all the same, once")
    print(
        f"copies wanted {sum(farm.wanted[mark] for mark in people.job_ids)}, ", end=""
    )
    print(f"prints begun {begun.total()}, ended {ended.total()}, ", end="")
    print(f"made again as a person said {len(people.decided)}")
    print(
        f"files deleted for want of room {people.deleted}, of these wanted again at the"
        f" same printer {people.again}, fetched again {people.fetched_again}"
    )
    print(f"hosts let in again as a person said {people.let_in_again}")
    print("\n".join(["counts that are wrong:", *wrong] if wrong else ["counts right"]))
    twice = sum(number for number in doubled.values() if number > 0)
    print(f"lost {len(lost)}, doubled {twice}")
    return 1 if lost or twice or wrong else 0


def _shown(farm: Farm) -> tuple[set[str], bool]:
    """Ids of the jobs that any printer shows, and whether all show the same."""
    shown: set[str] = set()
    for printer in farm.printers:
        with contextlib.suppress(VirtualPrinterError, OSError):
            shown |= {job["job_id"] for job in farm.jobs(printer)}
    with contextlib.suppress(VirtualPrinterError, OSError):
        return shown, farm.equal()
    return shown, False


def _wrong(job: dict[str, Any], wanted: int, begun: int, ended: int) -> Iterator[str]:
    """What is not as it should be with a job that is done, by Klipper's own log."""
    (item,) = job["items"]
    if item["done"] != wanted:
        yield f"{item['done']} copies done, not {wanted}"
    if item["done"] + item["extra"] > ended:
        yield f"{item['done']} + {item['extra']} done, but {begun} begun, {ended} ended"
    if item["waiting"]:
        yield f"{item['waiting']} copies wait"


def _finish(farm: Farm, people: People) -> None:
    """Wait for all copies, telling how far it is."""
    people.look_after()
    began = told = time.monotonic()
    while not (people.finished and farm.equal()):
        now = time.monotonic()
        if now > began + _PATIENCE:
            print(f"not all is printed after {_PATIENCE:g} s: {people.unfinished()}")
            break
        if now > told + _TELL_EVERY:
            told = now
            print(f"printing what is left: {people.unfinished()}", flush=True)
        time.sleep(1)
        people.look_after()


def main() -> int:
    """Parse the command line; the exit status."""
    parser = argparse.ArgumentParser(description="Break everything, count the prints.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument(
        "--faults", type=int, default=0, help="go on until so many were made"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    return run(options.minutes, options.faults, options.seed)


if __name__ == "__main__":
    sys.exit(main())
