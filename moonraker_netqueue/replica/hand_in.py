"""A host brings what it knows to the group that it goes over to (R8, R21)."""

from __future__ import annotations

from collections.abc import Iterable

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


class HandOver:
    """Brings what a host knows to other groups."""

    def __init__(
        self,
        host_id: str,
        ask: Ask,
        signatures: Signatures,
        clock: Clock,
        random: Random,
    ) -> None:
        self._host_id = host_id
        self._ask = ask
        self._signatures = signatures
        self._clock = clock
        self._random = random

    async def offer(self, leader: str, target: str, bodies: tuple[HandIn, ...]) -> None:
        """Return if `leader` of group `target` takes any; else HandInFailed."""
        nothing = [HandIn(body.group, Part()) for body in bodies[:1]]
        await self._submit(leader, target, nothing)

    async def bring(self, leader: str, target: str, bodies: tuple[HandIn, ...]) -> None:
        """Return once `leader` of group `target` has committed all; or HandInFailed."""
        await self._submit(leader, target, bodies)

    async def _submit(self, leader: str, target: str, bodies: Iterable[HandIn]) -> None:
        life = _LIFE + int.from_bytes(self._random.token(6), "big")
        for number, body in enumerate(bodies, 1):
            command_id = CommandId(self._host_id, life, number)
            command = Command(command_id, self._clock.wall(), body)
            text = encode(self._signatures.signed(command, target))
            try:
                answer = await self._ask(
                    leader, "submit", {"g": target, "command": text}
                )
                outcome, _ = parse_answer(answer)
            except NetqueueError as error:
                raise HandInFailed(f"host {leader[:8]} says: {error}") from error
            if outcome.rule is not None:
                raise HandInFailed(f"host {leader[:8]} says: {outcome.reason}")


def bodies_of(state: QueueState, group: str, generation: int) -> tuple[HandIn, ...]:
    """The commands that hand in a state of a group, the one that completes it last.

    Slow where the state is large: to be called in the worker. HandInFailed: something
    is too large for them.
    """
    try:
        parts = [HandIn(group, part) for part in cut(state)]
    except PartTooLarge as error:
        raise HandInFailed(str(error)) from error
    return (*parts, HandIn(group, Part(), generation, state.ancestors, complete=True))
