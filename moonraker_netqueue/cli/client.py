"""A blocking client of one Moonraker: calls of the queue, and files in and out."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import quote, urlencode

from .address import Address
from .errors import CliError, HostRefused, HostUnreachable

ROOT = "/server/netqueue"
STORE = ".netqueue"  # of gcodes: contents by SHA-256
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 20.0
_WRITE_SECONDS = 120.0  # a host hashes what is added, and waits for its queue
_CHUNK = 1 << 18

OnBytes = Callable[[int], object]  # hears of bytes that went over


def _nobody(_count: int) -> None:
    """Nobody wants to hear."""


class _Answer:
    """An answer's body; what breaks while it is read is the host's doing."""

    def __init__(
        self,
        response: http.client.HTTPResponse,
        heard: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        self._response = response
        self._heard = heard

    @property
    def length(self) -> int:
        return int(self._response.getheader("Content-Length") or 0)

    def read(self, count: int | None = None) -> bytes:
        with self._heard():
            return self._response.read(count)


class Client:
    """One call, one connection."""

    def __init__(self, address: Address, api_key: str | None) -> None:
        self.address = address
        self.headers = {"X-Api-Key": api_key} if api_key else {}

    def call(self, method: str, endpoint: str, values: Mapping[str, Any]) -> Any:
        """What an endpoint of the queue answers."""
        path = f"{ROOT}/{endpoint}"
        if method == "GET":
            query = f"?{urlencode(values)}" if values else ""
            return self._json(method, path + query, None, "", _READ_SECONDS)
        body = json.dumps(values).encode()
        return self._json(method, path, body, "application/json", _WRITE_SECONDS)

    def size_of(self, path: str) -> int | None:
        """Bytes of a file in the host's gcodes; None: there is none."""
        try:
            with self._response("HEAD", _file_path(path)) as response:
                return response.length
        except HostRefused as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def download(self, path: str, write: Callable[[bytes], object]) -> None:
        """Hand the bytes of a file in gcodes to `write`, piece by piece."""
        with self._response("GET", _file_path(path)) as response:
            while piece := response.read(_CHUNK):
                write(piece)

    def hash_of(self, path: str) -> str:
        """SHA-256 of a file in the host's gcodes."""
        digest = hashlib.sha256()
        self.download(path, digest.update)
        return digest.hexdigest()

    def upload(
        self,
        path: str,
        content: IO[bytes],
        size: int,
        sha256: str,
        on_bytes: OnBytes = _nobody,
    ) -> None:
        """Put a file into gcodes; the host compares its SHA-256."""
        target = PurePosixPath(path)
        mark = secrets.token_hex(16)
        fields = {"root": "gcodes", "path": str(target.parent), "checksum": sha256}
        head = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
            f"{value}\r\n"
            for name, value in fields.items()
        )
        name = target.name.replace("\\", "\\\\").replace('"', '\\"')
        head += (
            f"--{mark}\r\nContent-Disposition: form-data; "
            f'name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        start, end = head.encode(), f"\r\n--{mark}--\r\n".encode()

        def body() -> Iterator[bytes]:
            yield start
            left = size
            while left:
                try:
                    piece = content.read(min(_CHUNK, left))
                except OSError as error:
                    raise CliError(f"{target.name}: {error.strerror}") from error
                if not piece:
                    raise CliError(f"{target.name} became shorter while it was sent")
                left -= len(piece)
                on_bytes(len(piece))
                yield piece
            yield end

        headers = {
            "Content-Type": f"multipart/form-data; boundary={mark}",
            "Content-Length": str(len(start) + size + len(end)),
        }
        upload = "/server/files/upload"
        with self._response("POST", upload, body(), headers, _WRITE_SECONDS) as answer:
            answer.read()

    def _json(
        self, method: str, path: str, body: bytes | None, kind: str, seconds: float
    ) -> Any:
        headers = {"Content-Type": kind} if kind else {}
        with self._response(method, path, body, headers, seconds) as response:
            payload = response.read()
        try:
            answer = json.loads(payload)["result"]
        except (ValueError, KeyError, TypeError):
            answer = None
        if not isinstance(answer, dict):
            raise HostRefused(
                f"what answers at {self.address.url} is no Moonraker: name one with"
                " --url"
            )
        return answer

    @contextlib.contextmanager
    def _response(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = _READ_SECONDS,
    ) -> Iterator[_Answer]:
        """An answer that is no error, to be read inside the block."""
        connection = self._connection()
        sent = {**self.headers, **(headers or {})}
        try:
            with self._heard(method, seconds):
                connection.connect()
                connection.sock.settimeout(seconds)
                # A host that refuses a file does not read on, but says why.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    connection.request(method, self.address.path + path, body, sent)
                response = connection.getresponse()
                answer = _Answer(response, lambda: self._heard(method, seconds))
                if response.status >= http.client.BAD_REQUEST:
                    raise self._refusal(response.status, response.read())
            yield answer
        finally:
            connection.close()

    @contextlib.contextmanager
    def _heard(self, method: str, seconds: float) -> Iterator[None]:
        """Raise HostUnreachable if the other end falls silent inside the block."""
        try:
            yield
        except TimeoutError as error:
            raise HostUnreachable(self._silent(method, seconds)) from error
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            raise HostUnreachable(
                f"no answer from Moonraker at {self.address.url}:"
                f" {error or type(error).__name__}. Is it on? Name another host with"
                " --url"
            ) from error

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.address.host, self.address.port
        if self.address.secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                host, port, timeout=_CONNECT_SECONDS, context=context
            )
        return http.client.HTTPConnection(host, port, timeout=_CONNECT_SECONDS)

    def _silent(self, method: str, seconds: float) -> str:
        text = f"{self.address.url} did not answer within {seconds:g} s"
        if method in ("GET", "HEAD"):
            return text
        return (
            f"{text}. It may have been done all the same: look with 'netqueue ls'"
            " before you repeat it"
        )

    def _refusal(self, status: int, payload: bytes) -> HostRefused:
        try:
            message = str(json.loads(payload)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = http.client.responses.get(status, f"error {status}")
        if status == http.client.UNAUTHORIZED:
            message = (
                f"{self.address.url} lets nobody in without a key: give --api-key or"
                " set NETQUEUE_API_KEY (its dashboard shows the key), or add this"
                " machine to trusted_clients in its moonraker.conf"
            )
        elif status == http.client.NOT_FOUND and message.endswith("Not Found"):
            message = (
                f"{self.address.url} has no such page. Is there a section [netqueue]"
                " in its moonraker.conf, and of this version?"
            )
        return HostRefused(message, status)


def _file_path(path: str) -> str:
    return f"/server/files/gcodes/{quote(path)}"
