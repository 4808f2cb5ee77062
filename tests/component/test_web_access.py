"""Who may use what on Moonraker's own web server, and what it never gives out."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from moonraker_netqueue.api.routes import ROUTES
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.conftest import SECTION
from tests.component.slicer import GCODE, UNTRUSTED, Slicer
from tests.component.test_component import ROOT, serves, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(600)
FRIEND = "http://friend.example"
UNAUTHORISED = 401
WRONG_KEY = {"X-Api-Key": "0" * 32}
JSON = {"Content-Type": "application/json"}
ENDPOINTS = [(name, kind) for name, kinds in ROUTES.items() for kind in kinds]
STREAMS = [
    ("POST", f"{ROOT}/files"),
    ("POST", f"{ROOT}/slicer/api/files/local"),
    ("POST", f"{ROOT}/slicer/workshop/api/files/local"),
    ("POST", f"{ROOT}/slicer/api/files/local/part.gcode"),
    ("GET", f"{ROOT}/slicer/api/version"),
    ("GET", f"{ROOT}/slicer/api/settings"),
    ("GET", f"{ROOT}/slicer/spare/api/printer"),
    ("POST", f"{ROOT}/slicer/api/login"),
]


@pytest.fixture(scope="module")
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A printer with two paused queues, and a web page elsewhere that is a friend."""
    with start_farm(printers_folder, 1, SECTION) as farm:
        (printer,) = farm.printers
        config = printer.data_path / "config/moonraker.conf"
        section, friend = "[authorization]\n", f"cors_domains:\n    {FRIEND}\n"
        config.write_text(config.read_text().replace(section, section + friend))
        printer.kill("moonraker")
        printer.start()
        wait(partial(serves, printer), 90)
        for queue in ("workshop", "spare"):
            printer.client.post(f"{ROOT}/pause", {"queue": queue})
        yield printer
        assert "Traceback" not in (printer.data_path / "logs/moonraker.log").read_text()


def ask(
    printer: VirtualPrinter,
    method: str,
    path: str,
    address: str = UNTRUSTED,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """One request, from an address that Moonraker does not trust."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", printer.port, timeout=60, source_address=(address, 0)
    )
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.msg, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(("endpoint", "method"), ENDPOINTS)
def test_every_endpoint_refuses_a_stranger(
    printer: VirtualPrinter, endpoint: str, method: str
) -> None:
    """With no key, a wrong key, a wrong token; by path and by JSON-RPC."""
    path = f"{ROOT}/{endpoint}"
    before = state(printer)
    for tried, headers in (
        (path, {}),
        (path, WRONG_KEY),
        (f"{path}?token=ABCDEFGHIJKLMNOPQRSTUVWXYZ", {}),
    ):
        status, _, answer = ask(printer, method, tried, headers=headers)
        assert status == UNAUTHORISED, answer
        assert b"workshop" not in answer
    prefix = {"GET": "", "POST": "post_", "DELETE": "delete_"}[method]
    if len(ROUTES[endpoint]) == 1:
        prefix = ""
    elif method == "GET":
        prefix = "get_"
    call = {"jsonrpc": "2.0", "id": 1, "method": f"server.netqueue.{prefix}{endpoint}"}
    body = json.dumps(call).encode()
    status, _, answer = ask(printer, "POST", "/server/jsonrpc", headers=JSON, body=body)
    error = json.loads(answer)["error"]
    assert status == UNAUTHORISED or error["message"] == "Unauthorized", answer
    assert state(printer) == before


def state(printer: VirtualPrinter) -> Any:
    """What a stranger could have changed."""
    queues = printer.client.get(f"{ROOT}/status")["queues"]
    jobs = [printer.client.get(f"{ROOT}/jobs", queue=q)["jobs"] for q in queues]
    return {name: queue["paused"] for name, queue in queues.items()}, jobs


@pytest.mark.parametrize(("method", "path"), STREAMS)
def test_every_way_of_a_slicer_refuses_a_stranger(
    printer: VirtualPrinter, method: str, path: str
) -> None:
    """Before a byte of the file is taken."""
    status, _, answer = ask(printer, method, path, body=b"x" * 100)
    assert status == UNAUTHORISED, answer
    assert ask(printer, method, path, headers=WRONG_KEY)[0] == UNAUTHORISED


@pytest.mark.parametrize(("endpoint", "method"), ENDPOINTS)
def test_a_key_and_a_token_open_every_endpoint(
    printer: VirtualPrinter, endpoint: str, method: str
) -> None:
    """From the address that was refused without; a token opens one, once."""
    path = f"{ROOT}/{endpoint}"
    if method == "GET":
        path += "?queue=spare"
    key = {"X-Api-Key": printer.client.get("/access/api_key")}
    assert ask(printer, method, path, headers=key)[0] != UNAUTHORISED
    _, _, answer = ask(printer, "GET", "/access/oneshot_token", headers=key)
    token = json.loads(answer)["result"]
    mark = "&" if "?" in path else "?"
    assert ask(printer, method, f"{path}{mark}token={token}")[0] != UNAUTHORISED
    assert ask(printer, method, f"{path}{mark}token={token}")[0] == UNAUTHORISED


def test_a_websocket_of_a_stranger_hears_nothing(printer: VirtualPrinter) -> None:
    """No call is answered and no change is told before it has said who it is."""
    method = "server.netqueue.status"

    async def listen() -> list[dict[str, Any]]:
        url = f"ws://127.0.0.1:{printer.port}/websocket"
        headers = {"X-Real-IP": "203.0.113.9"}  # as a web server in front tells it
        try:
            connection = await websocket_connect(HTTPRequest(url, headers=headers))
        except HTTPClientError as error:
            return [{"error": {"code": error.code}}]
        call = {"jsonrpc": "2.0", "id": 1, "method": method}
        await connection.write_message(json.dumps(call))
        printer.client.post(f"{ROOT}/pause", {"queue": "spare"})
        heard: list[dict[str, Any]] = []
        while True:
            message = await connection.read_message()
            if message is None:
                return heard
            heard.append(json.loads(message))
            if heard[-1].get("id") == 1:
                connection.close()
                while await connection.read_message() is not None:
                    pass  # until the socket is closed, too
                return heard

    heard = asyncio.run(listen())
    error = heard[-1]["error"]
    assert error["code"] == UNAUTHORISED or error["message"] == "Unauthorized"
    assert not [one for one in heard if "netqueue" in str(one.get("method"))]


@pytest.mark.parametrize("origin", [FRIEND, "http://stranger.example", "null"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", f"{ROOT}/status"), *STREAMS[:2], *STREAMS[4:5]],
)
def test_pages_of_other_origins_may_what_they_may_with_moonraker(
    printer: VirtualPrinter, method: str, path: str, origin: str
) -> None:
    """The same headers as on Moonraker's own endpoints, to the question before, too."""

    def allowed(method: str, path: str) -> dict[str, str]:
        _, headers, _ = ask(printer, method, path, "127.0.0.1", {"Origin": origin})
        return {
            name: value
            for name, value in headers.items()
            if name.lower().startswith("access-control")
        }

    theirs = allowed("GET", "/server/info")
    assert bool(theirs) == (origin == FRIEND)
    assert allowed(method, path) == theirs
    assert allowed("OPTIONS", path) == allowed("OPTIONS", "/server/info")


@pytest.mark.parametrize(
    "path",
    [
        "panel/../../../etc/passwd",
        "panel/%2e%2e/%2e%2e/identity.pem",
        "ui/{digest}/../../../../netqueue/identity.pem",
        "ui/{digest}/..%2f..%2fassets.py",
        "ui/{digest}/%2e%2e/assets.py",
        "ui/{digest}//etc/passwd",
        "ui/{digest}/%2fetc%2fpasswd",
        "ui/{digest}/core/../../assets.py",
        "ui/{digest}/main.js%00",
        "ui/{digest}/index.html",
        "slicer/api/../../netqueue/identity.pem",
        "slicer/api/files/local/..%2f..%2fconfig%2fmoonraker.conf",
        "files/../../../config/moonraker.conf",
    ],
)
def test_no_path_leads_to_a_file_of_this_host(
    printer: VirtualPrinter, path: str
) -> None:
    """Whoever asks: what the page loads is a list, not a folder."""
    _, _, page = ask(printer, "GET", f"{ROOT}/panel", "127.0.0.1")
    digest = page.decode().split("ui/")[1].split("/")[0]
    asked = f"{ROOT}/{path.format(digest=digest)}"
    status, _, answer = ask(printer, "GET", asked, "127.0.0.1")
    assert status in (400, 403, 404), answer
    for secret in (b"PRIVATE KEY", b"root:", b"[server]", b"def "):
        assert secret not in answer


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("../config", "evil.gcode"),
        ("a/../../config", "evil.gcode"),
        ("..\\config", "evil.gcode"),
        ("", "../config/evil.gcode"),
        ("", "%2e%2e%2fconfig%2fevil.gcode"),
        ("%2e%2e/config", "evil.gcode"),
        (".netqueue", "evil.gcode"),
        (".netqueue-thumbs", "evil.gcode"),
        ("netqueue/workshop", "evil.gcode"),
        ("/etc", "evil.gcode"),
        ("a\0b", "evil.gcode"),
    ],
)
def test_no_upload_leaves_the_folder_of_files(
    printer: VirtualPrinter, folder: str, name: str
) -> None:
    """Refused, or kept inside under a name of just these letters."""
    gcodes = printer.data_path / "gcodes"
    before = set(printer.data_path.rglob("*"))
    answer = Slicer(printer).send(name, GCODE, folder=folder)
    new = {p for p in set(printer.data_path.rglob("*")) - before if "evil" in p.name}
    assert all(path.is_relative_to(gcodes) for path in new)
    assert not Path("/etc/evil.gcode").exists()
    names = (".netqueue", ".netqueue-thumbs", "netqueue")
    own = [gcodes / name for name in names]
    assert not any(path.is_relative_to(one) for path in new for one in own)
    assert (answer.status == 400) == (not new), answer.text


@pytest.mark.parametrize(
    "filename",
    [
        "../config/moonraker.conf",
        "/etc/passwd",
        "../netqueue/identity.pem",
        "%2e%2e/config/moonraker.conf",
        "a/../../config/x.gcode",
        "x\0.gcode",
    ],
)
def test_no_job_is_made_of_another_file(printer: VirtualPrinter, filename: str) -> None:
    """By our call and by Moonraker's own: members could fetch it."""
    job = json.dumps({"queue": "workshop", "filename": filename}).encode()
    status, _, _ = ask(printer, "POST", f"{ROOT}/job", "127.0.0.1", JSON, job)
    assert status in (400, 404)
    path = f"/server/job_queue/job?filenames={quote(filename)}"
    assert ask(printer, "POST", path, "127.0.0.1")[0] in (400, 404)
    assert printer.client.get(f"{ROOT}/files", queue="workshop")["files"] is not None
