"""One queue that this host serves, as the endpoints see it."""

from __future__ import annotations

import logging

from ..errors import NetqueueError
from ..model.command import Body
from ..model.errors import CommandInvalid, Rejected
from ..model.job import Job
from ..model.queue_state import QueueState
from ..peers.desk import Desk
from ..printer.manner import notice_of
from ..replica.errors import ReplicaError, RulesTooLow
from ..replica.replica import Replica
from ..replica.submission import SubmitState
from . import undecided
from .admission_notices import admission_notices
from .asking import origin
from .audit import AuditLog
from .errors import ApiError
from .member_notes import MemberNotes
from .views import gone_hosts, host_name

_LOGGER = logging.getLogger(__name__)
_SUBMIT_TIMEOUT = 5.0  # seconds a client waits before it is told "pending"


class ServedQueue:
    """A replica, with its refusals as answers to a client."""

    def __init__(self, name: str, replica: Replica, desk: Desk) -> None:
        self.name = name
        self.replica = replica
        self.desk = desk
        self.audit = AuditLog(lambda: replica.state)
        replica.add_command_listener(self.audit.on_command)
        self.notes = MemberNotes(name, replica, desk)
        self.revision = 0  # of notify_netqueue_changed

    @property
    def state(self) -> QueueState:
        """The queue as this host knows it."""
        return self.replica.state

    def job(self, job_id: str) -> Job:
        """A job; answers 404 if it is not here."""
        try:
            return self.state.job(job_id)
        except Rejected as error:
            raise ApiError.from_rejection(error) from error

    async def submit(self, body: Body, client_id: str = "") -> bool:
        """Submit a command; a rejection becomes the answer to the client.

        Returns whether it is pending: kept on this disk and repeated until answered.
        """
        try:
            outcome = await self.replica.submit(
                body, client_id, _SUBMIT_TIMEOUT, origin()
            )
        except RulesTooLow as error:
            raise ApiError(409, str(error)) from error
        except ReplicaError as error:
            raise ApiError(503, str(error)) from error
        except CommandInvalid as error:
            raise ApiError(400, str(error)) from error
        if outcome.rule is not None:
            raise ApiError.from_rejection(Rejected(outcome.rule, outcome.reason))
        return outcome.state is SubmitState.PENDING

    async def unseat(self, host_id: str) -> bool:
        """Take the seat of a host that is put out; whether it has none now."""
        if host_id not in self.replica.status().voters:
            return True
        try:
            await self.replica.unseat(host_id)
        except NetqueueError as error:
            _LOGGER.info("%.8s keeps its seat at present: %s", host_id, error)
        return host_id not in self.replica.status().voters

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of this host's part in the queue."""
        own = (undecided.notice_of(self.state), notice_of(self.state.settings))
        asking = admission_notices(self.desk, self.name)
        return (*self.replica.status().notices, *asking, *filter(None, own))

    def pending_view(self) -> list[dict[str, object]]:
        """Commands of this host that no leader has answered yet."""
        return [
            {"incarnation": c.incarnation, "sequence": c.sequence}
            for c in self.replica.status().pending
        ]

    def pending_message(self) -> str:
        """What a client is told whose command waits for a quorum."""
        missing = ", ".join(self.missing()) or "a leader"
        return (
            f"kept on this host's disk: it is added as soon as {missing} answers."
            " Do not add it again"
        )

    def gone(self) -> frozenset[str]:
        """Hosts that were forgotten and that nobody has to think of any more."""
        forgotten = self.desk.forgotten(self.name)
        return gone_hosts(self.state, forgotten, self.replica.status().voters)

    def missing(self) -> list[str]:
        """Names of voters that are out of reach."""
        return [self.host_name(h) for h in self.replica.status().missing_voters]

    def host_name(self, host: str) -> str:
        """A host as a person knows it: its printer's name, else its own (a witness)."""
        if host in self.state.printers:
            return host_name(self.state, host)
        names = {member.id: member.name for member in self.replica.status().members}
        return names.get(host) or host[:8]
