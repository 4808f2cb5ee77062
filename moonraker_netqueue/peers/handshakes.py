"""The TLS context of the listening side, in step with the members."""

from __future__ import annotations

import ssl

from ..ports import Worker
from . import tls
from .admission import Admission
from .identity import Identity
from .roll import Roll
from .server import PeerServer


class Handshakes:
    """Lets members through, and who shows no certificate at all."""

    def __init__(
        self, identity: Identity, admission: Admission, worker: Worker
    ) -> None:
        self._identity = identity
        self._admission = admission
        self._worker = worker
        self.context: ssl.SSLContext

    async def renew(self, server: PeerServer | None) -> ssl.SSLContext:
        """A context that trusts the members of now, for the server if it runs."""
        now = set(self._admission.certificates())
        while True:
            members = now
            context = await self._worker.run(
                tls.server_context, self._identity, members
            )
            now = set(self._admission.certificates())
            if members <= now:
                break  # else one was forgotten meanwhile
        for certificate in now - members:  # it came while the context was made
            tls.trust(context, certificate)
        self.context = context
        if server is not None:
            server.trust_only(context)
        return context

    def trust_new(self, before: Roll, after: Roll) -> None:
        """Let newcomers through, at once."""
        for host_id, member in after.members.items():
            if host_id not in before.members:
                tls.trust(self.context, member.certificate)
