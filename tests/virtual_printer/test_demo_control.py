"""`netqueue demo restart`, from the command line to the running demo."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from moonraker_netqueue.cli.__main__ import main
from moonraker_netqueue.virtual_printer.demo_control import (
    SOCKET_NAME,
    ControlServer,
    ask_restart,
)
from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError


@contextmanager
def answering(folder: Path, restart: Callable[[str], None]) -> Iterator[None]:
    """A demo that answers one request."""
    server = ControlServer(folder, restart)
    thread = threading.Thread(target=server.serve, args=(10.0,))
    thread.start()
    try:
        yield
    finally:
        thread.join()
        server.close()


def test_the_command_restarts_the_named_printer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name reaches the demo; the command waits for its answer."""
    asked: list[str] = []
    with answering(tmp_path, asked.append):
        assert main(["demo", "restart", "printer2", "--dir", str(tmp_path)]) == 0
    assert asked == ["printer2"]
    assert capsys.readouterr().out == "printer2 is ready\n"


def test_what_the_demo_refuses_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The demo's own words, and an exit code."""

    def refuse(name: str) -> None:
        raise VirtualPrinterError(f"no printer is named {name}")

    with answering(tmp_path, refuse):
        assert main(["demo", "restart", "x", "--dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: no printer is named x\n"


def test_without_a_demo_the_folder_is_named(tmp_path: Path) -> None:
    """Most likely the wrong --dir."""
    with pytest.raises(VirtualPrinterError, match=f"{tmp_path} .*--dir"):
        ask_restart(tmp_path, "printer1")


def test_a_second_demo_in_one_folder_is_refused(tmp_path: Path) -> None:
    """Two would write one set of data."""
    server = ControlServer(tmp_path, lambda _: None)
    with pytest.raises(VirtualPrinterError, match="a demo runs in"):
        ControlServer(tmp_path, lambda _: None)
    server.close()


def test_what_a_killed_demo_left_is_no_obstacle(tmp_path: Path) -> None:
    """A socket file nobody listens on is replaced."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET_NAME))
    ControlServer(tmp_path, lambda _: None).close()


def test_nonsense_is_answered(tmp_path: Path) -> None:
    """Another version of the command gets an answer, not silence."""
    with answering(tmp_path, lambda _: None), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / SOCKET_NAME))
        client.sendall(b"[]")
        assert b"same version" in client.recv(1000)
