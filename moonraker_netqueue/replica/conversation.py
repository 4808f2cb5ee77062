"""What this host says of itself to those that are linked, and hears of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..model.schema import SCHEMA, UPDATE_HERE
from ..peers.complaints import Complaints
from ..ports import Clock, Links, Message
from ..version import __version__
from .errors import HostDoubted, HostOutdated, ReplicaError, WireInvalid
from .greeting import Hello, Neighbours, parse_hello
from .lifecycle import Lifecycle
from .lives import Lives, doubt_form, parse_doubt, parse_seen, seen_form
from .phase import Phase
from .report import hello

_LOGGER = logging.getLogger(__name__)
_HELLO_PERIOD = 10.0  # seconds
_HELLOS_A_WRITE = 6  # how far the others' journals reach is written once a minute


class Conversation:
    """Hellos of one queue."""

    def __init__(
        self,
        queue: str,
        name: str,
        links: Links,
        clock: Clock,
        lifecycle: Lifecycle,
        lives: Lives,
        neighbours: Neighbours,
        fail: Callable[[ReplicaError], None],
    ) -> None:
        self._queue = queue
        self._name = name
        self._links = links
        self._clock = clock
        self._lifecycle = lifecycle
        self._lives = lives
        self._neighbours = neighbours
        self._fail = fail
        self._said: Hello | None = None
        self._complaints = Complaints(_LOGGER)
        self.leaving = False  # this host is about to end

    def greet(self, peer: str) -> None:
        """A link is new."""
        self._links.send(self._queue, peer, self._hello().form())
        self._links.send(self._queue, peer, seen_form(self._lives.all_seen()))

    def take_leave(self) -> None:
        """This host ends, or takes no part any more."""
        self.leaving = True
        self.announce()

    def announce(self) -> None:
        """Say hello again if it changed in more than the growing log."""
        hello = self._hello()
        said = self._said
        if said is None or hello.differs(said):
            self._say(hello)

    def note_news(self) -> None:
        """A hello or a lost link: another group may be there, or not any more."""
        self._lifecycle.note_news()
        if self._said is not None and self._said.sees != self._hello().sees:
            self.announce()

    async def repeat(self) -> None:
        """Links may lose a message: without a hello its host would not count."""
        while True:
            for _ in range(_HELLOS_A_WRITE):
                await self._clock.sleep(_HELLO_PERIOD)
                self._say(self._hello())
                if news := self._lives.news():
                    self._send_all(seen_form(news))
            self._lives.write()

    def on_message(self, peer: str, message: Message) -> None:
        """Take what a linked host says; what is none of it is passed over."""
        kind = message.get("t")
        if kind == "hello":
            self._on_hello(peer, message)
        elif kind == "doubt":
            self._on_doubt(peer, message)
        elif kind == "lives":
            self._on_lives(peer, message)

    def _on_hello(self, peer: str, message: Message) -> None:
        """A linked host says who it is and where it takes part."""
        try:
            hello = parse_hello(message)
        except WireInvalid as error:
            name = self._neighbours.name(peer)
            self._complaints.say(peer, name, "sent a bad hello", error)
            return
        doubt = self._lives.judge(peer, hello)
        if doubt is not None:
            self._complaints.say(peer, hello.name, "is not let in", doubt)
            form = doubt_form(self._lives.latest(peer), doubt)
            self._links.send(self._queue, peer, form)
        self._lives.versions.note(peer, hello.speaks, hello.version)
        group = self._lifecycle.group
        if hello.rules > SCHEMA and self._goes_by(hello, peer):
            self._fail(
                HostOutdated(
                    f"the queue uses what host {hello.name or peer[:8]} (version"
                    f" {hello.version}) knows and this one ({__version__}) does not:"
                    f" {UPDATE_HERE}. Until then it takes no part in the queue"
                )
            )
            return
        outdated = group is not None and hello.speaks < group.state.rules
        neighbour = self._neighbours.note(peer, hello, doubt, outdated)
        if group is not None:
            takes_part = hello.group == group.id and not hello.going
            if takes_part or doubt is not None:
                group.link(peer, neighbour.journal)
                if hello.leaving:
                    group.note_leaving(peer)
            else:
                group.unlink(peer)
        self.note_news()

    def _on_lives(self, peer: str, message: Message) -> None:
        """A linked host says which starts of others it knows; their next hellos are
        judged by that."""
        try:
            seen = parse_seen(message)
        except WireInvalid as error:
            name = self._neighbours.name(peer)
            self._complaints.say(peer, name, "sent bad lives", error)
            return
        group, own = self._lifecycle.group, self._links.host_id
        if group is not None and peer not in group.voters:
            return  # another member could stop all others by its word
        self._lives.hear([told for told in seen if told.host != own])

    def _goes_by(self, hello: Hello, peer: str) -> bool:
        """Whether a host's rules are those of this host's queue.

        A voter knows; another member could stop all others by its word.
        """
        group = self._lifecycle.group
        if group is None:
            return True
        return hello.group == group.id and peer in group.voters

    def _on_doubt(self, peer: str, message: Message) -> None:
        """Another host knows better: stand apart, also after a restart."""
        doubt = parse_doubt(message)
        if doubt is None or self._lifecycle.phase in (Phase.FAILED, Phase.CLOSED):
            return
        boots, why = doubt
        name = self._neighbours.name(peer)
        reason = (
            f"host {name} does not let this host in: {why}. Switch the other machine"
            " off if there is one; then let this one forget its copy of the queue and"
            " get the others' by POST /server/netqueue/rejoin"
        )
        self._fail(HostDoubted(reason))
        self._remembering = asyncio.get_running_loop().create_task(
            self._remember_doubt(reason, boots)
        )

    def _hello(self) -> Hello:
        return hello(self._name, self._lifecycle, self._lives, self.leaving)

    def _say(self, hello: Hello) -> None:
        self._said = hello
        self._send_all(hello.form())

    def _send_all(self, form: dict[str, object]) -> None:
        for peer in self._links.connected(self._queue):
            self._links.send(self._queue, peer, form)

    async def _remember_doubt(self, reason: str, boots: int) -> None:
        try:
            await self._lives.note_doubt(reason, boots)
        except ReplicaError as error:
            _LOGGER.error("the doubt is not kept over a restart: %s", error)
