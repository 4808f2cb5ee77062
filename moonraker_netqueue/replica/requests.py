"""What peers ask of a replica, and who answers."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from ..errors import NetqueueError
from ..model.command import ORIGIN_MAX, Dissolve, Origin, RulesRaise, decode
from ..model.schema import SCHEMA
from ..peers.complaints import Complaints
from ..ports import Clock, Links, Message
from .entry import is_name
from .errors import NotLeader, RequestRefused, RulesTooLow
from .greeting import HOSTS_MAX, parse_names
from .group import Group
from .rules_gate import RulesGate
from .signatures import Signatures
from .submission import answer_form
from .welcome import welcome_form

_LOGGER = logging.getLogger(__name__)
_RULES_SECONDS = 6.0  # longer than the leader waits for its commit
_SEAT_WAIT = 3.0  # seconds a leader waits until a seat is gone
_UNSEAT_SECONDS = 3.0  # that leaders are asked for: one may have to be elected
_RETRY = 0.2
_SUBMIT_WAIT = 5.0  # seconds a leader waits for a commit before the author asks again

RequestHandler = Callable[[str, Message], Awaitable[Message]]


class Requests:
    """The requests of one queue: those about its group, and other parts' own."""

    def __init__(
        self,
        queue: str,
        group: Callable[[], Group | None],
        links: Links,
        clock: Clock,
        gate: RulesGate,
        signatures: Signatures,
        host_id: str,
    ) -> None:
        self._queue = queue
        self._group = group
        self._links = links
        self._clock = clock
        self._gate = gate
        self._signatures = signatures
        self._host_id = host_id
        self._complaints = Complaints(_LOGGER)
        self._handlers: dict[str, RequestHandler] = {
            "join": self._join,
            "leave": self._leave,
            "snapshot": self._snapshot,
            "submit": self._submit,
            "rules": self._rules,
            "unseat": self._unseat,
        }
        # What viewers may not ask for: a copy makes a group stand still.
        self._changing = {"rules", "unseat", "copy", "copy_part"}

    def register(
        self, method: str, handler: RequestHandler, changes: bool = False
    ) -> None:
        """Let `handler(peer, params)` answer the requests of that name.

        What `changes` something is not for viewers.
        """
        if method in self._handlers:
            raise ValueError(f"request {method!r} has a handler already")
        self._handlers[method] = handler
        if changes:
            self._changing.add(method)

    async def answer(self, peer: str, method: str, params: Message) -> Message:
        """The answer to a peer; a NetqueueError raised here is its error reply."""
        handler = self._handlers.get(method)
        if handler is None:
            raise RequestRefused(f"queue {self._queue} has no request {method[:40]!r}")
        group = self._group()
        if method in self._changing and group and peer in group.state.viewers:
            raise RequestRefused(f"host {peer[:8]} is a viewer of the queue")
        return await handler(peer, params)

    async def _join(self, _peer: str, _params: Message) -> Message:
        group = self._group()
        if group is None:
            raise RequestRefused("this host has no group to join: ask another one")
        return welcome_form(group)

    async def _leave(self, peer: str, params: Message) -> Message:
        await self._mine(params).release(peer)
        return {}

    async def _snapshot(self, _peer: str, params: Message) -> Message:
        digest, start = params.get("digest"), params.get("start")
        if not isinstance(digest, str) or type(start) is not int:
            raise RequestRefused("a part of a snapshot has a digest and a start")
        part = await self._mine(params).snapshot_part(digest, start)
        if part is None:
            raise RequestRefused("that snapshot is not here any more: take a newer one")
        return {"text": part}

    async def _submit(self, peer: str, params: Message) -> Message:
        group = self._mine(params)
        text = params.get("command")
        if not isinstance(text, str):
            raise RequestRefused("a submit carries a command as text")
        command = decode(text)
        if command.id.author != peer:
            raise RequestRefused("a host submits its own commands only")
        if isinstance(command.body, RulesRaise | Dissolve):
            raise RequestRefused("only a leader says that, of its own accord")
        forged = self._signatures.refusal(command, group.id, group.state.rules)
        if forged is not None:
            self._complaints.say(
                peer, "", "handed in a command that is not taken", forged
            )
            raise RequestRefused(forged)
        refused = self._gate.opens(group, command)
        if refused is not None:
            return answer_form((refused, 0))
        try:
            answer = await self._clock.wait_for(group.submit(command), _SUBMIT_WAIT)
        except TimeoutError as error:
            raise NotLeader("not committed yet: ask again under the same id") from error
        return answer_form(answer)

    async def _rules(self, _peer: str, params: Message) -> Message:
        without = parse_names("hosts", params.get("without"), HOSTS_MAX)
        user, address = params.get("user"), params.get("address")
        if not isinstance(user, str) or not isinstance(address, str):
            raise RequestRefused("who asks for rules is named by texts")
        by = Origin(user[:ORIGIN_MAX], address[:ORIGIN_MAX])
        await self._raise_rules(self._mine(params), without, by)
        return {}

    async def ask_for_rules(self, without: tuple[str, ...], by: Origin) -> None:
        """Let the leader raise them; raises RulesTooLow, NotLeader or LinkError."""
        group = self._group()
        if group is None or group.leader is None:
            raise NotLeader(f"queue {self._queue} has no leader now: try again")
        if group.is_leader:
            await self._raise_rules(group, without, by)
            return
        params = {"g": group.id, "without": list(without), **vars(by)}
        await self._links.request(
            self._queue, group.leader, "rules", params, _RULES_SECONDS
        )

    async def _unseat(self, peer: str, params: Message) -> Message:
        group, host = self._mine(params), params.get("host")
        if not is_name(host):
            raise RequestRefused("whose seat goes is a host id")
        what = f"of host {str(host)[:8]}, to put it out"
        self._complaints.say(peer, "", "has seats taken, the first one", what)
        await self._take_seat(group, str(host))
        return {}

    async def ask_to_unseat(self, host: str) -> None:
        """Let the leader take a host's seat; if that is the leader, it hands over.

        Raises NotLeader or LinkError: at once where no majority is linked.
        """
        deadline = self._clock.monotonic() + _UNSEAT_SECONDS
        while True:
            try:
                await self._ask_to_unseat(host)
            except NetqueueError:
                group = self._group()
                late = self._clock.monotonic() >= deadline
                if late or group is None or not group.has_quorum:
                    raise
            else:
                return
            await self._clock.sleep(_RETRY)

    async def _ask_to_unseat(self, host: str) -> None:
        group = self._group()
        if group is None or group.leader is None:
            raise NotLeader(f"queue {self._queue} has no leader now: try again")
        if group.is_leader:
            await self._take_seat(group, host)
            return
        params = {"g": group.id, "host": host}
        await self._links.request(
            self._queue, group.leader, "unseat", params, _SEAT_WAIT
        )

    async def _take_seat(self, group: Group, host: str) -> None:
        if host == self._host_id:
            group.hand_over()
        try:
            await self._clock.wait_for(group.unseat(host), _SEAT_WAIT)
        except TimeoutError as error:
            raise NotLeader("its seat is not gone yet: ask again") from error

    async def _raise_rules(
        self, group: Group, without: tuple[str, ...], by: Origin
    ) -> None:
        reason = self._gate.obstacle(group, SCHEMA, without)
        if reason is not None:
            raise RulesTooLow(reason)
        answer = self._gate.raise_rules(group, SCHEMA, without, by)
        try:
            await self._clock.wait_for(answer, _SUBMIT_WAIT)
        except TimeoutError as error:
            raise NotLeader("not committed yet: ask again") from error

    def _mine(self, params: Message) -> Group:
        """The group that a request names; NotLeader if this host is not in it."""
        group = self._group()
        if group is None or params.get("g") != group.id:
            raise NotLeader("this host is not in that group: ask again")
        return group
