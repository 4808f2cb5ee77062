"""A host without a printer: a composition root of links, discovery and replicas."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .admission_mode import AdmissionSettings
from .api.member_notes import MemberNotes
from .discovery.discovery import Discovery
from .discovery.record import Found
from .errors import NetqueueError
from .hardware import machine_marks, take_folder
from .machine import MachineDisk, ThreadWorker, this_machine
from .peers.admission import Admission
from .peers.desk import Desk
from .peers.identity import load_or_create
from .peers.network import PeerNetwork
from .ports import Clock, Random
from .replica.replica import Replica
from .replica.status import ReplicaStatus, Role


class FolderInUse(NetqueueError):
    """Another program works with the same data."""


class AddressInvalid(NetqueueError):
    """HOST:PORT that does not exist, or is not this machine's."""


@dataclass(frozen=True)
class Place:
    """Who a host is and where: `port` None: the first free one from 6700 on.

    `bind` is an IPv4 address, "": all of this machine. `peers` are hosts that
    multicast does not find. `shows_port`: the name carries it, as several on one
    machine need. `admission` is of all its queues.
    """

    name: str
    data: Path
    bind: str = ""
    port: int | None = None
    peers: tuple[tuple[str, int], ...] = ()
    shows_port: bool = False
    admission: AdmissionSettings = field(default_factory=AdmissionSettings)


@dataclass(frozen=True)
class HeadlessHost:
    """A host that runs."""

    name: str
    clock: Clock
    random: Random
    replicas: Mapping[str, Replica]  # by queue
    desk: Desk


class _NoContents:
    """It keeps no files, so nobody fetches any here."""

    def content_path(self, _queue: str, _sha256: str) -> Path | None:
        return None


@asynccontextmanager
async def headless_host(
    queues: Sequence[str], place: Place, on_warning: Callable[[str | None], None]
) -> AsyncIterator[HeadlessHost]:
    """Take part in queues; at the end leave them in order, the vote handed over.

    `on_warning` gets what is wrong with the network; None: nothing any more. Raises
    NetqueueError or OSError.
    """
    async with AsyncExitStack() as closing:
        worker = ThreadWorker()
        closing.callback(worker.close)
        machine = this_machine(worker)
        identity = await worker.run(load_or_create, place.data, machine.disk)
        admission = Admission(identity, place.data, machine)
        await admission.load()
        network = PeerNetwork(
            identity,
            admission,
            _NoContents(),
            machine,
            name=place.name,
            bind=place.bind,
            port=place.port,
        )
        await network.start()
        closing.push_async_callback(network.close)
        name = f"{place.name}:{network.port}" if place.shows_port else place.name
        replicas: dict[str, Replica] = {}
        for queue in queues:
            folder = place.data / "queues" / queue
            is_new = not await worker.run(machine.disk.exists, folder)
            await network.desk.serve(queue, place.admission, is_new)
            replicas[queue] = replica = Replica(
                queue,
                network.host_id,
                folder,
                network,
                machine,
                host_name=name,
            )
            await replica.start()
            closing.push_async_callback(replica.close)
            notes = MemberNotes(queue, replica, network.desk)
            closing.push_async_callback(notes.close)
        for host, port in place.peers:
            network.add_address(None, host, port)
        discovery = Discovery(
            network.host_id,
            name,
            network.port,
            interface=place.bind or None,
            on_found=_adds_to(network),
            on_lost=network.remove_address,
            on_warning=on_warning,
            clock=machine.clock,
            worker=worker,
        )
        discovery.start(queues)
        closing.push_async_callback(discovery.close)
        yield HeadlessHost(name, machine.clock, machine.random, replicas, network.desk)


def _adds_to(network: PeerNetwork) -> Callable[[Found], None]:
    def on_found(found: Found) -> None:
        network.add_found(found.host_id, found.addresses, found.port)

    return on_found


def describe(status: ReplicaStatus) -> str:
    """One line for people: who is there, who leads, what is missing."""
    if status.role is Role.STOPPED:
        return "stopped"
    if status.group is None:
        return "looking for others..."
    marks = {True: "", False: " without a vote"}
    hosts = [
        member.name + (" leads" if member.id == status.leader else marks[member.voter])
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


def parse_address(text: str) -> tuple[str, int | None]:
    """Name or address, and port (None: none is given); raises AddressInvalid."""
    host, colon, port = text.partition(":")
    if not host or (colon and not (port.isdecimal() and 0 < int(port) < 1 << 16)):
        raise AddressInvalid(f"{text!r} is no address: write it as localhost:6700")
    return host, int(port) if colon else None


def resolve(host: str) -> str:
    """The IPv4 address of a name; raises AddressInvalid."""
    try:
        return str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise AddressInvalid(f"{host!r} cannot be found: {error}") from error


@contextmanager
def own_folder(folder: Path, on_warning: Callable[[str], None]) -> Iterator[Path]:
    """A data folder of this machine, that one program at a time works with.

    `on_warning` gets what was put aside. Raises FolderInUse, FolderNotOurs or OSError.
    """
    with _locked(folder):
        for text in take_folder(folder, machine_marks(), MachineDisk()):
            on_warning(text)
    with _locked(folder):  # anew: what is put aside takes its lock along
        yield folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderInUse(
                f"{folder} is used by another program: stop that one, or give this one"
                " another --data"
            ) from error
        yield
