"""What the members of a queue may do, and what became of their membership.

Who is a member is outside of the queue (`peers/roll.py`): here are the roles that
members were given, and what the audit log tells of admissions.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from .identity import Stamp

MEMBERS_MAX = 256  # hosts that were ever given a role


class MemberRole(str, enum.Enum):
    """What a member may do."""

    PRINTER = "printer"  # all that the rules allow: what every member is at first
    VIEWER = "viewer"  # sees the queue, and changes nothing but what is its own


class MemberWord(str, enum.Enum):
    """What became of a membership."""

    ADMITTED = "admitted"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True)
class Standing:
    """The role that a host was given, and by which write."""

    host: str
    role: MemberRole
    stamp: Stamp


def joined(one: Iterable[Standing], other: Iterable[Standing]) -> tuple[Standing, ...]:
    """The later role of each host, in order of host ids."""
    found: dict[str, Standing] = {}
    for standing in (*one, *other):
        known = found.get(standing.host)
        if known is None or _order(standing) > _order(known):
            found[standing.host] = standing
    return tuple(found[host] for host in sorted(found))


def _order(standing: Standing) -> tuple[Stamp, str]:
    return standing.stamp, standing.role.value
