"""Keeps a link to one other host: asks for admission, connects, tries again."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import deque
from typing import Protocol

from ..ports import Clock, Random
from ..tasks import stop
from .errors import ExchangeFailed, PeersError
from .link import Link

_LOGGER = logging.getLogger(__name__)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.3, 5.0  # seconds between attempts, doubling
_LOST_PAUSE = 30.0  # seconds: discovery does not hear the host any more
# Of two hosts the one with the lower id dials; the other only if that does not work,
# for instance because only one of them hears the other's announcement.
_YIELD_SECONDS = 2.0
_MOST_ADDRESSES = 8  # per host; the oldest is dropped


class NothingInCommon(PeersError):
    """Host `found` at an address has no queue for us, or is this host itself."""

    pause = 10.0  # seconds: nothing to be had there soon

    def __init__(self, text: str, found: str) -> None:
        super().__init__(text)
        self.found = found


class AdmissionPending(NothingInCommon):
    """A person has to say whether this host is let in, or that one here."""

    pause = 3.0  # a newcomer that is silent for long is not shown any more


class State(enum.Enum):
    """What a dialler is doing."""

    WAITING = "waiting"
    ASKING = "asking"
    LINKING = "linking"
    LINKED = "linked"


_NEXT = {
    State.WAITING: {State.ASKING, State.LINKING, State.LINKED},
    State.ASKING: {State.LINKING, State.LINKED, State.WAITING},
    State.LINKING: {State.LINKED, State.WAITING},
    State.LINKED: {State.WAITING},
}


class Network(Protocol):
    """What a dialler needs of the peer network."""

    @property
    def host_id(self) -> str:
        """This host."""

    def serves_any(self) -> bool:
        """Whether this host serves a queue at all."""

    def find_link(self, host_id: str) -> Link | None:
        """The link to a host, whoever dialled it."""

    async def ask_admission(self, address: tuple[str, int]) -> str:
        """First contact; the host id found there. Raises PeersError."""

    async def open_link(self, host_id: str, address: tuple[str, int]) -> Link:
        """Dial a member; the link that is kept. Raises PeersError."""


class Dialler:
    """One target: a discovered host, or an address that a person configured."""

    def __init__(
        self,
        network: Network,
        host_id: str | None,
        address: tuple[str, int],
        clock: Clock,
        random: Random,
    ) -> None:
        self.host_id = host_id
        self.state = State.WAITING
        self.is_lost = False
        self._configured = host_id is None
        self._network = network
        self._addresses = deque([address], _MOST_ADDRESSES)
        self._linked_at: tuple[str, int] | None = None
        self._was_newest = False  # the address that was tried last
        self._clock = clock
        self._random = random
        self._news = asyncio.Event()
        self._must_ask = True  # once per address: the host may have lost its record
        self._failures = 0
        self._refused_pause = NothingInCommon.pause
        self._said = ""
        self._task = asyncio.create_task(self._run())

    def add_address(self, address: tuple[str, int]) -> None:
        """The host was heard at `address`: try that first, and now."""
        self.is_lost = False
        if self._addresses[0] == address and self._failures >= 0:
            return
        if address in self._addresses:
            self._addresses.remove(address)
        self._addresses.appendleft(address)
        self._must_ask = True
        self.wake()

    @property
    def is_in_vain(self) -> bool:
        """Whether the host was announced and is lost, or did not answer."""
        tried = self._failures > 0 and self.state is not State.LINKED
        return not self._configured and (self.is_lost or tried)

    def wake(self) -> None:
        """Something changed: try now."""
        self._failures = 0
        self._news.set()

    async def close(self) -> None:
        """Stop dialling; the link stays."""
        await stop(self._task)

    async def _run(self) -> None:
        while True:
            asks_on = self._failures < 0  # each of two asks by itself to be let in
            if not (self._configured or self._dials_first() or asks_on):
                await self._clock.sleep(_YIELD_SECONDS)
            if self._network.serves_any():
                await self._attempt()
            await self._pause(self._next_pause())

    def _dials_first(self) -> bool:
        return self.host_id is None or self._network.host_id < self.host_id

    async def _attempt(self) -> None:
        address = self._choose()
        try:
            link = await self._reach(address)
        except NothingInCommon as error:
            self._failures, self._refused_pause = -1, error.pause
            self._say(address, error)
        except PeersError as error:
            self._failures += 1
            self._must_ask = True
            self._say(address, error)
            if address == self._addresses[0]:
                self._addresses.rotate(-1)
        else:
            await self._keep(link)
        self._become(State.WAITING)

    def _choose(self) -> tuple[str, int]:
        """Every other time where the last link was: announcements can be made up."""
        self._was_newest = not self._was_newest
        if self._linked_at is None or self._was_newest:
            return self._addresses[0]
        return self._linked_at

    async def _reach(self, address: tuple[str, int]) -> Link:
        host_id = self.host_id
        if host_id is not None and (link := self._network.find_link(host_id)):
            return link
        if self._must_ask or host_id is None:
            self._become(State.ASKING)
            host_id = await self._ask(address)
            self._learn(host_id)
            self._must_ask = False
            if link := self._network.find_link(host_id):  # it dialled us meanwhile
                return link
        self._become(State.LINKING)
        link = await self._network.open_link(host_id, address)
        self._linked_at, self._was_newest = address, False
        return link

    async def _ask(self, address: tuple[str, int]) -> str:
        try:
            return await self._network.ask_admission(address)
        except NothingInCommon as error:
            self._learn(error.found)  # else a stranger there would be asked for ever
            raise

    def _learn(self, found: str) -> None:
        """The host at the address must be the one that we look for."""
        if not self._configured and found != self.host_id:
            raise ExchangeFailed("another host answers there")
        self.host_id = found

    async def _keep(self, link: Link) -> None:
        self._become(State.LINKED)
        self._failures = 0
        self._said = ""
        await link.wait_closed()

    def _next_pause(self) -> float:
        if self._failures < 0:
            return self._refused_pause
        if self.is_lost:
            return _LOST_PAUSE
        doubled = _FIRST_PAUSE * 2.0 ** min(self._failures, 10)
        return min(_LONGEST_PAUSE, doubled) * (0.75 + self._random.random() / 2)

    async def _pause(self, seconds: float) -> None:
        try:
            await self._clock.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
        self._news.clear()

    def _say(self, address: tuple[str, int], error: PeersError) -> None:
        """Log a cause once, not at every attempt."""
        text = str(error)
        if text != self._said:
            _LOGGER.info("no link to %s port %d: %s", *address, text)
        self._said = text

    def _become(self, state: State) -> None:
        if state is not self.state and state not in _NEXT[self.state]:
            raise AssertionError(f"dialler {self.state} -> {state}")
        self.state = state
