"""The endpoints `member` and `token`: who may take part in a queue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.command import Decision, MemberSet, PrintDecide
from ..model.member import MemberRole
from ..model.print import Print
from ..peers.desk import Waiting
from ..peers.errors import AdmissionRefused
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .leaving import require_no_loss
from .queue import ServedQueue
from .views import print_view

_BEGINNING_MIN = 4  # of a host id
_DECISIONS = ("retry", "mark_done", "keep")
_ROLES = tuple(role.value for role in MemberRole)
_HOUR = 3600


class MemberEndpoints:
    """What `member` and `token` do."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def answer(self, arguments: Arguments) -> dict[str, Any]:
        """Let in, or refuse, a host that waits; let in again one that was forgotten."""
        queue, action = self._host.queue(arguments), arguments.text("action")
        wanted = arguments.text("host_id")
        code = arguments.optional_text("code")
        self._may_change(queue)
        if action == "role":
            return await self._set_role(queue, wanted, arguments)
        arguments.finish()
        waiting = {one.host_id: one for one in queue.desk.waiting(queue.name)}
        forgotten = queue.desk.forgotten(queue.name)
        host_id = _only(wanted, {*waiting, *forgotten}, "waits to be let in")
        _check_code(waiting.get(host_id), code)
        if action == "approve":
            await queue.desk.let_in(queue.name, host_id)
        elif action == "reject":
            queue.desk.refuse(queue.name, host_id)
        else:
            raise ApiError(400, "argument 'action': approve, reject or role")
        return {"queue": queue.name, "host_id": host_id, **admission_view(queue)}

    def _may_change(self, queue: ServedQueue) -> None:
        if self._host.host_id in queue.state.viewers:
            raise ApiError(403, f"this host is a viewer of queue {queue.name}")

    async def _set_role(
        self, queue: ServedQueue, wanted: str, arguments: Arguments
    ) -> dict[str, Any]:
        role = arguments.text("role")
        arguments.finish()
        if role not in _ROLES:
            raise ApiError(400, f"argument 'role': {' or '.join(_ROLES)}")
        members = {*queue.desk.members(queue.name), self._host.host_id}
        host_id = _only(wanted, members, "is a member")
        if role == MemberRole.VIEWER.value:  # first: then its own word ends
            await queue.desk.repeat(queue.name, host_id)
        pending = await queue.submit(MemberSet(host_id, MemberRole(role)))
        return {"queue": queue.name, "host_id": host_id, "pending": pending}

    async def forget(self, arguments: Arguments) -> dict[str, Any]:
        """End a host's membership. `prints` decides the prints that it holds (R20).

        `anyway`: also what nobody else has may go with it.
        """
        queue = self._host.queue(arguments)
        wanted, prints = arguments.text("host_id"), arguments.text("prints", "")
        by = arguments.who()
        self._may_change(queue)
        host_id = _only(wanted, queue.desk.members(queue.name), "is a member")
        require_no_loss(queue, host_id, self._host.host_id, arguments)
        arguments.finish()
        held = [p for p in queue.state.prints.values() if p.host == host_id]
        if prints not in _DECISIONS and (prints or held):
            raise _undecided(queue, held)
        unseated = await queue.unseat(host_id)  # while it can still agree to it
        await queue.desk.forget(queue.name, host_id)
        seated = not unseated and not await queue.unseat(host_id)
        pending = False
        if prints in ("retry", "mark_done"):
            for print_ in held:
                body = PrintDecide(print_.print_id, Decision(prints), by, absent=True)
                pending |= await queue.submit(body)
        answer = {"queue": queue.name, "host_id": host_id, "pending": pending}
        if left := _left_over(queue, pending, seated):
            answer["message"] = left
        return {**answer, **admission_view(queue)}

    async def make_token(self, arguments: Arguments) -> dict[str, Any]:
        """A token for one host, good for `seconds`, until this host restarts."""
        queue = self._host.queue(arguments)
        seconds = arguments.integer("seconds", _HOUR)
        arguments.finish()
        self._may_change(queue)
        try:
            token = queue.desk.new_token(queue.name, float(seconds))
        except AdmissionRefused as error:
            raise ApiError(400, str(error)) from error
        return {"queue": queue.name, "token": token, "seconds": seconds}


def admission_view(queue: ServedQueue) -> dict[str, Any]:
    """How the queue admits, who waits, and who was forgotten."""
    desk = queue.desk
    return {
        "admission": desk.mode(queue.name).value,
        "requests": [
            {
                "host_id": one.host_id,
                "name": one.name,
                "code": one.code,
                "asks": one.asks,
                "lets_in": one.lets_in,
                "via": one.via,
                "either": one.either,
            }
            for one in desk.waiting(queue.name)
        ],
        "forgotten": [
            {"host_id": host_id, "name": name}
            for host_id, name in desk.forgotten(queue.name).items()
        ],
    }


def _left_over(queue: ServedQueue, pending: bool, seated: bool) -> str:
    """What is not done yet of forgetting a host that is out; empty: nothing."""
    told = []
    if pending:
        told.append(
            "what becomes of its prints is kept on this host's disk and counts as soon"
            " as the majority of the queue's hosts is back: do not repeat it"
        )
    if seated and not queue.replica.status().quorum:
        told.append(
            "its vote counts until that majority takes it away: if too few hosts come"
            " back, let the queue go on without them (netqueue recover)"
        )
    elif seated:
        told.append("its vote goes as that of any host that stays away (seat_ttl)")
    left = "; ".join(told)
    return f"it is out, and no member here any more; {left}" if told else ""


def _only(wanted: str, hosts: Iterable[str], what: str) -> str:
    """The one host whose id begins so."""
    found = [host for host in hosts if host.startswith(wanted)]
    if len(wanted) >= _BEGINNING_MIN and len(found) == 1:
        return found[0]
    if len(wanted) >= _BEGINNING_MIN and found:
        raise ApiError(409, f"argument 'host_id': {len(found)} ids begin so")
    raise ApiError(404, f"argument 'host_id': no host {wanted[:64]!r} {what}")


def _check_code(waiting: Waiting | None, code: str | None) -> None:
    if code is not None and (waiting is None or waiting.code != code):
        raise ApiError(
            409,
            "argument 'code': it is not the one that is shown here: somebody else may"
            " be asking. Refuse it, or look again at both ends",
        )


def _undecided(queue: ServedQueue, held: list[Print]) -> ApiError:
    names = ", ".join(
        f"{view['job']} ({view['state']})"
        for view in (print_view(queue.state, print_) for print_ in held[:5])
    )
    return ApiError(
        409,
        f"argument 'prints': the host holds {names or 'nothing'}: give 'retry' (print"
        " again elsewhere), 'mark_done' or 'keep' (decide later)",
    )
