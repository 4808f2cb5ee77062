"""What slicers send, byte by byte: headers, fields and their order."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter

BASE = "/server/netqueue/slicer"
BOUNDARY = "------------------------f0e1d2c3b4a59687"
UNTRUSTED = "127.0.0.2"  # the virtual printers trust 127.0.0.1 only

Part = tuple[str, str | None, bytes]  # field, file name, value


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    kind: str
    text: str
    location: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def form(parts: Sequence[Part], text_kind: str = "") -> bytes:
    """multipart/form-data; `text_kind` is the type of a text, where one is sent."""
    body = b""
    for name, filename, value in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        kind = text_kind
        if filename is not None:
            head += f'; filename="{filename}"'
            kind = "application/octet-stream"
        if kind:
            head += f"\r\nContent-Type: {kind}"
        body += f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + value + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


class Slicer:
    """One program that speaks to one printer."""

    def __init__(
        self,
        printer: VirtualPrinter,
        base: str = BASE,
        key: str = "",
        address: str = "127.0.0.1",
        agent: str = "PrusaSlicer/2.9.0",
    ) -> None:
        self.printer = printer
        self.base = base
        self.headers = {"User-Agent": agent, "Accept": "*/*"}
        if key:
            self.headers["X-Api-Key"] = key
        self._address = address

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request below the base, on a connection of its own."""
        connection = http.client.HTTPConnection(
            "127.0.0.1",
            self.printer.port,
            timeout=30,
            source_address=(self._address, 0),
        )
        try:
            connection.request(
                method, f"{self.base}/{path}", body, {**self.headers, **(headers or {})}
            )
            response = connection.getresponse()
            return Answer(
                response.status,
                response.getheader("Content-Type", ""),
                response.read().decode(),
                response.getheader("Location", ""),
            )
        finally:
            connection.close()

    def get(self, path: str, **arguments: Any) -> Answer:
        return self.call(
            "GET", path + ("?" + urlencode(arguments) if arguments else "")
        )

    def post(self, path: str, value: Mapping[str, Any]) -> Answer:
        kind = {"Content-Type": "application/json"}
        return self.call("POST", path, json.dumps(value).encode(), kind)

    def upload(
        self, parts: Sequence[Part], text_kind: str = "", path: str = "api/files/local"
    ) -> Answer:
        """POST a form."""
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.call("POST", path, form(parts, text_kind), {"Content-Type": kind})

    def send(
        self,
        name: str,
        content: bytes,
        start: bool = False,
        folder: str = "",
        extra: Sequence[Part] = (),
    ) -> Answer:
        """As PrusaSlicer and OrcaSlicer do: tested first, then the file at the end."""
        test = self.get("api/version")
        if test.status != http.client.OK:
            return test
        assert test.json["api"]
        assert test.json["text"].startswith("OctoPrint")
        return self.upload(
            [
                ("print", None, b"true" if start else b"false"),
                ("path", None, folder.encode()),
                *extra,
                ("file", name, content),
            ]
        )


class SlowUpload:
    """A form that is sent in pieces, over a socket of its own."""

    def __init__(self, slicer: Slicer, parts: Sequence[Part]) -> None:
        self._body = form(parts)
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", slicer.printer.port, timeout=30
        )
        self._connection.putrequest("POST", f"{slicer.base}/api/files/local")
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        for name, value in {
            **slicer.headers,
            "Content-Type": kind,
            "Content-Length": str(len(self._body)),
        }.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()

    def send(self, size: int) -> None:
        """The next bytes; they arrive before what is sent later elsewhere."""
        self._connection.send(self._body[:size])
        self._body = self._body[size:]
        time.sleep(0.2)

    def finish(self) -> Answer:
        """The rest, and the answer."""
        try:
            self._connection.send(self._body)
            response = self._connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, "", text, "")
        finally:
            self.break_off()

    def break_off(self) -> None:
        """Close the socket."""
        self._connection.close()
