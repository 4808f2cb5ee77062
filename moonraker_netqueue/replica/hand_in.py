"""A host brings what it knows to the group that it goes over to (R8, R21)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence

from ..errors import NetqueueError
from ..model.command import Command, CommandId, HandIn, encode
from ..model.part import Part
from ..model.parts import cut
from ..model.queue_state import QueueState
from ..peers.errors import RequestRefused as Refusal
from ..ports import Clock, Message, Random
from .errors import HandInFailed, HandInUnanswered
from .signatures import Signatures
from .submission import parse_answer

_LIFE = 1 << 61  # above the lives of outboxes: it takes no place among their commands


Submit = Callable[[str, dict[str, str]], Awaitable[Message]]
"""Asks a leader to commit a command."""


async def hand_in(
    submit: Submit,
    host_id: str,
    signatures: Signatures,
    leader: str,
    target: str,
    bodies: Sequence[HandIn],
    clock: Clock,
    random: Random,
) -> None:
    """Return once `leader` of group `target` has committed all.

    Raises HandInFailed if it has nothing of it, else HandInUnanswered.
    """
    life = _LIFE + int.from_bytes(random.token(6), "big")
    for number, body in enumerate(bodies, 1):
        command_id = CommandId(host_id, life, number)
        command = Command(command_id, clock.wall(), body)
        text = encode(signatures.signed(command, target))
        try:
            outcome, _ = parse_answer(
                await submit(leader, {"g": target, "command": text})
            )
            refused = "" if outcome.rule is None else outcome.reason
        except Refusal as error:
            refused = str(error)
        except NetqueueError as error:
            raise HandInUnanswered(f"host {leader[:8]}: {error}") from error
        if refused:
            kind = HandInFailed if number == 1 else HandInUnanswered
            raise kind(f"host {leader[:8]} says: {refused}")


def bodies_of(state: QueueState, group: str, generation: int) -> Iterator[HandIn]:
    """The commands that hand in a state of a group, the one that completes it last."""
    for part in cut(state):
        yield HandIn(group, part)
    yield HandIn(group, Part(), generation, state.ancestors, complete=True)
