"""Whom this host asks to be let in, and what they answered: in memory only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..ports import Clock, Random
from .admission_request import Answer, Verdict
from .budget import Budget
from .limits import OWN_CODES
from .pairing import NONCE_BYTES, code, commitment

_MOST = 64
_OLD = 60.0  # seconds since the last answer: then it is not shown any more
_ANEW = 60.0  # seconds at least between two codes with one host


@dataclass
class OwnRequest:
    """What this host and the one that it asks know of each other."""

    host_id: str
    certificate: bytes
    nonce: bytes
    commitment: bytes
    began: float
    challenge: bytes = b""
    name: str = ""
    code: str = ""
    seen: float = 0.0
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    new_in: frozenset[str] = frozenset()


class OwnRequests:
    """By the host that is asked."""

    def __init__(self, host_id: str, clock: Clock, random: Random) -> None:
        self._host_id = host_id
        self._clock = clock
        self._random = random
        self._requests: OrderedDict[str, OwnRequest] = OrderedDict()
        self._codes = Budget(OWN_CODES, clock)

    def begin(self, host_id: str, certificate: bytes) -> OwnRequest:
        """The request to a host: the running one, else a new one."""
        request = self._requests.get(host_id)
        if request is None:
            nonce = self._random.token(NONCE_BYTES)
            said = commitment(self._host_id, host_id, nonce)
            now = self._clock.monotonic()
            request = OwnRequest(host_id, certificate, nonce, said, now)
            self._make_room()
            self._requests[host_id] = request
        return request

    def is_challenged(self, request: OwnRequest, challenge: bytes) -> bool:
        """Note the other's nonce; whether it is to be told this host's now.

        One that comes in place of another is not answered: the request begins anew,
        and rarely, so that a host cannot try nonces until the code fits. Nor can one
        that makes up many hosts: there are few codes, of whichever host.
        """
        if not challenge or request.challenge == challenge:
            return False
        if request.challenge:
            if self._clock.monotonic() - request.began >= _ANEW:
                self._requests.pop(request.host_id, None)
            return False
        if not self._codes.take():
            return False
        request.challenge = challenge
        request.code = code(self._host_id, request.host_id, request.nonce, challenge)
        return True

    def note(self, request: OwnRequest, answer: Answer) -> None:
        """What was answered."""
        request.name, request.verdicts = answer.name, answer.verdicts
        request.new_in = answer.new_in
        request.seen = self._clock.monotonic()

    def waiting(self, queue: str) -> list[OwnRequest]:
        """Requests about a queue that were answered lately."""
        since = self._clock.monotonic() - _OLD
        return [
            request
            for request in self._requests.values()
            if request.seen >= since
            and (request.code or request.verdicts.get(queue) is not Verdict.PENDING)
            and queue in request.verdicts
        ]

    def settle(self, queue: str, host_id: str) -> None:
        """The hosts are linked for the queue: nothing is asked any more."""
        request = self._requests.get(host_id)
        if request is not None:
            request.verdicts = {q: v for q, v in request.verdicts.items() if q != queue}

    def _make_room(self) -> None:
        """For one more; those that have a code stay, as far as can be."""
        while len(self._requests) >= _MOST:
            codeless = (host for host, r in self._requests.items() if not r.code)
            del self._requests[next(codeless, next(iter(self._requests)))]
