"""A workshop of whole hosts that share one queue, and what is watched of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import PurePosixPath
from typing import Any, TypeVar

from ..config import PrinterSettings
from ..errors import NetqueueError
from ..model.printer import ClearBed
from ..model.queue_state import QueueState
from ..printer.printer_port import StatsState
from .account import Account
from .computer import World
from .disk import SimDisk
from .host import CONTENTS, HostGone, WholeHost
from .invariants import Invariants
from .ledger import PromiseBroken
from .life import Life
from .printer import Course
from .randomness import SimRandom
from .scenario import WantedItem, WantedJob
from .story import Story
from .virtual_time import FIRST_MOMENT, VirtualLoop

_T = TypeVar("_T")

QUEUE = "shop"
SEAT_TTL = 60.0  # seconds: shorter than in life, so that seats are lost within a run
_BEDS = (ClearBed.MANUAL, ClearBed.MANUAL, ClearBed.MACRO, ClearBed.NEVER)
_PRINT = (3.0, 12.0)  # seconds
_FAILING = 0.1  # share of prints
_STOP_SECONDS = 10.0  # then systemd kills what does not end
_ITEM = "part"
_EPOCH = 1.7e9


class Shop:
    """Hosts, printers, and the books; `here` are those that have not gone for good."""

    def __init__(
        self,
        loop: VirtualLoop,
        seed: int,
        count: int,
        listener: Callable[[str], Any],
        disk_budget: int | None = None,
    ) -> None:
        """`listener(line)` hears the story. `disk_budget`: of each host, in bytes."""
        self.world = World(seed, loop, _EPOCH - FIRST_MOMENT)
        self.random = SimRandom((seed, "what happens"))
        self.story = Story(self.world.wall, 0, lambda told: listener(self.line(told)))
        self.broken: list[str] = []
        self.account = Account(self._note_broken)
        self.invariants = Invariants(QUEUE, self._note_broken)
        self.hosts: list[WholeHost] = []
        self.gone: list[WholeHost] = []
        self.off: set[str] = set()  # names of printers without power
        self.backups: dict[str, SimDisk] = {}
        self.old_disks: list[SimDisk] = []  # taken out; each has its backups, too
        self.restored = False  # whether an old copy of a disk came back
        self._settings: dict[str, PrinterSettings] = {}
        self._disk_budget = disk_budget
        self._stopping: list[Life] = []
        self._work: dict[asyncio.Task[Any], None] = {}
        for _ in range(count):
            self.new_host()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.world.wall() - _EPOCH

    @property
    def here(self) -> list[WholeHost]:
        return [host for host in self.hosts if host not in self.gone]

    @property
    def alive(self) -> list[WholeHost]:
        """Hosts whose process runs."""
        return [host for host in self.here if host.life is not None]

    def name(self, host_id: str) -> str:
        """Of a host."""
        return next(host.name for host in self.hosts if host.id == host_id)

    def line(self, told: Any) -> str:
        """A sentence of the story with its moment, seconds since the start."""
        return f"{told.at - _EPOCH:8.3f}  {told.text}"

    def tell(self, text: str) -> None:
        """It happens now."""
        self.story.tell(text)

    def _note_broken(self, text: str) -> None:
        self.broken.append(text)
        self.tell(f"BROKEN: {text}")

    def check(self) -> None:
        """Look at everything; raises PromiseBroken."""
        self.invariants.check(self.alive)
        for host in self.alive:
            state = host.state(QUEUE)
            if state is not None:
                self.account.check(state)
                self._check_contents(host, state)
        self.require()

    def _check_contents(self, host: WholeHost, state: QueueState) -> None:
        """What is still to be printed is on some disk, be its machine on or off."""
        disks = [one.disk for one in self.hosts] + self.old_disks
        for job in self.account.wanted(state):
            for file in job.items[0].spec.files:
                if not any(disk.exists(CONTENTS / file.sha256) for disk in disks):
                    self._note_broken(
                        f"{host.name} waits for the file of {job.wishes.name}, and the"
                        " last copy of it was deleted"
                    )

    def require(self) -> None:
        """Raise PromiseBroken if anything was seen that must not be."""
        if self.broken:
            raise PromiseBroken(self.broken[0])

    # Machines.

    def new_host(self) -> WholeHost:
        """One more, with an empty disk."""
        name = f"h{len(self.hosts) + 1}"
        bed = _BEDS[int(self.random.random() * len(_BEDS))]
        settings = self._settings[name] = PrinterSettings(clear_bed=bed)
        host = WholeHost(
            self.world, name, settings, (QUEUE,), SEAT_TTL, self._disk_budget
        )
        host.witness = self.invariants
        chance = SimRandom((self.world.seed, "prints of", name))
        host.printer.course_of = lambda _file: _course(chance)
        host.printer.on_begin = lambda file: self._on_begin(host, file)
        host.printer.on_end = lambda _file, how: self._on_end(host, how)
        self.hosts.append(host)
        return host

    def start(self, host: WholeHost) -> None:
        """Switch a host on, or systemd starts it again."""
        if host.name in self.off:
            self.off.discard(host.name)
            host.printer.restart()
        self.tell(f"{host.name} starts")
        self.spawn(self._start(host))

    async def _start(self, host: WholeHost) -> None:
        if host.life is not None:
            return  # somebody was quicker
        try:
            await host.start()
        except HostGone:
            return
        except (NetqueueError, OSError) as error:
            self.tell(f"{host.name} cannot start: {error}")
            if host.life is not None:
                host.kill()

    def kill(self, host: WholeHost) -> None:
        """Moonraker is killed; its printer prints on."""
        self.tell(f"{host.name}: Moonraker is killed")
        host.kill()

    def cut_power(self, host: WholeHost, torn: bool) -> None:
        """Its plug is pulled."""
        self.tell(f"{host.name} loses its power{' in a write' if torn else ''}")
        self.off.add(host.name)
        host.lose_power(torn)

    @property
    def is_stopping(self) -> bool:
        """Whether a host is about to end: what is said to it is lost."""
        return any(host.life in self._stopping for host in self.alive)

    async def stop(self, host: WholeHost) -> None:
        """Shut it down in order."""
        life = host.life
        if life is None or life in self._stopping:
            return
        self._stopping.append(life)
        self.tell(f"{host.name} is shut down")
        try:
            await asyncio.wait_for(host.close(), _STOP_SECONDS)
        except HostGone:
            self._stopping.remove(life)  # perhaps it only starts
        except asyncio.TimeoutError:
            if host.life is life:
                self.kill(host)

    # Printers.

    def _on_begin(self, host: WholeHost, file: str) -> None:
        agent = host.agent
        print_ = None if agent is None else agent.view()["print"]
        if print_ is None:
            self._note_broken(f"{host.name} starts {file} without having noted it")
            return
        name, print_id = job_of(file), print_["print_id"]
        if not host.has_noted(print_id):
            self._note_broken(f"{host.name} starts {file}, and its disk has no word")
        on_bed = host.printer.on_bed and job_of(host.printer.on_bed)
        self.tell(f"{host.name} prints {name} ({print_id[:8]})")
        self.account.begin(host.name, print_id, name, on_bed)

    def _on_end(self, host: WholeHost, how: StatsState) -> None:
        good = how is StatsState.COMPLETE
        attempt = self.account.end(host.name, good)
        if good and self._settings[host.name].clear_bed is ClearBed.NEVER:
            host.printer.on_bed = ""
        job = self.account.jobs[attempt.job]
        what = f"made {job.made} of {job.count}" if good else "spoiled one"
        self.tell(f"{host.name} has printed {attempt.job}: {what}")

    # Work beside.

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Let something happen beside the rest."""
        task = asyncio.ensure_future(work)
        self._work[task] = None
        task.add_done_callback(self._on_done)

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._work.pop(task, None)
        if not task.cancelled() and task.exception() is not None:
            self._note_broken(f"the simulation itself: {task.exception()!r}")

    async def close(self) -> None:
        """End everything."""
        for task in tuple(self._work):
            task.cancel()
        for host in self.hosts:
            if host.life is not None:
                host.kill()
            host.printer.stop()
        await asyncio.sleep(0.1)
        for disk in (*(host.disk for host in self.hosts), *self.old_disks):
            disk.close()


def wanted(name: str, count: int) -> WantedJob:
    """A job of one item."""
    item = WantedItem(_ITEM, count, (), None, 1)
    return WantedJob(QUEUE, name, (item,), 0, 0, "", False, ())


def job_of(file: str) -> str:
    """The name of the job that a file is printed for."""
    return PurePosixPath(file).name.removesuffix(f" - {_ITEM}.gcode")


def _course(chance: SimRandom) -> Course:
    seconds = chance.between(*_PRINT)
    if chance.random() < _FAILING:
        return Course(seconds * chance.random(), StatsState.ERROR, "it broke off")
    return Course(seconds)
