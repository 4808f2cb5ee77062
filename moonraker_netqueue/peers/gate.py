"""How connections begin: TLS contexts, first contact, and the asking side of each.

Whoever comes through has a certificate whose SHA-256 is the host id we expect.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Collection, Iterable, Mapping

from tornado.iostream import SSLIOStream

from ..admission_mode import AdmissionMode
from ..ports import Machine
from . import exchange, tls
from .admission import Admission
from .admission_request import (
    LARGEST_BODY,
    AdmissionRequest,
    Answer,
    Verdict,
    pack_answer,
    pack_request,
    unpack_answer,
    unpack_request,
)
from .dialler import AdmissionPending, NothingInCommon
from .errors import (
    AdmissionRefused,
    ExchangeFailed,
    LinkError,
    LinkGone,
    PeersError,
)
from .identity import Identity, fingerprint
from .newcomers import Newcomers
from .own_requests import OwnRequest, OwnRequests
from .pairing import Token
from .record import Record
from .server import UPGRADE
from .tokens import Tokens

_LOGGER = logging.getLogger(__name__)


class Gate:
    """First contact and connections to members, in both directions."""

    def __init__(
        self,
        identity: Identity,
        admission: Admission,
        name: str,
        machine: Machine,
    ) -> None:
        clock, random = machine.clock, machine.random
        self.newcomers = Newcomers(identity.host_id, clock, random)
        self.own = OwnRequests(identity.host_id, clock, random)
        self.tokens = Tokens(identity.host_id, clock, random)
        self.held_tokens: dict[str, Token] = {}  # by queue, made by another host
        self._identity = identity
        self._admission = admission
        self._name = name
        self._clock = clock
        self._worker = machine.worker
        self._member_contexts: dict[str, ssl.SSLContext] = {}

    async def answer_admission(
        self, served: Collection[str], body: bytes, address: str
    ) -> bytes:
        """The answer to a stranger's request; raises FrameInvalid."""
        request = unpack_request(body, self._identity.host_id)
        queues = tuple(queue for queue in request.queues if queue in served)
        verdicts = dict.fromkeys(request.queues, Verdict.NOT_SERVED)
        try:
            await self._learn(queues, request.records)
            for queue in queues:
                verdicts[queue] = await self._verdict(queue, request)
        except AdmissionRefused as error:
            _LOGGER.warning("a host that asks is not admitted: %s", error)
            verdicts.update(dict.fromkeys(queues, Verdict.REFUSED))
        challenge = self._challenge(request, verdicts, address)
        admitted = _with(verdicts, Verdict.ADMITTED)
        return pack_answer(
            Answer(
                self._name,
                verdicts,
                challenge,
                self._records(admitted),
                self._new_in(_with(verdicts, Verdict.PENDING)),
            )
        )

    async def ask_admission(
        self, address: tuple[str, int], queues: tuple[str, ...]
    ) -> str:
        """Ask whoever listens at `address`; the host id found. Raises PeersError."""
        request, answer = await self._ask(address, queues)
        if self.own.is_challenged(request, answer.challenge):
            again, answer = await self._ask(address, queues)  # now with the nonce
            if again is not request:
                raise ExchangeFailed("another host answers there")
        await self._take_answer(request, answer, queues)
        self.own.note(request, answer)
        self._require_common(request.host_id, answer.verdicts, queues)
        return request.host_id

    async def dial(self, host_id: str, address: tuple[str, int]) -> SSLIOStream:
        """A connection to a member, upgraded to a link. Raises PeersError."""
        stream = await self._connect(host_id, address)
        try:
            await exchange.ask(
                stream,
                self._clock,
                f"GET /netqueue/link\nConnection: Upgrade\nUpgrade: {UPGRADE}",
                b"",
                101,
            )
        except BaseException:  # cancelled, too: the socket must not outlive us
            stream.close()
            raise
        return stream

    async def fetch(
        self, host_id: str, address: tuple[str, int], path: str, start: int, stop: int
    ) -> bytes:
        """Bytes [start, stop) of a content of a member. Raises LinkError."""
        try:
            return await self._fetch(host_id, address, path, start, stop)
        except LinkError:
            raise
        except PeersError as error:
            raise LinkGone(
                f"a content of host {host_id[:8]} is not to be had: {error}"
            ) from error

    async def _fetch(
        self, host_id: str, address: tuple[str, int], path: str, start: int, stop: int
    ) -> bytes:
        stream = await self._connect(host_id, address)
        try:
            headers = await exchange.ask(
                stream,
                self._clock,
                f"GET /netqueue/content/{path}\nRange: bytes={start}-{stop - 1}",
                b"",
                206,
            )
            data = await exchange.read_body(stream, self._clock, headers, stop - start)
        finally:
            stream.close()
        if len(data) != stop - start:
            raise ExchangeFailed(f"it answered {len(data)} of {stop - start} bytes")
        return data

    async def _connect(self, host_id: str, address: tuple[str, int]) -> SSLIOStream:
        context = await self._member_context(host_id)
        stream = await exchange.connect(*address, context, self._clock)
        # A member's key could have signed another certificate, which TLS accepts.
        if fingerprint(_certificate(stream)) != host_id:
            stream.close()
            raise ExchangeFailed("another host answers there")
        return stream

    async def _member_context(self, host_id: str) -> ssl.SSLContext:
        member = self._admission.find(host_id)
        if member is None:
            raise LinkGone(f"host {host_id[:8]} is not a member of any queue here")
        context = self._member_contexts.get(host_id)
        if context is None:
            context = await self._worker.run(
                tls.member_context, self._identity, member.certificate
            )
            self._member_contexts[host_id] = context
        return context

    async def _verdict(self, queue: str, request: AdmissionRequest) -> Verdict:
        asker = fingerprint(request.certificate)
        roll = self._admission.roll(queue)
        if asker in roll.members:
            return Verdict.ADMITTED
        if asker in roll.forgotten or self.newcomers.is_refused(queue, asker):
            return Verdict.REFUSED
        proof = request.proofs.get(queue)
        has_token = proof is not None and self.tokens.use(queue, asker, proof)
        if has_token or self._admission.is_open(queue):
            await self._admission.admit(queue, request.certificate, request.name)
            return Verdict.ADMITTED
        asks = self._admission.mode(queue) is AdmissionMode.APPROVE
        return Verdict.PENDING if asks and request.commitment else Verdict.REFUSED

    def _challenge(
        self, request: AdmissionRequest, verdicts: dict[str, Verdict], address: str
    ) -> bytes:
        """Ask a person about the queues that need one, if there is room."""
        pending = _with(verdicts, Verdict.PENDING)
        if not pending:
            return b""
        asker = fingerprint(request.certificate)
        challenge = self.newcomers.ask(asker, request, pending, address)
        if challenge is None:
            verdicts.update(dict.fromkeys(pending, Verdict.BUSY))
        return challenge or b""

    async def _ask(
        self, address: tuple[str, int], queues: tuple[str, ...]
    ) -> tuple[OwnRequest, Answer]:
        stream = await exchange.connect(*address, tls.stranger_context(), self._clock)
        try:
            certificate = _certificate(stream)
            found = fingerprint(certificate)
            if found == self._identity.host_id:
                raise NothingInCommon("that is this host itself", found)
            request = self.own.begin(found, certificate)
            body = pack_request(
                self._identity,
                self._name,
                queues,
                found,
                commitment=request.commitment,
                nonce=request.nonce if request.challenge else b"",
                proofs=self._proofs(queues, found),
                records=self._records(queues),
                new_in=self._new_in(queues),
            )
            headers = await exchange.ask(
                stream, self._clock, "POST /netqueue/admission", body, 200
            )
            answer = await exchange.read_body(
                stream, self._clock, headers, LARGEST_BODY
            )
        finally:
            stream.close()
        return request, unpack_answer(answer)

    async def _take_answer(
        self, request: OwnRequest, answer: Answer, queues: tuple[str, ...]
    ) -> None:
        """Who lets this host in is let in by it, where it may be trusted."""
        await self._learn(queues, answer.records)
        for queue in queues:
            roll = self._admission.roll(queue)
            if (
                answer.verdicts.get(queue) is Verdict.ADMITTED
                and request.host_id not in roll.members
                and request.host_id not in roll.forgotten
                and self._trusts(queue, request)
            ):
                await self._admission.admit(queue, request.certificate, answer.name)
                _LOGGER.info(
                    "queue %s: let in by %s (%s), code %s",
                    queue,
                    answer.name,
                    request.host_id[:8],
                    request.code,
                )

    def _trusts(self, queue: str, request: OwnRequest) -> bool:
        if self._admission.is_open(queue):
            return True
        token = self.held_tokens.get(queue)
        if token is not None and token.is_of(request.host_id):
            return True
        return bool(request.code) and self._admission.takes_first(queue)

    def _require_common(
        self, host_id: str, verdicts: Mapping[str, Verdict], queues: tuple[str, ...]
    ) -> None:
        """Raise NothingInCommon, or AdmissionPending if that may change soon."""
        admitted = _with(verdicts, Verdict.ADMITTED)
        if any(self._admission.is_member(queue, host_id) for queue in admitted):
            return
        busy = _with(verdicts, Verdict.BUSY)
        waiting = (*admitted, *_with(verdicts, Verdict.PENDING), *busy)
        if waiting:
            raise AdmissionPending(
                f"a person has to answer, in: {', '.join(waiting)}", host_id
            )
        refused = [q for q in queues if verdicts.get(q) is Verdict.REFUSED]
        raise NothingInCommon(
            f"it refuses this host in: {', '.join(refused)}"
            if refused
            else f"it serves none of: {', '.join(queues)}",
            host_id,
        )

    def _proofs(self, queues: tuple[str, ...], server: str) -> dict[str, bytes]:
        """Of the tokens that this host was given, to the host that made them."""
        return {
            queue: token.proof(queue, self._identity.host_id, server)
            for queue in queues
            if (token := self.held_tokens.get(queue)) is not None
            and token.is_of(server)
        }

    def _records(self, queues: Collection[str]) -> tuple[Record, ...]:
        return tuple(
            record
            for queue in queues
            for record in self._admission.roll(queue).records()
        )

    def _new_in(self, queues: Iterable[str]) -> frozenset[str]:
        """Where this host takes the first one, so that both ends may ask a person."""
        return frozenset(filter(self._admission.takes_first, queues))

    async def _learn(
        self, queues: Collection[str], records: tuple[Record, ...]
    ) -> None:
        for queue in queues:
            if any(record.queue == queue for record in records):
                await self._admission.take(queue, records)


def _with(verdicts: Mapping[str, Verdict], wanted: Verdict) -> tuple[str, ...]:
    return tuple(queue for queue, verdict in verdicts.items() if verdict is wanted)


def _certificate(stream: SSLIOStream) -> bytes:
    certificate = stream.socket.getpeercert(binary_form=True)
    if certificate is None:
        raise ExchangeFailed("it shows no certificate")
    return certificate
