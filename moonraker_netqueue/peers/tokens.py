"""One-time tokens that this host has made: in memory, so that a restart ends them."""

from __future__ import annotations

from dataclasses import dataclass

from ..ports import Clock, Random
from .errors import AdmissionRefused
from .pairing import Token, new_token, same

LONGEST_SECONDS = 7 * 86_400.0
_MOST = 32
_SECRET_BYTES = 16


@dataclass(frozen=True)
class _Live:
    queue: str
    token: Token
    until: float  # of this host's monotonic clock (R24)


class Tokens:
    """Those that are still good."""

    def __init__(self, host_id: str, clock: Clock, random: Random) -> None:
        self._host_id = host_id
        self._clock = clock
        self._random = random
        self._live: list[_Live] = []

    def make(self, queue: str, seconds: float) -> Token:
        """A token for `queue`; raises AdmissionRefused."""
        self._drop_old()
        if not 0 < seconds <= LONGEST_SECONDS:
            raise AdmissionRefused("a token is good for a second to a week")
        if len(self._live) >= _MOST:
            raise AdmissionRefused(
                f"{_MOST} tokens of this host are unused: use them, or let them expire"
            )
        token = new_token(self._host_id, self._random.token(_SECRET_BYTES))
        until = self._clock.monotonic() + seconds
        self._live.append(_Live(queue, token, until))
        return token

    def use(self, queue: str, asker: str, proof: bytes) -> bool:
        """Whether the proof is of a good token; it is none from then on."""
        self._drop_old()
        for live in self._live:
            right = live.token.proof(queue, asker, self._host_id)
            if live.queue == queue and same(right, proof):
                self._live.remove(live)
                return True
        return False

    def _drop_old(self) -> None:
        now = self._clock.monotonic()
        self._live = [live for live in self._live if now < live.until]
