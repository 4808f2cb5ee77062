"""Whom this host dials: what discovery heard and what a person configured."""

from __future__ import annotations

import asyncio
import logging

from ..ports import Clock, Random
from .dialler import Dialler, Network

_LOGGER = logging.getLogger(__name__)
_MOST_TARGETS = 128  # announcements can be made up


class Targets:
    """One dialler per host to reach."""

    def __init__(self, network: Network, clock: Clock, random: Random) -> None:
        self._network = network
        self._clock = clock
        self._random = random
        self._diallers: dict[str, Dialler] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._said_full = False

    def add(self, host_id: str | None, host: str, port: int) -> None:
        """Dial a host heard at an address, or the address itself (None)."""
        if host_id == self._network.host_id:
            return
        key = host_id or f"{host} {port}"
        dialler = self._diallers.get(key)
        if dialler is not None:
            dialler.add_address((host, port))
        elif self._make_room():
            self._diallers[key] = Dialler(
                self._network, host_id, (host, port), self._clock, self._random
            )

    def lose(self, host_id: str) -> None:
        """Discovery lost a host, or only multicast failed: try more rarely."""
        dialler = self._diallers.get(host_id)
        if dialler is not None:
            dialler.is_lost = True

    def wake(self) -> None:
        """There is a queue to serve: try all now."""
        for dialler in self._diallers.values():
            dialler.wake()

    async def close(self) -> None:
        """Stop dialling."""
        await asyncio.gather(*(d.close() for d in self._diallers.values()))
        await asyncio.gather(*self._closing)
        self._diallers.clear()

    def _make_room(self) -> bool:
        if len(self._diallers) < _MOST_TARGETS:
            return True
        # Made-up hosts must not keep real ones out: those that answer are kept.
        spare = [key for key, d in self._diallers.items() if d.is_in_vain]
        lost = next((key for key in spare if self._diallers[key].is_lost), None)
        lost = lost or next(iter(spare), None)
        if lost is None:
            if not self._said_full:
                self._said_full = True
                _LOGGER.warning("more than %d hosts: others wait", _MOST_TARGETS)
            return False
        task = asyncio.create_task(self._diallers.pop(lost).close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return True
