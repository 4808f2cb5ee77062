"""The peer network of this host: its port, its links, and who may speak for what.

It is the `Links` of ports.py. Connections are authenticated by TLS (`gate.py`,
`server.py`); here every frame is authorised by (queue, host id): rule R13.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial

from tornado.iostream import IOStream

from ..ports import ContentSource, LinkListener, Machine, Message
from ..tasks import Tasks
from .admission import Admission
from .budget import Budget
from .calls import Calls
from .content import ContentReader
from .desk import Desk
from .errors import LinkGone
from .frames import (
    VERSION,
    Asking,
    Frame,
    Hello,
    OneWay,
    Records,
    Refusal,
    Reply,
    Request,
)
from .gate import Gate
from .handshakes import Handshakes
from .host_key import HostKey
from .identity import Identity
from .introductions import Introductions
from .limits import INTRODUCTIONS
from .link import Link, Phase
from .manners import Manners
from .peer import Peer, half_linked, is_preferred
from .roll import Roll
from .server import Callbacks, PeerServer
from .targets import Targets

_LOGGER = logging.getLogger(__name__)
_NONCE_BYTES = 16


class PeerNetwork:
    """All links of this host (`Links` of ports.py). Everything is on the loop."""

    def __init__(
        self,
        identity: Identity,
        admission: Admission,
        content: ContentSource,
        machine: Machine,
        *,
        name: str,
        bind: str = "",
        port: int | None = None,
    ) -> None:
        clock, random, worker = machine.clock, machine.random, machine.worker
        self._identity = identity
        self.signer = HostKey(identity)
        self._admission = admission
        self._reader = ContentReader(content, machine.disk, worker)
        self._name = name
        self._bind = bind
        self._wanted_port = port
        self._clock = clock
        self._nonce = random.token(_NONCE_BYTES)
        self._gate = Gate(identity, admission, name, machine)
        self._introductions = Introductions(
            admission, self._gate.newcomers, self, self._gate.ask_admission, clock
        )
        self.desk = Desk(identity.host_id, admission, self._gate, self._introductions)
        self._targets = Targets(self, clock, random)
        self._handshakes = Handshakes(identity, admission, worker)
        self._server: PeerServer | None = None
        self._port = 0
        self._listeners: dict[str, LinkListener] = {}
        self._greeting: set[Link] = set()
        self._peers: dict[str, Peer] = {}
        self._tasks = Tasks()
        self._manners = Manners(clock)
        self.dropped: Counter[str] = Counter()
        """Frames that were ignored, by cause."""

    async def start(self) -> None:
        """Listen; raises PortUnavailable. Before it nothing may be dialled."""
        context = await self._handshakes.renew(None)
        self._admission.on_changed = self._on_members_changed
        callbacks = Callbacks(
            is_known=lambda host_id: self._admission.find(host_id) is not None,
            is_authorised=self._is_authorised,
            on_link=self._on_dialled,
            on_admission=partial(self._gate.answer_admission, self._listeners),
        )
        self._server = PeerServer(context, callbacks, self._reader, self._clock)
        self._port = self._server.listen(self._bind, self._wanted_port)
        self._tasks.spawn(self._introductions.run(lambda: tuple(self._listeners)))

    async def close(self) -> None:
        """Break all links and stop listening."""
        await self._targets.close()
        if self._server is not None:
            await self._server.close()
        links = [*self._greeting, *(peer.link for peer in self._peers.values())]
        for link in links:
            link.close("this host shuts down")
        for link in links:
            await link.finish()
        await self._tasks.close()

    @property
    def host_id(self) -> str:
        """This host's id: SHA-256 of its certificate, 64 hex digits."""
        return self._identity.host_id

    @property
    def port(self) -> int:
        """The port that others reach this host at; 0 before `start`."""
        return self._port

    def peer_name(self, host_id: str) -> str:
        """What a host calls itself; empty if it was never met."""
        peer = self._peers.get(host_id)
        if peer is not None:
            return peer.hello.name
        member = self._admission.find(host_id)
        return member.name if member is not None else ""

    def add_address(self, host_id: str | None, host: str, port: int) -> None:
        """Keep a link to a host heard at an address, or configured there (None)."""
        self._targets.add(host_id, host, port)

    def add_found(self, host_id: str, addresses: Sequence[str], port: int) -> None:
        """Keep a link to a host that was heard; its first address is tried first."""
        for address in reversed(addresses):  # the one added last is tried first
            self._targets.add(host_id, address, port)

    def remove_address(self, host_id: str) -> None:
        """Discovery lost the host; a live link stays."""
        self._targets.lose(host_id)

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        """Serve `queue`. Links already up are announced to `listener` at once."""
        self._listeners[queue] = listener
        for peer in tuple(self._peers.values()):
            self._refresh(peer)
        self._targets.wake()

    def unsubscribe(self, queue: str) -> None:
        """Serve it no more. Without a queue there are no links either."""
        self._listeners.pop(queue, None)
        for peer in tuple(self._peers.values()):
            self._refresh(peer)
            if not self._listeners:
                peer.link.close("no queue")

    def connected(self, queue: str) -> tuple[str, ...]:
        """Host ids with a live link authorised for `queue`, sorted."""
        return tuple(
            sorted(host for host, peer in self._peers.items() if queue in peer.queues)
        )

    def send(self, queue: str, peer: str, message: Message) -> bool:
        """Send one way; False if there is no link. Raises FrameTooLarge."""
        if (found := self._find(queue, peer)) is not None:
            found.link.send(OneWay(queue, message))
        return found is not None and found.link.phase is Phase.UP

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        """Ask and await the answer; raises LinkError (gone, refused, timed out)."""
        found = self._require(queue, peer)
        return await found.calls.request(queue, method, params, timeout)

    async def fetch(
        self, queue: str, peer: str, sha256: str, start: int, stop: int
    ) -> bytes:
        """Bytes [start, stop) of a content from `peer`; raises LinkError."""
        found = self._require(queue, peer)
        return await self._gate.fetch(
            peer, found.address, f"{queue}/{sha256}", start, stop
        )

    def serves_any(self) -> bool:
        """Whether this host serves a queue at all."""
        return bool(self._listeners)

    def find_link(self, host_id: str) -> Link | None:
        """The link to a host, whoever dialled it."""
        peer = self._peers.get(host_id)
        return None if peer is None else peer.link

    async def ask_admission(self, address: tuple[str, int]) -> str:
        """First contact; the host id found there. Raises PeersError."""
        return await self._gate.ask_admission(address, tuple(sorted(self._listeners)))

    async def open_link(self, host_id: str, address: tuple[str, int]) -> Link:
        """Dial a member; the link that is kept. Raises PeersError."""
        if self._manners.is_shunned(host_id):
            raise LinkGone("it broke a rule: it gets no link for a minute")
        stream = await self._gate.dial(host_id, address)
        link = self._greet(stream, host_id, address[0], dialled=True)
        link.greet(self._hello_for(host_id))
        await link.wait_greeted()
        kept = self.find_link(host_id)
        if kept is None:
            raise LinkGone(link.reason)
        return kept

    def on_hello(self, link: Link, hello: Hello) -> None:
        """The peer's first hello, or news of its queues."""
        peer = self._peers.get(link.peer)
        if peer is not None and peer.link is link:
            peer.hello = hello
            self._refresh(peer)
        elif hello.version != VERSION:
            self._say_once(link, "speaks another version: update the older host")
            link.close("it speaks another version")
        elif peer is not None and not is_preferred(self.host_id, link, hello, peer):
            link.close("another link is kept")
        elif self._manners.count_link(link):
            self._accept(link, hello)

    def on_frame(self, link: Link, frame: Frame) -> None:
        """A message, request or answer of a peer."""
        peer = self._peers[link.peer]
        if isinstance(frame, Reply | Refusal):
            peer.calls.on_answer(frame)
        elif isinstance(frame, OneWay):
            listener = self._listener(peer, frame.queue)
            if listener is not None:
                listener.on_message(link.peer, frame.message)
        elif isinstance(frame, Request):
            self._on_request(peer, frame)
        elif isinstance(frame, Records | Asking):
            self._on_introduction(peer, frame)

    def on_unknown_frame(self, link: Link) -> None:
        """A frame of a kind that this version does not know."""
        self.dropped["unknown"] += 1
        self._say_once(link, "sends frames of an unknown kind")

    def on_closed(self, link: Link) -> None:
        """A link is over."""
        self._greeting.discard(link)
        self._manners.note_closed(link, self.peer_name(link.peer))
        peer = self._peers.get(link.peer)
        if peer is None or peer.link is not link:
            return
        del self._peers[link.peer]
        _LOGGER.info("link to %s is gone: %s", peer.label, link.reason)
        for task in peer.calls.close():
            self._tasks.watch(task)
        self._gate.newcomers.lose(link.peer)
        self._tell_disconnected(link.peer, peer.queues)

    def _on_dialled(self, stream: IOStream, host_id: str, address: str) -> None:
        if self._manners.may_greet(host_id, self._greeting):
            self._greet(stream, host_id, address, dialled=False)
        else:
            stream.close()

    def _greet(
        self, stream: IOStream, host_id: str, address: str, dialled: bool
    ) -> Link:
        link = Link(stream, host_id, address, dialled, self._clock, self)
        self._greeting.add(link)
        return link

    def _accept(self, link: Link, hello: Hello) -> None:
        old = self._peers.get(link.peer)
        if old is not None:
            old.link.close("a newer link replaces it")
        self._greeting.discard(link)
        news = Budget(INTRODUCTIONS, self._clock)
        peer = Peer(link, hello, Calls(link, self._clock), news)
        self._peers[link.peer] = peer
        link.accept()
        _LOGGER.info("link to %s at %s", peer.label, link.address)
        self._refresh(peer)

    def introduce(self, queue: str, host_id: str, frame: Records | Asking) -> None:
        """Tell a linked member, if its version understands that."""
        peer = self._find(queue, host_id)
        if peer is not None and peer.hello.introduces:
            peer.link.send(frame)

    def half_linked(self) -> list[tuple[tuple[str, int], tuple[str, ...]]]:
        """Addresses of linked hosts, with queues of both that they do not share yet."""
        return half_linked(self._peers.values(), self._listeners.keys())

    def _on_introduction(self, peer: Peer, frame: Records | Asking) -> None:
        if not self._is_authorised(frame.queue, peer.link.peer):
            self._say_unauthorised(peer.link)
        elif not peer.may_tell(frame):
            peer.link.blame("it tells more of members than there is")
        elif isinstance(frame, Records):
            self._tasks.spawn(self._introductions.take(peer, frame))
        else:
            self._introductions.on_asking(peer.link.peer, frame)

    def _on_members_changed(self, before: Roll, after: Roll) -> None:
        self._handshakes.trust_new(before, after)
        gone = before.members.keys() - after.members.keys()
        if gone:
            self._tasks.spawn(self._handshakes.renew(self._server))
        self._introductions.on_changed(before, after)  # first: who is left hears of it
        for host_id in gone:
            self._cut(after.queue, host_id)
        for peer in tuple(self._peers.values()):
            self._refresh(peer)
        self._targets.wake()

    def _cut(self, queue: str, host_id: str) -> None:
        """End all that a host has of this queue; what else it has comes back."""
        peer = self._peers.get(host_id)
        if peer is not None and queue in peer.hello.queues:
            peer.link.close(f"it is no member of {queue} any more")
        if self._server is not None:
            self._server.cut(queue, host_id)

    def _hello_for(self, host_id: str) -> Hello:
        admits = self._admission.is_member
        queues = {queue: admits(queue, host_id) for queue in self._listeners}
        return Hello(self._name, self._nonce, self._port, queues, introduces=True)

    def _refresh(self, peer: Peer) -> None:
        """Tell the peer, then the listeners, which queues the link is for by now."""
        link = peer.link
        link.greet(self._hello_for(link.peer))  # first: it may get messages at once
        now = {
            queue
            for queue, admits_us in peer.hello.queues.items()
            if admits_us and self._is_authorised(queue, link.peer)
        }
        before, peer.queues = peer.queues, now
        self._tell_disconnected(link.peer, before - now)
        for queue in sorted(now - before):
            self._gate.own.settle(queue, link.peer)
            self._introductions.greet(queue, link.peer)
            self._listeners[queue].on_peer_connected(link.peer)
        common = peer.hello.queues.keys() & self._listeners.keys()
        self._tasks.spawn(self._introductions.admit_to_open(link.peer, common))

    def _tell_disconnected(self, host_id: str, queues: set[str]) -> None:
        for queue in sorted(queues):
            listener = self._listeners.get(queue)
            if listener is not None:
                listener.on_peer_disconnected(host_id)

    def _is_authorised(self, queue: str, host_id: str) -> bool:
        return queue in self._listeners and self._admission.is_member(queue, host_id)

    def _find(self, queue: str, host_id: str) -> Peer | None:
        peer = self._peers.get(host_id)
        return peer if peer is not None and queue in peer.queues else None

    def _require(self, queue: str, host_id: str) -> Peer:
        peer = self._find(queue, host_id)
        if peer is None:
            raise LinkGone(f"no link to host {host_id[:8]} for queue {queue}")
        return peer

    def _listener(self, peer: Peer, queue: str) -> LinkListener | None:
        if queue in peer.queues:
            return self._listeners[queue]
        self._say_unauthorised(peer.link)
        return None

    def _on_request(self, peer: Peer, frame: Request) -> None:
        listener = self._listener(peer, frame.queue)
        if listener is None:
            reason = f"this host does not answer you about queue {frame.queue}"
            peer.link.send(Refusal(frame.number, reason))
        elif peer.calls.is_full():
            peer.link.send(Refusal(frame.number, "too many requests at once"))
        else:
            answer = listener.on_request(peer.link.peer, frame.method, frame.params)
            peer.calls.answer(frame.number, answer)

    def _say_unauthorised(self, link: Link) -> None:
        self.dropped["unauthorised"] += 1
        self._say_once(link, "speaks about a queue that it is not linked for")

    def _say_once(self, link: Link, text: str) -> None:
        self._manners.complaints.say(link.peer, self.peer_name(link.peer), text)
