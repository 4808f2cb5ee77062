"""Where a group that stands still on this host goes on: in another, or a new one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from ..errors import NetqueueError
from ..model.command import HandIn, schema_of
from ..model.event import overruled
from ..model.founding import Founding
from ..model.merge import merge_telling
from ..model.schema import BASE
from ..ports import Machine, Message
from .copies import Copy, all_known, fetch_copy
from .errors import HandInFailed, RecoverRefused, RequestRefused
from .greeting import Neighbours
from .group import Group
from .group_files import GroupFiles
from .hand_in import HandOver, bodies_of
from .journal import Journal
from .lives import Lives
from .meeting import Meeting
from .recovery import Order, found, outlook, writer_of
from .signatures import Signatures
from .snapshot_intake import Ask

_LOGGER = logging.getLogger(__name__)
_HELD = 20.0  # seconds a host stands still for one that goes on
_RETRY, _RETRY_MAX = 15.0, 240.0  # seconds after a group did not take it; doubled
_LOOK = 1.0  # seconds between looks, unless there is news
_LEFT_BEHIND = 30.0  # seconds until a host whose group stays goes back to it, as new


class Succession:
    """Hands over, gives copies and founds; the lifecycle owns group and journal."""

    def __init__(
        self,
        host_id: str,
        files: GroupFiles,
        machine: Machine,
        neighbours: Neighbours,
        lives: Lives,
        signatures: Signatures,
        meeting: Meeting,
        ask: Ask,
        wait: Callable[[float], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._host_id = host_id
        self._files = files
        self._clock, self._random = machine.clock, machine.random
        self._worker = machine.worker
        self._hand_over = HandOver(host_id, ask, signatures, self._clock, self._random)
        self._neighbours = neighbours
        self._lives = lives
        self._signatures = signatures
        self._meeting = meeting
        self._ask = ask
        self._wait = wait  # for news, at most so long
        self._changed = changed
        self._order: Order | None = None
        self._founded: Order | None = None  # whose group is about to begin
        self._held_until = 0.0
        self._not_before, self._retry = 0.0, _RETRY
        self._copy: Copy | None = None
        self._copied_to = ""  # the host that asked for it
        self._ready_for: str | None = None  # a group that would take it
        self.trouble = ""  # why the last group did not take what this host knows
        self._said = "", ""  # which group, and why: in the log once

    # What asks for it.

    async def is_due(self, group: Group, journal: Journal) -> bool:
        """Whether the group should stand still on this host, to go on in another."""
        now = self._clock.monotonic()
        if group.going_to or self._is_ordered() or now < self._held_until:
            return True
        into = self.other(group)
        if into is None:
            self._ready_for, self.trouble = None, ""
            return False
        if into != self._ready_for and now >= self._not_before:
            try:
                await self._prepare(group, journal, into)
            except NetqueueError as error:
                # A group that refuses has an entry of its log of each time.
                self._note_trouble(into, error, self._retry)
                self._retry = min(2 * self._retry, _RETRY_MAX)
        return into == self._ready_for and self._meeting.may_leave(group, into)

    def target(self, group: Group) -> str | None:
        """The group that this host sees, and is ready to go over to."""
        into = self.other(group)
        return into if into == self._ready_for else None

    def other(self, group: Group) -> str | None:
        """The group that this host sees and would go over to."""
        return self._meeting.goes_to(group)

    def waits_to_go(self, group: Group) -> frozenset[str]:
        """Hosts that this one does not go over to the group that it sees without."""
        into = self.other(group)
        if into is None or self._meeting.may_bring(group, into):
            return frozenset()
        return self._meeting.stay_behind(group, into)

    def order(self, order: Order) -> None:
        """A person lets the queue go on; RecoverRefused if that is under way."""
        if self._is_ordered() or self._clock.monotonic() < self._held_until:
            raise RecoverRefused(
                "the queue is being let go on at this moment: look again"
            )
        self._order = order

    def _is_ordered(self) -> bool:
        """Whether a person's word waits to be carried out, and is not withdrawn."""
        if self._order is not None and self._order.done.done():
            self._order = None
        return self._order is not None

    async def give_copy(self, peer: str, group: Group, journal: Journal) -> Message:
        """Stand still, and offer what is known to a host that goes on.

        Of two that do so at the same time the one with the lower id does. Refused by
        a host that has a majority here, unless that elects nobody either: else any
        member could hold the queue up.
        """
        if group.goes_on:
            raise RequestRefused("a majority of the voters is here, as this host sees")
        if self._order is not None:
            if self._host_id < peer:
                raise RequestRefused("this host goes on itself at this moment")
            self._order.given_way = peer
        self._held_until = self._clock.monotonic() + _HELD
        group.halt()
        known = await all_known(group, journal, self._files, self._signatures)
        self._copy, self._copied_to = await Copy.of(known, self._worker), peer
        return self._copy.form()

    async def give_piece(self, _peer: str, params: Message) -> Message:
        """Some of that copy."""
        if self._copy is None:
            raise RequestRefused("no copy was asked for")
        self._held_until = self._clock.monotonic() + _HELD
        return self._copy.piece(params)

    # What becomes of it.

    async def carry_out(self, group: Group, journal: Journal) -> str | None:
        """The group that takes this one's place, once all is there; None: none does."""
        group.halt()
        while group.going_to and group.replay():  # it left before this start
            await self._clock.sleep(0)
        left_at: float | None = None
        while True:
            into = await self._carry_out_order(group, journal)
            into = into or await self._go_over(group, journal)
            now = self._clock.monotonic()
            if group.going_to and left_at is None:
                left_at = now
            if into is None and left_at is not None and now - left_at > _LEFT_BEHIND:
                into = self._group_that_stays(group)
            if into is not None:
                self._held_until = self._not_before = 0.0
                self._ready_for, self._copy, self.trouble = None, None, ""
                return into
            if not group.going_to and now >= self._held_until:
                self._copy = None
                return None
            await self._wait(_LOOK)

    async def _carry_out_order(self, group: Group, journal: Journal) -> str | None:
        order = self._order
        if order is None:
            return None
        try:
            into = await self._found(order, group, journal)
        except NetqueueError as error:
            self._refuse(order, error)
            return None
        except asyncio.CancelledError:
            self._refuse(order, RecoverRefused("this host stops"))
            raise
        finally:
            self._order = None
        self._founded = order
        return into

    async def _go_over(self, group: Group, journal: Journal) -> str | None:
        """The group that has all that this host knows now; None: none has."""
        into = self.other(group)
        if into is None:
            self.trouble = ""
        if into is None or self._clock.monotonic() < self._not_before:
            return None
        followed = self._is_followed(group, into)
        try:
            if group.going_to is None:
                if not (followed or self._meeting.may_leave(group, into)):
                    return None  # it stands still for another reason
                await self._prepare(group, journal, into)
                await group.go_over(into)
                self._changed()
            if not (followed or self._meeting.may_bring(group, into)):
                return None
            await self._files.forget_next()  # of an act that gave way
            bodies = await self._bodies(group, journal)
            _LOGGER.info("bringing what this host knows to group %.8s", into)
            await self._hand_over.bring(self._leader_of(into), into, bodies)
        except NetqueueError as error:
            self._note_trouble(into, error, _RETRY)
            return None
        return into

    async def _prepare(self, group: Group, journal: Journal, into: str) -> None:
        """Know that the other group takes what this host knows; or HandInFailed.

        Before it is said that this host would go: one that counts on it would leave,
        and come back as new, again and again.
        """
        bodies = await self._bodies(group, journal)
        self._require_known(bodies, into)
        await self._hand_over.offer(self._leader_of(into), into, bodies)
        self._ready_for, self._retry, self.trouble = into, _RETRY, ""
        self._changed()

    def _note_trouble(self, into: str, error: NetqueueError, wait: float) -> None:
        if (into, str(error)) != self._said:
            _LOGGER.warning("group %.8s: %s", into, error)
        self._said = into, str(error)
        self._ready_for, self.trouble = None, str(error)
        self._not_before = self._clock.monotonic() + wait
        self._changed()

    def _group_that_stays(self, group: Group) -> str | None:
        """Its own group, if the others stayed and decide: it comes back as new."""
        stays = self._neighbours.leader_of(group.id) is not None
        into = group.going_to or ""
        return group.id if stays and not self._meeting.has_ended(group, into) else None

    def note_founded(self, group: str) -> None:
        """The new group has begun on this host."""
        order, self._founded = self._founded, None
        if order is not None and not order.done.done():
            order.done.set_result(group)

    def give_up(self, error: NetqueueError) -> None:
        """This host stops: what a person waits for does not come."""
        for order in (self._order, self._founded):
            if order is not None:
                self._refuse(order, error)

    @staticmethod
    def _refuse(order: Order, error: NetqueueError) -> None:
        if not order.done.done():
            order.done.set_exception(RecoverRefused(str(error)))

    async def _bodies(self, group: Group, journal: Journal) -> tuple[HandIn, ...]:
        """What this host has to say to another group; HandInFailed: it cannot."""
        if self._host_id in group.state.viewers:
            return ()  # the others say it
        state = await all_known(group, journal, self._files, self._signatures)
        return await self._worker.run(bodies_of, state, group.id, group.generation)

    def _require_known(self, bodies: tuple[HandIn, ...], into: str) -> None:
        """Each host there must read all of it: else it would get the first parts."""
        needed = max(map(schema_of, bodies), default=BASE)
        for host in self._neighbours.members(into):
            if host.hello.speaks < needed:
                raise HandInFailed(
                    f"host {self._neighbours.name(host.id)} does not know all that this"
                    " group uses: update moonraker_netqueue there"
                )

    def _is_followed(self, group: Group, into: str) -> bool:
        """Whether a person let that group begin with all that this host knows: it
        gave its copy, and stands still since."""
        founder = self._neighbours.get(self._leader_of(into))
        return (
            self._copy is not None
            and founder is not None
            and founder.id == self._copied_to
            and group.id in founder.hello.ancestors
        )

    def _leader_of(self, group: str) -> str:
        leader = self._neighbours.leader_of(group)
        if leader is None:
            raise HandInFailed("it has no leader now")
        return leader.id

    async def _found(self, order: Order, group: Group, journal: Journal) -> str:
        """Write the group that goes on, from what all that are here know (R6)."""
        into = self.other(group)
        if into and not self.trouble and self._meeting.may_bring(group, into):
            raise RecoverRefused(
                "the queue goes on in another group: this host joins it"
            )
        if group.id != order.group:
            raise RecoverRefused("the group changed meanwhile: look at it again")
        there = outlook(
            group, journal, self._host_id, self._neighbours, self._lives.configuration
        )
        state = await all_known(group, journal, self._files, self._signatures)
        for host in there.following:
            if host != self._host_id:
                params = {"g": group.id}
                known = await fetch_copy(self._ask, host, params, self._worker)
                state, events = await self._worker.run(merge_telling, state, known)
                order.overruled |= overruled(events)
        if order.given_way:
            name = self._neighbours.name(order.given_way)
            raise RecoverRefused(f"host {name} lets the queue go on at this moment")
        new, incarnation = self._random.token(16).hex(), self._random.token(8).hex()
        founding = Founding(
            group=new,
            generation=there.generation + 1,
            by=order.by,
            at=self._clock.wall(),
            following=there.following,
            missing=there.missing,
            host=self._host_id,
            user=order.origin.user,
            address=order.origin.address,
        )
        found(state, there, founding)
        fill = await self._worker.run(writer_of, state, founding, incarnation)
        await self._files.write_next(fill)
        if order.given_way:
            raise RecoverRefused("another host lets the queue go on at this moment")
        return new
