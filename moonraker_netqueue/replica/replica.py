"""A queue replicated between the hosts that share it: what the other parts use."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import NetqueueError
from ..model.command import NOBODY, Body, Command, Origin
from ..model.event import Event, Topic, overruled
from ..model.hand_in_rules import MERGED
from ..model.outcome import Outcome
from ..model.queue_state import QueueState
from ..model.schema import SCHEMA
from ..ports import Links, Machine, Message
from ..tasks import stop
from ..version import __version__
from .conversation import Conversation
from .departure import depart
from .errors import (
    HostDoubted,
    HostOutdated,
    JournalDamaged,
    RecoverRefused,
    RejoinRefused,
    ReplicaError,
    ReplicaStopped,
)
from .greeting import Neighbours
from .group import Group
from .group_files import GroupFiles
from .lifecycle import Lifecycle
from .lives import Lives
from .outbox import Outbox
from .phase import Phase
from .recovery import Order, Outlook, Recovered, outlook
from .report import report
from .requests import RequestHandler, Requests
from .rules_gate import RulesGate
from .signatures import Signatures
from .status import Member, ReplicaStatus
from .submission import SubmitOutcome, Submitter
from .versions import LastWord

_LOGGER = logging.getLogger(__name__)
_OVERRULED_MAX = 5  # jobs that a notice names

GROUP_ENTERED = Event(Topic.QUEUE, "group")
_MERGED = Event(Topic.QUEUE, MERGED)
Listener = Callable[[tuple[Event, ...]], object]
CommandListener = Callable[[Command, int, Outcome], object]


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
        machine: Machine,
        listen_seconds: float = 5.0,
        host_name: str = "",
        seat_ttl: float = 900.0,
    ) -> None:
        clock, random = machine.clock, machine.random
        self.queue = queue
        self.host_id = host_id
        self._host_name = host_name
        self._links = links
        self._clock = clock
        self._neighbours = Neighbours()
        self._listeners: list[Listener] = []
        self._command_listeners: list[CommandListener] = []
        self._rejoining = asyncio.Lock()
        self._entered: str | None = None  # the group that listeners know of
        self._overruled: deque[str] = deque(maxlen=_OVERRULED_MAX)  # names of jobs
        self._tasks: list[asyncio.Task[None]] = []
        files = GroupFiles(directory, machine.worker, machine.disk)
        self._outbox_file = files.outbox()
        self._outbox = Outbox(host_id, self._outbox_file, clock, random)
        self._outbox_file.on_failed = self._fail
        lives_file = files.lives()
        lives_file.on_failed = self._fail
        self._lives = Lives(lives_file, random)
        self._gate = gate = RulesGate(
            host_id, self._lives.versions, self._neighbours, clock
        )
        signatures = Signatures(queue, host_id, links.signer)
        self._submitter = Submitter(
            queue, self._outbox, links, clock, self._group_joined, gate, signatures
        )
        self._lifecycle = Lifecycle(
            queue,
            host_id,
            files,
            links,
            machine,
            listen_seconds,
            self._neighbours,
            self._lives,
            signatures,
            self._deliver,
            self,
            self._on_changed,
            seat_ttl,
        )
        self._conversation = Conversation(
            queue,
            host_name,
            links,
            clock,
            self._lifecycle,
            self._lives,
            self._neighbours,
            self._fail,
        )
        self._requests = Requests(
            queue, self._group_joined, links, clock, gate, signatures, host_id
        )
        self._requests.register("copy", self._lifecycle.give_copy)
        self._requests.register("copy_part", self._lifecycle.succession.give_piece)

    # Life.

    async def start(self) -> None:
        """Open the files and live; a failure shows in `status`, it does not raise."""
        try:
            await self._outbox.open()
            await self._lives.open()
            if self._lives.doubt:
                raise HostDoubted(self._lives.doubt)
        except JournalDamaged as error:
            remedy = "move it away, keep it, and restart Moonraker"
            self._fail(JournalDamaged(f"{error}: {remedy}"))
        except ReplicaError as error:
            self._fail(error)
        else:
            self._begin()

    def _begin(self) -> None:
        self._links.subscribe(self.queue, self)
        work = (
            self._lifecycle.run(),
            self._deliver_outbox(),
            self._conversation.repeat(),
            self._gate.run(self._group_joined),
        )
        self._tasks = [asyncio.get_running_loop().create_task(task) for task in work]

    async def close(self) -> None:
        """End in order: the others can go on, everything is written."""
        await self._end_tasks()
        group = self._lifecycle.group
        if group is not None and self._lifecycle.phase is Phase.MEMBER:
            self._conversation.take_leave()
            await depart(self.queue, group, self._links, self._clock)
        # First: nobody is to count on a group that closes on a slow disk.
        self._links.unsubscribe(self.queue)
        await self._lifecycle.close()
        await self._outbox.close()
        await self._lives.close()

    async def _end_tasks(self) -> None:
        await stop(*self._tasks)

    # Use.

    @property
    def state(self) -> QueueState:
        """The queue as this host knows it now; to read, never to change."""
        return self._lifecycle.state or QueueState()

    @property
    def replaying(self) -> bool:
        """Whether `state` is one of the past still: entries are on their way."""
        group = self._lifecycle.group
        return group is not None and group.applied_index < group.commit_index

    async def submit(
        self,
        body: Body,
        client_id: str = "",
        timeout: float = 5.0,
        origin: Origin = NOBODY,
        at: float | None = None,
    ) -> SubmitOutcome:
        """Get a command applied: accepted, rejected, or pending after `timeout` s.

        What is accepted is in `state` when this returns (unless this host lags over
        1 s). Pending commands stay in the outbox, over restarts, until answered.
        `at`: Unix time at which it was given, if not now. Raises CommandInvalid if it
        is too large, ReplicaError if it cannot be kept.
        """
        if self._lifecycle.phase in (Phase.FAILED, Phase.CLOSED):
            raise ReplicaStopped(
                f"queue {self.queue} takes no commands on this host:"
                f" {self._lifecycle.error or 'it was closed'}"
            )
        return await self._submitter.submit(body, client_id, timeout, origin, at)

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` with the events of each applied command, soon after it.

        After a start the log is replayed: events say what may have changed, never
        what to do. GROUP_ENTERED comes when `state` is another group's, one that a
        snapshot replaced, or one that another group was merged into: what this host
        had said of itself (its printer, its contents) must be said again.
        """
        self._listeners.append(listener)

    def add_command_listener(self, listener: CommandListener) -> None:
        """Call `listener(command, index, outcome)` soon after each is applied."""
        self._command_listeners.append(listener)

    def register_request(
        self, method: str, handler: RequestHandler, changes: bool = False
    ) -> None:
        """Let `handler(peer, params)` answer requests; not viewers' if it `changes`."""
        self._requests.register(method, handler, changes)

    def status(self) -> ReplicaStatus:
        """What there is to tell, now."""
        here = Member(self.host_id, self._host_name, False, True, __version__)
        return report(
            here, self._lifecycle, self._neighbours, self._outbox, self._overruled
        )

    async def rejoin(self, found: bool = False) -> None:
        """A person decides for a host that stands apart; else RejoinRefused.

        It forgets its copy of the queue, which is set aside, and gets the others';
        if its copy is lost, the others go on with theirs. `found`: no other host has
        the queue, so an empty one begins.
        """
        async with self._rejoining:  # a second click finds it done
            await self._rejoin(found)

    async def _rejoin(self, found: bool) -> None:
        if isinstance(self._lifecycle.error, HostDoubted):
            await self._end_tasks()
            await self._outbox.begin_anew()
            await self._lives.begin_anew()
            await self._lifecycle.begin_anew()
            self._entered = None
            self._begin()
        elif self._lifecycle.lost_vote:
            await self._lives.note_others_have_all()
            self._conversation.announce()
        elif not (found and self._lifecycle.phase is Phase.LISTENING):
            raise RejoinRefused(
                f"queue {self.queue} on this host waits for no decision: see its status"
            )
        if found:
            await self._lifecycle.found_anew()

    def outlook(self) -> Outlook:
        """Who would go on without whom; raises RecoverRefused if nobody need."""
        life = self._lifecycle
        stuck = life.group is not None and life.group.going_to is not None
        group = life.group if stuck else self._group_joined()
        seat = self._lives.configuration
        return outlook(group, life.journal, self.host_id, self._neighbours, seat)

    async def recover(self, by: str, group: str, origin: Origin = NOBODY) -> Recovered:
        """A person lets the queue go on without hosts that are missing (R7).

        `group` is the one of the outlook that was shown. The new one starts from all
        that the reachable hosts know, and ends no reservation. Or RecoverRefused.
        """
        if group in self.state.ancestors:
            return Recovered(self.status().group or "")  # a second click, or person
        if self.outlook().group != group:
            raise RecoverRefused("the group changed meanwhile: look at it again")
        order = Order(by, group, origin)
        self._lifecycle.succession.order(order)
        self._lifecycle.note_news()
        return await order.carried_out(self._clock)

    def behind(self) -> dict[str, LastWord]:
        """Hosts of the queue that do not know all that this version does (R23)."""
        group = self._group_joined()
        return {} if group is None else self._gate.behind(group, SCHEMA)

    async def raise_rules(self, without: tuple[str, ...], by: Origin) -> None:
        """Let the queue use all that this version knows; a NetqueueError: why not."""
        await self._requests.ask_for_rules(without, by)

    async def unseat(self, host: str) -> None:
        """Take the seat of a host that is put out; a NetqueueError: why it stays."""
        await self._requests.ask_to_unseat(host)

    # LinkListener.

    def on_peer_connected(self, peer: str) -> None:
        if self._lifecycle.phase not in (Phase.FAILED, Phase.CLOSED):
            self._conversation.greet(peer)

    def on_peer_disconnected(self, peer: str) -> None:
        self._neighbours.lose(peer)
        if self._lifecycle.group is not None:
            self._lifecycle.group.unlink(peer)
        self._conversation.note_news()

    def on_message(self, peer: str, message: Message) -> None:
        group = self._lifecycle.group
        if message.get("t") == "raft":
            if group is not None and message.get("g") == group.id:
                group.receive(peer, message.get("i"), message.get("m"))
        else:
            self._conversation.on_message(peer, message)

    async def on_request(self, peer: str, method: str, params: Message) -> Message:
        return await self._requests.answer(peer, method, params)

    # GroupWatcher.

    def on_applied(
        self, command: Command, index: int, outcome: Outcome, events: tuple[Event, ...]
    ) -> None:
        if self.state.dissolved_into is not None:
            self._lifecycle.note_dissolved(self.state.dissolved_into)
        for listener in self._command_listeners:
            self._clock.call_soon(listener, command, index, outcome)
        self._overruled.extend(overruled(events))
        if _MERGED in events:
            self._tell((GROUP_ENTERED,))
        if events:
            self._tell(events)
        self._submitter.wake()
        self._conversation.announce()

    def on_replayed(self) -> None:
        if self.state.dissolved_into is not None:
            self._lifecycle.note_dissolved(self.state.dissolved_into)
        self._tell((GROUP_ENTERED,))
        self._on_changed()

    def on_acked(self, host: str, incarnation: str, index: int) -> None:
        self._lives.note_reach(host, incarnation, index)
        self._neighbours.note_reach(host, incarnation, index)

    def on_group_changed(self) -> None:
        self._on_changed()

    def on_group_failed(self, error: ReplicaError) -> None:
        self._fail(error)

    # Inside.

    def _group_joined(self) -> Group | None:
        joined = self._lifecycle.phase is Phase.MEMBER
        return self._lifecycle.group if joined else None

    def _fail(self, error: NetqueueError) -> None:
        if isinstance(error, HostOutdated):
            self._conversation.take_leave()  # the others need not wait for its seat
        self._lifecycle.fail(error)
        self._links.unsubscribe(self.queue)  # the others count it as gone
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
        self._conversation.announce()
        self._submitter.wake()
        self._lifecycle.note_news()
