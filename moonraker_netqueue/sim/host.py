"""A whole host on virtual time: queues, files and the agent, behind a printer."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..config import PrinterSettings
from ..errors import NetqueueError
from ..files.eviction import VERIFY_METHOD, Eviction
from ..files.fetch import Fetcher
from ..files.served import ServedContents
from ..files.store import STORE_FOLDER, ContentStore
from ..model.command import Body, ContentHeld, JobAdd
from ..model.job import ItemSpec, Requirements, Wishes
from ..model.queue_state import QueueState
from ..ports import Clock, Disk, Machine, Worker
from ..printer.agent import Agent
from ..printer.content_files import ContentFiles
from ..printer.replica_queue import ReplicaQueue
from ..replica.replica import Replica
from ..replica.submission import SubmitOutcome
from ..scheduler.planner import Plan, plan
from ..scheduler.problem import Problem
from .computer import Computer, World
from .life import Life
from .printer import SimPrinter
from .scenario import WantedItem, WantedJob
from .seen_replica import SeenReplica, Witness

_T = TypeVar("_T")

_GCODES = Path("/gcodes")
CONTENTS = _GCODES / STORE_FOLDER  # of jobs, by SHA-256
_DATA = Path("/netqueue")


class HostGone(NetqueueError):
    """The host went away before it answered."""


class InlineSolver:
    """The pure solver, where it stands: a plan takes no virtual time."""

    async def solve(self, problem: Problem) -> Plan:
        return plan(problem)


class WholeHost(Computer):
    """What runs under a Moonraker, joined as `assembly.py` joins it."""

    def __init__(
        self,
        world: World,
        name: str,
        settings: PrinterSettings,
        queues: tuple[str, ...],
        seat_ttl: float = 900.0,
        disk_budget: int | None = None,
    ) -> None:
        """`disk_budget`: bytes that contents may take; None: nothing is deleted."""
        super().__init__(world, hashlib.sha256(name.encode()).hexdigest())
        self.name = name
        self.printer = SimPrinter()
        self.witness: Witness | None = None
        self.loaded = settings.materials_ready  # what really is, whoever knows it
        self.replicas: dict[str, Replica] = {}
        self._settings = settings
        self._queues = queues
        self._seat_ttl = seat_ttl
        self._disk_budget = disk_budget
        self._fresh: set[str] = set()  # contents whose job is being added
        self._parts: _Parts | None = None

    @property
    def agent(self) -> Agent | None:
        """The printer's agent; None while the host does not run."""
        return None if self._parts is None else self._parts.agent

    def state(self, queue: str) -> QueueState | None:
        """A queue as this host knows it; None while it does not run."""
        return self.replicas[queue].state if queue in self.replicas else None

    def ready(self, queue: str) -> bool:
        """Whether a command given here now would be answered."""
        replica = self.replicas.get(queue)
        if self._parts is None or replica is None:
            return False
        return ReplicaQueue(replica, self.links).ready

    def has_noted(self, print_id: str) -> bool:
        """Whether its printer would know of this print after a power cut."""
        return print_id.encode() in self.disk.surviving(_DATA / "printer.json")

    def _highest_entry(self, queue: str) -> int:
        journal = _DATA / "queues" / queue / "group.db"
        return self.disk.surviving_highest(journal, "position", "log")

    # Life.

    async def start(self) -> None:
        """Start the process, as systemd would."""
        life, machine = self.begin()
        await self._within(life, self._build(machine))

    async def close(self) -> None:
        """End the process in order."""
        parts, life = self._parts, self.life
        if parts is None or life is None:
            raise HostGone(f"{self.name} does not run")
        await self._within(life, parts.close())
        self.kill()

    def kill(self) -> None:
        super().kill()
        self.replicas = {}
        self._parts = None
        self.printer.forget()

    def lose_power(self, torn: bool = False) -> None:
        super().lose_power(torn)
        self.printer.lose_power()

    # What people do there.

    async def give(self, queue: str, body: Body, client_id: str = "") -> SubmitOutcome:
        """Submit a command; raises a NetqueueError."""
        return await self.within(self.replicas[queue].submit(body, client_id))

    async def add(self, job: WantedJob) -> SubmitOutcome:
        """Upload a job's files here and add it; asked again, it is added once."""
        try:
            items = [await self.within(self._take_in(job, item)) for item in job.items]
            for item in items:
                await self.give(job.queue, ContentHeld(item.files[0]))
            return await self._add_job(job, items)
        finally:
            self._fresh.clear()

    async def _add_job(self, job: WantedJob, items: list[ItemSpec]) -> SubmitOutcome:
        job_id = job_id_of(job)
        body = JobAdd(
            job_id,
            Wishes(job.name, priority=job.priority, owner=job.owner),
            tuple(items),
            Requirements(tags=job.tags, keep_together=job.keep_together),
        )
        return await self.give(job.queue, body, client_id=job_id)

    async def within(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something in this host's process; raises HostGone if that ends."""
        if self.life is None:
            work.close()
            raise HostGone(f"{self.name} does not run")
        return await self._within(self.life, work)

    async def _within(self, life: Life, work: Coroutine[Any, Any, _T]) -> _T:
        task = life.spawn(work)
        await asyncio.wait([task])
        if task.cancelled():
            raise HostGone(f"{self.name} went away")
        return task.result()

    async def _take_in(self, job: WantedJob, item: WantedItem) -> ItemSpec:
        """Put a made-up g-code file into the store."""
        if self._parts is None:
            raise HostGone(f"{self.name} does not run")
        name = file_name(job, item)
        uploaded = _GCODES / name
        with self.disk.open(uploaded, "wb") as file:
            file.write(f"; {job.queue}: {name}\nG28\nG1 X10 Y10\n".encode())
        file_ref = await self._parts.store.add(uploaded, name)
        self._fresh.add(file_ref.sha256)
        return ItemSpec(
            item.name,
            item.count,
            (file_ref,),
            materials=item.materials,
            nozzle=item.nozzle,
            estimate_s=60 * item.minutes,
        )

    # The parts.

    async def _build(self, machine: Machine) -> None:
        store = ContentStore(_GCODES, machine.disk, machine.worker)
        await store.load()
        contents = ServedContents(store)
        contents.replicas = lambda: self.replicas
        reader = _Reader(machine.disk, machine.worker)
        self.links.serve(contents, reader.read)
        for queue in self._queues:
            replica = SeenReplica(
                queue,
                self.id,
                _DATA / "queues" / queue,
                self.links,
                machine,
                host_name=self.name,
                seat_ttl=self._seat_ttl,
            )
            replica.witness = self.witness
            replica.on_disk = partial(self._highest_entry, queue)
            await replica.start()
            self.replicas[queue] = replica
        fetcher = Fetcher(store, self.links, machine, _never_blamed)
        agent = Agent(
            self.printer,
            {q: ReplicaQueue(r, self.links) for q, r in self.replicas.items()},
            ContentFiles(store, fetcher, _GCODES),
            InlineSolver(),
            machine,
            host_id=self.id,
            name=self.name,
            settings=self._settings,
            directory=_DATA,
        )
        await agent.start()
        eviction = self._eviction(store, machine.clock)
        replicas = tuple(self.replicas.values())
        self._parts = _Parts(store, contents, fetcher, eviction, agent, replicas)

    def _eviction(self, store: ContentStore, clock: Clock) -> Eviction | None:
        if self._disk_budget is None:
            return None
        eviction = Eviction(
            store,
            lambda: self.replicas,
            self.links,
            clock,
            self._disk_budget,
            lambda _text: None,
        )
        eviction.spares = self._fresh.__contains__
        for queue, replica in self.replicas.items():
            answer = partial(eviction.answer, queue)
            replica.register_request(VERIFY_METHOD, answer)
        eviction.start()
        return eviction


class _Parts:
    """What one life of a host consists of."""

    def __init__(
        self,
        store: ContentStore,
        contents: ServedContents,
        fetcher: Fetcher,
        eviction: Eviction | None,
        agent: Agent,
        replicas: tuple[Replica, ...],
    ) -> None:
        self.store = store
        self.agent = agent
        self._contents = contents
        self._fetcher = fetcher
        self._eviction = eviction
        self._replicas = replicas

    async def close(self) -> None:
        """In order: the agent first, the queues last."""
        await self.agent.close()
        if self._eviction is not None:
            await self._eviction.close()
        await self._fetcher.close()
        await self._contents.close()
        for replica in self._replicas:
            await replica.close()


class _Reader:
    """Reads ranges of files, as the link server does."""

    def __init__(self, disk: Disk, worker: Worker) -> None:
        self._disk = disk
        self._worker = worker

    async def read(self, path: Path, start: int, stop: int) -> bytes:
        return await self._worker.run(self._read, path, start, stop)

    def _read(self, path: Path, start: int, stop: int) -> bytes:
        with self._disk.open(path, "rb") as file:
            file.seek(start)
            return file.read(stop - start)


def job_id_of(job: WantedJob) -> str:
    """The id under which a job is added, wherever."""
    return hashlib.sha256(f"{job.queue} {job.name}".encode()).hexdigest()[:32]


def file_name(job: WantedJob, item: WantedItem) -> str:
    """What the g-code file of an item is called: other items' have other names."""
    return f"{job.name} - {item.name}.gcode"


def _never_blamed(host_id: str) -> None:
    raise AssertionError(f"host {host_id[:8]} sent wrong bytes")
