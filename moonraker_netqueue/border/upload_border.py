# Uploads from slicers and programs, on Moonraker's own web server
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

# Moonraker's own base class of handlers asks its [authorization] whom it trusts: there
# is no public way to stream a body into a handler with the same rules.
from moonraker.components.application import AuthorizedRequestHandler
from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches, Rule
from tornado.web import HTTPError, stream_request_body

from ..api.asking import asked_by
from ..api.errors import ApiError
from ..api.octoprint import answer_to, uploaded_view
from ..api.routes import ROOT
from .moonraker_user import person
from .upload_form import UploadForm

# Annotation imports
if TYPE_CHECKING:
    from moonraker.server import Server

    from ..api.queue import ServedQueue
    from ..api.uploads import Taken, Uploads

_LOGGER = logging.getLogger(__name__)
_SLICER = f"{ROOT}/slicer"
_BASE = rf"{_SLICER}(?:/(?P<queue>[^/]+))?/+api"
_SLICER_FIELDS = ("path", "print", "select")
_JOB_FIELDS = (
    *("queue", "count", "name", "note", "owner", "priority", "due", "hold"),
    *("max_attempts", "tags", "models", "keep_together", "spread", "materials"),
    *("nozzle", "grams", "bbox", "estimate_s", "front", "command_id"),
)
_TRUE = ("true", "1", "yes", "on")
_CREATED, _BODY_TOO_LARGE = 201, 413


class UploadBorder:
    """Registers what takes uploads; until `serve` it answers 503."""

    def __init__(self, server: Server, problem: Callable[[], str]) -> None:
        """`problem()` says why nothing is served yet."""
        self.server = server
        self._problem = problem
        self._uploads: Uploads | None = None
        # Nobody else writes there, and dashboards are not told of every part of an
        # upload and of a fetch. Contents may be read: the command line exports them.
        store = Path(server.get_app_arg("data_path"), "gcodes", ".netqueue")
        server.lookup_component("file_manager").add_reserved_path("netqueue", store)
        application = server.lookup_component("application")
        # Moonraker's limit; its own upload handler is given it the same way.
        self.max_size: int = application.max_upload_size
        prefix = application.route_prefix
        words = {"border": self}
        # Rules of the router itself: `add_handler` knows no methods, and GET and DELETE
        # of `files` are endpoints like any other.
        application.mutable_router.add_rules(
            [
                Rule(_PostTo(f"{prefix}{ROOT}/files"), _FilesHandler, words),
                Rule(_PostTo(f"{prefix}{_BASE}/files/local/?"), _SlicerUpload, words),
                Rule(PathMatches(f"{prefix}{_BASE}/(?P<call>.+)"), _SlicerCall, words),
            ]
        )

    def serve(self, uploads: Uploads) -> None:
        """Take uploads from now on."""
        self._uploads = uploads

    @property
    def uploads(self) -> Uploads:
        """What takes uploads; answers 503 before there is."""
        if self._uploads is None:
            raise ApiError(503, f"netqueue: {self._problem()}")
        return self._uploads

    def require_free(self, filename: str) -> None:
        """Raise ApiError if this printer prints that file of gcodes."""
        stats = self.server.lookup_component("job_state").get_last_stats()
        printing = stats.get("state") in ("printing", "paused")
        if printing and stats.get("filename") == filename:
            raise ApiError(
                409, f"this printer is printing {filename}: choose another name"
            )

    async def place(self, upload: Path, folder: str, name: str) -> None:
        """Move an upload into gcodes as Moonraker does: with metadata, and told of."""
        files = self.server.lookup_component("file_manager")
        try:
            await files.finalize_upload(
                {
                    "root": "gcodes",
                    "path": folder,
                    "filename": name,
                    "tmp_file_path": str(upload),
                    "print": "false",  # never here: the queue decides who prints
                }
            )
        except self.server.error as error:
            raise ApiError(error.status_code, f"{name}: {error}") from error


class _PostTo(PathMatches):
    """A path, for POST only."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        return super().match(request) if request.method == "POST" else None


class _Handler(AuthorizedRequestHandler):  # type: ignore[misc]  # Moonraker's are untyped
    """What uploads and slicers' other calls have in common."""

    def initialize(self, border: UploadBorder) -> None:
        super().initialize()
        self.border = border

    @property
    def user(self) -> str:
        """Who is logged in, if known."""
        return person(self.current_user)

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return str(self.request.remote_ip or "")

    def refuse(self, error: ApiError) -> None:
        """Answer with an error."""
        self.set_status(error.status)
        self.explain(error.status, str(error))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What Moonraker's base class or a mistake of ours ends in."""
        error = kwargs.get("exc_info", (None, None))[1]
        text = str(self._reason)
        if status_code == 401:
            text = (
                "Moonraker does not trust this address: enter Moonraker's API key in"
                " the slicer"
            )
        elif isinstance(error, HTTPError) and error.log_message:
            text = error.log_message
        self.explain(status_code, text)

    def explain(self, status: int, text: str) -> None:
        """Send an error as Moonraker does."""
        self._send({"error": {"code": status, "message": text}})

    def _send(self, answer: dict[str, Any]) -> None:
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(json.dumps(answer))

    def _base(self) -> str:
        """The address that a client has reached this host by."""
        return f"{self.request.protocol}://{self.request.host}"


class _Plain(_Handler):
    """Slicers show the body of an error as it is; Cura only what is text/plain."""

    def explain(self, status: int, text: str) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish(text)


@stream_request_body
class _UploadHandler(_Handler):
    """Streams a form; subclasses say which fields and what happens then."""

    fields: tuple[str, ...] = ()
    _form: UploadForm | None = None
    _failure: ApiError | None = None
    _is_complete = False

    def initialize(self, border: UploadBorder) -> None:
        super().initialize(border)
        self._lock = asyncio.Lock()  # one chunk at a time, and none after the end

    async def prepare(self) -> None:
        await super().prepare()  # raises 401 as Moonraker's own handlers do
        try:
            await self._begin()
        except ApiError as error:
            self.refuse(error)

    async def _begin(self) -> None:
        limit = self.border.max_size
        length = self.request.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else 0  # 0: it comes in chunks
        if size > limit:
            raise ApiError(
                _BODY_TOO_LARGE,
                f"the file is larger than Moonraker takes ({limit >> 20} MiB): raise"
                " max_upload_size in moonraker.conf, section [server]",
            )
        try:
            self.server.lookup_component("file_manager").check_write_enabled()
        except self.server.error as error:
            raise ApiError(503, str(error)) from error
        self.check_path()
        self.request.connection.set_max_body_size(limit)
        check_name = self.border.uploads.check_name
        file = await self.border.uploads.begin(size)
        self._form = UploadForm(self.request.headers, file, self.fields, check_name)

    async def data_received(self, chunk: bytes) -> None:
        async with self._lock:
            # After a failure the rest is read and forgotten: the client then gets to
            # see the answer.
            if self._form is None or self._failure is not None:
                return
            try:
                await self.border.uploads.run(self._form.feed, chunk)
            except ApiError as error:
                self._failure = error

    async def post(self, **path: str | None) -> None:
        del path  # as `check_path` has it
        form = self._form
        if form is None:
            return
        self._is_complete = True
        try:
            try:
                if self._failure is not None:
                    raise self._failure
                with asked_by(self.user, self.address):
                    answer = await self.take(form)
            finally:  # before the answer: who has it finds nothing left
                await self._discard()
        except ApiError as error:
            self.refuse(error)
        else:
            self.set_status(_CREATED)
            self._send(answer)

    def on_connection_close(self) -> None:
        super().on_connection_close()
        # One that is complete is added, whether its sender hears of it or not.
        if self._form is not None and not self._is_complete:
            self._task = asyncio.create_task(self._discard())

    async def _discard(self) -> None:
        """Leave no temporary file, once nothing writes to it any more."""
        async with self._lock:
            form, self._form = self._form, None
            if form is not None:
                try:
                    await self.border.uploads.run(form.file.discard)
                except ApiError as error:
                    _LOGGER.warning("netqueue: an upload is left behind: %s", error)

    def check_path(self) -> None:
        """Raise ApiError if the path names no queue of this host."""

    async def take(self, form: UploadForm) -> dict[str, Any]:
        """The answer to a complete form; raises ApiError."""
        raise NotImplementedError


class _FilesHandler(_UploadHandler):
    """POST /server/netqueue/files: a file, and a job of it."""

    fields = ("path", "add", *_JOB_FIELDS)

    async def take(self, form: UploadForm) -> dict[str, Any]:
        words: dict[str, Any] = form.values()
        folder, name = words.pop("path", ""), form.filename()
        add = words.pop("add", "true").lower() in _TRUE
        if self.user:
            words.setdefault("owner", self.user)
        uploads = self.border.uploads
        queue = uploads.queue(words.pop("queue", None))
        taken = await uploads.finish(
            queue, form.file, name, folder, self.border, words if add else None
        )
        return {"result": taken.view(queue.name)}


class _SlicerUpload(_Plain, _UploadHandler):
    """POST api/files/local, as OctoPrint has it."""

    fields = _SLICER_FIELDS

    def check_path(self) -> None:
        self._queue()

    async def take(self, form: UploadForm) -> dict[str, Any]:
        words = form.values()
        wanted = words.get("print", "false").lower() in _TRUE
        queue = self._queue()
        taken: Taken = await self.border.uploads.finish(
            queue,
            form.file,
            form.filename(),
            words.get("path", ""),
            self.border,
            {"owner": self.user} if wanted else None,
        )
        path = quote(taken.target.filename)
        api = self.request.path.removesuffix("/").removesuffix("/files/local")
        location = f"{self._base()}{api}/files/local/{path}"
        self.set_header("Location", location)
        return uploaded_view(taken, location, queue.name)

    def _queue(self) -> ServedQueue:
        return self.border.uploads.queue(self.path_kwargs.get("queue"))


class _SlicerCall(_Plain):
    """The rest of what slicers ask an OctoPrint."""

    async def get(self, call: str, queue: str | None = None) -> None:
        await self._answer("GET", call, queue)

    async def post(self, call: str, queue: str | None = None) -> None:
        await self._answer("POST", call, queue)

    async def _answer(self, method: str, call: str, queue: str | None) -> None:
        try:
            served = self.border.uploads.queue(queue)
            if method == "POST" and call.startswith("files/local/"):
                await self._select(served, unquote(call.removeprefix("files/local/")))
            else:
                self._send(answer_to(method, call.rstrip("/"), served.name))
        except ApiError as error:
            self.refuse(error)

    async def _select(self, queue: ServedQueue, filename: str) -> None:
        """Cura, where it uploads first and prints then."""
        try:
            words = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError):
            words = None
        if not isinstance(words, dict) or words.get("command") != "select":
            raise ApiError(400, "only the command 'select' is known here")
        if words.get("print") is True:
            with asked_by(self.user, self.address):
                await self.border.uploads.add_again(queue, filename, self.user)
        self.set_status(204)
        self.finish()
