"""A host brings what it knows to the group that it goes over to (R8, R21)."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import NetqueueError
from ..model.command import Command, CommandId, HandIn, encode
from ..model.part import Part
from ..model.parts import PartTooLarge, cut
from ..model.queue_state import QueueState
from ..ports import Clock, Random
from .errors import HandInFailed
from .signatures import Signatures
from .snapshot_intake import Ask
from .submission import parse_answer

_LIFE = 1 << 61  # above the lives of outboxes: it takes no place among their commands


async def hand_in(
    ask: Ask,
    host_id: str,
    signatures: Signatures,
    leader: str,
    target: str,
    bodies: Iterator[HandIn],
    clock: Clock,
    random: Random,
) -> None:
    """Return once `leader` of group `target` has committed all; else HandInFailed."""
    life = _LIFE + int.from_bytes(random.token(6), "big")
    try:
        for number, body in enumerate(bodies, 1):
            command_id = CommandId(host_id, life, number)
            command = Command(command_id, clock.wall(), body)
            text = encode(signatures.signed(command, target))
            await _submit(ask, leader, {"g": target, "command": text})
    except PartTooLarge as error:
        raise HandInFailed(str(error)) from error


def bodies_of(state: QueueState, group: str, generation: int) -> Iterator[HandIn]:
    """The commands that hand in a state of a group, the one that completes it last."""
    for part in cut(state):
        yield HandIn(group, part)
    yield HandIn(group, Part(), generation, state.ancestors, complete=True)


async def _submit(ask: Ask, leader: str, params: dict[str, str]) -> None:
    try:
        outcome, _ = parse_answer(await ask(leader, "submit", params))
    except NetqueueError as error:
        raise HandInFailed(f"host {leader[:8]} says: {error}") from error
    if outcome.rule is not None:
        raise HandInFailed(f"host {leader[:8]} says: {outcome.reason}")
