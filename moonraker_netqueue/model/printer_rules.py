"""How commands about printers and contents change a queue."""

from __future__ import annotations

from .command import Command, ContentDropped, ContentHeld, PrinterUpdate
from .content import Content
from .errors import Rejected, Rule
from .event import Event, Topic
from .identity import Said, Stamp
from .printer import Printer
from .queue_data import QueueData

PRINTERS_MAX = 500
CONTENTS_MAX = 20_000


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
    if content is None:
        if len(queue.contents) >= CONTENTS_MAX:
            raise Rejected(Rule.CONFLICT, f"the registry is full: {CONTENTS_MAX} files")
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
    return (Event(Topic.CONTENT, file.sha256),)


def drop_content(
    queue: QueueData, command: Command, body: ContentDropped
) -> tuple[Event, ...]:
    """Take the author out of the holders: it reports that its bytes are gone."""
    content = queue.contents.get(body.sha256)
    if content is None:
        raise Rejected(Rule.NOT_FOUND, f"no content {body.sha256[:12]!r} is registered")
    said = content.sayings()
    said.pop(command.id.author, None)
    if said or queue.referenced(body.sha256):
        queue.contents[body.sha256] = content.held(said)
    else:
        del queue.contents[body.sha256]
    return (Event(Topic.CONTENT, body.sha256),)
