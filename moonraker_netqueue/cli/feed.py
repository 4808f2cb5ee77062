"""A queue as a host tells of it over its websocket: read, changes, and the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from .errors import HostRefused, HostUnreachable
from .session import Session

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 20.0
_PING_SECONDS = 5.0
_CHANGED = "notify_netqueue_changed"
_NO_METHOD, _NOT_FOUND, _UNAUTHORIZED = -32601, 404, 401

Message = dict[str, Any]


class Feed:
    """One connection; raises HostUnreachable as soon as it is none any more."""

    def __init__(self, connection: WebSocketClientConnection, session: Session) -> None:
        self._connection = connection
        self._queue = session.queue
        self._asked = 0
        self._changes: list[Message] = []

    @classmethod
    async def connect(cls, session: Session) -> Feed:
        """Raises HostUnreachable, or HostRefused for one that lets nobody in."""
        address = session.address
        request = HTTPRequest(
            address.websocket,
            headers=session.client.headers,
            connect_timeout=_CONNECT_SECONDS,
        )
        try:
            connection = await websocket_connect(request, ping_interval=_PING_SECONDS)
        except HTTPClientError as error:
            if error.code == _UNAUTHORIZED:
                raise HostRefused(
                    f"{address.url} wants --api-key", error.code
                ) from error
            raise HostUnreachable(f"{address.url}: {error}") from error
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            raise HostUnreachable(
                f"no answer from Moonraker at {address.url}:"
                f" {error or type(error).__name__}"
            ) from error
        return cls(connection, session)

    def close(self) -> None:
        self._connection.close()

    async def ask(self, endpoint: str) -> Any:
        """What the host answers; changes that come meanwhile are kept."""
        self._asked += 1
        params = {"queue": self._queue} if self._queue is not None else {}
        request = {
            "jsonrpc": "2.0",
            "id": self._asked,
            "method": f"server.netqueue.{endpoint}",
            "params": params,
        }
        try:
            await self._connection.write_message(json.dumps(request))
            return await asyncio.wait_for(self._answer(), _ANSWER_SECONDS)
        except asyncio.TimeoutError as error:
            raise HostUnreachable("Moonraker has stopped answering") from error
        except WebSocketClosedError as error:
            raise _closed() from error

    async def changes(self, seconds: float) -> list[Message]:
        """Changes, as soon as there are some; none after so many seconds."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wait_for_change(), seconds)
        found, self._changes = self._changes, []
        return found

    async def _wait_for_change(self) -> None:
        while not self._changes:
            self._keep(await self._next())

    async def _answer(self) -> Any:
        while True:
            message = await self._next()
            self._keep(message)
            if message.get("id") != self._asked:
                continue
            if "error" not in message:
                return message["result"]
            code, text = message["error"]["code"], str(message["error"]["message"])
            if code == _NO_METHOD:
                code, text = _NOT_FOUND, "this Moonraker has no section [netqueue]"
            raise HostRefused(text, code)

    def _keep(self, message: Message) -> None:
        if message.get("method") == _CHANGED:
            self._changes.append(message["params"][0])

    async def _next(self) -> Message:
        text = await self._connection.read_message()
        if text is None:
            raise _closed()
        try:
            message = json.loads(text)
        except ValueError:
            return {}
        return message if isinstance(message, dict) else {}


def _closed() -> HostUnreachable:
    return HostUnreachable("Moonraker closed the connection: it restarts, or ends")
