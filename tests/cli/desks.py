"""A terminal at a printer, for tests of `netqueue`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonraker_netqueue.cli.__main__ import main
from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from moonraker_netqueue.virtual_printer.printers import (
    VirtualFarm,
    VirtualPrinter,
)
from moonraker_netqueue.virtual_printer.shared_queue import unshared_reason

GCODE = b"G28\nG4 P500\n"
LONG = b"G28\n" + b"G4 P250\n" * 400


@dataclass
class Typed:
    """What one command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Desk:
    """A terminal whose NETQUEUE_URL names one printer."""

    def __init__(self, printer: VirtualPrinter, capture: Any, folder: Path) -> None:
        self.printer = printer
        self.folder = folder
        self._capture = capture

    def at(self, printer: VirtualPrinter) -> Desk:
        """The same person at another printer."""
        return Desk(printer, self._capture, self.folder)

    def type(self, *words: str) -> Typed:
        """Run a command here."""
        url = [] if "--url" in words else ["--url", self.printer.url]
        code = main([*words, *url])
        return Typed(code, *self._capture.readouterr())

    def done(self, *words: str) -> Typed:
        """Run a command that succeeds without a word of complaint."""
        typed = self.type(*words)
        assert (typed.code, typed.err) == (0, ""), typed
        return typed

    def file(self, name: str, content: bytes = GCODE) -> str:
        """A file of this machine."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def add(self, name: str, content: bytes = GCODE, *options: str) -> str:
        """The id of a new job."""
        typed = self.done("add", self.file(name, content), *options, "--json")
        return str(typed.json["job_id"])

    def order(self) -> list[str]:
        """Names of the jobs, in order."""
        return [job["name"] for job in self.done("ls", "--json").json["jobs"]]


def until(condition: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What a condition says, once it says something."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := condition():
                return last
        except VirtualPrinterError as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"not after {seconds:g} s: {last}")


def shares(farm: VirtualFarm) -> bool:
    return unshared_reason(farm) is None


def empty(desk: Desk) -> None:
    def is_empty() -> bool:
        return all(desk.type("rm", job).code == 0 for job in jobs(desk))

    until(is_empty)


def jobs(desk: Desk) -> list[str]:
    return [job["job_id"] for job in desk.done("ls", "--json").json["jobs"]]
