"""How a host of a group answers one that wants to join it."""

from __future__ import annotations

from typing import NamedTuple

from ..ports import Message
from .entry import is_name
from .errors import RequestRefused, WireInvalid
from .greeting import is_count, parse_voters
from .group import Group


class Welcome(NamedTuple):
    """The group, and whom the newcomer follows until its own log says it."""

    group: str
    generation: int
    following: int  # hosts that the group began with
    voters: tuple[str, ...]


def welcome_form(group: Group) -> Message:
    """The answer of a host of this group."""
    return {
        "group": group.id,
        "generation": group.generation,
        "following": group.following,
        "voters": sorted(group.participants.known_voters),
        "leader": group.leader,
    }


def parse_welcome(form: Message) -> Welcome:
    """Check such an answer; raises RequestRefused."""
    group, generation = form.get("group"), form.get("generation")
    following = form.get("following", 1)
    if not is_name(group) or not is_count(generation) or not is_count(following):
        raise RequestRefused("the answer to a join request has a wrong form")
    try:
        voters = parse_voters(form.get("voters"))
    except WireInvalid as error:
        raise RequestRefused(f"the answer to a join request: {error}") from error
    return Welcome(str(group), generation, following, voters)
