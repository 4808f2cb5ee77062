"""Which hosts are members of which queue of this host, kept on disk (R13, R19)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ..admission_mode import AdmissionMode
from ..ports import Machine
from .admission_file import AdmissionFile
from .errors import AdmissionRefused
from .identity import Identity, fingerprint
from .record import Record, Word
from .roll import Member, Roll

# Host id, name, and whether it was let in unasked, as an open queue does.
AdmissionListener = Callable[[str, str, Word, bool], Awaitable[None]]
FIRST_SECONDS = 900.0  # that a new host takes the first one whose person lets it in


class Admission:
    """The members of every queue. Read on the loop; changes are durable first."""

    def __init__(
        self,
        identity: Identity,
        directory: Path,
        machine: Machine,
    ) -> None:
        self._identity = identity
        self._own = Member(identity.host_id, "", identity.certificate)
        self._file = AdmissionFile(directory, self._own, machine.disk)
        self._clock = machine.clock
        self._worker = machine.worker
        self._rolls: dict[str, Roll] = {}
        self._modes: dict[str, AdmissionMode] = {}
        self._first_until: dict[str, float] = {}
        self._viewers: dict[str, Callable[[], frozenset[str]]] = {}
        self._listeners: dict[str, AdmissionListener] = {}
        self._writing = asyncio.Lock()
        self.on_changed: Callable[[Roll, Roll], object] | None = None
        """Told of a queue's members before and after each change."""

    async def load(self) -> None:
        """Read the record; raises AdmissionDamaged."""
        self._rolls = await self._worker.run(self._file.read)

    async def serve(
        self, queue: str, mode: AdmissionMode, is_new: bool = False
    ) -> None:
        """Say how `queue` admits newcomers, and whether this host never had it.

        Raises AdmissionRefused if that cannot be written.
        """
        self._modes[queue] = mode
        if is_new and mode is AdmissionMode.APPROVE:
            self._first_until[queue] = self._clock.monotonic() + FIRST_SECONDS
        if mode is not AdmissionMode.OPEN:
            await self._change(queue, lambda roll: roll.sign_trusted(self._identity))

    def mode(self, queue: str) -> AdmissionMode:
        """How a queue that is served admits newcomers."""
        return self._modes.get(queue, AdmissionMode.APPROVE)

    def is_open(self, queue: str) -> bool:
        """Whether whoever asks is admitted to `queue`."""
        return self.mode(queue) is AdmissionMode.OPEN

    def takes_first(self, queue: str) -> bool:
        """Whether this host is so new that it trusts who lets it in (`approve`)."""
        until = self._first_until.get(queue)
        if until is None or self.roll(queue).members:
            return False
        return self._clock.monotonic() < until

    def end_first(self, queue: str) -> None:
        """A person was asked here: whoever lets this host in now is asked about, too.

        Else a host that got a no could take the yes by itself.
        """
        self._first_until.pop(queue, None)

    def roll(self, queue: str) -> Roll:
        """The members of a queue; none of one that nobody was admitted to."""
        return self._rolls.get(queue) or Roll(queue, self._own)

    def is_member(self, queue: str, host_id: str) -> bool:
        """Whether `host_id` is admitted to `queue`."""
        return host_id in self.roll(queue).members

    def find(self, host_id: str) -> Member | None:
        """The member with that host id, of whichever queue."""
        for roll in self._rolls.values():
            if host_id in roll.members:
                return roll.members[host_id]
        return None

    def certificates(self) -> Iterator[bytes]:
        """The certificate of every member of any queue, each once."""
        yield from {
            member.host_id: member.certificate
            for roll in self._rolls.values()
            for member in roll.members.values()
        }.values()

    async def admit(self, queue: str, certificate: bytes, name: str) -> None:
        """Make the owner of `certificate` a member of `queue`, on disk before all.

        The caller has seen proof of the key. Raises AdmissionRefused.
        """
        if not self.is_open(queue):
            await self.approve(queue, certificate, name)
        elif await self._change(queue, lambda roll: roll.trust(certificate, name)):
            await self._tell(queue, fingerprint(certificate), name, Word.ADMIT, True)

    async def approve(self, queue: str, certificate: bytes, name: str) -> None:
        """Admit for all members, also who was forgotten; raises AdmissionRefused."""
        await self._change(
            queue, lambda roll: roll.admit(self._identity, certificate, name)
        )
        await self._tell(queue, fingerprint(certificate), name, Word.ADMIT)

    async def forget(self, queue: str, host_id: str) -> None:
        """End a membership, for all members; raises AdmissionRefused."""
        member = self.roll(queue).members.get(host_id)
        await self._change(queue, lambda roll: roll.forget(self._identity, host_id))
        if member is not None:
            await self._tell(queue, host_id, member.name, Word.FORGET)

    async def take(self, queue: str, records: Iterable[Record]) -> None:
        """Learn what others say of the members; raises AdmissionRefused."""
        unheard = self.unheard(queue)
        heard = [record for record in records if record.issuer not in unheard]
        await self._change(queue, lambda roll: roll.take(heard))

    def unheard(self, queue: str) -> frozenset[str]:
        """Members whose word about others does not count: viewers."""
        viewers = self._viewers.get(queue)
        return frozenset() if viewers is None else viewers()

    async def repeat(self, queue: str, host_id: str) -> None:
        """Say what a host said of others in this host's name; AdmissionRefused."""
        await self._change(queue, lambda roll: roll.repeat(self._identity, host_id))

    def attach(
        self,
        queue: str,
        listener: AdmissionListener,
        viewers: Callable[[], frozenset[str]],
    ) -> None:
        """Tell of each word about a member that is said here; do not hear what
        `viewers` say."""
        self._listeners[queue] = listener
        self._viewers[queue] = viewers

    async def _tell(
        self, queue: str, host_id: str, name: str, word: Word, unasked: bool = False
    ) -> None:
        listener = self._listeners.get(queue)
        if listener is not None:
            await listener(host_id, name, word, unasked)

    async def _change(self, queue: str, change: Callable[[Roll], Roll]) -> bool:
        """Whether there was anything to change; on disk before anybody sees it."""
        async with self._writing:
            before = self.roll(queue)
            after = await self._worker.run(change, before)
            if after == before:
                return False
            rolls = {**self._rolls, queue: after}
            await self._store(rolls)
            self._rolls = rolls
        if self.on_changed is not None:
            self.on_changed(before, after)
        return True

    async def _store(self, rolls: Mapping[str, Roll]) -> None:
        try:
            await self._worker.run(self._file.write, rolls)
        except OSError as error:
            raise AdmissionRefused(
                f"the record of members {self._file.path} cannot be written: "
                f"{error.strerror}; free space or fix the permissions"
            ) from error
