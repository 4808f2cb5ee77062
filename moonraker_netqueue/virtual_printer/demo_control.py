"""How `netqueue demo restart` reaches the running demo: a socket in its folder."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
from collections.abc import Callable
from pathlib import Path

from ..errors import NetqueueError
from .errors import VirtualPrinterError

SOCKET_NAME = "demo.sock"
_MESSAGE_MAX = 65536  # bytes
_ASK_SECONDS = 120.0  # a restart waits until the printer is ready
_REPLY_SECONDS = 5.0


class ControlServer:
    """Answers restart requests, one at a time, when `serve` is called."""

    def __init__(self, directory: Path, restart: Callable[[str], None]) -> None:
        """Raises VirtualPrinterError when a demo runs in `directory`."""
        self._path = directory / SOCKET_NAME
        self._restart = restart
        if _is_answered(self._path):
            raise VirtualPrinterError(
                f"a demo runs in {directory} already: stop it, or choose another "
                "folder with --dir"
            )
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(bytes(self._path))
        self._listener.listen()

    def close(self) -> None:
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def serve(self, timeout: float) -> None:
        """Answer a request that arrives within `timeout` seconds."""
        if select.select([self._listener], [], [], timeout)[0]:
            connection = self._listener.accept()[0]
            with connection, contextlib.suppress(OSError):  # who asks may be gone
                connection.settimeout(_REPLY_SECONDS)
                connection.sendall(self._answer(connection.recv(_MESSAGE_MAX)))

    def _answer(self, request: bytes) -> bytes:
        error = ""
        try:
            self._restart(str(json.loads(request)["restart"]))
        except (ValueError, KeyError, TypeError):
            error = "the request is not understood: use the same version of netqueue"
        except NetqueueError as problem:
            error = str(problem)
        return json.dumps({"error": error}).encode()


def ask_restart(directory: Path, name: str) -> None:
    """Have the demo of `directory` start what does not run of printer `name`."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_ASK_SECONDS)
        try:
            connection.connect(bytes(directory / SOCKET_NAME))
            connection.sendall(json.dumps({"restart": name}).encode())
            answer = connection.recv(_MESSAGE_MAX)
        except OSError as error:
            raise VirtualPrinterError(
                f"no demo answers in {directory} ({error}): name its folder with --dir"
            ) from error
    if not answer:
        raise VirtualPrinterError(f"the demo in {directory} ended before it answered")
    if problem := json.loads(answer)["error"]:
        raise VirtualPrinterError(problem)


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(os.fspath(path)) == 0
