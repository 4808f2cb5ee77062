"""A queue replicated between the hosts that share it: what the other parts use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import NetqueueError
from ..model.command import Body, Command
from ..model.event import Event, Topic
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..ports import Clock, Disk, Links, Message, Random, Worker
from .departure import depart
from .errors import ReplicaError, ReplicaStopped, WireInvalid
from .greeting import Hello, Neighbours, parse_hello
from .group import Group
from .group_files import GroupFiles
from .lifecycle import Lifecycle, foreign_with_jobs
from .outbox import Outbox
from .phase import Phase
from .requests import RequestHandler, Requests
from .status import Member, ReplicaStatus, Role
from .submission import SubmitOutcome, Submitter

_LOGGER = logging.getLogger(__name__)
_HELLO_PERIOD = 10.0  # seconds

GROUP_ENTERED = Event(Topic.QUEUE, "group")
Listener = Callable[[tuple[Event, ...]], object]


class Replica:
    """This host's replica of one queue, over links that others provide.

    It is the queue's LinkListener: other parts get their requests through
    `register_request`.
    """

    def __init__(
        self,
        queue: str,
        host_id: str,
        directory: Path,
        links: Links,
        clock: Clock,
        random: Random,
        worker: Worker,
        disk: Disk,
        listen_seconds: float = 5.0,
        host_name: str = "",
        seat_ttl: float = 900.0,
    ) -> None:
        self.queue = queue
        self.host_id = host_id
        self._host_name = host_name
        self._links = links
        self._clock = clock
        self._neighbours = Neighbours()
        self._listeners: list[Listener] = []
        self._said: Hello | None = None
        self._leaving = False
        self._entered: str | None = None  # the group that listeners know of
        self._tasks: list[asyncio.Task[None]] = []
        self._empty = QueueState()
        files = GroupFiles(directory, worker, disk)
        self._outbox_file = files.outbox()
        self._outbox = Outbox(host_id, self._outbox_file, clock, random)
        self._outbox_file.on_failed = self._fail
        self._submitter = Submitter(
            queue, self._outbox, links, clock, lambda: self._lifecycle.group
        )
        self._lifecycle = Lifecycle(
            queue,
            host_id,
            files,
            links,
            clock,
            random,
            listen_seconds,
            self._neighbours,
            self._deliver,
            self,
            self._on_changed,
            seat_ttl,
        )
        self._requests = Requests(queue, self._group_joined, clock)

    # Life.

    async def start(self) -> None:
        """Open the files and live; a failure shows in `status`, it does not raise."""
        try:
            await self._outbox.open()
        except ReplicaError as error:
            self._fail(error)
        self._links.subscribe(self.queue, self)
        if self._lifecycle.phase is not Phase.FAILED:
            for work in (
                self._lifecycle.run(),
                self._deliver_outbox(),
                self._repeat_hello(),
            ):
                self._tasks.append(asyncio.get_running_loop().create_task(work))

    async def close(self) -> None:
        """End in order: the others can go on, everything is written."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        group = self._lifecycle.group
        if group is not None and self._lifecycle.phase is Phase.MEMBER:
            self._leaving = True
            self._announce()
            await depart(self.queue, group, self._links, self._clock)
        await self._lifecycle.close()
        await self._outbox.close()
        self._links.unsubscribe(self.queue)

    # Use.

    @property
    def state(self) -> QueueState:
        """The queue as this host knows it now; to read, never to change."""
        group = self._lifecycle.group
        return self._empty if group is None else group.state

    async def submit(
        self, body: Body, client_id: str = "", timeout: float = 5.0
    ) -> SubmitOutcome:
        """Get a command applied: accepted, rejected, or pending after `timeout` s.

        What is accepted is in `state` when this returns (unless this host lags over
        1 s). Pending commands stay in the outbox, over restarts, until answered.
        Raises CommandInvalid if it is too large, ReplicaError if it cannot be kept.
        """
        if self._lifecycle.phase in (Phase.FAILED, Phase.CLOSED):
            raise ReplicaStopped(
                f"queue {self.queue} takes no commands on this host:"
                f" {self._lifecycle.error or 'it was closed'}"
            )
        return await self._submitter.submit(body, client_id, timeout)

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with the events of each applied command, soon after it.

        After a start the log is replayed: events say what may have changed, never
        what to do. GROUP_ENTERED comes when `state` is another group's, or one that
        a snapshot replaced: what this host had said of itself (its printer, its
        contents) must be said again.
        """
        self._listeners.append(listener)

    def register_request(self, method: str, handler: RequestHandler) -> None:
        """Let `handler(peer, params)` answer the peers' requests of that name."""
        self._requests.register(method, handler)

    def status(self) -> ReplicaStatus:
        """What there is to tell, now."""
        life, group, journal = self._lifecycle, self._lifecycle.group, None
        if group is not None:
            journal = life.journal
        voters = frozenset[str]() if group is None else group.voters
        linked = {host.id for host in self._neighbours if host.connected}
        return ReplicaStatus(
            phase=life.phase,
            role=self._role(group),
            group=None if group is None else group.id,
            generation=0 if group is None else group.generation,
            leader=None if group is None else group.leader,
            term=0 if group is None else group.term,
            quorum=group is not None and group.has_quorum,
            voters=tuple(sorted(voters)),
            missing_voters=tuple(sorted(voters - linked - {self.host_id})),
            members=self._members(voters),
            last_index=0 if journal is None else journal.last_index,
            commit_index=0 if group is None else group.commit_index,
            applied_index=0 if group is None else group.applied_index,
            durable_index=0 if journal is None else journal.durable_index,
            pending=tuple(command.id for command in self._outbox.pending()),
            notices=self._notices(group),
            error=None if life.error is None else str(life.error),
        )

    # LinkListener.

    def on_peer_connected(self, peer: str) -> None:
        if self._lifecycle.phase not in (Phase.FAILED, Phase.CLOSED):
            self._links.send(self.queue, peer, self._hello().form())

    def on_peer_disconnected(self, peer: str) -> None:
        self._neighbours.lose(peer)
        if self._lifecycle.group is not None:
            self._lifecycle.group.unlink(peer)
        self._lifecycle.note_news()

    def on_message(self, peer: str, message: Message) -> None:
        group = self._lifecycle.group
        if message.get("t") == "raft":
            if group is not None and message.get("g") == group.id:
                group.receive(peer, message.get("i"), message.get("m"))
        elif message.get("t") == "hello":
            self._on_hello(peer, message)

    async def on_request(self, peer: str, method: str, params: Message) -> Message:
        return await self._requests.answer(peer, method, params)

    # GroupWatcher.

    def on_applied(
        self, command: Command, index: int, outcome: Outcome, events: tuple[Event, ...]
    ) -> None:
        if self.state.dissolved_into is not None:
            self._lifecycle.note_dissolved(self.state.dissolved_into)
        if events:
            self._tell(events)
        self._submitter.wake()
        self._announce()

    def on_replayed(self) -> None:
        if self.state.dissolved_into is not None:
            self._lifecycle.note_dissolved(self.state.dissolved_into)
        self._tell((GROUP_ENTERED,))
        self._on_changed()

    def on_group_changed(self) -> None:
        self._on_changed()

    def on_group_failed(self, error: ReplicaError) -> None:
        self._fail(error)

    # Inside.

    def _group_joined(self) -> Group | None:
        joined = self._lifecycle.phase is Phase.MEMBER
        return self._lifecycle.group if joined else None

    def _fail(self, error: NetqueueError) -> None:
        self._lifecycle.fail(error)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()

    async def _deliver_outbox(self) -> None:
        try:
            await self._submitter.run()
        except ReplicaError as error:
            self._fail(error)

    def _deliver(self, host: str, message: dict[str, Any]) -> object:
        return self._links.send(self.queue, host, message)

    def _tell(self, events: tuple[Event, ...]) -> None:
        # Not at once: what a listener raises must not end up in PySyncObj.
        for listener in self._listeners:
            self._clock.call_soon(listener, events)

    def _on_changed(self) -> None:
        group = self._lifecycle.group
        if group is not None and group.id != self._entered:
            self._entered = group.id
            self._tell((GROUP_ENTERED,))
        self._announce()
        self._submitter.wake()
        self._lifecycle.note_news()

    def _hello(self) -> Hello:
        group, journal = self._lifecycle.group, self._lifecycle.journal
        if group is None or journal is None:
            return Hello(name=self._host_name, leaving=self._leaving)
        return Hello(
            group.id,
            group.generation,
            group.state.ever_had_jobs,
            tuple(sorted(group.voters)),
            group.leader,
            journal.last_index,
            self._host_name,
            group.incarnation,
            self._leaving,
        )

    def _announce(self) -> None:
        """Say hello again if it changed in more than the growing log."""
        hello = self._hello()
        said = self._said
        if said is not None and hello == Hello(
            **{**vars(said), "last_index": hello.last_index}
        ):
            return
        self._say(hello)

    def _say(self, hello: Hello) -> None:
        self._said = hello
        for peer in self._links.connected(self.queue):
            self._links.send(self.queue, peer, hello.form())

    async def _repeat_hello(self) -> None:
        """Links may lose a message: without a hello its host would not count."""
        while True:
            await self._clock.sleep(_HELLO_PERIOD)
            self._say(self._hello())

    def _on_hello(self, peer: str, message: Message) -> None:
        try:
            hello = parse_hello(message)
        except WireInvalid as error:
            _LOGGER.warning("host %.8s sent a bad hello: %s", peer, error)
            return
        self._neighbours.note(peer, hello)
        group = self._lifecycle.group
        if group is not None:
            if hello.group == group.id:
                group.link(peer, hello.incarnation, hello.last_index)
                if hello.leaving:
                    group.note_leaving(peer)
            else:
                group.unlink(peer)
        self._lifecycle.note_news()

    def _role(self, group: Group | None) -> Role:
        if self._lifecycle.phase in (Phase.FAILED, Phase.CLOSED):
            return Role.STOPPED
        if group is None:
            return Role.JOINING
        if group.is_leader:
            return Role.LEADER
        return Role.FOLLOWER if group.has_seat else Role.OBSERVER

    def _members(self, voters: frozenset[str]) -> tuple[Member, ...]:
        members = [
            Member(host.id, host.hello.name, host.id in voters, host.connected)
            for host in self._neighbours
        ]
        here = Member(self.host_id, self._host_name, self.host_id in voters, True)
        return tuple(sorted([*members, here], key=lambda member: member.id))

    def _notices(self, group: Group | None) -> tuple[str, ...]:
        if group is None:
            return ()
        apart = [
            f"host {host.hello.name or host.id[:8]} shares a queue of the same name"
            " that has jobs too: the two stay apart until one of them is emptied by"
            " printing or removing its jobs and its replica folder is moved away"
            for host in foreign_with_jobs(group, self._neighbours)
        ]
        return (*apart, *group.intake.notices())
