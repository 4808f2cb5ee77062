"""The composition root under Moonraker: builds the parts and joins them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api.change_feed import ChangeFeed
from .api.endpoints import Endpoints
from .api.file_details import DETAILS_METHOD, FileDetails
from .api.host import OWNER_METHOD, Host
from .api.host_files import HostFiles
from .api.hot_folder import HotFolders
from .api.job_queue_facade import JobQueueFacade
from .api.klipper_status import KlipperStatus
from .api.prompts import Prompts
from .api.questions import Questions
from .api.queue import ServedQueue
from .api.uploads import Uploads
from .api.warnings import QueueWarnings
from .config import Settings
from .discovery.discovery import Discovery
from .discovery.record import Found
from .files.eviction import VERIFY_METHOD, Eviction
from .files.fetch import Fetcher
from .files.incoming import Incoming
from .files.served import ServedContents
from .files.store import ContentStore
from .hardware import machine_marks, take_folder
from .host_queues import HostQueues
from .machine import MachinePrograms
from .peers.admission import Admission
from .peers.identity import load_or_create
from .peers.network import PeerNetwork
from .ports import ContentSource, Machine
from .printer.agent import Agent
from .printer.content_files import ContentFiles
from .printer.klipper_module import KlipperModule
from .printer.moonraker_printer import MoonrakerPrinter
from .printer.plan_solver import OffLoopSolver
from .printer.record import damage_notice
from .printer.replica_queue import ReplicaQueue
from .replica.replica import Replica
from .served_queues import ServedQueues

if TYPE_CHECKING:
    from moonraker.server import Server

_LOGGER = logging.getLogger(__name__)

Notify = Callable[[dict[str, Any]], object]
_GCODE_OUTPUT = "server:gcode_response"  # Moonraker's event


class Assembly:
    """Everything of this host that runs. Built once; closed in reverse order."""

    def __init__(
        self,
        endpoints: Endpoints,
        job_queue: JobQueueFacade | None,
        file_details: FileDetails,
        uploads: Uploads,
        closing: AsyncExitStack,
    ) -> None:
        self.endpoints = endpoints
        self.job_queue = job_queue
        self.file_details = file_details
        self.uploads = uploads
        self._closing = closing

    @classmethod
    async def build(
        cls,
        server: Server,
        settings: Settings,
        data_path: Path,
        machine: Machine,
        module: KlipperModule,
        notify: Notify,
        notify_job_queue: Notify,
    ) -> Assembly:
        """Start all parts. Raises NetqueueError or OSError, and then none runs."""
        async with AsyncExitStack() as closing:
            builder = _Builder(server, settings, data_path, machine, module, closing)
            host = await builder.build()
            endpoints = builder.endpoints(host, notify)
            job_queue = builder.job_queue(host, notify_job_queue)
            file_details = builder.file_details(host)
            uploads = await builder.uploads(host)
            await builder.find_others()
            return cls(endpoints, job_queue, file_details, uploads, closing.pop_all())

    async def close(self) -> None:
        """Stop all parts in order: the agent first, the links last."""
        await self._closing.aclose()


class _Builder:
    """Builds the parts bottom up; each registers how it is closed."""

    def __init__(
        self,
        server: Server,
        settings: Settings,
        data_path: Path,
        machine: Machine,
        module: KlipperModule,
        closing: AsyncExitStack,
    ) -> None:
        self._server = server
        self._settings = settings
        self._directory = data_path / "netqueue"
        self._gcodes = data_path / "gcodes"
        self._machine = machine
        self._clock, self._worker = machine.clock, machine.worker
        self._disk = machine.disk
        self._module = module
        self._closing = closing
        self._notices: dict[str, tuple[str, ...]] = {}
        self._discovery: Discovery | None = None

    async def build(self) -> Host:
        await self._claim_folder()
        store = ContentStore(self._gcodes, self._disk, self._worker)
        await store.load()
        contents = ServedContents(store)
        self._peers = network = await self._network(contents)
        self._queues = queues = HostQueues(
            self._settings.queues,
            ServedQueues(self._directory, self._disk, self._worker),
            self._open_queue,
            lambda queue: ReplicaQueue(queue.replica, network),
            lambda texts: self._tell("queues", *texts),
        )
        contents.replicas = queues.replicas
        self._closing.push_async_callback(contents.close)
        self._closing.push_async_callback(queues.close)
        await queues.load()
        fetcher = self._fetcher(store, network)
        eviction = self._eviction(store, network, queues)
        agent = await self._agent(store, fetcher, network)
        queues.connect(agent, self._announce)
        warnings = QueueWarnings(queues.queues, self._clock, self._show_warning)
        self._closing.push_async_callback(warnings.close)
        files = HostFiles(
            host_id=network.host_id,
            store=store,
            fetcher=fetcher,
            eviction=eviction,
            gcodes=self._gcodes,
            metadata=self._metadata,
            clock=self._clock,
        )
        eviction.spares = files.is_fresh
        return Host(
            name=self._settings.name,
            notices=self._notices,
            queues=queues.queues,
            links=network,
            files=files,
            agent=agent,
            klipper=self._module,
            cameras=self._cameras,
            clock=self._clock,
            random=self._machine.random,
        )

    def endpoints(self, host: Host, notify: Notify) -> Endpoints:
        endpoints = Endpoints(host, self._queues)
        klipper_status = KlipperStatus(host, self._module, self._clock)
        self._closing.push_async_callback(klipper_status.close)

        def hook(queue: ServedQueue, closing: AsyncExitStack) -> None:
            answer = partial(endpoints.answer_peer, queue.name)
            queue.replica.register_request(OWNER_METHOD, answer, changes=True)
            feed = ChangeFeed(queue, self._clock, notify)
            queue.replica.add_listener(feed.on_events)
            queue.replica.add_listener(klipper_status.on_events)
            closing.callback(feed.close)

        self._queues.attach(hook)
        if self._settings.prompts:
            self._prompts(host)
        return endpoints

    def _prompts(self, host: Host) -> None:
        def send(line: str) -> None:
            self._server.send_event(_GCODE_OUTPUT, line)

        prompts = Prompts(Questions(host).first, self._module, self._clock, send)
        self._server.register_event_handler(_GCODE_OUTPUT, prompts.on_line)
        self._closing.push_async_callback(prompts.close)

    def job_queue(self, host: Host, notify: Notify) -> JobQueueFacade | None:
        if self._settings.job_queue is None:
            return None
        queue = host.queues[self._settings.job_queue]
        facade = JobQueueFacade(host, queue, self._clock, notify)
        queue.replica.add_listener(facade.on_events)
        self._closing.callback(facade.close)
        return facade

    async def uploads(self, host: Host) -> Uploads:
        incoming = Incoming(host.files.store, self._disk, self._machine.random)
        await incoming.load()
        if self._settings.hot_folder:
            folders = HotFolders(
                host, self._gcodes, self._disk, self._clock, self._show_warning
            )
            await folders.start()
            self._closing.push_async_callback(folders.close)
        default = self._settings.job_queue or self._settings.queues[0]
        return Uploads(host, incoming, default)

    async def _claim_folder(self) -> None:
        marks = await self._worker.run(machine_marks)
        texts = await self._worker.run(take_folder, self._directory, marks, self._disk)
        self._tell("machine", *texts)

    async def _network(self, contents: ContentSource) -> PeerNetwork:
        identity = await self._worker.run(load_or_create, self._directory, self._disk)
        admission = Admission(identity, self._directory, self._machine)
        await admission.load()
        network = PeerNetwork(
            identity,
            admission,
            contents,
            self._machine,
            name=self._settings.name,
            bind=self._settings.network.bind,
            port=self._settings.network.port,
        )
        await network.start()
        self._closing.push_async_callback(network.close)
        return network

    async def _open_queue(self, name: str, closing: AsyncExitStack) -> ServedQueue:
        folder = self._directory / "queues" / name
        is_new = not await self._worker.run(self._disk.exists, folder)
        await self._peers.desk.serve(name, self._settings.admits(name), is_new)
        replica = Replica(
            name,
            self._peers.host_id,
            folder,
            self._peers,
            self._machine,
            host_name=self._settings.name,
            seat_ttl=self._settings.network.seat_ttl,
        )
        await replica.start()
        closing.push_async_callback(replica.close)
        queue = ServedQueue(name, replica, self._peers.desk)
        closing.push_async_callback(queue.notes.close)
        return queue

    def _eviction(
        self, store: ContentStore, network: PeerNetwork, queues: HostQueues
    ) -> Eviction:
        eviction = Eviction(
            store,
            queues.replicas,
            network,
            self._clock,
            self._settings.disk_budget,
            lambda text: self._show_warning("files", text),
            lambda: queues.left_behind,
        )
        queues.attach(
            lambda queue, _: queue.replica.register_request(
                VERIFY_METHOD, partial(eviction.answer, queue.name)
            )
        )
        eviction.start()
        self._closing.push_async_callback(eviction.close)
        return eviction

    def _fetcher(self, store: ContentStore, network: PeerNetwork) -> Fetcher:
        fetcher = Fetcher(store, network, self._machine, self._on_blame)
        self._closing.push_async_callback(fetcher.close)
        return fetcher

    async def _agent(
        self,
        store: ContentStore,
        fetcher: Fetcher,
        network: PeerNetwork,
    ) -> Agent:
        agent = Agent(
            MoonrakerPrinter(self._server, self._clock, self._module),
            self._queues.ports(),
            ContentFiles(store, fetcher, self._gcodes),
            OffLoopSolver(self._worker, MachinePrograms(), self._clock),
            self._machine,
            host_id=network.host_id,
            name=self._settings.name,
            settings=self._settings.printer,
            directory=self._directory,
        )
        if aside := await agent.start():
            self._tell("printer", damage_notice(aside))
        self._closing.push_async_callback(agent.close)
        return agent

    def _on_blame(self, host_id: str) -> None:
        _LOGGER.warning("host %s sent wrong bytes: is its disk bad?", host_id[:8])

    def file_details(self, host: Host) -> FileDetails:
        files = self._server.lookup_component("file_manager")
        details = FileDetails(
            host, self._gcodes, files.get_file_metadata, self._disk, self._worker
        )
        self._queues.attach(
            lambda queue, _: queue.replica.register_request(
                DETAILS_METHOD, partial(details.answer_peer, queue)
            )
        )
        return details

    async def find_others(self) -> None:
        network = self._peers
        for host, port in self._settings.network.peers:
            network.add_address(None, host, port)
        if not self._settings.network.discovery:
            return

        def on_found(found: Found) -> None:
            network.add_found(found.host_id, found.addresses, found.port)

        discovery = Discovery(
            network.host_id,
            self._settings.name,
            network.port,
            interface=self._settings.network.discovery_interface,
            on_found=on_found,
            on_lost=network.remove_address,
            on_warning=self._on_discovery_warning,
            clock=self._clock,
            worker=self._worker,
        )
        discovery.start(self._queues.queues)
        self._closing.push_async_callback(discovery.close)
        self._discovery = discovery

    async def _announce(self, queues: tuple[str, ...]) -> None:
        if self._discovery is not None:
            await self._discovery.announce(queues)

    def _on_discovery_warning(self, text: str | None) -> None:
        self._show_warning("discovery", text)

    def _tell(self, subject: str, *texts: str) -> None:
        """Also on the page, which does not show Moonraker's warnings."""
        self._notices[subject] = texts
        self._show_warning(subject, ". ".join(texts) or None)

    def _show_warning(self, subject: str, text: str | None) -> None:
        if text is None:
            self._server.remove_warning(f"netqueue_{subject}")
        else:
            warning = f"netqueue, {subject}: {text}"
            self._server.add_warning(warning, warn_id=f"netqueue_{subject}")

    def _metadata(self, filename: str) -> Mapping[str, Any]:
        """What Moonraker knows of a file of this host; empty: nothing, or not yet."""
        files = self._server.lookup_component("file_manager")
        return dict(files.get_file_metadata(filename))

    def _cameras(self) -> list[Mapping[str, Any]]:
        """The cameras of this host, as Moonraker lists them."""
        webcams = self._server.lookup_component("webcam").get_webcams()
        return [webcam.as_dict() for webcam in webcams.values()]
