"""Several replicas in one process on virtual time: links, disks and crashes of our own.

Everything random comes from one seed; nothing waits for real time, so a run repeats.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import random
import selectors
import sqlite3
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import msgpack

from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.model.command import Body, ContentHeld, JobAdd
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.peers.errors import LinkError
from moonraker_netqueue.ports import Disk, LinkListener, Message, Timer
from moonraker_netqueue.replica.replica import Replica
from moonraker_netqueue.replica.status import ReplicaStatus, Role
from moonraker_netqueue.replica.submission import SubmitOutcome

_T = TypeVar("_T")
QUEUE = "bench"
FILE = FileRef("0" * 32, "0" * 64, 1, "part.gcode")
_host: contextvars.ContextVar[SimHost | None] = contextvars.ContextVar(
    "host", default=None
)


class _InstantSelector(selectors.DefaultSelector):
    """Waiting takes virtual time only."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("nothing will ever happen again in this simulation")
        if timeout > 0:
            self.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer."""

    def __init__(self) -> None:
        self._instant = _InstantSelector()
        super().__init__(self._instant)

    def time(self) -> float:
        return self._instant.now

    def stall(self, seconds: float) -> None:
        """Let time pass without running anything."""
        self._instant.now += seconds


class SimClock:
    """The loop's time for one life of a host; a dead host's callbacks never run."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def monotonic(self) -> float:
        return self._life.loop.time()

    def wall(self) -> float:
        return 1.7e9 + self._life.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        return self._life.loop.call_later(seconds, self._run, callback, *args)

    def call_soon(self, callback: Callable[..., object], *args: Any) -> Timer:
        return self._life.loop.call_soon(self._run, callback, *args)

    async def wait_for(self, awaitable: Awaitable[_T], seconds: float) -> _T:
        return await MachineClock.wait_for(cast(MachineClock, self), awaitable, seconds)

    def _run(self, callback: Callable[..., object], *args: Any) -> None:
        if self._life.alive:
            callback(*args)


class SimRandom:
    """Repeatable randomness."""

    def __init__(self, seed: object) -> None:
        self._random = random.Random(repr(seed))  # noqa: S311  a simulation

    def random(self) -> float:
        return self._random.random()

    def token(self, size: int) -> bytes:
        return self._random.randbytes(size)


class SimWorker:
    """Runs calls after the host's disk delay; a crash takes what had not run."""

    def __init__(self, life: Life) -> None:
        self._life = life

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        host = self._life.host
        await asyncio.sleep(host.disk_delay() / 2)
        await host.disk_moves.wait()
        if not self._life.alive:
            await asyncio.Event().wait()
        if host.disk_error is not None:
            raise host.disk_error
        result = function(*args)
        await asyncio.sleep(host.disk_delay() / 2)  # on disk, but nobody knows
        if not self._life.alive:
            await asyncio.Event().wait()
        return result


class SimDisk:
    """SQLite files in memory that survive the crashes of their host.

    Of the Disk port it has what the replica uses.
    """

    _numbers = itertools.count()

    def __init__(self) -> None:
        self.files: dict[Path, tuple[str, sqlite3.Connection]] = {}
        self._opened: list[sqlite3.Connection] = []  # a crash closes nothing
        self._backups: list[SimDisk] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        if path not in self.files:
            name = f"file:sim{next(self._numbers)}?mode=memory&cache=shared"
            self.files[path] = (name, self._open(name))
        return self._open(self.files[path][0])

    def _open(self, name: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            name, uri=True, isolation_level=None, check_same_thread=False
        )
        self._opened.append(connection)
        return connection

    def replace(self, source: Path, target: Path) -> None:
        self.files[target] = self.files.pop(source)

    def exists(self, path: Path) -> bool:
        return path in self.files

    def make_directory(self, path: Path) -> None:
        return

    def sync_directory(self, path: Path) -> None:
        return

    def copied(self) -> SimDisk:
        """A backup: every file as it is now."""
        backup = SimDisk()
        for path, (name, _) in self.files.items():
            backup.connect(path)
            self._open(name).backup(backup.connect(path))
        self._backups.append(backup)
        return backup

    def close(self) -> None:
        for connection in self._opened:
            connection.close()
        for backup in self._backups:
            backup.close()


class SimLinks:
    """One host's end of the network."""

    def __init__(self, net: Net, life: Life) -> None:
        self._net = net
        self._life = life
        self.listener: LinkListener | None = None

    @property
    def host_id(self) -> str:
        return self._life.host.id

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        self.listener = listener
        self._net.refresh()

    def unsubscribe(self, queue: str) -> None:
        self.listener = None
        self._net.refresh()

    def connected(self, queue: str) -> tuple[str, ...]:
        return self._net.linked_to(self.host_id)

    def send(self, queue: str, peer: str, message: Message) -> bool:
        return self._life.alive and self._net.send(self.host_id, peer, dict(message))

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        return await self._net.request(self.host_id, peer, method, params, timeout)

    async def fetch(
        self, queue: str, peer: str, sha256: str, start: int, stop: int
    ) -> bytes:
        raise NotImplementedError


class Net:
    """Links between all hosts: FIFO, at most once, with latency, cuttable."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._up: dict[frozenset[str], int] = {}  # pair -> which link it is
        self._links = itertools.count()
        self._last: dict[tuple[str, str], float] = {}
        self.cut: set[frozenset[str]] = set()
        self.latency = (0.001, 0.01)
        self.sent: list[tuple[str, str, dict[str, Any]]] = []
        self.filter: Callable[[str, str, dict[str, Any]], bool] = lambda *_: True

    def linked_to(self, host: str) -> tuple[str, ...]:
        return tuple(
            sorted(next(iter(pair - {host})) for pair in self._up if host in pair)
        )

    def refresh(self) -> None:
        """Make the links what hosts and cuts allow."""
        ready = [
            host.id
            for host in self._cluster.hosts.values()
            if host.life is not None
            and host.life.alive
            and host.life.links.listener is not None
        ]
        wanted = {
            frozenset(pair)
            for pair in itertools.combinations(sorted(ready), 2)
            if frozenset(pair) not in self.cut
        }
        for pair in sorted(self._up.keys() - wanted, key=sorted):
            del self._up[pair]
            self._tell(pair, "on_peer_disconnected")
        for pair in sorted(wanted - self._up.keys(), key=sorted):
            self._up[pair] = next(self._links)
            self._tell(pair, "on_peer_connected")

    def _tell(self, pair: frozenset[str], what: str) -> None:
        for host in sorted(pair):
            life = self._cluster.hosts[host].life
            peer = next(iter(pair - {host}))
            if life is not None and life.links.listener is not None:
                life.call(getattr(life.links.listener, what), peer)

    def send(self, source: str, target: str, message: dict[str, Any]) -> bool:
        link = self._up.get(frozenset((source, target)))
        if link is None:
            return False
        self.sent.append((source, target, message))
        if self.filter(source, target, message):
            arrived = msgpack.unpackb(msgpack.packb(message))
            self._later(source, target, link, self._deliver, source, target, arrived)
        return True

    def _later(
        self,
        source: str,
        target: str,
        link: int,
        call: Callable[..., None],
        *args: Any,
    ) -> None:
        low, high = self.latency
        delay = low + (high - low) * self._cluster.random.random()
        moment = max(
            self._cluster.loop.time() + delay,
            self._last.get((source, target), 0.0) + 1e-6,
        )
        self._last[(source, target)] = moment

        def arrive() -> None:
            if self._up.get(frozenset((source, target))) == link:
                call(*args)

        self._cluster.loop.call_at(moment, arrive)

    def _deliver(self, source: str, target: str, message: Message) -> None:
        life = self._cluster.hosts[target].life
        if life is not None and life.links.listener is not None:
            life.call(life.links.listener.on_message, source, message)

    async def request(
        self, source: str, target: str, method: str, params: Message, timeout: float
    ) -> Message:
        link = self._up.get(frozenset((source, target)))
        if link is None:
            raise LinkError("no link")
        loop = self._cluster.loop
        answer: asyncio.Future[Message] = loop.create_future()

        def serve() -> None:
            life = self._cluster.hosts[target].life
            if life is not None and life.links.listener is not None:
                life.spawn(self._serve(life, source, link, method, params, answer))

        self._later(source, target, link, serve)
        try:
            return await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError as error:
            raise LinkError("timed out") from error

    async def _serve(
        self,
        life: Life,
        source: str,
        link: int,
        method: str,
        params: Message,
        answer: asyncio.Future[Message],
    ) -> None:
        listener = life.links.listener
        if listener is None:
            return
        params = msgpack.unpackb(msgpack.packb(dict(params)))
        result: Message | None = None
        error: Exception | None = None
        try:
            reply = await listener.on_request(source, method, params)
            result = msgpack.unpackb(msgpack.packb(dict(reply)))
        except Exception as caught:  # noqa: BLE001  it becomes the error reply
            error = LinkError(str(caught))

        def done() -> None:
            if answer.done():
                return
            if error is None and result is not None:
                answer.set_result(result)
            else:
                answer.set_exception(error or LinkError("nothing"))

        if life.alive:
            self._later(life.host.id, source, link, done)


class Life:
    """One run of a host's process."""

    def __init__(self, host: SimHost, loop: VirtualLoop, net: Net) -> None:
        self.host = host
        self.loop = loop
        self.alive = True
        self.tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self.links = SimLinks(net, self)
        self.context = contextvars.copy_context()
        self.context.run(_host.set, host)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call into the host as its own loop would."""
        if self.alive:
            self.context.copy().run(function, *args)

    def spawn(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        return self.context.copy().run(self.loop.create_task, work)


class SimHost:
    """A host with a disk that outlives its processes."""

    def __init__(self, cluster: Cluster, host_id: str) -> None:
        self.id = host_id
        self.disk = SimDisk()
        self.life: Life | None = None
        self.delays = (0.001, 0.02)
        self.disk_moves = asyncio.Event()
        self.disk_moves.set()
        self.disk_error: Exception | None = None
        self._cluster = cluster
        self._lives = 0
        self._replica: Replica | None = None

    def disk_delay(self) -> float:
        low, high = self.delays
        return low + (high - low) * self._cluster.random.random()

    @property
    def replica(self) -> Replica:
        assert self._replica is not None
        return self._replica

    @property
    def status(self) -> ReplicaStatus:
        return self.replica.status()

    @property
    def jobs(self) -> list[str]:
        return [job.job_id for job in self.replica.state.ordered_jobs()]

    async def start(self) -> None:
        self._lives += 1
        self.life = life = Life(self, self._cluster.loop, self._cluster.net)
        self._replica = Replica(
            QUEUE,
            self.id,
            Path("/data"),
            life.links,
            SimClock(life),
            SimRandom((self._cluster.seed, self.id, self._lives)),
            SimWorker(life),
            cast(Disk, self.disk),
            host_name=f"host {self.id}",
            seat_ttl=self._cluster.seat_ttl,
        )
        await life.spawn(self._replica.start())

    def kill(self) -> None:
        """kill -9: what had not reached the disk is gone."""
        life, self.life = self.life, None
        assert life is not None
        life.alive = False
        for task in list(life.tasks):
            task.cancel()
        self._cluster.net.refresh()

    async def close(self) -> None:
        assert self.life is not None
        await self.life.spawn(self.replica.close())
        self.life.alive = False
        self.life = None

    async def submit(self, job_id: str, timeout: float = 5.0) -> SubmitOutcome:
        """Add a job, and first the content that it prints."""
        if not self.replica.state.contents:
            await self.give(ContentHeld(FILE), timeout)
        return await self.give(job(job_id), timeout)

    async def give(self, body: Body, timeout: float = 5.0) -> SubmitOutcome:
        assert self.life is not None
        return await self.life.spawn(self.replica.submit(body, timeout=timeout))


class Cluster:
    """All hosts of one simulation."""

    def __init__(self, seed: int, loop: VirtualLoop) -> None:
        self.seed = seed
        self.loop = loop
        self.random = SimRandom(seed)
        self.hosts: dict[str, SimHost] = {}
        self.net = Net(self)
        self.seat_ttl = 60.0
        self._leaders: dict[tuple[str, int], str] = {}
        loop.set_task_factory(self._make_task)

    @staticmethod
    def _make_task(
        loop: asyncio.AbstractEventLoop, work: Any, **options: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **options)
        host = _host.get()
        if host is not None and host.life is not None:
            host.life.tasks.add(task)
        return task

    async def start(self, *ids: str) -> list[SimHost]:
        """Start hosts; those that are new get an empty disk."""
        for host_id in ids:
            host = self.hosts.setdefault(host_id, SimHost(self, host_id))
            await host.start()
        return [self.hosts[host_id] for host_id in ids]

    @property
    def alive(self) -> list[SimHost]:
        return [host for host in self.hosts.values() if host.life is not None]

    def leader(self) -> SimHost | None:
        leaders = [h for h in self.alive if h.status.role is Role.LEADER]
        return max(leaders, key=lambda host: host.status.term, default=None)

    async def until(self, condition: Callable[[], object], limit: float = 60.0) -> None:
        """Let virtual time pass until a condition holds, checking what must hold."""
        deadline = self.loop.time() + limit
        while True:
            self.check()
            if condition():
                return
            if self.loop.time() > deadline:
                raise AssertionError(
                    f"seed {self.seed}: not within {limit} s: "
                    + "; ".join(f"{h.id}: {h.status}" for h in self.alive)
                )
            await asyncio.sleep(0.05)

    async def run_for(self, seconds: float) -> None:
        end = self.loop.time() + seconds
        await self.until(lambda: self.loop.time() >= end, seconds + 1)

    def check(self) -> None:
        """One leader a term; equal logs up to what is applied; nothing undurable."""
        logs: dict[str, dict[int, tuple[str, tuple[bytes, int]]]] = {}
        for host in self.alive:
            status = host.status
            life = host.replica._lifecycle
            if status.group is None or life.journal is None:
                continue
            assert status.applied_index <= max(1, status.durable_index), status
            if status.role is Role.LEADER:
                key = (status.group, status.term)
                assert self._leaders.setdefault(key, host.id) == host.id, key
            log = logs.setdefault(status.group, {})
            for data, index, term in life.journal[:]:
                # A no-op stands for the entry at an installed snapshot's end.
                if life.journal.snapshot_index < index <= status.applied_index:
                    first, entry = log.setdefault(index, (host.id, (data, term)))
                    assert entry == (data, term), (
                        f"seed {self.seed}: entry {index} of {first} and {host.id}"
                    )

    def agreed(self, *ids: str) -> bool:
        """Whether these hosts are in one settled group with the same state."""
        hosts = [self.hosts[host_id] for host_id in ids]
        statuses = [host.status for host in hosts]
        return (
            len({status.group for status in statuses}) == 1
            and statuses[0].group is not None
            and len({status.leader for status in statuses}) == 1
            and statuses[0].leader is not None
            and len({status.applied_index for status in statuses}) == 1
            and statuses[0].applied_index == statuses[0].last_index
            and len({host.replica.state.canonical() for host in hosts}) == 1
        )

    async def close(self) -> None:
        for host in self.alive:
            host.kill()
        await asyncio.sleep(0.1)
        for host in self.hosts.values():
            host.disk.close()


def job(job_id: str) -> JobAdd:
    """A command that adds a job."""
    return JobAdd(job_id, Wishes(job_id), (ItemSpec("part", 1, (FILE,)),))


@contextlib.contextmanager
def _running(loop: VirtualLoop) -> Iterator[None]:
    try:
        yield
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def simulate(
    scenario: Callable[[Cluster], Coroutine[Any, Any, None]], seed: int = 1
) -> None:
    """Run a scenario on virtual time; a failing seed is in the message."""
    loop = VirtualLoop()
    with _running(loop):
        cluster = Cluster(seed, loop)

        async def whole() -> None:
            try:
                await scenario(cluster)
            finally:
                await cluster.close()

        loop.run_until_complete(whole())
