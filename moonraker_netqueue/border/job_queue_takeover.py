# Moonraker's own job queue, given to a shared one
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..api.asking import asked_by
from ..api.errors import ApiError
from ..names import without_markup
from .moonraker_user import address, person

# Annotation imports
if TYPE_CHECKING:
    from collections.abc import Awaitable

    from moonraker.common import UserInfo, WebRequest
    from moonraker.server import Server

    from ..api.job_queue_facade import JobQueueFacade

CHANGED = "job_queue:job_queue_changed"
_ROOT = "/server/job_queue"


class JobQueueTakeover:
    """Puts a facade behind the names of the component `job_queue`.

    Until `take` Moonraker's own queue answers, and for good if netqueue fails to
    start. Then that one stays empty, so that it never starts anything.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._core: Any = server.lookup_component("job_queue")
        self._facade: JobQueueFacade | None = None
        # Klipper learns of remote methods at its start only.
        self._klippy: Any = server.lookup_component("klippy_connection")
        for name, method in (
            ("start_job_queue", self._on_start_method),
            ("pause_job_queue", self._on_pause_method),
        ):
            self._klippy.unregister_method(name)
            server.register_remote_method(name, method)

    async def take(self, facade: JobQueueFacade) -> None:
        """Let the facade answer from now on."""
        self._facade = facade
        application = self.server.lookup_component("application")
        for endpoint, request_types, handler in (
            ("job", ["POST", "DELETE"], self._handle_job),
            ("pause", ["POST"], self._handle_pause),
            ("start", ["POST"], self._handle_start),
            ("status", ["GET"], self._handle_status),
            ("jump", ["POST"], self._handle_jump),
        ):
            application.remove_endpoint(f"{_ROOT}/{endpoint}")
            self.server.register_endpoint(f"{_ROOT}/{endpoint}", request_types, handler)
        core = self._core
        waiting = [job.filename for job in core.queued_jobs.values()]
        core.queued_jobs.clear()
        core.queue_job, core.delete_job = self.queue_job, self.delete_job
        core.start_queue, core.pause_queue = self.start_queue, self.pause_queue
        status = facade.status()
        self.server.send_event(
            CHANGED,
            {
                "action": "jobs_added",
                "updated_queue": status["queued_jobs"],
                "queue_state": status["queue_state"],
            },
        )
        if waiting:  # queued in the seconds of the start
            try:
                await facade.add(waiting)
            except ApiError as error:
                logging.warning("netqueue: %s could not be queued: %s", waiting, error)

    # What Moonraker's other components and Klipper's macros call.

    async def queue_job(
        self,
        filenames: str | list[str],
        check_exists: bool = True,
        reset: bool = False,
        user: UserInfo | None = None,
    ) -> None:
        del check_exists  # a file that is nowhere cannot be shared
        files = [filenames] if isinstance(filenames, str) else filenames
        with asked_by(person(user), ""):
            await self._answer(self._taken().add(files, person(user), reset))

    async def delete_job(self, job_ids: str | list[str], all: bool = False) -> None:  # noqa: A002
        ids = [job_ids] if isinstance(job_ids, str) else job_ids
        await self._answer(self._taken().delete(ids, all))

    async def start_queue(self) -> None:
        await self._answer(self._taken().start())

    async def pause_queue(self) -> None:
        # Moonraker's own component calls this when it ends and when Klipper shuts
        # down: neither is a reason to stop the other printers.
        if self.server.is_running() and self._klippy.state.name != "SHUTDOWN":
            await self._answer(self._taken().pause())

    async def _on_start_method(self) -> None:
        await self._core.start_queue()

    async def _on_pause_method(self) -> None:
        await self._core.pause_queue()

    # The endpoints.

    async def _handle_job(self, web_request: WebRequest) -> dict[str, Any]:
        facade, client = self._taken(), _client(web_request)
        if str(web_request.get_request_type().name) == "POST":
            name = person(web_request.get_current_user())
            filenames = web_request.get_list("filenames")
            reset = web_request.get_boolean("reset", False)
            call = facade.add(filenames, name, reset, client)
        elif web_request.get_boolean("all", False):
            call = facade.delete([], True)
        else:
            call = facade.delete(web_request.get_list("job_ids"))
        await self._answer(call, web_request)
        return facade.status(client)

    async def _handle_pause(self, web_request: WebRequest) -> dict[str, Any]:
        await self._answer(self._taken().pause(), web_request)
        return self._taken().status(_client(web_request))

    async def _handle_start(self, web_request: WebRequest) -> dict[str, Any]:
        await self._answer(self._taken().start(), web_request)
        return self._taken().status(_client(web_request))

    async def _handle_status(self, web_request: WebRequest) -> dict[str, Any]:
        return self._taken().status(_client(web_request))

    async def _handle_jump(self, web_request: WebRequest) -> dict[str, Any]:
        call = self._taken().jump(web_request.get_str("job_id"))
        await self._answer(call, web_request)
        return self._taken().status(_client(web_request))

    def _taken(self) -> JobQueueFacade:
        assert self._facade is not None  # noqa: S101  `take` has registered the callers
        return self._facade

    async def _answer(
        self, call: Awaitable[None], web_request: WebRequest | None = None
    ) -> None:
        """Await a call, for whoever asks; its errors become Moonraker's."""
        try:
            if web_request is None:
                await call
                return
            user = person(web_request.get_current_user())
            with asked_by(user, address(web_request)):
                await call
        except ApiError as error:
            raise self.server.error(without_markup(str(error)), error.status) from error


def _client(web_request: WebRequest) -> int | None:
    """The id of the websocket that asks; None: it asks over HTTP."""
    connection = web_request.get_client_connection()
    return None if connection is None else int(connection.uid)
