# The [netqueue] section of moonraker.conf
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import asyncio
import errno
import importlib
import logging
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api.asking import asked_by
from .api.errors import ApiError
from .api.klipper_commands import KlipperCommands
from .api.routes import CHANGED, ROOT, ROUTES
from .border.file_details_takeover import FileDetailsTakeover
from .border.job_queue_takeover import CHANGED as JOB_QUEUE_CHANGED
from .border.job_queue_takeover import JobQueueTakeover
from .border.moonraker_user import address, person
from .border.panel_border import PanelBorder
from .border.panel_entries import PanelEntries
from .border.upload_border import UploadBorder
from .config import ConfigInvalid, Settings, parse
from .errors import NetqueueError
from .machine import ThreadWorker, this_machine
from .names import without_markup
from .printer.klipper_module import KlipperModule
from .tasks import stop

# Annotation imports
if TYPE_CHECKING:
    from moonraker.common import WebRequest
    from moonraker.confighelper import ConfigHelper
    from moonraker.server import Server

    from .assembly import Assembly

_CHECKOUT = Path(__file__).resolve().parents[1]  # Moonraker has a link to us
_CLOSE_TIMEOUT = 5.0  # seconds; Moonraker's own limit for components is 10


class NetQueue:
    """Registers with Moonraker at its start; what is heavy is loaded later.

    Whatever is wrong here ends in one warning of Moonraker's: it always starts.
    """

    def __init__(self, config: ConfigHelper) -> None:
        self.server: Server = config.get_server()
        self._assembly: Assembly | None = None
        self._worker = ThreadWorker()
        self._machine = this_machine(self._worker)
        self._starting: asyncio.Task[None] | None = None
        self._problem = "it is starting: ask again in a second"
        self._settings = self._read_settings(config)
        self._takeover: JobQueueTakeover | None = None
        if self._settings is not None and self._settings.job_queue is not None:
            self._takeover = JobQueueTakeover(self.server)
        self._data_path = Path(self.server.get_app_arg("data_path"))
        self._border = UploadBorder(self.server, lambda: self._problem)
        PanelBorder(self.server, self._worker)
        self._module = KlipperModule(self.server, self._machine.clock)
        self._commands = KlipperCommands(self._call, self._say)
        for name, method in self._commands.methods.items():
            self.server.register_remote_method(name, method)
        self.server.register_notification(CHANGED)
        for endpoint, request_types in ROUTES.items():
            self.server.register_endpoint(
                f"{ROOT}/{endpoint}", list(request_types), self._handler(endpoint)
            )

    def _read_settings(self, config: ConfigHelper) -> Settings | None:
        sections = {
            name.removeprefix("netqueue ").strip(): _options(config.getsection(name))
            for name in config.get_prefix_sections("netqueue ")
        }
        try:
            return parse(_options(config), sections, socket.gethostname())
        except ConfigInvalid as error:
            stop = "" if str(error).endswith("?") else "."
            self._warn(
                f"{error}{stop} The queue stays off until Moonraker is restarted."
            )
            return None

    async def component_init(self) -> None:
        if self._settings is not None:
            self._starting = asyncio.create_task(self._start(self._settings))

    async def _start(self, settings: Settings) -> None:
        """Import and build the parts. The imports take a second or more on a Pi."""
        try:
            assembly = await self._worker.run(
                importlib.import_module, ".assembly", __package__
            )
            self._assembly = await assembly.Assembly.build(
                self.server,
                settings,
                self._data_path,
                self._machine,
                self._module,
                self._notify,
                self._notify_job_queue,
            )
            FileDetailsTakeover(self.server, self._assembly.file_details)
            self._border.serve(self._assembly.uploads)
            job_queue = self._assembly.job_queue
            if self._takeover is not None and job_queue is not None:
                await self._takeover.take(job_queue)
            await PanelEntries(
                self.server, self._data_path, self._machine.disk, self._worker
            ).apply(settings.entries)
        except ModuleNotFoundError as error:
            self.server.set_failed_component("netqueue")
            self._warn(
                f"Python package {error.name!r} is missing. Install what netqueue needs"
                f" with: {sys.executable} -m pip install -r"
                f" {_CHECKOUT / 'installer' / 'requirements.txt'}, and restart"
                " Moonraker."
            )
        except NetqueueError as error:
            self.server.set_failed_component("netqueue")
            self._warn(f"{error}.")
        except OSError as error:
            self.server.set_failed_component("netqueue")
            self._warn(
                f"{error.filename or self._data_path}: {error.strerror}."
                f" {_remedy(error)}, and restart Moonraker."
            )

    async def close(self) -> None:
        if self._starting is not None:
            await stop(self._starting)
        if self._assembly is not None:
            try:
                await asyncio.wait_for(self._assembly.close(), _CLOSE_TIMEOUT)
            except asyncio.TimeoutError:
                logging.warning(
                    "netqueue: closing took too long; what is on disk is kept"
                )
        self._worker.close()

    def _handler(
        self, endpoint: str
    ) -> Callable[[WebRequest], Coroutine[Any, Any, dict[str, Any]]]:
        async def _handle(web_request: WebRequest) -> dict[str, Any]:
            try:
                user = person(web_request.get_current_user())
                with asked_by(user, address(web_request)):
                    return await self._call(
                        endpoint,
                        str(web_request.get_request_type().name),
                        web_request.get_args(),
                        user,
                    )
            except ApiError as error:
                raise self.server.error(str(error), error.status) from error

        return _handle

    async def _call(
        self,
        endpoint: str,
        request_type: str,
        values: Mapping[str, Any],
        user: str = "",
    ) -> dict[str, Any]:
        """Answer a request, of whomever; raises ApiError."""
        if self._assembly is None:
            raise ApiError(503, f"netqueue: {self._problem}")
        endpoints = self._assembly.endpoints
        return await endpoints.call(endpoint, request_type, values, user)

    async def _say(self, text: str, error: bool) -> None:
        """Show a line on the consoles; without Klipper's module, on dashboards only."""
        text = text.removeprefix("netqueue: ")
        if not await self._module.tell(text=text, error=error):
            line = f"{'!!' if error else '//'} netqueue: {text}"
            self.server.send_event("server:gcode_response", without_markup(line))

    def _notify(self, change: dict[str, Any]) -> None:
        self.server.send_event(CHANGED, change)

    def _notify_job_queue(self, change: dict[str, Any]) -> None:
        self.server.send_event(JOB_QUEUE_CHANGED, change)

    def _warn(self, text: str) -> None:
        self._problem = text
        warning = without_markup(f"netqueue: {text}")
        self.server.add_warning(warning, warn_id="netqueue")


def _remedy(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free space on that disk"
    if error.errno == errno.EISDIR:
        return "Move that folder away: a file belongs there"
    return "Let the user that Moonraker runs as write there"


def _options(config: ConfigHelper) -> dict[str, str]:
    """The options of a section, each marked as read so that Moonraker is content."""
    return {option: str(config.get(option)) for option in config.get_options()}
