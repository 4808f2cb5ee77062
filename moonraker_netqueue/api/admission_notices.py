"""What a person should know of hosts that wait to be let in."""

from __future__ import annotations

from ..peers.desk import Desk, Waiting


def admission_notices(
    desk: Desk, queue: str, can_answer: bool = True
) -> tuple[str, ...]:
    """What a person should know, or decide, unless nobody can here, as at a witness."""
    waiting = desk.waiting(queue)
    if desk.is_forgotten_here(queue):
        remedy = "'netqueue admit' on one of them lets it in again"
        return (f"the other hosts forgot this one: {remedy}",)
    only_there = not can_answer and any(one.either for one in waiting)
    if only_there or not desk.asks_here(queue):
        where = ", ".join(f"{one.name} (code {one.code})" for one in waiting[:3])
        remedy = "let it in there, if the same code is shown"
        return (f"this host waits for a yes on the dashboard of {where}: {remedy}",)
    return tuple(_notice(one) for one in waiting[:3])


def _notice(one: Waiting) -> str:
    commands = f"'netqueue admit {one.name}' or 'netqueue refuse {one.name}'"
    if one.either:
        return (
            f"{one.name} is new here, too, code {one.code}: if both show the same code,"
            f" let it in, here or there: {commands}"
        )
    if one.asks:
        return (
            f"{one.name} asks to be let in, with code {one.code}: if"
            f" {one.via or 'its dashboard'} shows the same code, let it in: {commands}"
        )
    if one.lets_in:
        return (
            f"{one.name} would share this queue, code {one.code}: if it is yours, let"
            f" it in here, too: {commands}"
        )
    return f"{one.name} has still to let this host in, code {one.code}"
