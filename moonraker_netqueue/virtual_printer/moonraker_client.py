"""A small blocking client of one Moonraker's HTTP interface."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from .errors import VirtualPrinterError


class NoAnswerError(VirtualPrinterError):
    """Moonraker is not there, or broke off."""


class RefusedError(VirtualPrinterError):
    """Moonraker answered with an error."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class MoonrakerClient:
    """One call, one connection: a killed Moonraker leaves nothing behind here."""

    def __init__(self, port: int, timeout: float = 30.0) -> None:
        self.port = port
        self._timeout = timeout

    def get(self, path: str, **arguments: str | int) -> Any:
        """The result of GET `path`."""
        query = "?" + urlencode(arguments) if arguments else ""
        return self._call("GET", path + query, None, "")

    def post(self, path: str, arguments: Mapping[str, Any] | None = None) -> Any:
        """The result of POST `path` with JSON arguments."""
        body = json.dumps(arguments or {}).encode()
        return self._call("POST", path, body, "application/json")

    def script(self, gcode: str) -> None:
        """Run g-code and wait until Klipper has taken it."""
        self.post("/printer/gcode/script", {"script": gcode})

    def query(self, name: str) -> dict[str, Any]:
        """The status of one Klipper object, such as `print_stats`."""
        result = self.get("/printer/objects/query", **{name: ""})
        status: dict[str, Any] = result["status"][name]
        return status

    def upload(self, path: str, content: bytes) -> None:
        """Put a file at `path` below the gcodes root."""
        target = PurePosixPath(path)
        boundary = secrets.token_hex(16)
        fields = {"root": "gcodes", "path": str(target.parent)}
        parts = [
            f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
            for name, value in fields.items()
        ]
        parts.append(
            f'Content-Disposition: form-data; name="file"; filename="{target.name}"'
            "\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
            + content
        )
        mark = f"--{boundary}".encode()
        body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts)
        body += mark + b"--\r\n"
        kind = f"multipart/form-data; boundary={boundary}"
        self._call("POST", "/server/files/upload", body, kind)

    def download(self, path: str) -> bytes:
        """The bytes of a file below the gcodes root."""
        return self._exchange("GET", f"/server/files/gcodes/{path}", None, "")[1]

    def _call(self, method: str, path: str, body: bytes | None, kind: str) -> Any:
        status, payload = self._exchange(method, path, body, kind)
        try:
            answer = json.loads(payload)
        except ValueError as error:
            raise RefusedError(
                f"{method} {path} on port {self.port}: the answer ({status}) is no "
                "JSON; is this a Moonraker?",
                status,
            ) from error
        return answer.get("result", answer)

    def _exchange(
        self, method: str, path: str, body: bytes | None, kind: str
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=self._timeout
        )
        headers = {"Content-Type": kind} if kind else {}
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            status, payload = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(
                f"no answer from Moonraker on port {self.port} to {method} {path}: "
                f"{error or type(error).__name__}"
            ) from error
        finally:
            connection.close()
        if status >= http.client.BAD_REQUEST:
            raise RefusedError(
                f"{method} {path} on port {self.port}: {status} {_reason(payload)}",
                status,
            )
        return status, payload


def _reason(payload: bytes) -> str:
    """The message inside Moonraker's error answer, else the answer itself."""
    try:
        message = json.loads(payload)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return payload.decode(errors="replace")[:200]
    return str(message)
