"""One announcement and one ear on given network addresses, by python-zeroconf."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from zeroconf import DNSQuestionType, IPVersion, ServiceStateChange, Zeroconf
from zeroconf import Error as ZeroconfError
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from ..tasks import stop
from . import record
from .errors import MulticastUnavailable, RecordInvalid
from .record import SERVICE_TYPE, Found

_LOGGER = logging.getLogger(__name__)
_RESOLVE_MS = 3000
_MOST_RESOLVING = 64  # at once: announcements can be made up
# Answers by multicast: a unicast one reaches only one of the processes that share
# the port (avahi, several Moonrakers of one machine).
_QUESTION = DNSQuestionType.QM


class Session:
    """Announces this host and hears others, until its addresses change."""

    def __init__(
        self,
        addresses: Sequence[str],
        on_heard: Callable[[str, Found], None],
        on_gone: Callable[[str], None],
    ) -> None:
        self._addresses = tuple(addresses)
        self._loopback = all(ip_address(a).is_loopback for a in addresses)
        self._on_heard = on_heard
        self._on_gone = on_gone
        self._info: AsyncServiceInfo | None = None
        self._resolving: dict[str, asyncio.Task[None]] = {}
        try:
            self._zeroconf = AsyncZeroconf(
                interfaces=list(addresses), ip_version=IPVersion.V4Only
            )
        except OSError as error:
            raise MulticastUnavailable(str(error.strerror or error)) from error
        self._browser = AsyncServiceBrowser(
            self._zeroconf.zeroconf,
            SERVICE_TYPE,
            handlers=[self._on_change],
            question_type=_QUESTION,
        )

    async def announce(
        self, host_id: str, name: str, port: int, queues: Sequence[str]
    ) -> None:
        """Announce this host, or news of it; raises MulticastUnavailable."""
        info = AsyncServiceInfo(
            SERVICE_TYPE,
            record.instance_name(host_id),
            port=port,
            properties=record.to_properties(host_id, name, queues),
            server=record.server_name(host_id),
            parsed_addresses=list(self._addresses),
        )
        is_first, self._info = self._info is None, info
        try:
            if is_first:
                # Its name is unique by the key, so it need not be probed for first.
                sent = await self._zeroconf.async_register_service(
                    info, cooperating_responders=True
                )
            else:
                sent = await self._zeroconf.async_update_service(info)
            await sent
        except (ZeroconfError, OSError) as error:
            raise MulticastUnavailable(str(error)) from error

    async def close(self) -> None:
        """Say goodbye and stop hearing."""
        await stop(*self._resolving.values())
        await self._browser.async_cancel()
        await self._zeroconf.async_close()

    def _on_change(
        self,
        zeroconf: Zeroconf,
        service_type: str,
        name: str,
        state_change: ServiceStateChange,
    ) -> None:
        if state_change is ServiceStateChange.Removed:
            self._on_gone(name)
        elif name in self._resolving:
            self._resolving[name].cancel()  # what it found is old by now
            self._start_resolving(name)
        elif len(self._resolving) < _MOST_RESOLVING:
            self._start_resolving(name)

    def _start_resolving(self, name: str) -> None:
        task = asyncio.create_task(self._resolve(name))
        self._resolving[name] = task
        task.add_done_callback(lambda done: self._forget(name, done))

    def _forget(self, name: str, task: asyncio.Task[None]) -> None:
        if self._resolving.get(name) is task:
            del self._resolving[name]

    async def _resolve(self, name: str) -> None:
        info = AsyncServiceInfo(SERVICE_TYPE, name)
        is_known = await info.async_request(
            self._zeroconf.zeroconf, _RESOLVE_MS, question_type=_QUESTION
        )
        if not is_known:
            return
        try:
            found = record.parse(
                name,
                info.properties,
                info.parsed_addresses(IPVersion.V4Only),
                info.port,
                self._loopback,
            )
        except RecordInvalid as error:
            _LOGGER.debug("announcement %s is ignored: %s", name, error)
            return
        self._on_heard(name, found)
