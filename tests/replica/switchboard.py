"""Links between replicas of one process and loop, without sockets."""

from __future__ import annotations

import asyncio

import msgpack

from moonraker_netqueue.peers.errors import LinkError
from moonraker_netqueue.ports import LinkListener, Message
from moonraker_netqueue.sim.key import SimKey


class Switchboard:
    """Every subscribed host is linked to every other one."""

    def __init__(self) -> None:
        self.listeners: dict[str, LinkListener] = {}

    def links(self, host: str) -> SwitchboardLinks:
        """The links of one host."""
        return SwitchboardLinks(self, host)


class SwitchboardLinks:
    """One host's links, for a single queue."""

    def __init__(self, board: Switchboard, host: str) -> None:
        self._board = board
        self._host = host
        self.signer = SimKey(host)

    @property
    def host_id(self) -> str:
        return self._host

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        others = dict(self._board.listeners)
        self._board.listeners[self._host] = listener
        for peer, other in others.items():
            other.on_peer_connected(self._host)
            listener.on_peer_connected(peer)

    def unsubscribe(self, queue: str) -> None:
        self._board.listeners.pop(self._host, None)
        for other in list(self._board.listeners.values()):
            other.on_peer_disconnected(self._host)

    def connected(self, queue: str) -> tuple[str, ...]:
        return tuple(sorted(self._board.listeners.keys() - {self._host}))

    def send(self, queue: str, peer: str, message: Message) -> bool:
        arrived = msgpack.unpackb(msgpack.packb(dict(message)))
        asyncio.get_running_loop().call_soon(self._arrive, peer, arrived)
        return peer in self._board.listeners

    def _arrive(self, peer: str, message: Message) -> None:
        listener = self._board.listeners.get(peer)
        if listener is not None and self._host in self._board.listeners:
            listener.on_message(self._host, message)

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        listener = self._board.listeners.get(peer)
        if listener is None:
            raise LinkError("no link")
        return await listener.on_request(self._host, method, params)

    async def fetch(
        self, queue: str, peer: str, sha256: str, start: int, stop: int
    ) -> bytes:
        raise NotImplementedError
