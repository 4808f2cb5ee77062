"""Hosts that answer badly: each is named, with what to do, and never a traceback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from moonraker_netqueue.cli.__main__ import main

ANSWERS: dict[str, tuple[int, bytes]] = {
    "401": (401, b'{"error": {"code": 401, "message": "Unauthorized"}}'),
    "404": (404, b'{"error": {"code": 404, "message": "Not Found"}}'),
    "503": (503, b'{"error": {"code": 503, "message": "netqueue: it is starting"}}'),
    "html": (200, b"<html>a router</html>"),
    "plain": (502, b"<html>Bad Gateway</html>"),
    "shape": (200, b'{"result": {"jobs": [{"name": 3}], "pending": []}}'),
    "list": (200, b'{"result": []}'),
    "evil": (400, b'{"error": {"message": "x\\u001b[2Jy\\u202e"}}'),
}


class Handler(BaseHTTPRequestHandler):
    """The first part of a path chooses the answer; an upload is not read."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind == "key":
            key = self.headers.get("X-Api-Key", "")
            answer = {"result": {"jobs": [], "pending": [], "key": key}}
            self._send(200, json.dumps(answer).encode())
        elif kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{")
        elif kind == "nothing":
            self.close_connection = True
        else:
            self._send(*ANSWERS[kind])

    def do_POST(self) -> None:
        self.close_connection = True
        self._send(413, b'{"error": {"message": "the file is too large"}}')

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("401", 1, "NETQUEUE_API_KEY"),
        ("404", 1, "section [netqueue]"),
        ("503", 1, "it is starting"),
        ("html", 1, "is no Moonraker"),
        ("plain", 1, "Bad Gateway"),
        ("shape", 1, "another version"),
        ("list", 1, "is no Moonraker"),
        ("evil", 1, "x\\x1b[2Jy\\u202e"),
        ("cut", 3, "no answer from Moonraker"),
        ("nothing", 3, "no answer from Moonraker"),
    ],
)
def test_bad_answers_are_named(
    url: str, kind: str, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, with an exit code that tells a refusal from silence."""
    assert main(["ls", "--url", f"{url}/{kind}"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert words in err
    assert len(err.splitlines()) == 1


def test_the_code_of_http_is_in_the_json(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the host sent it."""
    assert main(["ls", "--url", f"{url}/503", "--json"]) == 1
    error = json.loads(capsys.readouterr().err)["error"]
    assert error == {"code": 503, "message": "netqueue: it is starting"}


def test_the_key_is_sent(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment; what is typed wins, on either side of the command."""
    monkeypatch.setenv("NETQUEUE_API_KEY", "from-environment")
    monkeypatch.setenv("NETQUEUE_URL", f"{url}/key")
    for words, key in (
        (["ls", "--json"], "from-environment"),
        (["ls", "--json", "--api-key", "typed"], "typed"),
        (["--api-key", "typed", "--json", "ls"], "typed"),
    ):
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["key"] == key


def test_an_upload_that_is_refused_half_way_says_why(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The host does not read a file to its end that it will not have."""
    path = tmp_path / "large.gcode"
    path.write_bytes(b"G1 X1\n" * 2_000_000)
    code = main(["add", str(path), "--url", url])
    err = capsys.readouterr().err
    assert (code, "too large" in err) in ((1, True), (3, False))
    assert err.startswith("error: ")
