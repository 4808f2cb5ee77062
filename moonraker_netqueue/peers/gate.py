"""How connections begin: TLS contexts, first contact, and the asking side of each.

Whoever comes through has a certificate whose SHA-256 is the host id we expect.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection

from tornado.iostream import SSLIOStream

from ..ports import Clock, Worker
from . import exchange, tls
from .admission import Admission
from .admission_request import (
    LARGEST_BODY,
    Verdict,
    pack_answer,
    pack_request,
    unpack_answer,
    unpack_request,
)
from .dialler import NothingInCommon
from .errors import AdmissionRefused, ExchangeFailed, LinkGone
from .identity import Identity, fingerprint
from .server import UPGRADE


class Gate:
    """First contact and connections to members, in both directions."""

    def __init__(
        self,
        identity: Identity,
        admission: Admission,
        name: str,
        clock: Clock,
        worker: Worker,
    ) -> None:
        self._identity = identity
        self._admission = admission
        self._name = name
        self._clock = clock
        self._worker = worker
        self._member_contexts: dict[str, ssl.SSLContext] = {}

    async def server_context(self) -> ssl.SSLContext:
        """The context of the listening side, trusting the members of now."""
        members = tuple(self._admission.certificates())
        return await self._worker.run(tls.server_context, self._identity, members)

    async def answer_admission(self, body: bytes, served: Collection[str]) -> bytes:
        """The answer to a stranger's request; raises FrameInvalid."""
        request = unpack_request(body, self._identity.host_id)
        verdicts = {
            queue: await self._verdict(queue, request.certificate, request.name)
            if queue in served
            else Verdict.NOT_SERVED
            for queue in request.queues
        }
        return pack_answer(self._name, verdicts)

    async def ask_admission(
        self, address: tuple[str, int], queues: tuple[str, ...]
    ) -> str:
        """Ask whoever listens at `address`; the host id found. Raises PeersError."""
        stream = await exchange.connect(*address, tls.stranger_context(), self._clock)
        try:
            certificate = _certificate(stream)
            found = fingerprint(certificate)
            if found == self._identity.host_id:
                raise NothingInCommon("that is this host itself")
            body = pack_request(self._identity, self._name, queues, found)
            headers = await exchange.ask(
                stream, self._clock, "POST /netqueue/admission", body, 200
            )
            answer = await exchange.read_body(
                stream, self._clock, headers, LARGEST_BODY
            )
        finally:
            stream.close()
        name, verdicts = unpack_answer(answer)
        await self._take_verdicts(certificate, name, verdicts, queues)
        return found

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
        """Bytes [start, stop) of a content of a member. Raises PeersError."""
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
        context = self._member_contexts.get(host_id)
        if context is None:
            member = self._admission.find(host_id)
            if member is None:
                raise LinkGone(f"host {host_id[:8]} is not a member of any queue here")
            context = await self._worker.run(
                tls.member_context, self._identity, member.certificate
            )
            self._member_contexts[host_id] = context
        return context

    async def _verdict(self, queue: str, certificate: bytes, name: str) -> Verdict:
        if not self._admission.is_open(queue):
            return Verdict.REFUSED
        try:
            await self._admission.admit(queue, certificate, name)
        except AdmissionRefused:
            return Verdict.REFUSED
        return Verdict.ADMITTED

    async def _take_verdicts(
        self,
        certificate: bytes,
        name: str,
        verdicts: dict[str, Verdict],
        queues: tuple[str, ...],
    ) -> None:
        """Who admits us to a queue that is open here is admitted by us."""
        admitted = [q for q in queues if verdicts.get(q) is Verdict.ADMITTED]
        for queue in admitted:
            if self._admission.is_open(queue):
                await self._admission.admit(queue, certificate, name)
        if not admitted and self._admission.find(fingerprint(certificate)) is None:
            refused = [q for q in queues if verdicts.get(q) is Verdict.REFUSED]
            raise NothingInCommon(
                f"it refuses this host in: {', '.join(refused)}"
                if refused
                else f"it serves none of: {', '.join(queues)}"
            )


def _certificate(stream: SSLIOStream) -> bytes:
    certificate = stream.socket.getpeercert(binary_form=True)
    if certificate is None:
        raise ExchangeFailed("it shows no certificate")
    return certificate
