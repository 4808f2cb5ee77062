"""A print queue in terminals.

`python3 -m moonraker_netqueue.lan_print_queue NAMESPACE HOST:PORT`

The real queue without printers: real links, real Raft, real files. A typed line adds a
job, whose file is made up, so that every terminal shows it.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import hashlib
import ipaddress
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from .cli.terminal import (
    check_namespace,
    complain,
    quiet_logs,
    read_lines,
    say,
    say_warning,
    stop_on_signal,
)
from .discovery.discovery import Discovery
from .discovery.record import Found
from .errors import NetqueueError
from .machine import MachineClock, MachineDisk, MachineRandom, ThreadWorker
from .model.command import ContentHeld, JobAdd
from .model.content import FileRef
from .model.job import ItemSpec, Wishes
from .peers.admission import Admission, AdmissionMode
from .peers.identity import load_or_create
from .peers.network import PeerNetwork
from .replica.replica import Replica
from .replica.status import ReplicaStatus, Role
from .replica.submission import SubmitState

_LOOK_SECONDS = 0.3  # between looks at the status
_NAME_MAX = 100


class FolderInUse(NetqueueError):
    """Another program works with the same data."""


class AddressInvalid(NetqueueError):
    """HOST:PORT that this machine cannot listen on."""


class _NoContents:
    """The files are made up: nobody has their bytes."""

    def content_path(self, _queue: str, _sha256: str) -> Path | None:
        return None


class _Terminal:
    """Shows one replica of a queue and adds jobs to it."""

    def __init__(self, replica: Replica, clock: MachineClock, name: str) -> None:
        self._replica = replica
        self._clock = clock
        self._name = name
        self._jobs: dict[str, str] = {}  # job id -> its line
        self._where = ""
        self._notices: tuple[str, ...] = ()
        self._adding: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Show what changes, for ever."""
        while True:
            self.show()
            await self._clock.sleep(_LOOK_SECONDS)

    def show(self) -> None:
        """Show what is new since the last time."""
        status = self._replica.status()
        where = self._describe(status)
        if where != self._where:
            say(where)
            self._where = where
        notices = (*status.notices, *([status.error] if status.error else []))
        for notice in notices:
            if notice not in self._notices:
                say(f"! {notice}")
        self._notices = notices
        names = {member.id: member.name for member in status.members}
        jobs = {
            job.job_id: f"{job.wishes.name} (from {names.get(job.added_by, '?')})"
            for job in self._replica.state.ordered_jobs()
        }
        for number, (job_id, text) in enumerate(jobs.items(), start=1):
            if job_id not in self._jobs:
                say(f"+ {number}. {text}")
        for job_id in self._jobs.keys() - jobs.keys():
            say(f"- {self._jobs[job_id]}")
        self._jobs = jobs

    def _describe(self, status: ReplicaStatus) -> str:
        if status.role is Role.STOPPED:
            return "stopped"
        if status.group is None:
            return "looking for others..."
        marks = {True: "", False: " without a vote"}
        hosts = [
            member.name
            + (" leads" if member.id == status.leader else marks[member.voter])
            for member in status.members
            if member.connected
        ]
        missing = len(status.missing_voters)
        text = f"group {status.group[:8]}: {', '.join(hosts)}"
        if missing:
            text += f"; {missing} of {len(status.voters)} voters missing"
        if status.leader is None and status.quorum:
            text += ": no leader yet"
        elif not status.voters:
            text += ": joining"
        elif not status.quorum:
            text += ": nothing can be added until they are back"
        return text

    def on_line(self, line: str) -> None:
        """Add a job of that name."""
        name = " ".join(line.split())[:_NAME_MAX]
        if name:
            task = asyncio.create_task(self._add(name))
            self._adding.add(task)
            task.add_done_callback(self._adding.discard)

    async def _add(self, name: str) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()
        file = FileRef(digest[:32], digest, len(name), "made-up.gcode")
        job_id = MachineRandom().token(8).hex()
        items = (ItemSpec("part", 1, (file,)),)
        try:
            await self._replica.submit(ContentHeld(file))
            answer = await self._replica.submit(JobAdd(job_id, Wishes(name), items))
        except NetqueueError as error:
            say(f"! {name} is not added: {error}")
            return
        if answer.state is SubmitState.REJECTED:
            say(f"! {name} is not added: {answer.reason}")
        elif answer.state is SubmitState.PENDING:
            say(f"? {name} is kept here, and added as soon as a majority is back")


async def _run(
    queue: str, host: str, address: str, port: int | None, data: Path
) -> None:
    clock, disk, random = MachineClock(), MachineDisk(), MachineRandom()
    stop = stop_on_signal()
    async with AsyncExitStack() as closing:
        worker = ThreadWorker()
        closing.callback(worker.close)
        identity = await worker.run(load_or_create, data, disk)
        admission = Admission(data, disk, worker)
        await admission.load()
        admission.set_mode(queue, AdmissionMode.OPEN)
        network = PeerNetwork(
            identity,
            admission,
            _NoContents(),
            name=host,
            bind=address,
            port=port,
            clock=clock,
            random=random,
            worker=worker,
            disk=disk,
        )
        await network.start()
        name = f"{host}:{network.port}"
        closing.push_async_callback(network.close)
        replica = Replica(
            queue,
            network.host_id,
            data / "queues" / queue,
            network,
            clock,
            random,
            worker,
            disk,
            host_name=name,
        )
        terminal = _Terminal(replica, clock, name)
        await replica.start()
        closing.push_async_callback(replica.close)
        replica.add_listener(lambda _events: terminal.show())
        discovery = _discovery(network, name, address, clock, worker)
        discovery.start([queue])
        closing.push_async_callback(discovery.close)
        say(f"{name} serves queue {queue}: type a job's name. Ctrl-C leaves.")
        read_lines(terminal.on_line, stop)
        watching = asyncio.create_task(terminal.watch())
        await stop.wait()
        say("leaving...")
        watching.cancel()
        await asyncio.wait([watching])
    say(f"{name} left")


def _discovery(
    network: PeerNetwork,
    name: str,
    address: str,
    clock: MachineClock,
    worker: ThreadWorker,
) -> Discovery:
    def on_found(found: Found) -> None:
        network.add_found(found.host_id, found.addresses, found.port)

    return Discovery(
        network.host_id,
        name,
        network.port,
        interface=address or None,
        on_found=on_found,
        on_lost=network.remove_address,
        on_warning=say_warning,
        clock=clock,
        worker=worker,
    )


def _address(text: str) -> tuple[str, int | None]:
    """IPv4 address ("": all of this host) and port (None: the first free one).

    Raises AddressInvalid.
    """
    host, colon, port = text.partition(":")
    if not host or (colon and not (port.isdecimal() and 0 < int(port) < 1 << 16)):
        raise AddressInvalid(f"{text!r} is no address: write it as localhost:6700")
    try:
        address = socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0]
    except (OSError, UnicodeError) as error:
        raise AddressInvalid(f"{host!r} cannot be found: {error}") from error
    is_any = ipaddress.ip_address(address).is_unspecified
    return "" if is_any else str(address), int(port) if colon else None


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """The data folder, locked; a temporary one goes afterwards."""
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="lan_print_queue-") as name:
            yield Path(name)
        return
    chosen.mkdir(parents=True, exist_ok=True)
    with (chosen / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderInUse(
                f"{chosen} is used by another terminal: stop that one, or give this"
                " one another --data"
            ) from error
        yield chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Take part until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m moonraker_netqueue.lan_print_queue",
        description="Share a print queue between terminals; a typed line adds a job.",
    )
    parser.add_argument("namespace", help="name of the queue, such as ns1")
    parser.add_argument(
        "address",
        metavar="HOST[:PORT]",
        help="where to listen: localhost:6700 for this machine only, 0.0.0.0:6700 for"
        " the whole network; without a port the first free one from 6700 on",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the state there, for next time"
    )
    options = parser.parse_args(arguments)
    check_namespace(parser, options.namespace)
    quiet_logs()
    try:
        address, port = _address(options.address)
        with _folder(options.data) as data:
            host = options.address.partition(":")[0]
            asyncio.run(_run(options.namespace, host, address, port, data))
    except NetqueueError as error:
        complain(str(error))
        return 1
    except OSError as error:
        complain(f"{error.filename or options.address}: {error.strerror}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
