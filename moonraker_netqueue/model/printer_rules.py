"""How commands about printers and contents change a queue."""

from __future__ import annotations

from collections import Counter

from .command import (
    Command,
    ContentDropped,
    ContentEvict,
    ContentHeld,
    PrinterUpdate,
)
from .content import Content
from .errors import Rejected, Rule
from .event import Event, Topic
from .identity import Said, Stamp
from .printer import Printer
from .queue_data import QueueData
from .schema import SIGNED

PRINTERS_MAX = 500
CONTENTS_MAX = 20_000
_ROOM = 256  # of them that are forgotten at once: finding them takes a while
HOLDERS_MIN = 2  # that are on and keep a content which a host evicts (R17)


def update_printer(
    queue: QueueData, command: Command, body: PrinterUpdate
) -> tuple[Event, ...]:
    """Write the author's own entry: there is no way to name another's."""
    body.profile.check()
    host = command.id.author
    known = queue.printers.get(host)
    if known is None and len(queue.printers) >= PRINTERS_MAX:
        raise Rejected(Rule.CONFLICT, f"the queue already has {PRINTERS_MAX} printers")
    failures = 0 if known is None or body.forgive else known.failures
    stamp = Stamp() if known is None else known.stamp
    queue.printers[host] = Printer(
        host, body.profile, command.at, failures, stamp.after(command.dot)
    )
    return (Event(Topic.PRINTER, host),)


def hold_content(
    queue: QueueData, command: Command, body: ContentHeld
) -> tuple[Event, ...]:
    """Add the author to the holders of a content."""
    file = body.file
    file.check()
    content = queue.contents.get(file.sha256)
    events: tuple[Event, ...] = ()
    if content is None:
        if len(queue.contents) >= CONTENTS_MAX:
            events = _make_room(queue)
        content = Content(file.sha256, file.size, file.key, file.name)
    if (content.size, content.key) != (file.size, file.key):
        raise Rejected(
            Rule.INVALID,
            f"{file.name!r}: SHA-256 {file.sha256[:12]} is registered with"
            f" {content.size} bytes and MD5 {content.key[:12]}: hash it again",
        )
    now = Said(command.dot.incarnation, command.dot.sequence)
    queue.contents[file.sha256] = content.held(
        {**content.sayings(), command.id.author: now}
    )
    return (Event(Topic.CONTENT, file.sha256), *events)


def _make_room(queue: QueueData) -> tuple[Event, ...]:
    """Forget some of what nobody needs, of the host that told most of it: else one
    that tells of files without end keeps all others from adding any.

    Who still has one says so again before a job is made of it.
    """
    unneeded = queue.unreferenced(queue.contents.keys())
    told = Counter(h for sha256 in unneeded for h in queue.contents[sha256].holders)
    if queue.rules < SIGNED or not told:
        raise Rejected(Rule.CONFLICT, f"the registry is full: {CONTENTS_MAX} files")
    most = max(told, key=lambda host: (told[host], host))
    its = sorted(s for s in unneeded if most in queue.contents[s].holders)
    for sha256 in its[:_ROOM]:
        del queue.contents[sha256]
    return tuple(Event(Topic.CONTENT, sha256) for sha256 in its[:_ROOM])


def drop_content(
    queue: QueueData, command: Command, body: ContentDropped
) -> tuple[Event, ...]:
    """Take the author out of the holders: it reports that its bytes are gone."""
    return _release(queue, _registered(queue, body.sha256), command.id.author)


def evict_content(
    queue: QueueData, command: Command, body: ContentEvict
) -> tuple[Event, ...]:
    """Take the author out of the holders, if of what is needed enough others are on.

    Two that evict one content at once both name the other: the second is refused.
    """
    content = _registered(queue, body.sha256)
    keepers = (set(content.holders) & set(body.live)) - {command.id.author}
    if len(keepers) < HOLDERS_MIN and queue.referenced(body.sha256):
        raise Rejected(
            Rule.CONFLICT,
            f"{content.name!r} is needed, and {len(keepers)} other hosts that are on"
            f" have it: it takes {HOLDERS_MIN}",
        )
    return _release(queue, content, command.id.author)


def _registered(queue: QueueData, sha256: str) -> Content:
    content = queue.contents.get(sha256)
    if content is None:
        raise Rejected(Rule.NOT_FOUND, f"no content {sha256[:12]!r} is registered")
    return content


def _release(queue: QueueData, content: Content, host: str) -> tuple[Event, ...]:
    said = content.sayings()
    said.pop(host, None)
    if said or queue.referenced(content.sha256):
        queue.contents[content.sha256] = content.held(said)
    else:
        del queue.contents[content.sha256]
    return (Event(Topic.CONTENT, content.sha256),)
