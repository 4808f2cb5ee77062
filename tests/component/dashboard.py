"""A dashboard's websocket to one Moonraker, as Mainsail and others hold it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter

_PATIENCE = 90.0  # seconds until what must come has not come


class CallRefusedError(Exception):
    """The answer to a call is an error; `code` is its number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Dashboard:
    """Calls by JSON-RPC, and keeps the job queue as it was told last."""

    def __init__(self, printer: VirtualPrinter, name: str) -> None:
        self._printer = printer
        self._name = name
        self._connection: WebSocketClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Event()
        self.queue: list[dict[str, Any]] = []
        self.state = ""
        self.actions: list[str] = []

    async def __aenter__(self) -> Dashboard:
        url = f"ws://127.0.0.1:{self._printer.client.port}/websocket"
        self._connection = await websocket_connect(url)
        self._reading = asyncio.create_task(self._read(self._connection))
        await self.call(
            "server.connection.identify",
            client_name=self._name,
            version="1",
            type="web",
            url="http://localhost",
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._connection is not None
        assert self._reading is not None
        self._connection.close()
        await asyncio.wait_for(self._reading, _PATIENCE)

    async def call(self, method: str, **params: Any) -> Any:
        """The result of a call; raises CallRefusedError."""
        assert self._connection is not None
        number = len(self._answers)
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        await self._connection.write_message(json.dumps(request))
        return await asyncio.wait_for(answer, _PATIENCE)

    async def job_queue(self, call: str, **params: Any) -> list[str]:
        """A call of the job queue; its answer becomes the list. The file names."""
        answer = await self.call(f"server.job_queue.{call}", **params)
        self.queue, self.state = answer["queued_jobs"], answer["queue_state"]
        return self.files

    @property
    def files(self) -> list[str]:
        return [row["filename"] for row in self.queue]

    def ids(self, filename: str) -> list[str]:
        """The ids of a file's rows."""
        return [row["job_id"] for row in self.queue if row["filename"] == filename]

    async def shows(self, *filenames: str) -> None:
        """Wait until the list is that one, by what it is told."""
        await self.is_told(lambda: self.files == list(filenames))

    async def is_told(self, condition: Callable[[], bool]) -> None:
        """Wait until what it is told makes the condition true."""
        while not condition():
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), _PATIENCE)

    async def _read(self, connection: WebSocketClientConnection) -> None:
        while (text := await connection.read_message()) is not None:
            message = json.loads(text)
            if "id" in message:
                self._on_answer(message)
            elif message["method"] == "notify_job_queue_changed":
                (change,) = message["params"]
                self.actions.append(change["action"])
                self.state = change["queue_state"]
                if change["updated_queue"] is not None:
                    self.queue = change["updated_queue"]
                self._changed.set()

    def _on_answer(self, message: dict[str, Any]) -> None:
        answer = self._answers[message["id"]]
        if "error" in message:
            error = message["error"]
            answer.set_exception(CallRefusedError(error["code"], error["message"]))
        else:
            answer.set_result(message["result"])
