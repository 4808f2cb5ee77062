"""Getting this host's commands applied: in order, one at a time, until answered."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import NetqueueError
from ..model.command import NOBODY, Body, Command, CommandId, Origin, encode
from ..model.errors import REASON_MAX, Rule
from ..model.outcome import Outcome
from ..names import printable
from ..ports import Clock, Links, Message
from .errors import NotLeader, RequestRefused, RulesTooLow
from .group import Answer, Group
from .outbox import Outbox
from .rules_gate import RulesGate
from .signatures import Signatures

_LOGGER = logging.getLogger(__name__)
_TRY = 3.0  # seconds one attempt may take
_REF_MAX = 64  # characters of an id
_RETRY = 0.3  # seconds between attempts, unless something changes earlier
_OWN_WRITE = 1.0  # seconds to wait for this replica to apply what was accepted


class SubmitState(enum.Enum):
    """How a submit can end (R11)."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PENDING = "pending"  # durable here, repeated under the same id until answered


@dataclass(frozen=True)
class SubmitOutcome:
    """What became of a submit. `ref` is the id of what the command made."""

    state: SubmitState
    command_id: CommandId
    index: int = 0
    rule: Rule | None = None
    reason: str = ""
    ref: str = ""


def answer_form(answer: Answer) -> dict[str, object]:
    """The answer to a 'submit' request."""
    outcome, index = answer
    rule = None if outcome.rule is None else outcome.rule.value
    return {
        "rule": rule,
        "reason": outcome.reason,
        "ref": outcome.ref,
        "index": index,
    }


def parse_answer(form: Message) -> Answer:
    """Read the answer to a 'submit' request; raises RequestRefused."""
    rule, index = form.get("rule"), form.get("index")
    reason, ref = form.get("reason"), form.get("ref")
    if (
        type(index) is not int
        or not isinstance(reason, str)
        or not isinstance(ref, str)
    ):
        raise RequestRefused("the leader's answer to a submit has a wrong form")
    reason = printable(reason[:REASON_MAX])
    try:
        return Outcome(
            None if rule is None else Rule(rule), reason, ref[:_REF_MAX]
        ), index
    except ValueError as error:
        raise RequestRefused(f"the leader names an unknown rule {rule!r}") from error


class Submitter:
    """Delivers the outbox to whoever leads."""

    def __init__(
        self,
        queue: str,
        outbox: Outbox,
        links: Links,
        clock: Clock,
        group: Callable[[], Group | None],
        gate: RulesGate,
        signatures: Signatures,
    ) -> None:
        self._queue = queue
        self._outbox = outbox
        self._links = links
        self._clock = clock
        self._group = group
        self._gate = gate
        self._signatures = signatures
        self._unasked: set[CommandId] = set()  # no leader can have them
        self._news = asyncio.Event()
        self._waiting: dict[CommandId, asyncio.Future[SubmitOutcome]] = {}
        self._answered_in = ""  # which group gave the answers that the outbox keeps
        self._asking: asyncio.Future[Message] | None = None  # a leader, at present
        self._asked: tuple[Group, str] | None = None  # which one, of which group

    def wake(self) -> None:
        """Leader, group or applied index changed: try again, look again.

        A leader that fell silent is not waited for once there is another, or none.
        """
        self._news.set()
        group = self._group()
        now = None if group is None else (group, group.leader)
        if self._asking is not None and self._asked != now:
            self._asking.cancel()

    async def submit(
        self,
        body: Body,
        client_id: str,
        timeout: float,
        origin: Origin = NOBODY,
        at: float | None = None,
    ) -> SubmitOutcome:
        """Make a command durable and wait up to `timeout` s for its answer.

        Raises RulesTooLow where the leader could not read it.
        """
        group = self._group()
        reason = None if group is None else self._gate.refusal(group, body)
        if reason is not None:
            raise RulesTooLow(reason)
        command, position = self._outbox.add(body, client_id, origin, at)
        waiting: asyncio.Future[SubmitOutcome] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting[command.id] = waiting
        self._unasked.add(command.id)
        try:
            await self._outbox.durable(position)
            self.wake()
            return await self._clock.wait_for(waiting, timeout)
        except TimeoutError:
            return SubmitOutcome(
                SubmitState.PENDING,
                command.id,
                reason="no answer yet: it is kept and repeated",
            )
        finally:  # under the id that it has by now
            left = self._waiting.items()
            self._waiting = {k: v for k, v in left if v is not waiting}

    async def run(self) -> None:
        """Deliver for ever; raises DatabaseFailed if the outbox cannot be kept."""
        while True:
            self._news.clear()
            self._let_go()
            command = await self._outbox.first()
            if command is None:
                await self._news.wait()
                continue
            if self._is_taken(command):
                await self._begin_anew(command)
                continue
            try:
                outcome, index = await self._deliver(command)
            except (NetqueueError, TimeoutError):
                await self._pause(_RETRY)
                continue
            if outcome.rule is Rule.DISSOLVED:  # for the group that comes next
                await self._pause(_RETRY)
                continue
            await self._own_write(index)
            self._outbox.note_answered(command)
            self._unasked.discard(command.id)
            self._let_go()
            self._resolve(command, outcome, index)

    def _is_taken(self, command: Command) -> bool:
        """Whether the group knows, under its number, what this host never told."""
        group = self._group()
        if group is None or command.id not in self._unasked:
            return False
        return group.state.outcome(command.id) is not None

    async def _begin_anew(self, taken: Command) -> None:
        """Answers would be another command's: go on under numbers above all known."""
        group = self._group()
        known = () if group is None else group.state.outcomes.lives(taken.id.author)
        _LOGGER.warning(
            "queue %s knows command %d of this host, which it never gave: a member"
            " lied, or this is an old copy. It goes on under new numbers",
            self._queue,
            taken.id.sequence,
        )
        renamed = await self._outbox.begin_anew(max(known, default=0))
        self._waiting = {renamed.get(k, k): v for k, v in self._waiting.items()}
        self._unasked = {renamed.get(k, k) for k in self._unasked}

    def _let_go(self) -> None:
        """Forget the answered commands that this host's replica knows by itself.

        In another group than the one that answered they are asked for again.
        """
        group = self._group()
        if group is None:
            return
        if group.id != self._answered_in:
            self._outbox.ask_again()
            self._answered_in = group.id
        for command in self._outbox.answered():
            if group.state.outcome(command.id) is not None:
                self._outbox.remove(command)

    def _resolve(self, command: Command, outcome: Outcome, index: int) -> None:
        waiting = self._waiting.get(command.id)
        if waiting is not None and not waiting.done():
            state = SubmitState.ACCEPTED if outcome.accepted else SubmitState.REJECTED
            waiting.set_result(
                SubmitOutcome(
                    state,
                    command.id,
                    index,
                    outcome.rule,
                    outcome.reason,
                    outcome.ref,
                )
            )

    async def _pause(self, seconds: float) -> None:
        try:
            await self._clock.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    async def _deliver(self, command: Command) -> Answer:
        group = self._group()
        if group is None or group.leader is None:
            raise NotLeader("there is no leader yet")
        reason = self._gate.refusal(group, command.body)
        if reason is not None:
            if command.id in self._unasked:
                return Outcome(Rule.CONFLICT, reason), 0
            raise NotLeader(reason)
        self._unasked.discard(command.id)
        if group.is_leader:
            refused = self._gate.opens(group, command)
            if refused is not None:
                return refused, 0
            return await self._clock.wait_for(group.submit(command), _TRY)
        signed = self._signatures.signed(command, group.id)
        params = {"g": group.id, "command": encode(signed)}
        self._asked = group, group.leader
        self._asking = asyncio.ensure_future(
            self._links.request(self._queue, group.leader, "submit", params, _TRY)
        )
        return parse_answer(await self._answer_of(self._asking))

    async def _answer_of(self, asking: asyncio.Future[Message]) -> Message:
        try:
            await asyncio.wait([asking])
        finally:
            self._asking = None
            if asking.cancel():
                await asyncio.wait([asking])
        if asking.cancelled():
            raise NotLeader("the leader changed: ask the new one")
        return asking.result()

    async def _own_write(self, index: int) -> None:
        """Wait, within limits, until this replica has applied `index` itself."""
        deadline = self._clock.monotonic() + _OWN_WRITE
        while (group := self._group()) is not None and group.applied_index < index:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                return
            self._news.clear()
            await self._pause(left)
