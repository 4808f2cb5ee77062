"""What linked hosts tell each other about the queue: a hello, again when it changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeGuard

from ..model.queue_data import ANCESTORS_MAX
from ..model.schema import BASE
from ..names import clean_name
from ..ports import Message
from .entry import is_name
from .errors import WireInvalid
from .gone_over import GoneOver, parse_words

HOSTS_MAX = 256  # hosts remembered; the longest silent ones go first
STARTS_MAX = 64  # starts of itself that a host tells
_VOTERS_MAX = 16


@dataclass(frozen=True)
class Hello:
    """A host's word about its group; `group` None: it looks for one."""

    group: str | None = None
    generation: int = 0
    used: bool = False  # the group: it does not dissolve
    voters: tuple[str, ...] = ()
    leader: str | None = None
    last_index: int = 0
    name: str = ""
    incarnation: str = ""  # of the sender's journal (R4)
    leaving: bool = False  # it is about to end in order
    sees: str | None = None  # the group that it would go over to (R8)
    gone: tuple[GoneOver, ...] | None = ()  # what it left so; 0.1.0 does not say
    boots: int = 0  # which start of the sender this is, and its nonce (R5)
    nonce: str = ""
    starts: tuple[str, ...] = ()  # marks of the last ones, this one's last
    reach: int = 0  # committed entries that its journal has
    configuration: str = ""  # the newest that its seat ever was in (`lives.py`)
    version: str = ""  # of the sender's program, for people
    following: int = 1  # hosts that its group began with (R8)
    ancestors: tuple[str, ...] = ()  # groups that its group went on from
    speaks: int = BASE  # the highest rules that the sender knows (R23)
    rules: int = BASE  # that its group goes by

    def form(self) -> dict[str, Any]:
        """The map that goes over the link."""
        return {
            "t": "hello",
            "g": self.group,
            "gen": self.generation,
            "jobs": self.used,
            "voters": list(self.voters),
            "leader": self.leader,
            "last": self.last_index,
            "name": self.name,
            "inc": self.incarnation,
            "leaving": self.leaving,
            "sees": self.sees,
            "gone": [said.form() for said in self.gone or ()],
            "boots": self.boots,
            "nonce": self.nonce,
            "starts": list(self.starts),
            "reach": self.reach,
            "conf": self.configuration,
            "v": self.version,
            "fol": self.following,
            "anc": list(self.ancestors),
            "speaks": self.speaks,
            "rules": self.rules,
        }

    @property
    def going(self) -> bool:
        """Whether it takes part in its group no more, with this journal."""
        mine = (self.group, self.incarnation)
        return any((said.group, said.incarnation) == mine for said in self.gone or ())

    def mark(self, start: int) -> str | None:
        """What tells an earlier start of the sender from a copy's; None: unsaid."""
        back = self.boots - start
        return self.starts[-1 - back] if 0 <= back < len(self.starts) else None

    def differs(self, said: Hello) -> bool:
        """Whether it is worth saying: in more than the growing log."""
        return self != replace(said, last_index=self.last_index, reach=self.reach)


def parse_hello(form: Message) -> Hello:
    """Check a hello; raises WireInvalid."""
    names = group, leader, sees = form.get("g"), form.get("leader"), form.get("sees")
    if not all(value is None or is_name(value) for value in names):
        raise WireInvalid("a hello's group, leader and sees are ids or nothing")
    generation, last = form.get("gen"), form.get("last")
    if type(generation) is not int or type(last) is not int:
        raise WireInvalid("a hello's generation and last index are numbers")
    name, used, version = form.get("name"), form.get("jobs"), form.get("v", "")
    if not (isinstance(name, str) and isinstance(version, str)):
        raise WireInvalid("a hello's name and version are texts")
    if type(used) is not bool:
        raise WireInvalid("a hello's jobs is a flag")
    incarnation, leaving = form.get("inc", ""), form.get("leaving", False)
    if not (incarnation == "" or is_name(incarnation)):
        raise WireInvalid("a hello's incarnation is an id")
    if type(leaving) is not bool:
        raise WireInvalid("a hello's leaving is a flag")
    boots, nonce, reach = (
        form.get("boots", 0),
        form.get("nonce", ""),
        form.get("reach", 0),
    )
    if not (is_count(boots) and is_count(reach)):
        raise WireInvalid("a hello's boots and reach are counts")
    configuration = form.get("conf", "")
    if not all(value == "" or is_name(value) for value in (nonce, configuration)):
        raise WireInvalid("a hello's nonce and configuration are ids")
    following = form.get("fol", 1)
    if not is_count(following):
        raise WireInvalid("a hello's following is a count")
    return Hello(
        group,
        generation,
        used,
        parse_voters(form.get("voters")),
        leader,
        last,
        clean_name(name),
        str(incarnation),
        leaving,
        sees,
        parse_words(form["gone"]) if "gone" in form else None,
        boots,
        str(nonce),
        parse_names("starts", form.get("starts", ()), STARTS_MAX),
        reach,
        str(configuration),
        clean_name(version),
        following,
        parse_names("ancestors", form.get("anc", ()), ANCESTORS_MAX),
        parse_rules(form.get("speaks", BASE)),
        parse_rules(form.get("rules", BASE)),
    )


def parse_rules(value: object) -> int:
    """Check a number of rules; raises WireInvalid."""
    if not is_count(value):
        raise WireInvalid("a hello's rules are numbers")
    return value


def is_count(value: object) -> TypeGuard[int]:
    """Whether a peer's value can be an index or a counter."""
    return type(value) is int and 0 <= value < 1 << 53


def parse_voters(value: object) -> tuple[str, ...]:
    """Check a list of host ids; raises WireInvalid."""
    return parse_names("voters", value, _VOTERS_MAX)


def parse_names(what: str, value: object, most: int) -> tuple[str, ...]:
    """Check a list of host or group ids; raises WireInvalid."""
    if not isinstance(value, (list, tuple)) or len(value) > most:
        raise WireInvalid(f"{what} are a short list")
    if not all(is_name(name) for name in value):
        raise WireInvalid(f"{what} are ids")
    return tuple(value)


class LinkedJournal(NamedTuple):
    """A linked host's journal: which one, whether nothing is in it yet, the newest
    configuration that the host ever had a seat in, whether it is believed (R5) and
    knows the rules of the group (R23)."""

    incarnation: str
    empty: bool
    configuration: str
    doubted: bool = False
    outdated: bool = False


@dataclass(frozen=True)
class Neighbour:
    """Another host of the queue: its last hello, and whether it is linked.

    `doubt`: why it is not let in. `outdated`: it does not know this queue's rules.
    """

    id: str
    hello: Hello
    connected: bool
    doubt: str | None = None
    outdated: bool = False

    @property
    def journal(self) -> LinkedJournal:
        """What it says of its journal."""
        hello = self.hello
        empty = hello.last_index <= 1  # entry 1 is the library's own
        return LinkedJournal(
            hello.incarnation,
            empty,
            hello.configuration,
            self.doubt is not None,
            self.outdated,
        )


class Neighbours:
    """All hosts heard of, linked or not."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, Neighbour] = OrderedDict()

    def __iter__(self) -> Iterator[Neighbour]:
        return iter(tuple(self._hosts.values()))

    def get(self, host: str) -> Neighbour | None:
        return self._hosts.get(host)

    def note(
        self, host: str, hello: Hello, doubt: str | None, outdated: bool
    ) -> Neighbour:
        """Keep what a linked host said, and why it is not believed."""
        self._hosts.pop(host, None)
        self._hosts[host] = neighbour = Neighbour(host, hello, True, doubt, outdated)
        while len(self._hosts) > HOSTS_MAX:
            self._hosts.popitem(last=False)
        return neighbour

    def name(self, host: str) -> str:
        """How a person knows a host."""
        known = self._hosts.get(host)
        return (known.hello.name if known is not None else "") or host[:8]

    def note_reach(self, host: str, incarnation: str, index: int) -> None:
        """A linked host's journal has all committed entries up to `index`."""
        known = self._hosts.get(host)
        if known is not None and known.hello.incarnation == incarnation:
            hello = replace(known.hello, reach=max(known.hello.reach, index))
            self._hosts[host] = replace(known, hello=hello)

    def lose(self, host: str) -> None:
        """The link is gone; what was said stays for display."""
        neighbour = self._hosts.get(host)
        if neighbour is not None:
            self._hosts[host] = replace(neighbour, connected=False)

    def in_group(self, group: str) -> list[Neighbour]:
        """Linked hosts that named `group`, those that go over to another one, too."""
        return [host for host in self._trusted() if host.hello.group == group]

    def members(self, group: str) -> list[Neighbour]:
        """Linked hosts that take part in `group`."""
        return [host for host in self.in_group(group) if not host.hello.going]

    def _trusted(self) -> list[Neighbour]:
        return [host for host in self if host.connected and host.doubt is None]

    def to_join(self, own: str = "") -> Neighbour | None:
        """Whose group a host without one joins: a used one first, then the one that
        others go over to.

        No other than its `own`, or one that went on from that, if it names one.
        """
        named = [
            host
            for host in self._trusted()
            if host.hello.group and not host.hello.going
            if own in ("", host.hello.group, *host.hello.ancestors)
        ]
        return min(
            named,
            key=lambda host: (
                not host.hello.used,
                -host.hello.generation,
                -host.hello.following,
                host.hello.group,
                host.id,
            ),
            default=None,
        )

    def leader_of(self, group: str) -> Neighbour | None:
        """The linked host that leads a group by its own word."""
        leaders = (h for h in self.members(group) if h.hello.leader == h.id)
        return next(leaders, None)
