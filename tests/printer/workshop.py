"""Printers of a workshop in virtual time: real agents, scripted printers, and queues
that are one real QueueState each, applied at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from moonraker_netqueue.config import PrinterSettings
from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.machine import MachineClock, MachineDisk
from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    PrintEnded,
    PrintReserve,
    encode,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.event import Event
from moonraker_netqueue.model.job import ItemSpec, Requirements, Wishes
from moonraker_netqueue.model.print import Print, PrintState
from moonraker_netqueue.model.printer import ClearBed, PrinterState, Profile
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.ports import Machine
from moonraker_netqueue.printer.agent import Agent
from moonraker_netqueue.printer.queue_port import Submission
from moonraker_netqueue.scheduler.planner import Plan
from moonraker_netqueue.scheduler.problem import Problem
from moonraker_netqueue.sim.host import InlineSolver
from moonraker_netqueue.sim.printer import SimPrinter
from moonraker_netqueue.sim.randomness import SimRandom
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

_T = TypeVar("_T")
QUEUE = "bench"
START = 1.7e9  # Unix seconds


class LoopClock(MachineClock):
    """The virtual loop's time."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return START + self.monotonic()


class InlineWorker:
    """Runs calls at once; where they write, `error` is raised instead."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.calls: Counter[str] = Counter()

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        await asyncio.sleep(0)
        self.calls[function.__name__] += 1
        if self.error is not None and hasattr(function, "__self__"):
            raise self.error  # methods reach the disk, functions compute
        return function(*args)


class CountingSolver(InlineSolver):
    """Counts what it solves."""

    def __init__(self) -> None:
        self.solved = 0

    async def solve(self, problem: Problem) -> Plan:
        self.solved += 1
        return await super().solve(problem)


class SharedQueue:
    """A queue as if replication took no time. `told` has all applied commands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = QueueState()
        self.ports: dict[str, HostQueue] = {}
        self.led = True  # whether there is a leader with a quorum
        self.seems_led = False  # whether hosts believe so all the same
        self.told: list[tuple[str, Body]] = []
        self.rejections: list[str] = []
        self.before: Callable[[str, Body], None] = lambda _host, _body: None
        self._index = 0

    def apply(self, command: Command) -> None:
        encode(command)  # raises for what no replica would read
        self.before(command.id.author, command.body)
        self._index += 1
        self.told.append((command.id.author, command.body))
        events = self.state.apply(command, self._index)
        for port in self.ports.values():
            port.hear(events)

    def bodies(self, kind: type[_T], host: str = "") -> list[_T]:
        """What was told, of one kind, by one host or all."""
        return [
            body
            for author, body in self.told
            if isinstance(body, kind) and host in ("", author)
        ]

    def lead(self) -> None:
        """A leader is back: outboxes empty themselves."""
        self.led = True
        for port in self.ports.values():
            port.deliver()


class HostQueue:
    """One host's QueuePort. Its outbox outlives its agent."""

    def __init__(self, shared: SharedQueue, host: str) -> None:
        self.shared = shared
        self.host = host
        self.outbox: list[Command] = []
        self.listeners: list[Callable[[tuple[Event, ...]], None]] = []
        self.reached: set[str] | None = None  # None: every host that runs
        self.running: Callable[[], set[str]] = set
        self._sequence = 0

    @property
    def state(self) -> QueueState:
        return self.shared.state

    @property
    def ready(self) -> bool:
        return self.shared.led or self.shared.seems_led

    def connected(self) -> tuple[str, ...]:
        up = self.running() if self.reached is None else self.reached
        return tuple(sorted(up - {self.host}))

    def add_listener(self, callback: Callable[[tuple[Event, ...]], None]) -> None:
        self.listeners.append(callback)

    def hear(self, events: tuple[Event, ...]) -> None:
        for listener in self.listeners:
            listener(events)

    async def submit(
        self, body: Body, client_id: str = "", timeout: float = 5.0
    ) -> Submission:
        self._sequence += 1
        command_id = CommandId(self.host, 1, self._sequence)
        command = Command(command_id, LoopClock().wall(), body, client_id)
        await asyncio.sleep(0.005)
        if self.outbox or not self.shared.led:
            self.outbox.append(command)
            await asyncio.sleep(timeout)
            return Submission(accepted=False, pending=True, reason="no answer yet")
        return self._apply(command)

    def deliver(self) -> None:
        commands, self.outbox = self.outbox, []
        for command in commands:
            self._apply(command)

    def _apply(self, command: Command) -> Submission:
        try:
            self.shared.apply(command)
        except Rejected as error:
            self.shared.rejections.append(error.reason)
            return Submission(accepted=False, reason=error.reason)
        return Submission(accepted=True)


class FilesBroken(NetqueueError):
    """What a store or fetcher may raise."""


@dataclass
class FakeFiles:
    """Contents of one host."""

    here: set[str] = field(default_factory=set)
    seconds: float = 1.0  # that a fetch takes
    problem: str = ""
    fetched: list[str] = field(default_factory=list)
    on_materialise: Callable[[], None] = lambda: None

    def has(self, sha256: str) -> bool:
        return sha256 in self.here

    async def fetch(
        self, queue: str, file: FileRef, holders: Callable[[], tuple[str, ...]]
    ) -> None:
        while not holders():  # noqa: ASYNC110  a fetcher asks now and then
            await asyncio.sleep(0.5)
        await asyncio.sleep(self.seconds)
        self.fetched.append(file.name)
        self.here.add(file.sha256)

    async def materialise(self, queue: str, file: FileRef) -> str:
        await asyncio.sleep(0.01)
        self.on_materialise()
        if self.problem:
            raise FilesBroken(self.problem)
        return f"netqueue/{queue}/{file.name}"


class Host:
    """A printer of the workshop."""

    def __init__(
        self, workshop: Workshop, name: str, settings: PrinterSettings
    ) -> None:
        self.name = name
        self.host_id = hashlib.sha256(name.encode()).hexdigest()
        self.settings = settings
        self.printer = SimPrinter()
        self.files = FakeFiles()
        self.worker = InlineWorker()
        self.solver = CountingSolver()
        self.queues = {
            queue: workshop.join(queue, self.host_id) for queue in workshop.queues
        }
        self.directory = workshop.folder / name
        self.running = False
        self._lives = 0
        self._agent: Agent | None = None

    @property
    def agent(self) -> Agent:
        assert self._agent is not None
        return self._agent

    async def start(self) -> None:
        """Start the agent: as Moonraker would after any kind of end."""
        self._lives += 1
        machine = Machine(
            LoopClock(),
            SimRandom((self.name, self._lives)),
            self.worker,
            MachineDisk(),
        )
        self._agent = Agent(
            self.printer,
            self.queues,
            self.files,
            self.solver,
            machine,
            host_id=self.host_id,
            name=self.name,
            settings=self.settings,
            directory=self.directory,
        )
        await self._agent.start()
        self.running = True

    async def stop(self) -> None:
        """Orderly."""
        self.running = False
        await self.agent.close()

    async def kill(self) -> None:
        """kill -9: nothing of the agent runs any more, the printer goes on."""
        self.running = False
        for queue in self.queues.values():
            queue.listeners.clear()
        self.printer.forget()
        tasks = [self.agent._task, self.agent._starter._task]
        alive = [task for task in tasks if task is not None]
        for task in alive:
            task.cancel()
        if alive:
            await asyncio.wait(alive)

    @property
    def profile(self) -> Profile:
        """Its entry in the first queue."""
        first = next(iter(self.queues.values()))
        return first.state.printers[self.host_id].profile

    @property
    def state(self) -> PrinterState | None:
        first = next(iter(self.queues.values()))
        entry = first.state.printers.get(self.host_id)
        return None if entry is None else entry.profile.state


class Workshop:
    """Queues and hosts."""

    def __init__(self, folder: Path, *queues: str) -> None:
        self.folder = folder
        self.queues = {name: SharedQueue(name) for name in queues or (QUEUE,)}
        self.hosts: dict[str, Host] = {}

    @property
    def queue(self) -> SharedQueue:
        return next(iter(self.queues.values()))

    @property
    def state(self) -> QueueState:
        return self.queue.state

    def join(self, queue: str, host_id: str) -> HostQueue:
        port = HostQueue(self.queues[queue], host_id)
        port.running = lambda: {h.host_id for h in self.hosts.values() if h.running}
        self.queues[queue].ports[host_id] = port
        return port

    async def host(
        self, name: str = "a", clear_bed: ClearBed = ClearBed.NEVER, **more: Any
    ) -> Host:
        """A host that runs, and has settled."""
        settings = PrinterSettings(clear_bed=clear_bed, **more)
        host = self.hosts[name] = Host(self, name, settings)
        await host.start()
        await self.until(lambda: host.state is not None, 10)
        await asyncio.sleep(3)
        return host

    async def add(
        self,
        host: Host,
        name: str = "part.gcode",
        count: int = 1,
        queue: str = "",
        keep_together: bool = False,
        **more: Any,
    ) -> str:
        """Add a job of one item at `host`, which gets the bytes; returns its id."""
        queue = queue or self.queue.name
        file = file_ref(name)
        host.files.here.add(file.sha256)
        port = host.queues[queue]
        job_id = f"job-{name}-{len(port.state.jobs)}"
        await port.submit(ContentHeld(file))
        words = ("hold", "max_attempts", "priority")
        wishes = {key: more.pop(key) for key in words if key in more}
        spec = ItemSpec(name, count, (file,), **more)
        requires = Requirements(keep_together=keep_together)
        answer = await port.submit(
            JobAdd(job_id, Wishes(name, **wishes), (spec,), requires)
        )
        assert answer.accepted, answer.reason
        return job_id

    async def until(self, true: Callable[[], bool], seconds: float = 120) -> None:
        """Let time pass until something is true; fail if that takes too long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not true():
            assert loop.time() < end, f"not within {seconds} s"
            await asyncio.sleep(0.02)

    def done(self, job_id: str, queue: str = "") -> int:
        state = self.queues[queue or self.queue.name].state
        return sum(item.done for item in state.jobs[job_id].items)

    def failed(self, job_id: str) -> int:
        return sum(item.failed for item in self.state.jobs[job_id].items)

    def live(self) -> list[Print]:
        """Live prints of all queues."""
        return [p for q in self.queues.values() for p in q.state.prints.values()]

    def ended(self) -> list[tuple[PrintState, str]]:
        """How prints ended, in order, as the first queue tells it."""
        return [(p.state, p.reason) for p in self.state.finished]

    def releases(self) -> list[str]:
        """Reasons of reservations given back."""
        return [
            body.reason
            for body in self.queue.bodies(PrintEnded)
            if body.outcome is PrintState.RELEASED
        ]


def file_ref(name: str) -> FileRef:
    data = name.encode()
    return FileRef(
        key=hashlib.md5(data).hexdigest(),  # noqa: S324  the registry's key
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        name=name,
    )


async def reserve(host: Host, job_id: str, name: str, queue: str = QUEUE) -> str:
    """Reserve a copy for a host behind its agent's back; returns the print id."""
    print_id = f"print-{job_id}"
    answer = await host.queues[queue].submit(
        PrintReserve(print_id, job_id, 0, file_ref(name).sha256)
    )
    assert answer.accepted, answer.reason
    return print_id


Story = Callable[[Workshop], Coroutine[Any, Any, None]]


def story(test: Story, *queues: str) -> Callable[[Path], None]:
    """A test in virtual time, in a workshop of its own with these queues."""

    def run(tmp_path: Path) -> None:
        workshop = Workshop(tmp_path, *queues)

        async def whole(_loop: VirtualLoop) -> None:
            try:
                await asyncio.wait_for(test(workshop), 100_000)
            finally:
                for host in workshop.hosts.values():
                    if host.running:
                        await host.kill()
                    host.printer.stop()

        play(whole, VirtualLoop())

    run.__name__ = test.__name__
    run.__doc__ = test.__doc__
    return run


def in_queues(*queues: str) -> Callable[[Story], Callable[[Path], None]]:
    """`story` for hosts that serve several queues."""
    return lambda test: story(test, *queues)
