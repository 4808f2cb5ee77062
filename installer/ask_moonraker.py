"""Questions to a running Moonraker, as install.sh asks them.

Runs with Moonraker's own Python, on the standard library alone. Asks through its
Unix socket, where no login is needed, and by HTTP where that socket is not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_DEFAULT_PORT = 7125
_TIMEOUT = 10.0  # seconds per question
_AWAY = 15.0  # seconds in which an accepted restart begins
_BACK = 120.0  # seconds; a first start on a small board takes long
_POLL = 0.1
_UNAVAILABLE = 503  # our component has not started, or never will
_END = b"\x03"  # ends each message on the Unix socket


class NotRunning(Exception):
    """Nobody listens."""


class Refused(Exception):
    """An answer, but not to the question."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Moonraker:
    """One Moonraker, whether it runs or not."""

    def __init__(self, data_path: Path, config: Path) -> None:
        self._socket = data_path / "comms" / "moonraker.sock"
        self.port = configured_port(config)

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a JSON-RPC method."""
        question = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        data = json.dumps(question).encode()
        try:
            answer = self._by_socket(data)
        except OSError:
            answer = self._by_http(data)
        if "error" in answer:
            error = answer["error"]
            raise Refused(str(error["message"]), int(error["code"]))
        return answer.get("result")

    def _by_socket(self, data: bytes) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT)
            connection.connect(str(self._socket))
            connection.sendall(data + _END)
            received = b""
            while True:
                *messages, received = received.split(_END)
                for message in map(json.loads, messages):
                    if message.get("id") == 1:  # others are notifications
                        answer: dict[str, Any] = message
                        return answer
                if not (chunk := connection.recv(1 << 16)):
                    raise ConnectionResetError("Moonraker closed the connection")
                received += chunk

    def _by_http(self, data: bytes) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=_TIMEOUT
        )
        try:
            connection.request("POST", "/server/jsonrpc", data, headers)
            response = connection.getresponse()
            status, text = response.status, response.read()
        except ConnectionRefusedError as error:
            raise NotRunning from error
        except (OSError, http.client.HTTPException) as error:
            raise Refused(f"port {self.port}: {error}", 0) from error
        finally:
            connection.close()
        try:
            answer: dict[str, Any] = json.loads(text)
        except ValueError:
            answer = {}
        if not answer.keys() & {"result", "error"}:
            raise Refused(f"port {self.port} answered with status {status}", status)
        if not isinstance(answer.get("error", {}), dict):
            raise Refused(str(answer["error"]), status)
        answer.get("error", {}).setdefault("code", status)
        return answer


def configured_port(config: Path) -> int:
    """Option `port` of [server], also where an included file has it."""
    section, port = "", _DEFAULT_PORT
    for path in [*sorted(config.parent.glob("*.conf")), config]:
        if not os.access(path, os.R_OK):
            continue
        for line in path.read_text(errors="replace").splitlines():
            if found := re.match(r"\s*\[([^]]+)\]", line):
                section = found[1].strip()
            elif section == "server" and (
                found := re.match(r"\s*port\s*[:=]\s*(\d+)", line)
            ):
                port = int(found[1])
    return port


def state(moonraker: Moonraker) -> str:
    """Whether a restart would disturb: idle, not-running, busy WHAT or unknown WHY."""
    try:
        if not moonraker.ask("server.info")["klippy_connected"]:
            return "idle"
        answer = moonraker.ask("printer.objects.query", objects={"print_stats": None})
    except NotRunning:
        return "not-running"
    except Refused as error:
        return f"unknown {error}"
    stats = answer["status"].get("print_stats", {})
    if stats.get("state") in ("printing", "paused"):
        return f"busy {stats['state']} {stats.get('filename') or 'a file'}"
    return "idle"


def is_loaded(moonraker: Moonraker) -> bool:
    """Whether it runs with our component, well or not."""
    info = moonraker.ask("server.info")
    return "netqueue" in [*info["components"], *info["failed_components"]]


def restart_service(moonraker: Moonraker) -> bool:
    """Let Moonraker restart its own service; whether it has begun to."""
    system = moonraker.ask("machine.system_info")["system_info"]
    name = system["instance_ids"]["moonraker"]
    if system["provider"] == "none" or name not in system["available_services"]:
        return False
    moonraker.ask("machine.services.restart", service=name)
    return wait_until(lambda: not answers(moonraker), _AWAY)


def restart_server(moonraker: Moonraker) -> bool:
    """Let Moonraker start anew within its process, where no service starts it."""
    moonraker.ask("server.restart")
    return wait_until(lambda: not answers(moonraker), _AWAY)


def answers(moonraker: Moonraker) -> bool:
    """Whether it answers now."""
    try:
        moonraker.ask("server.info")
    except (NotRunning, Refused):
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True


def report(moonraker: Moonraker, *, expected: bool) -> int:
    """Say how Moonraker does after its restart; returns the exit status."""
    if not wait_until(lambda: answers(moonraker), _BACK):
        print(f"error: Moonraker does not answer {_BACK:g} s after its restart.")
        print("Its log, moonraker.log in the folder logs of its data path, says why.")
        return 1
    if expected:
        wait_until(lambda: _settled(moonraker), _BACK)
    info = moonraker.ask("server.info")
    for name in info["failed_components"]:
        print(f"Moonraker could not load: {name}")
    for warning in info["warnings"]:
        print(f"Moonraker warns: {warning}")
    loaded = "netqueue" in info["components"]
    well = expected == loaded and "netqueue" not in info["failed_components"]
    if expected and well:
        well = _status(moonraker)
    elif not well:
        print("error: netqueue is", "still loaded" if loaded else "not loaded")
    return 0 if well else 1


def _settled(moonraker: Moonraker) -> bool:
    """Whether our component has started, or said why it has not."""
    info = moonraker.ask("server.info")
    if "netqueue" not in info["components"] or "netqueue" in info["failed_components"]:
        return True
    if any(text.startswith("netqueue: ") for text in info["warnings"]):
        return True
    try:
        moonraker.ask("server.netqueue.status")
    except Refused as error:
        return error.code != _UNAVAILABLE
    return True


def losses(moonraker: Moonraker) -> list[str]:
    """What the queues would lose with this printer; raises Refused, NotRunning."""
    found = []
    for queue in moonraker.ask("server.netqueue.status")["queues"]:
        members = moonraker.ask("server.netqueue.members", queue=queue)["members"]
        mine = (row for row in members if row["here"])
        found += [
            f"queue {queue}: {loss}" for row in mine for loss in row.get("losses", ())
        ]
    return found


def _status(moonraker: Moonraker) -> bool:
    try:
        queues = moonraker.ask("server.netqueue.status")["queues"]
    except Refused as error:
        print(f"error: netqueue does not work: {error}")
        return False
    print(f"netqueue runs and serves: {', '.join(queues)}")
    return True


def main() -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_path", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("command")
    arguments = parser.parse_args()
    moonraker = Moonraker(arguments.data_path, arguments.config)
    try:
        return _run(moonraker, arguments.command)
    except (NotRunning, Refused) as error:
        print(f"Moonraker: {error or 'it does not run'}", file=sys.stderr)
        return 1


def _run(moonraker: Moonraker, command: str) -> int:
    if command == "state":
        print(state(moonraker))
    elif command == "port":
        print(moonraker.port)
    elif command == "loaded":
        return 0 if is_loaded(moonraker) else 1
    elif command == "losses":
        for loss in losses(moonraker):
            shown = "".join(c if c.isprintable() else "?" for c in loss)
            print(f"lost if this printer does not come back: {shown}")
    elif command == "restart-service":
        return 0 if restart_service(moonraker) else 1
    elif command == "restart-server":
        return 0 if restart_server(moonraker) else 1
    elif command in ("here", "gone"):
        return report(moonraker, expected=command == "here")
    else:
        raise ValueError(command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
