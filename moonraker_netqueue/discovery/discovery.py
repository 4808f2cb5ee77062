"""Who else is out there: hosts heard by multicast that serve a queue of ours.

Multicast may be missing or come later (a Pi starts before its network): then there
is a warning with the remedy, and it is tried again; start-up never fails by it.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Iterable

import ifaddr

from ..ports import Clock, Worker
from ..tasks import stop
from .errors import MulticastUnavailable
from .record import Found
from .session import Session

_LOGGER = logging.getLogger(__name__)
_CHECK_SECONDS = 10.0  # between looks whether the addresses of this host changed
_MOST_HEARD = 256  # hosts; announcements can be made up


class State(enum.Enum):
    """What discovery is doing."""

    STARTING = "starting"
    HEARING = "hearing"
    FAILED = "failed"


_NEXT = {
    State.STARTING: {State.HEARING, State.FAILED},
    State.HEARING: {State.STARTING, State.FAILED},
    State.FAILED: {State.STARTING},
}


class Discovery:
    """Announces this host and tells of others. Everything is on the loop.

    `on_found` is called for a host that is new or has changed, `on_lost` when it has
    said goodbye, was silent too long or serves no common queue any more. `on_warning`
    gets a text for people, or None when the trouble is over.
    """

    def __init__(
        self,
        host_id: str,
        name: str,
        port: int,
        *,
        interface: str | None,
        on_found: Callable[[Found], None],
        on_lost: Callable[[str], None],
        on_warning: Callable[[str | None], None],
        clock: Clock,
        worker: Worker,
    ) -> None:
        self._host_id = host_id
        self._name = name
        self._port = port
        self._interface = interface
        self._on_found = on_found
        self._on_lost = on_lost
        self._on_warning = on_warning
        self._clock = clock
        self._worker = worker
        self._queues: frozenset[str] = frozenset()
        self._session: Session | None = None
        self._addresses: tuple[str, ...] = ()
        self._heard: dict[str, Found] = {}
        self._told: dict[str, Found] = {}
        self._unconfirmed: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self._closing = asyncio.Event()
        self.state = State.STARTING
        self.warning: str | None = None

    def start(self, queues: Iterable[str]) -> None:
        """Announce `queues` and hear others from now on; nothing can fail here."""
        self._queues = frozenset(queues)
        self._task = asyncio.create_task(self._watch_network())

    async def announce(self, queues: Iterable[str]) -> None:
        """Serve these queues from now on."""
        self._queues = frozenset(queues)
        for found in tuple(self._heard.values()):
            self._tell(found)
        async with self._changing:
            if self._session is not None:
                await self._announce_on(self._session)

    async def close(self) -> None:
        """Say goodbye."""
        self._closing.set()  # as well: zeroconf may swallow a cancellation
        if self._task is not None:
            await stop(self._task)
        await self._close_session()

    async def _watch_network(self) -> None:
        while not self._closing.is_set():
            async with self._changing:
                await self._check_network()
            try:
                await self._clock.wait_for(self._closing.wait(), _CHECK_SECONDS)
            except TimeoutError:
                self._drop_unconfirmed()

    async def _check_network(self) -> None:
        addresses = await self._worker.run(_own_addresses, self._interface)
        if self._session is not None and addresses == self._addresses:
            return
        if self.state is not State.STARTING:
            self._become(State.STARTING)
        await self._close_session()
        self._addresses = addresses
        self._unconfirmed = set(self._heard)
        try:
            self._session = self._new_session()
        except MulticastUnavailable as error:
            self._fail(error)
            return
        self._become(State.HEARING)
        self._warn(None)
        await self._announce_on(self._session)

    async def _announce_on(self, session: Session) -> None:
        queues = sorted(self._queues)
        try:
            await session.announce(self._host_id, self._name, self._port, queues)
        except MulticastUnavailable as error:
            await self._close_session()  # the next look at the network tries again
            self._fail(error)

    def _fail(self, error: MulticastUnavailable) -> None:
        self._become(State.FAILED)
        self._warn(
            f"other printers cannot be found: {error}. This is tried again; where the "
            "network drops multicast, list them in option 'peers:' of [netqueue]"
        )

    def _new_session(self) -> Session:
        if not self._addresses and self._interface is None:
            raise MulticastUnavailable("this host has no network address yet")
        if not self._addresses:
            raise MulticastUnavailable(
                f"'discovery_interface: {self._interface}' is not an IPv4 address of "
                "this host"
            )
        return Session(self._addresses, self._on_heard, self._on_gone)

    async def _close_session(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _on_heard(self, instance: str, found: Found) -> None:
        if found.host_id == self._host_id:
            return
        if instance not in self._heard and len(self._heard) >= _MOST_HEARD:
            return
        self._unconfirmed.discard(instance)
        self._heard[instance] = found
        self._tell(found)

    def _on_gone(self, instance: str) -> None:
        self._unconfirmed.discard(instance)
        found = self._heard.pop(instance, None)
        if found is not None and self._told.pop(found.host_id, None) is not None:
            self._on_lost(found.host_id)

    def _drop_unconfirmed(self) -> None:
        """Hosts of the former session that the present one has not heard are lost."""
        for instance in tuple(self._unconfirmed):
            self._on_gone(instance)

    def _tell(self, found: Found) -> None:
        is_common = not self._queues.isdisjoint(found.queues)
        if is_common and self._told.get(found.host_id) != found:
            self._told[found.host_id] = found
            self._on_found(found)
        elif not is_common and self._told.pop(found.host_id, None) is not None:
            self._on_lost(found.host_id)

    def _warn(self, text: str | None) -> None:
        if text == self.warning:
            return
        self.warning = text
        if text is not None:
            _LOGGER.warning("%s", text)
        self._on_warning(text)

    def _become(self, state: State) -> None:
        if state not in _NEXT[self.state]:
            raise AssertionError(f"discovery {self.state} -> {state}")
        self.state = state


def _own_addresses(interface: str | None) -> tuple[str, ...]:
    """IPv4 addresses to announce on: the one named, or all that others can reach."""
    addresses = {
        address.ip
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str)
    }
    if interface is not None:
        return (interface,) if interface in addresses else ()
    return tuple(sorted(a for a in addresses if not a.startswith("127.")))
