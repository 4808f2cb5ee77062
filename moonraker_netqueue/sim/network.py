"""Links between simulated hosts: in order, at most once, late, and easily cut."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgpack

from ..errors import NetqueueError
from ..peers.errors import LinkError, LinkGone, RequestRefused, RequestTimedOut
from ..ports import ContentSource, LinkListener, Message
from .key import SimKey
from .life import Life
from .randomness import SimRandom

_T = TypeVar("_T")

_FETCH_SECONDS = 30.0  # that a range may take

Pair = frozenset[str]
Read = Callable[[Path, int, int], Awaitable[bytes]]


class SimLinks:
    """The Links port: one life's end of the network."""

    def __init__(self, network: Network, life: Life) -> None:
        self._network = network
        self.life = life
        self.signer = SimKey(life.host_id)
        self.listeners: dict[str, LinkListener] = {}  # by queue
        self.contents: ContentSource | None = None
        self.read: Read | None = None

    @property
    def host_id(self) -> str:
        return self.life.host_id

    def serve(self, contents: ContentSource, read: Read) -> None:
        """Let others fetch `contents`; `read(path, start, stop)` reads a file."""
        self.contents, self.read = contents, read

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        self.listeners[queue] = listener
        self._network.refresh()

    def unsubscribe(self, queue: str) -> None:
        self.listeners.pop(queue, None)
        self._network.refresh()

    def connected(self, queue: str) -> tuple[str, ...]:
        return self._network.linked_to(queue, self.host_id)

    def send(self, queue: str, peer: str, message: Message) -> bool:
        alive = self.life.alive
        return alive and self._network.send(queue, self.host_id, peer, dict(message))

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        return await self._network.request(
            queue, self.host_id, peer, method, params, timeout
        )

    async def fetch(
        self, queue: str, peer: str, sha256: str, start: int, stop: int
    ) -> bytes:
        return await self._network.fetch(queue, self.host_id, peer, sha256, start, stop)


class Network:
    """All links. `cut` pairs have none; what `filter` refuses is lost on its way.

    `deaf` are (source, target) whose packets are lost: nothing gets through that way,
    until the link's silence cuts it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: object) -> None:
        self.cut: set[Pair] = set()
        self.deaf: set[tuple[str, str]] = set()
        self.latency = (0.001, 0.01)  # seconds
        self.filter: Callable[[str, str, dict[str, Any]], bool] = lambda *_: True
        self._loop = loop
        self._seed = seed
        self._ends: dict[str, SimLinks] = {}
        self._up: dict[tuple[str, Pair], int] = {}  # queue, pair -> which link it is
        self._linked: dict[tuple[str, str], tuple[str, ...]] = {}
        self._links = itertools.count()
        self._last: dict[tuple[str, str], float] = {}
        # One a direction: what is drawn for one link changes nothing at another.
        self._random: dict[tuple[str, str], SimRandom] = {}

    def plug_in(self, life: Life) -> SimLinks:
        """The links of a new life of a host."""
        links = self._ends[life.host_id] = SimLinks(self, life)
        return links

    def linked_to(self, queue: str, host: str) -> tuple[str, ...]:
        """The hosts that a host has a link to, sorted."""
        key = (queue, host)
        if key not in self._linked:
            self._linked[key] = tuple(
                sorted(
                    next(iter(pair - {host}))
                    for name, pair in self._up
                    if name == queue and host in pair
                )
            )
        return self._linked[key]

    def refresh(self) -> None:
        """Make the links what hosts and cuts allow."""
        wanted = dict.fromkeys(self._possible())
        for key in [key for key in self._up if key not in wanted]:
            del self._up[key]
            self._linked.clear()
            self._tell(key, "on_peer_disconnected")
        for key in wanted:
            if key not in self._up:
                self._up[key] = next(self._links)
                self._linked.clear()
                self._tell(key, "on_peer_connected")

    def _possible(self) -> Iterator[tuple[str, Pair]]:
        alive = [self._ends[host] for host in sorted(self._ends)]
        alive = [links for links in alive if links.life.alive]
        for queue in sorted({queue for links in alive for queue in links.listeners}):
            hosts = [links.host_id for links in alive if queue in links.listeners]
            for both in itertools.combinations(hosts, 2):
                if frozenset(both) not in self.cut:
                    yield queue, frozenset(both)

    def _tell(self, key: tuple[str, Pair], what: str) -> None:
        queue, pair = key
        for host in sorted(pair):
            links = self._ends[host]
            listener = links.listeners.get(queue)
            if listener is not None:
                links.life.call(getattr(listener, what), next(iter(pair - {host})))

    # What goes over them.

    def send(
        self, queue: str, source: str, target: str, message: dict[str, Any]
    ) -> bool:
        """Send one way; False if there is no link."""
        link = self._up.get((queue, frozenset((source, target))))
        if link is None:
            return False
        if self.filter(source, target, message):
            packed = msgpack.packb(message)
            self._later(queue, source, target, link, self._deliver, source, packed)
        return True

    def _later(
        self,
        queue: str,
        source: str,
        target: str,
        link: int,
        call: Callable[..., object],
        *args: Any,
    ) -> None:
        """Call at the other end, `call(end, queue, *args)`, if the link still is."""
        key = (source, target)
        if key in self.deaf:
            return
        if key not in self._random:
            self._random[key] = SimRandom((self._seed, *key))
        moment = self._loop.time() + self._random[key].between(*self.latency)
        moment = max(moment, self._last.get(key, 0.0) + 1e-6)
        self._last[key] = moment

        def arrive() -> None:
            if self._up.get((queue, frozenset(key))) == link:
                call(self._ends[target], queue, *args)

        self._loop.call_at(moment, arrive)

    @staticmethod
    def _deliver(end: SimLinks, queue: str, source: str, packed: bytes) -> None:
        listener = end.listeners.get(queue)
        if listener is not None:
            end.life.call(listener.on_message, source, msgpack.unpackb(packed))

    async def request(
        self,
        queue: str,
        source: str,
        target: str,
        method: str,
        params: Message,
        timeout: float,
    ) -> Message:
        """Ask and await the answer; raises LinkError."""
        packed = msgpack.packb(dict(params))

        async def serve(end: SimLinks) -> Message:
            listener = end.listeners.get(queue)
            if listener is None:
                raise RequestRefused("the queue is served no more")
            asked = msgpack.unpackb(packed)
            reply = await listener.on_request(source, method, asked)
            answer: Message = msgpack.unpackb(msgpack.packb(dict(reply)))
            return answer

        return await self._exchange(queue, source, target, serve, timeout)

    async def fetch(
        self, queue: str, source: str, target: str, sha256: str, start: int, stop: int
    ) -> bytes:
        """Bytes of a content; raises LinkError."""

        async def serve(end: SimLinks) -> bytes:
            contents, read = end.contents, end.read
            path = None if contents is None else contents.content_path(queue, sha256)
            if path is None or read is None:
                raise RequestRefused("this host has no such content")
            return await read(path, start, stop)

        return await self._exchange(queue, source, target, serve, _FETCH_SECONDS)

    async def _exchange(
        self,
        queue: str,
        source: str,
        target: str,
        serve: Callable[[SimLinks], Awaitable[_T]],
        timeout: float,
    ) -> _T:
        link = self._up.get((queue, frozenset((source, target))))
        if link is None:
            raise LinkGone("no link")
        answer: asyncio.Future[_T] = self._loop.create_future()

        async def answered(end: SimLinks) -> None:
            try:
                reply = partial(_succeed, answer, await serve(end))
            except (NetqueueError, OSError) as error:
                reply = partial(_fail, answer, RequestRefused(str(error)))
            if end.life.alive:
                self._later(queue, target, source, link, lambda *_: reply())

        def begin(end: SimLinks, _queue: str) -> None:
            end.life.spawn(answered(end))

        self._later(queue, source, target, link, begin)
        try:
            return await asyncio.wait_for(answer, timeout)
        except asyncio.TimeoutError as error:
            raise RequestTimedOut("timed out") from error


def _succeed(answer: asyncio.Future[_T], result: _T) -> None:
    if not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: LinkError) -> None:
    if not answer.done():
        answer.set_exception(error)
