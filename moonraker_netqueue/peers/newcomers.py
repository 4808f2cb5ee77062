"""Who asks to be let in: in memory only, few, and not for long (R22, R24)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..ports import Clock, Random
from .admission_request import AdmissionRequest
from .pairing import NONCE_BYTES, code, commitment, same

MOST_SHOWN = 5  # newcomers of one queue
_MOST_UNPROVEN = 16  # that have not opened their commitment yet
_LONGEST = 900.0  # seconds from the first word to an answer, then a new code
_SILENT = 30.0  # seconds; a newcomer asks again every few
_REFUSED = 600.0  # seconds that a person's no holds
_MOST_REFUSED = 64
_MINUTE = 60.0
_MOST_A_MINUTE = 6  # new codes for one address: nobody tries all of them
_MOST_OF_ALL = 30


@dataclass(frozen=True)
class Newcomer:
    """A host that waits; `via`: the member that it asked, empty: this one."""

    queue: str
    host_id: str
    name: str
    certificate: bytes
    code: str  # empty: an older version asks, which has none
    via: str = ""
    is_new: bool = False  # by its own word, to this host


@dataclass
class _Session:
    certificate: bytes
    name: str
    queues: tuple[str, ...]
    address: str
    commitment: bytes
    challenge: bytes
    began: float
    seen: float
    new_in: frozenset[str] = frozenset()
    code: str | None = None


@dataclass
class Newcomers:
    """Those that asked this host, and those that members tell of."""

    host_id: str
    clock: Clock
    random: Random
    _sessions: dict[str, _Session] = field(default_factory=dict)
    _told: dict[str, dict[str, tuple[Newcomer, ...]]] = field(default_factory=dict)
    _refused: dict[tuple[str, str], float] = field(default_factory=dict)
    _begun: list[tuple[float, str]] = field(default_factory=list)

    def ask(
        self, asker: str, request: AdmissionRequest, queues: tuple[str, ...], by: str
    ) -> bytes | None:
        """A host asks, from address `by`; what it is challenged with.

        None: there is no room, or it asks too often.
        """
        self._drop_old()
        now = self.clock.monotonic()
        session = self._sessions.get(asker)
        if session is None or session.commitment != request.commitment:
            if not self._may_begin(asker, queues, by):
                return None
            session = self._sessions[asker] = _Session(
                request.certificate,
                request.name,
                queues,
                by,
                request.commitment,
                self.random.token(NONCE_BYTES),
                now,
                now,
            )
        session.seen, session.queues, session.name = now, queues, request.name
        session.new_in = request.new_in
        if session.code is None and request.nonce:
            self._open(asker, session, request.nonce)
        return session.challenge

    def shown(self, queue: str) -> list[Newcomer]:
        """Who waits for `queue`, each host once: those that asked here first."""
        found = {n.host_id: n for n in self.asked_here(queue)}
        for told in self._told.get(queue, {}).values():
            for newcomer in told:
                is_other = newcomer.host_id != self.host_id
                if is_other and (queue, newcomer.host_id) not in self._refused:
                    found.setdefault(newcomer.host_id, newcomer)
        return list(found.values())

    def asked_here(self, queue: str) -> list[Newcomer]:
        """Who asked this host."""
        self._drop_old()
        return [
            Newcomer(
                queue,
                host_id,
                s.name,
                s.certificate,
                s.code,
                is_new=queue in s.new_in,
            )
            for host_id, s in self._sessions.items()
            if queue in s.queues
            and s.code is not None
            and (queue, host_id) not in self._refused
        ][:MOST_SHOWN]

    def tell(self, peer: str, queue: str, newcomers: Iterable[Newcomer]) -> None:
        """Who asked a member, by its own word."""
        self._told.setdefault(queue, {})[peer] = tuple(newcomers)[:MOST_SHOWN]

    def lose(self, peer: str) -> None:
        """The link to a member is gone."""
        for told in self._told.values():
            told.pop(peer, None)

    def settle(self, queue: str, host_id: str) -> None:
        """It is a member now: it waits for this queue no more."""
        session = self._sessions.get(host_id)
        if session is not None:
            session.queues = tuple(q for q in session.queues if q != queue)

    def refuse(self, queue: str, host_id: str) -> None:
        """A person says no."""
        while len(self._refused) >= _MOST_REFUSED:
            del self._refused[next(iter(self._refused))]
        self._refused[queue, host_id] = self.clock.monotonic() + _REFUSED

    def is_refused(self, queue: str, host_id: str) -> bool:
        """Whether a person said no lately."""
        self._drop_old()
        return (queue, host_id) in self._refused

    def forgive(self, queue: str, host_id: str) -> None:
        """A person says yes after all."""
        self._refused.pop((queue, host_id), None)

    def _may_begin(self, asker: str, queues: tuple[str, ...], by: str) -> bool:
        shown = [
            (queue, host)
            for host, s in self._sessions.items()
            for queue in s.queues
            if s.code and host != asker and (queue, host) not in self._refused
        ]
        full = all(sum(q == queue for q, _ in shown) >= MOST_SHOWN for queue in queues)
        of_one = sum(address == by for _, address in self._begun)
        if full or of_one >= _MOST_A_MINUTE or len(self._begun) >= _MOST_OF_ALL:
            return False
        unproven = [host for host, s in self._sessions.items() if s.code is None]
        if len(unproven) >= _MOST_UNPROVEN:
            del self._sessions[unproven[0]]
        self._begun.append((self.clock.monotonic(), by))
        return True

    def _open(self, asker: str, session: _Session, nonce: bytes) -> None:
        right = same(commitment(asker, self.host_id, nonce), session.commitment)
        if right:
            session.code = code(asker, self.host_id, nonce, session.challenge)

    def _drop_old(self) -> None:
        now = self.clock.monotonic()
        self._begun = [b for b in self._begun if now - b[0] < _MINUTE]
        self._refused = {key: t for key, t in self._refused.items() if now < t}
        self._sessions = {
            host: s
            for host, s in self._sessions.items()
            if now - s.seen < _SILENT and now - s.began < _LONGEST
        }
