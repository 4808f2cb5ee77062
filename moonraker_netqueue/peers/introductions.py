"""What members tell each other of members and newcomers, outside the log (R19, R22)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from ..ports import Clock
from .admission import Admission
from .errors import AdmissionRefused, PeersError
from .frames import Asker, Asking, Records
from .identity import fingerprint
from .newcomers import Newcomer, Newcomers
from .peer import Peer
from .roll import Roll

_LOGGER = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0  # between looks at who asks here
_KNOCK_LOOKS = 3  # looks between requests about further queues of a linked host


class Members(Protocol):
    """What introductions need of the peer network."""

    def introduce(self, queue: str, host_id: str, frame: Records | Asking) -> None:
        """Tell a linked member, if its version understands that."""

    def connected(self, queue: str) -> tuple[str, ...]:
        """Host ids with a live link authorised for `queue`, sorted."""

    def peer_name(self, host_id: str) -> str:
        """What a host calls itself."""

    def half_linked(self) -> Sequence[tuple[tuple[str, int], tuple[str, ...]]]:
        """Addresses of linked hosts, with queues of both that they do not share yet."""


class Introductions:
    """Sends and takes records and newcomers."""

    def __init__(
        self,
        admission: Admission,
        newcomers: Newcomers,
        members: Members,
        ask: Callable[[tuple[str, int], tuple[str, ...]], Awaitable[str]],
        clock: Clock,
    ) -> None:
        self._admission = admission
        self._newcomers = newcomers
        self._members = members
        self._ask = ask
        self._clock = clock
        self._said: dict[str, list[Newcomer]] = {}

    async def run(self, served: Callable[[], Sequence[str]]) -> None:
        """Tell who asks here, and ask linked hosts about further queues; for ever."""
        looks = 0
        while True:
            for queue in served():
                newcomers = self._newcomers.asked_here(queue)
                if newcomers != self._said.get(queue, []):
                    self._said[queue] = newcomers
                    self._tell_all(queue, self._asking(queue))
            looks += 1
            if looks % _KNOCK_LOOKS == 0:
                for address, queues in self._members.half_linked():
                    await self._knock(address, queues)
            await self._clock.sleep(_LOOK_SECONDS)

    def greet(self, queue: str, host_id: str) -> None:
        """A member is linked for a queue: tell it all."""
        records = self._admission.roll(queue).records()
        if records:
            self._members.introduce(queue, host_id, Records(queue, records))
        if self._said.get(queue):
            self._members.introduce(queue, host_id, self._asking(queue))

    def on_changed(self, before: Roll, after: Roll) -> None:
        """This host knows more of a queue's members: so do the others, soon."""
        for host_id in after.members.keys() - before.members.keys():
            self._newcomers.settle(after.queue, host_id)
        known = set(before.records())
        news = tuple(record for record in after.records() if record not in known)
        if news:
            self._tell_all(after.queue, Records(after.queue, news))

    async def admit_to_open(self, host_id: str, queues: Collection[str]) -> None:
        """A linked host that serves an open queue of ours is admitted to it."""
        member = self._admission.find(host_id)
        for queue in queues:
            if member is None or not self._admission.is_open(queue):
                continue
            if not self._admission.is_member(queue, host_id):
                try:
                    await self._admission.admit(queue, member.certificate, member.name)
                except AdmissionRefused as error:
                    _LOGGER.warning("host %s is not admitted: %s", member.name, error)

    async def take(self, peer: Peer, frame: Records) -> None:
        """A member tells of members; `peer` has counted the records."""
        try:
            await self._admission.take(frame.queue, frame.records)
        except AdmissionRefused as error:
            _LOGGER.error("queue %s: news of members is lost: %s", frame.queue, error)
        finally:
            peer.unchecked -= len(frame.records)

    def on_asking(self, peer: str, frame: Asking) -> None:
        """A member tells who asked it."""
        if peer in self._admission.unheard(frame.queue):
            return
        via = self._members.peer_name(peer)
        told = [
            Newcomer(
                frame.queue,
                fingerprint(a.certificate),
                a.name,
                a.certificate,
                a.code,
                via,
            )
            for a in frame.askers
        ]
        self._newcomers.tell(peer, frame.queue, told)
        for host_id in frame.refused:
            self._newcomers.refuse(frame.queue, host_id)

    def refuse(self, queue: str, host_id: str) -> None:
        """A person here says no: that holds on every member that is linked."""
        self._newcomers.refuse(queue, host_id)
        self._tell_all(queue, self._asking(queue, host_id))

    def _asking(self, queue: str, *refused: str) -> Asking:
        askers = (
            Asker(n.certificate, n.name, n.code)
            for n in self._newcomers.asked_here(queue)
        )
        return Asking(queue, tuple(askers), refused)

    def _tell_all(self, queue: str, frame: Records | Asking) -> None:
        for host_id in self._members.connected(queue):
            self._members.introduce(queue, host_id, frame)

    async def _knock(self, address: tuple[str, int], queues: tuple[str, ...]) -> None:
        try:
            await self._ask(address, queues)
        except PeersError as error:
            _LOGGER.debug("queues %s of %s: %s", queues, address, error)
