"""What people do about members: let in, refuse, forget, make tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..admission_mode import AdmissionMode, AdmissionSettings
from .admission import Admission, AdmissionListener
from .admission_request import Verdict
from .errors import AdmissionRefused
from .gate import Gate
from .introductions import Introductions
from .pairing import Token, parse_token
from .roll import Member


@dataclass(frozen=True)
class Waiting:
    """A host of the queue that is no member yet, or not on both sides.

    `asks`: it waits for a person here. `lets_in`: it would take this host. `via`: the
    member that it asked, empty: this host. `either`: both are new, one yes is enough.
    """

    queue: str
    host_id: str
    name: str
    code: str
    asks: bool
    lets_in: bool
    via: str = ""
    either: bool = False


class Desk:
    """The admission of this host's queues, for the API."""

    def __init__(
        self,
        host_id: str,
        admission: Admission,
        gate: Gate,
        introductions: Introductions,
    ) -> None:
        self._host_id = host_id
        self._admission = admission
        self._gate = gate
        self._introductions = introductions

    async def serve(self, queue: str, admits: AdmissionSettings, is_new: bool) -> None:
        """Admit to a queue so; `is_new`: this host never had it.

        Raises AdmissionRefused or TokenInvalid.
        """
        await self._admission.serve(queue, admits.mode, is_new)
        if admits.token:
            self.hold_token(queue, parse_token(admits.token))

    def attach(
        self,
        queue: str,
        listener: AdmissionListener,
        viewers: Callable[[], frozenset[str]],
    ) -> None:
        """Tell of each word about a member that is said here; do not hear what
        `viewers` say."""
        self._admission.attach(queue, listener, viewers)

    def mode(self, queue: str) -> AdmissionMode:
        """How the queue admits newcomers here."""
        return self._admission.mode(queue)

    def asks_here(self, queue: str) -> bool:
        """Whether a person is asked here about who waits.

        A new host leaves that to hosts that are not: it joins who lets it in.
        """
        return not self._admission.takes_first(queue) or all(
            one.either for one in self.waiting(queue)
        )

    def members(self, queue: str) -> Mapping[str, Member]:
        """Other hosts that are admitted, by host id."""
        return self._admission.roll(queue).members

    def let_in_by(self, queue: str) -> Mapping[str, tuple[Member, ...]]:
        """By host id, who is a member by the word of that host alone."""
        return self._admission.roll(queue).let_in

    def forgotten(self, queue: str) -> dict[str, str]:
        """Hosts that were forgotten: host id -> name."""
        return {
            record.subject: record.name
            for record in self._admission.roll(queue).forgotten.values()
            if record.subject not in self.members(queue)
        }

    def is_forgotten_here(self, queue: str) -> bool:
        """Whether the others forgot this host, and did not let it in again."""
        return self._admission.roll(queue).is_forgotten_here

    def waiting(self, queue: str) -> list[Waiting]:
        """Who waits, each host once."""
        members = self.members(queue)
        is_new = self._admission.takes_first(queue)
        found: dict[str, Waiting] = {}
        for newcomer in self._gate.newcomers.shown(queue):
            if newcomer.host_id not in members:
                found[newcomer.host_id] = Waiting(
                    queue,
                    newcomer.host_id,
                    newcomer.name,
                    newcomer.code,
                    True,
                    False,
                    newcomer.via,
                    is_new and newcomer.is_new,
                )
        for request in self._gate.own.waiting(queue):
            verdict = request.verdicts[queue]
            lets_in = verdict is Verdict.ADMITTED
            here = request.host_id in members
            if not (verdict is Verdict.PENDING or (lets_in and not here)):
                continue
            asks = found.get(request.host_id)
            # One code for two requests: the one of the host with the lower id.
            theirs = asks is not None and not asks.via and asks.host_id < self._host_id
            found[request.host_id] = Waiting(
                queue,
                request.host_id,
                request.name,
                asks.code if asks is not None and theirs else request.code,
                asks is not None,
                lets_in,
                either=asks is not None and is_new and queue in request.new_in,
            )
        return list(found.values())

    async def let_in(self, queue: str, host_id: str) -> str:
        """Admit a host that waits, or was forgotten; its name.

        Raises AdmissionRefused.
        """
        certificate, name = self._find(queue, host_id)
        self._gate.newcomers.forgive(queue, host_id)
        await self._admission.approve(queue, certificate, name)
        return name

    def refuse(self, queue: str, host_id: str) -> None:
        """Say no to a host that waits; raises AdmissionRefused."""
        self._find(queue, host_id)
        self._admission.end_first(queue)
        self._introductions.refuse(queue, host_id)

    async def forget(self, queue: str, host_id: str) -> None:
        """End a membership; raises AdmissionRefused."""
        if host_id == self._host_id:
            raise AdmissionRefused(
                "a host cannot forget itself: let it leave the queue"
            )
        await self._admission.forget(queue, host_id)

    async def repeat(self, queue: str, host_id: str) -> None:
        """Say what a host, a viewer from now on, said of others in this host's name.

        Raises AdmissionRefused.
        """
        await self._admission.repeat(queue, host_id)

    def new_token(self, queue: str, seconds: float) -> str:
        """A one-time token; raises AdmissionRefused."""
        if self._admission.is_open(queue):
            raise AdmissionRefused(f"queue {queue} is open: nobody needs a token")
        return str(self._gate.tokens.make(queue, seconds))

    def hold_token(self, queue: str, token: Token) -> None:
        """Show a token of another host when asking to be let in."""
        self._gate.held_tokens[queue] = token

    def _find(self, queue: str, host_id: str) -> tuple[bytes, str]:
        for newcomer in self._gate.newcomers.shown(queue):
            if newcomer.host_id == host_id:
                return newcomer.certificate, newcomer.name
        for request in self._gate.own.waiting(queue):
            if request.host_id == host_id:
                return request.certificate, request.name
        record = self._admission.roll(queue).forgotten.get(host_id)
        if record is not None:
            return record.certificate, record.name
        raise AdmissionRefused(f"no host {host_id[:8]} waits for queue {queue}")
