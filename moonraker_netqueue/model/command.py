"""Commands: the only way to change a queue, as frozen dataclasses and ASCII JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import codec
from .codec import dumps, from_plain, loads, to_plain
from .content import FileRef
from .errors import CommandInvalid, CommandTooNew
from .hours import Period
from .identity import NOBODY as NOBODY
from .identity import ORIGIN_MAX as ORIGIN_MAX
from .identity import CommandId as CommandId
from .identity import Origin as Origin
from .job import ItemSpec, Requirements, Wishes
from .member import MemberRole, MemberWord
from .part import Part
from .print import Decision as Decision
from .print import PrintState
from .printer import Profile
from .schema import BASE, SCHEMA, UPDATE_HERE

SIZE_MAX = 48 * 1024  # bytes of an encoded command: one entry of the log
_SIGNATURE_ROOM = 1024  # of them, kept free in what is not signed yet
CLIENT_ID_MIN, CLIENT_ID_MAX = 8, 64  # characters; short ones of two would meet


@dataclass(frozen=True)
class JobAdd:
    """Add a job, at the back or the front."""

    job_id: str
    wishes: Wishes
    items: tuple[ItemSpec, ...]
    requires: Requirements = field(default_factory=Requirements)
    front: bool = False


@dataclass(frozen=True)
class JobEdit:
    """Replace what is not None. `retry` forgives failed attempts."""

    job_id: str
    if_version: int | None = None
    wishes: Wishes | None = None
    requires: Requirements | None = None
    items: tuple[ItemSpec, ...] | None = None
    retry: bool = False


@dataclass(frozen=True)
class JobRemove:
    """Remove a job none of whose copies is assigned."""

    job_id: str
    if_version: int | None = None


class Place(str, enum.Enum):
    """Where a job is moved to."""

    FRONT = "front"
    BACK = "back"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class JobMove:
    """Move a job; `anchor` is the other job of BEFORE and AFTER."""

    job_id: str
    place: Place
    anchor: str = ""


@dataclass(frozen=True)
class QueuePause:
    """Pause or resume a queue: no new reservation while paused."""

    paused: bool


@dataclass(frozen=True)
class QueueSet:
    """Change settings of the queue: what is not None. A weight or share that is None
    in its mapping becomes what it was before anybody set it."""

    title: str | None = None
    strategy: str | None = None
    weights: Mapping[str, float | None] | None = None
    operator: tuple[Period, ...] | None = None
    shares: Mapping[str, int | None] | None = None
    start_spacing_s: int | None = None


@dataclass(frozen=True)
class PrinterUpdate:
    """The author's own printer entry. `forgive` ends its quarantine."""

    profile: Profile
    forgive: bool = False


@dataclass(frozen=True)
class ContentHeld:
    """The author has these bytes."""

    file: FileRef


@dataclass(frozen=True)
class ContentDropped:
    """The author has these bytes no more."""

    sha256: str


@dataclass(frozen=True)
class ContentEvict:
    """The author deletes these bytes, for room: refused if too few keep them (R17).

    `live` are the hosts that the author is linked to.
    """

    sha256: str
    live: tuple[str, ...]


@dataclass(frozen=True)
class PrintReserve:
    """The author's printer claims one copy of an item."""

    print_id: str
    job_id: str
    item: int
    sha256: str


@dataclass(frozen=True)
class PrintFetching:
    """The author makes sure that it has the bytes."""

    print_id: str


@dataclass(frozen=True)
class PrintStarted:
    """The author is about to start: refused once the reservation was ended.

    `spaced`: refused too while another start is more recent than the queue's
    `start_spacing_s`. One that happens anyway, without a leader, does not ask for that.
    """

    print_id: str
    spaced: bool = False


@dataclass(frozen=True)
class PrintEnded:
    """What became of the author's own print: a fact, never refused (R10)."""

    print_id: str
    outcome: PrintState  # done, failed, lost or released
    job_id: str
    item: int
    sha256: str
    reason: str = ""


@dataclass(frozen=True)
class PrintDecide:
    """A person's word on a lost print.

    `absent`: or on any other, because its printer is out of reach: what that one does
    meanwhile comes on top.
    """

    print_id: str
    decision: Decision
    by: str
    absent: bool = False


@dataclass(frozen=True)
class RulesRaise:
    """From here on the queue goes by these rules: all of its hosts know them (R23).

    But for hosts that a person did not want to wait for; they are `without`.
    """

    rules: int
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dissolve:
    """End this group, which was never used, in favour of group `into` (R14)."""

    into: str


@dataclass(frozen=True)
class HandIn:
    """A part of what another group of this queue knows, to be merged (R21).

    Repeated, it changes nothing: it needs no place in the order of its author's
    commands. `group` is that other group, `ancestors` those that it went on from,
    with their generations; `complete`: all before it came, too.
    """

    group: str
    part: Part
    generation: int = 0
    ancestors: Mapping[str, int] = field(default_factory=dict)
    complete: bool = False


@dataclass(frozen=True)
class MemberSet:
    """Give another member a role."""

    host: str
    role: MemberRole


@dataclass(frozen=True)
class MemberNoted:
    """The author let a host in, or put it out: for the audit log only."""

    host: str
    name: str
    word: MemberWord


Body = (
    JobAdd
    | JobEdit
    | JobRemove
    | JobMove
    | QueuePause
    | QueueSet
    | PrinterUpdate
    | ContentHeld
    | ContentDropped
    | ContentEvict
    | PrintReserve
    | PrintFetching
    | PrintStarted
    | PrintEnded
    | PrintDecide
    | RulesRaise
    | Dissolve
    | HandIn
    | MemberSet
    | MemberNoted
)

_BODIES: dict[str, type[Any]] = {
    "job_add": JobAdd,
    "job_edit": JobEdit,
    "job_remove": JobRemove,
    "job_move": JobMove,
    "queue_pause": QueuePause,
    "queue_set": QueueSet,
    "printer_update": PrinterUpdate,
    "content_held": ContentHeld,
    "content_dropped": ContentDropped,
    "content_evict": ContentEvict,
    "print_reserve": PrintReserve,
    "print_fetching": PrintFetching,
    "print_started": PrintStarted,
    "print_ended": PrintEnded,
    "print_decide": PrintDecide,
    "rules_raise": RulesRaise,
    "dissolve": Dissolve,
    "hand_in": HandIn,
    "member_set": MemberSet,
    "member_noted": MemberNoted,
}
_WORDS = {kind: word for word, kind in _BODIES.items()}
# In which schema; all others came with the first ones.
_CAME_WITH: dict[type[Any], int] = {ContentEvict: 3, MemberSet: 4, MemberNoted: 4}


def schema_of(body: Body) -> int:
    """The lowest schema that has all of a command (R23)."""
    if isinstance(body, RulesRaise):
        return max(BASE, body.rules)
    return max(BASE, _CAME_WITH.get(type(body), 0), codec.schema_of(body))


@dataclass(frozen=True)
class Command:
    """One command. `at` is the author's Unix time, for display and ageing only."""

    id: CommandId
    at: float
    body: Body
    client_id: str = ""  # a client's own id: the same one twice acts once
    schema: int = BASE  # what was encoded says the lowest that has all of it
    signature: str = ""  # the author's, for one group (R12)
    origin: Origin = NOBODY

    @property
    def dot(self) -> CommandId:
        """What names it in the state, for merges; sequence 0: nothing did so yet.

        A host that replays the commands of version 0.1.0 and one that loads that
        version's snapshot must have one state.
        """
        return self.id if self.schema > 1 else CommandId(self.id.author, 0, 0)


@dataclass(frozen=True)
class _Envelope:
    id: CommandId
    at: float
    client_id: str
    schema: int
    signature: str
    origin: Origin = NOBODY


def _to_plain(command: Command) -> dict[str, Any]:
    envelope = _Envelope(
        command.id,
        command.at,
        command.client_id,
        command.schema,
        command.signature,
        command.origin,
    )
    kind, body = _WORDS[type(command.body)], to_plain(command.body)
    return {**to_plain(envelope), "kind": kind, "body": body}


def signed_part(command: Command) -> dict[str, Any]:
    """All of a command but its signature: what its author signs, as JSON value."""
    return _to_plain(replace(command, signature=""))


def encode(command: Command) -> str:
    """Canonical ASCII JSON; raises CommandInvalid for what `decode` would refuse.

    So a command that no replica can read is refused to its author, not appended. It is
    written in the lowest schema that has all of it, not below BASE, and says which.
    """
    text = dumps(_to_plain(replace(command, schema=schema_of(command.body))))
    most = SIZE_MAX if command.signature else SIZE_MAX - _SIGNATURE_ROOM
    if len(text) > most:
        raise CommandInvalid(
            f"the command takes {len(text)} bytes, at most {most} are possible:"
            " split the job"
        )
    decode(text)
    return text


def decode(text: str) -> Command:
    """Parse what `encode` wrote; raises CommandInvalid or CommandTooNew."""
    if len(text) > SIZE_MAX or not text.isascii():
        raise CommandInvalid(f"not ASCII text of at most {SIZE_MAX} bytes")
    plain = loads(text)
    if not isinstance(plain, dict):
        raise CommandInvalid("not an object")
    schema = plain.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise CommandTooNew(
            f"a command of schema {schema}, this version knows {SCHEMA}: {UPDATE_HERE}"
        )
    kind = plain.pop("kind", None)
    body = plain.pop("body", None)
    envelope = from_plain(_Envelope, plain)
    if envelope.schema < 1:
        raise CommandInvalid("schemas count from 1")
    envelope.id.check()
    if max(map(len, (envelope.origin.user, envelope.origin.address))) > ORIGIN_MAX:
        raise CommandInvalid(f"an origin has at most {ORIGIN_MAX} characters a field")
    length = len(envelope.client_id)
    if length and not CLIENT_ID_MIN <= length <= CLIENT_ID_MAX:
        raise CommandInvalid(
            f"a client id has {CLIENT_ID_MIN} to {CLIENT_ID_MAX} characters"
        )
    if not isinstance(kind, str) or kind not in _BODIES:
        raise CommandInvalid(f"unknown kind of command {str(kind)[:80]!r}")
    return Command(
        id=envelope.id,
        at=envelope.at,
        body=from_plain(_BODIES[kind], body),
        client_id=envelope.client_id,
        schema=envelope.schema,
        signature=envelope.signature,
        origin=envelope.origin,
    )
