"""The queues a printer serves, and what it has reserved in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ..errors import NetqueueError
from ..model.checks import TEXT_MAX
from ..model.command import Body, PrintEnded, PrintReserve
from ..model.content import FileRef
from ..model.event import Event
from ..model.job import ItemSpec
from ..model.print import UNSTARTED, Print, PrintState
from ..model.queue_state import QueueState
from ..ports import Random
from .queue_port import QueuePort, Submission
from .record import Intent

_TIMEOUT = 5.0  # seconds a submit may hold the agent up


@dataclass(frozen=True)
class Claim:
    """A print of this printer in one of its queues."""

    queue: str
    print_: Print

    @property
    def print_id(self) -> str:
        return self.print_.print_id


class Queues:
    """All of them, under this host's id. `revision` grows with every change."""

    def __init__(
        self,
        host_id: str,
        ports: Mapping[str, QueuePort],
        random: Random,
        on_change: Callable[[], None],
    ) -> None:
        self.host_id = host_id
        self.revision = 0
        self._ports = dict(sorted(ports.items()))
        self._random = random
        self._on_change = on_change
        self._synced: set[str] = set()
        self._ended: set[str] = set()  # said to be over; a state may lag behind
        for port in self._ports.values():
            port.add_listener(self._note)

    def add(self, name: str, port: QueuePort) -> None:
        """Serve one more."""
        self._ports = dict(sorted({**self._ports, name: port}.items()))
        port.add_listener(self._note)
        self._note(())

    def remove(self, name: str) -> None:
        """Serve it no more; nothing of it may be in hand."""
        del self._ports[name]
        self._synced.discard(name)
        self._note(())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._ports)

    @property
    def states(self) -> dict[str, QueueState]:
        """The queues' states, by name, in order."""
        return {name: port.state for name, port in self._ports.items()}

    def state(self, queue: str) -> QueueState:
        return self._ports[queue].state

    def up(self, queue: str) -> frozenset[str]:
        """Hosts of a queue that are there now, this one among them."""
        return frozenset({self.host_id, *self._ports[queue].connected()})

    def ready(self, queue: str) -> bool:
        """Whether a command given now would be answered."""
        return self._ports[queue].ready

    def synced(self, queue: str) -> bool:
        """Whether a leader has answered since this host started or woke up (R9)."""
        return queue in self._synced

    def forget_sync(self) -> None:
        """After a long pause: nothing starts until leaders answer again."""
        self._synced.clear()

    async def submit(self, queue: str, body: Body) -> Submission:
        """Give a command; raises a NetqueueError if it cannot be kept."""
        answer = await self._ports[queue].submit(body, timeout=_TIMEOUT)
        if not answer.pending:
            self._synced.add(queue)
        return answer

    def claims(self) -> list[Claim]:
        """Reservations that wait for their start, the oldest first."""
        return sorted(
            self._mine(UNSTARTED), key=lambda c: (c.print_.reserved, c.print_id)
        )

    def printing(self) -> list[Claim]:
        """Prints that the queues take to be under way here."""
        return self._mine(frozenset({PrintState.PRINTING}))

    def find(self, print_id: str) -> Claim | None:
        """A live print of this printer."""
        for queue, state in self.states.items():
            print_ = state.prints.get(print_id)
            if print_ is not None and print_.host == self.host_id:
                return Claim(queue, print_)
        return None

    def file_of(self, claim: Claim) -> FileRef | None:
        """The file to print; None if the queue knows it no more."""
        sha256, spec = claim.print_.sha256, self.spec_of(claim)
        for file in () if spec is None else spec.files:
            if file.sha256 == sha256:
                return file
        content = self.state(claim.queue).contents.get(sha256)
        if content is None:
            return None
        return FileRef(content.key, sha256, content.size, content.name)

    def estimate_of(self, running: Intent | None) -> int | None:
        """Seconds that a running print takes, as its job says."""
        if running is None or running.queue not in self._ports:
            return None
        job = self.state(running.queue).jobs.get(running.job_id)
        if job is None or running.item >= len(job.items):
            return None
        return job.items[running.item].spec.estimate_s

    def grams_of(self, claim: Claim) -> float:
        """Grams of filament that a print takes; 0 if nobody knows."""
        spec = self.spec_of(claim)
        return 0 if spec is None else spec.grams or 0

    def spec_of(self, claim: Claim) -> ItemSpec | None:
        """The item that a print is of; None if the queue knows it no more."""
        job = self.state(claim.queue).jobs.get(claim.print_.job_id)
        if job is None or claim.print_.item >= len(job.items):
            return None
        return job.items[claim.print_.item].spec

    def holders(self, queue: str, sha256: str) -> tuple[str, ...]:
        """Other hosts that have a content and are there now."""
        content = self.state(queue).contents.get(sha256)
        if content is None:
            return ()
        up = self.up(queue) - {self.host_id}
        return tuple(host for host in content.holders if host in up)

    async def reserve(
        self, queue: str, job_id: str, item: int, sha256: str
    ) -> Submission:
        """Claim a copy for this printer."""
        print_id = self._random.token(16).hex()
        return await self.submit(queue, PrintReserve(print_id, job_id, item, sha256))

    async def end(
        self, claim: Claim, outcome: PrintState, reason: str = ""
    ) -> Submission:
        """Say what became of a print, once: from now on it is none of ours."""
        print_ = claim.print_
        body = PrintEnded(
            print_.print_id,
            outcome,
            print_.job_id,
            print_.item,
            print_.sha256,
            reason,
        )
        return await self.hand_in(claim.queue, body)

    async def hand_in(self, queue: str, body: PrintEnded) -> Submission:
        """Say how a print ended that the queue may have forgotten meanwhile."""
        live = {p for state in self.states.values() for p in state.prints}
        # At once: until the answer its reservation must not be taken in hand again.
        self._ended = (self._ended & live) | {body.print_id}
        try:
            return await self.submit(
                queue, replace(body, reason=body.reason[:TEXT_MAX])
            )
        except NetqueueError:
            self._ended.discard(body.print_id)  # it could not be kept
            raise

    def _mine(self, states: frozenset[PrintState]) -> list[Claim]:
        return [
            Claim(queue, print_)
            for queue, state in self.states.items()
            for print_ in state.prints_of_host(self.host_id)
            if print_.state in states and print_.print_id not in self._ended
        ]

    def _note(self, _events: tuple[Event, ...]) -> None:
        self.revision += 1
        self._on_change()
