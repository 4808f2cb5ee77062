"""Programs in terminals of their own, as a person starts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import free_ports

_PATIENCE = 90.0  # seconds


class Terminal:
    """One program with its keyboard and its screen."""

    def __init__(
        self, screen: Path, program: Path | None, module: str, *arguments: str
    ) -> None:
        """`program`: the folder of an earlier version; None: today's."""
        self._screen = screen
        paths = {} if program is None else {"PYTHONPATH": str(program)}
        with screen.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"moonraker_netqueue.{module}", *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=program,
                env={**os.environ, **paths},
            )

    @property
    def text(self) -> str:
        return self._screen.read_text()

    def until(self, pattern: str, seconds: float = _PATIENCE) -> re.Match[str]:
        """Wait until a line matches."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(pattern, self.text, re.MULTILINE)
            if found is not None:
                return found
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} in:\n{self.text}")

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        return self._process.wait(_PATIENCE)

    def kill(self) -> None:
        """kill -9; also for what has ended."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


class Desk:
    """All terminals of one test; its queue is no other test's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.queue = f"ns{os.getpid()}-{time.monotonic_ns() % 1_000_000}"
        self._open: list[Terminal] = []

    def run(
        self, module: str, *arguments: str, program: Path | None = None
    ) -> Terminal:
        screen = self.folder / f"screen{len(self._open)}"
        terminal = Terminal(screen, program, module, *arguments)
        self._open.append(terminal)
        return terminal

    def host(
        self, port: int, data: str | None = None, program: Path | None = None
    ) -> Terminal:
        """A terminal that serves the queue."""
        keep = [] if data is None else ["--data", str(self.folder / data)]
        address = f"localhost:{port}"
        return self.run("lan_print_queue", self.queue, address, *keep, program=program)

    def service(self, name: str, namespace: str = "") -> Terminal:
        """A terminal that shows who is there."""
        where = ("--interface", "127.0.0.1")
        return self.run("discovery", namespace or self.queue, name, *where)

    def close(self) -> None:
        for terminal in self._open:
            terminal.kill()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def ports_of(count: int) -> list[int]:
    with free_ports(count) as ports:
        return ports
