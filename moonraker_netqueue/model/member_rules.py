"""How commands about members change a queue."""

from __future__ import annotations

from .checks import TEXT_MAX, check_id
from .command import Command, MemberNoted, MemberSet
from .errors import Rejected, Rule
from .event import Event, Topic
from .identity import Stamp
from .member import MEMBERS_MAX, Standing, joined
from .queue_data import QueueData


def set_member(
    queue: QueueData, command: Command, body: MemberSet
) -> tuple[Event, ...]:
    """Give another member a role.

    Nobody gives one to itself: so whoever made the last others viewers is none.
    """
    check_id("host, the id of a member,", body.host)
    if body.host == command.id.author:
        raise Rejected(
            Rule.PERMISSION, "a host does not set its own role: do it on another one"
        )
    known = {standing.host: standing for standing in queue.roles}
    if body.host not in known and len(known) >= MEMBERS_MAX:
        raise Rejected(
            Rule.INVALID, f"roles of {MEMBERS_MAX} hosts are kept: give no more"
        )
    before = known[body.host].stamp if body.host in known else Stamp()
    standing = Standing(body.host, body.role, before.after(command.id))
    queue.roles = joined(queue.roles, (standing,))
    return (Event(Topic.QUEUE, "roles"),)


def note_member(
    queue: QueueData, _command: Command, body: MemberNoted
) -> tuple[Event, ...]:
    """Changes nothing: it is in the log for people to read."""
    check_id("host, the id of a member,", body.host)
    if len(body.name) > TEXT_MAX:
        raise Rejected(Rule.INVALID, f"a name has at most {TEXT_MAX} characters")
    return ()
