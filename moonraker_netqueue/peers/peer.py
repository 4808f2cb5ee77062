"""A host with a link that is up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from .budget import Budget
from .calls import Calls
from .frames import Asking, Hello, Records
from .limits import MOST_RECORDS_WAITING
from .link import Link


@dataclass
class Peer:
    """Its link, and the queues it may speak about."""

    link: Link
    hello: Hello
    calls: Calls
    news: Budget
    queues: set[str] = field(default_factory=set)
    unchecked: int = 0  # records that wait to be checked

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self.link.address, self.hello.port

    @property
    def label(self) -> str:
        """How the log names it."""
        return f"{self.hello.name} ({self.link.peer[:8]})"

    def may_tell(self, frame: Records | Asking) -> bool:
        """Whether that is no more than there can be to tell of members.

        Records are counted until they are checked.
        """
        self.unchecked += len(frame.records) if isinstance(frame, Records) else 0
        return self.news.take() and self.unchecked <= MOST_RECORDS_WAITING


def is_preferred(here: str, link: Link, hello: Hello, peer: Peer) -> bool:
    """Whether a new link is kept rather than the old one: both sides agree."""
    if hello.nonce != peer.hello.nonce:
        return True  # the peer was started anew: the old link is dead
    if link.dialled == peer.link.dialled:
        return True  # nobody dials while it has a link: the old one is dead
    return link.dialled == (here < link.peer)  # the lower id dials


def half_linked(
    peers: Iterable[Peer], served: Collection[str]
) -> list[tuple[tuple[str, int], tuple[str, ...]]]:
    """Addresses of linked hosts, with queues of both that they do not share yet."""
    return [
        (peer.address, tuple(sorted(queues)))
        for peer in peers
        if (queues := peer.hello.queues.keys() & set(served) - peer.queues)
    ]
