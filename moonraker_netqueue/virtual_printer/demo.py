"""The demo: virtual printers that share a queue, in the foreground until stopped."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .demo_control import ControlServer
from .errors import VirtualPrinterError
from .printers import VirtualFarm, VirtualPrinter
from .shared_queue import QueueWatch, queue_of, sections, unshared_reason

Say = Callable[[str], None]

_SHARE_SECONDS = 90.0
_TICK_SECONDS = 1.0
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked the demo to stop (not an error: nothing may swallow it)."""


class Demo:
    """Virtual printers, the control socket, and what the demo says meanwhile."""

    def __init__(self, directory: Path, count: int, base_port: int, say: Say) -> None:
        self.directory = directory.resolve()
        ports = range(base_port, base_port + count)
        self.queue = queue_of(self.directory)
        self.farm = VirtualFarm(self.directory, ports, sections(self.queue))
        self._say = say
        self._watch = QueueWatch(self.farm)
        self._dead: dict[str, str] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start all, wait until they share the queue; stop all at the end."""
        self._make_directory()
        self._control = ControlServer(self.directory, self.restart)
        try:
            self._start()
            self._wait_shared()
            self._write_facts()
            yield
        finally:
            ignore_stops()
            self._say("stopping the printers")
            self.farm.stop()
            self._control.close()
            (self.directory / "demo.json").unlink(missing_ok=True)

    def tick(self) -> None:
        """Serve requests for a second and tell what has changed."""
        self._control.serve(_TICK_SECONDS)
        for printer in self.farm.printers:
            self._notice_dead(printer)
        for line in self._watch.changes():
            self._say(line)

    def restart(self, name: str) -> None:
        """Start what does not run of one printer, on its old data."""
        printer = self.farm.printer(name)
        started = time.monotonic()
        printer.start()
        printer.recover()
        self._write_facts()
        self._dead.pop(name, None)
        self._say(f"{name}: ready again after {time.monotonic() - started:.1f} s")

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VirtualPrinterError(
                f"folder {self.directory} cannot be made: {error.strerror}; choose "
                "another one with --dir"
            ) from error

    def _start(self) -> None:
        started = time.monotonic()
        self._say(f"starting {len(self.farm.printers)} printers in {self.directory}")
        self.farm.start()
        self.farm.wait_ready(
            on_ready=lambda printer: self._say(
                f"{printer.name}: ready after {time.monotonic() - started:.1f} s"
            )
        )

    def _wait_shared(self) -> None:
        started = time.monotonic()
        last = None
        while (reason := unshared_reason(self.farm)) is not None:
            if reason != last:
                self._say(f"waiting: {reason}")
            last = reason
            if time.monotonic() - started > _SHARE_SECONDS:
                raise VirtualPrinterError(
                    f"the printers share no queue after {_SHARE_SECONDS:g} s: "
                    f"{reason}. See the logs below {self.directory}, or remove that "
                    "folder for a fresh start"
                )
            self._control.serve(_TICK_SECONDS / 4)
        self._say(f"one queue after {time.monotonic() - started:.1f} s: '{self.queue}'")
        for printer in self.farm.printers:
            self._say(f"{printer.name}: {printer.url}")

    def _write_facts(self) -> None:
        facts = {
            "printers": [
                {
                    "name": printer.name,
                    "url": printer.url,
                    "moonraker_pid": printer.pid("moonraker"),
                    "klippy_pid": printer.pid("klippy"),
                    "data_path": str(printer.data_path),
                }
                for printer in self.farm.printers
            ],
            "queue": self.queue,
        }
        new = self.directory / "demo.json.new"
        new.write_text(json.dumps(facts, indent=1) + "\n")
        new.replace(self.directory / "demo.json")

    def _notice_dead(self, printer: VirtualPrinter) -> None:
        ends = ", ".join(f"{name} {end}" for name, end in printer.dead().items())
        if ends != self._dead.get(printer.name, ""):
            self._dead[printer.name] = ends
            if ends:
                self._say(
                    f"{printer.name}: {ends}; the others go on. Start it again with: "
                    f"netqueue demo restart {printer.name} --dir {self.directory}"
                )


def raise_on_stop() -> None:
    """From here on a signal to stop raises Stopped, wherever the program is."""

    def stop(number: int, _frame: object) -> None:
        raise Stopped(signal.Signals(number).name)

    for number in _STOPS:
        signal.signal(number, stop)


def ignore_stops() -> None:
    """Stopping is under way: asking again must not break it off."""
    for number in _STOPS:
        signal.signal(number, signal.SIG_IGN)
