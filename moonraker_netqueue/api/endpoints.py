"""Which endpoint is answered by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgpack

from ..errors import NetqueueError
from .arguments import Arguments
from .contents import ContentEndpoints
from .errors import ApiError
from .files import FileEndpoints
from .host import Host
from .jobs import JobEndpoints
from .members import MemberEndpoints
from .plan import PlanEndpoint
from .printers import PrinterEndpoints
from .queues import QueueEndpoints, Serving
from .recover import RecoverEndpoints
from .reports import ReportEndpoints
from .rules import RulesEndpoints
from .status import status_view

_Answer = Callable[[Arguments], Awaitable[dict[str, Any]]]
_OWNER_CALLS = {
    "bed_clear": "POST",
    "camera": "GET",
    "printer": "POST",
    "print": "POST",
}


class Endpoints:
    """All endpoints of a host that is up."""

    def __init__(self, host: Host, serving: Serving) -> None:
        self._host = host
        queues = QueueEndpoints(host, serving)
        jobs, printers = JobEndpoints(host), PrinterEndpoints(host)
        reports, recover = ReportEndpoints(host), RecoverEndpoints(host)
        members = MemberEndpoints(host)
        rules = RulesEndpoints(host)
        self._answers: dict[tuple[str, str], _Answer] = {
            ("status", "GET"): self._status,
            ("jobs", "GET"): jobs.list_jobs,
            ("job", "GET"): jobs.read_job,
            ("job", "POST"): jobs.write_job,
            ("job", "DELETE"): jobs.remove_job,
            ("move", "POST"): jobs.move_job,
            ("pause", "POST"): jobs.pause,
            ("resume", "POST"): jobs.resume,
            ("printers", "GET"): printers.list_printers,
            ("printer", "POST"): printers.write_printer,
            ("camera", "GET"): printers.show_camera,
            ("bed_clear", "POST"): printers.clear_bed,
            ("print", "GET"): printers.read_print,
            ("print", "POST"): printers.act_on_print,
            ("plan", "GET"): PlanEndpoint(host).plan,
            ("history", "GET"): reports.history,
            ("members", "GET"): reports.members,
            ("events", "GET"): reports.events,
            ("queues", "GET"): queues.list_queues,
            ("queues", "POST"): queues.write_queue,
            ("queues", "DELETE"): queues.leave_queue,
            ("fetch", "POST"): ContentEndpoints(host).fetch,
            ("rejoin", "POST"): self._rejoin,
            ("recover", "GET"): recover.show,
            ("recover", "POST"): recover.act,
            ("member", "POST"): members.answer,
            ("member", "DELETE"): members.forget,
            ("token", "POST"): members.make_token,
            ("rules", "GET"): rules.show,
            ("rules", "POST"): rules.act,
            **FileEndpoints(host).answers(),
        }

    async def call(
        self, endpoint: str, request_type: str, values: Mapping[str, Any], user: str
    ) -> dict[str, Any]:
        """Answer a request; raises ApiError. `user` is who is logged in, if known."""
        answer = self._answers[(endpoint, request_type)]
        _require_whole(values)
        await self._host.caught_up()
        try:
            return await answer(
                Arguments(_signed(endpoint, request_type, values, user))
            )
        except ApiError:
            raise
        except NetqueueError as error:
            raise ApiError(409, str(error)) from error

    async def answer_peer(
        self, queue: str, _peer: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A call about this host's printer that a member of `queue` passes on.

        It is about that queue, whatever the member says (R13).
        """
        endpoint, values = str(params.get("endpoint")), params.get("arguments")
        request_type = _OWNER_CALLS.get(endpoint)
        if request_type is None or not isinstance(values, dict):
            return {"status": 400, "error": f"{endpoint[:40]!r} is not passed on"}
        values = {"queue": queue, **values}
        if values["queue"] != queue:
            return {"status": 403, "error": f"that is not about queue {queue}"}
        owner = values.get("printer_id", self._host.host_id)
        if owner != self._host.host_id:
            return {"status": 404, "error": "this host does not own that printer"}
        try:
            return {"result": await self.call(endpoint, request_type, values, "")}
        except ApiError as error:
            return {"status": error.status, "error": str(error)}

    async def _status(self, arguments: Arguments) -> dict[str, Any]:
        arguments.finish()
        return status_view(self._host)

    async def _rejoin(self, arguments: Arguments) -> dict[str, Any]:
        """A person decides for a host that stands apart from its queue."""
        queue = self._host.queue(arguments)
        found = arguments.boolean("found", False)
        arguments.finish()
        await queue.replica.rejoin(found)
        return {"queue": queue.name, "phase": queue.replica.status().phase.value}


def _require_whole(values: Mapping[str, Any]) -> None:
    """Answer 400 to what no other host, and no record on a disk, could take.

    JSON can carry half characters: kept once, they would damage what they are kept in.
    """
    wrong = next((name for name in values if not _is_whole(name, values[name])), None)
    if wrong is not None:
        raise ApiError(
            400,
            f"argument {wrong[:80]!r}: it has half a character, a number of more than"
            " 64 bits, or is nested too deeply",
        )


def _is_whole(*values: object) -> bool:
    try:
        msgpack.packb(values)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _signed(
    endpoint: str, request_type: str, values: Mapping[str, Any], user: str
) -> Mapping[str, Any]:
    """Add who is logged in, where a request leaves out who asks."""
    if not user:
        return values
    if endpoint in ("bed_clear", "print", "recover") and request_type == "POST":
        return {"by": user, **values}
    if endpoint == "member" and request_type == "DELETE":
        return {"by": user, **values}
    if endpoint == "job" and request_type == "POST" and "job_id" not in values:
        return {"owner": user, **values}
    return values
