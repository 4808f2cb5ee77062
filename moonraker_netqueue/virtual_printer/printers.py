"""Virtual printers: each a pretend board, a real Klipper host and a real Moonraker."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import string
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from .errors import VirtualPrinterError
from .faults import Fault
from .installation import klippy_command, moonraker_command
from .moonraker_client import MoonrakerClient, NoAnswerError, RefusedError
from .processes import ChildProcess

ProcessName = Literal["mcu", "klippy", "moonraker"]

# Moonraker loses track of a print that starts while its own components subscribe.
SETTLE_SECONDS = 1.5
_POLL_SECONDS = 0.1
_PTY_SECONDS = 60.0
_RESTART_SECONDS = 5.0
# Below those that the kernel gives to outgoing connections, which would take a port
# between its choice and Moonraker's start; other ones than a process beside this takes.
_OWN_PORTS = 100
_FIRST_PORT = 20_000 + os.getpid() % 120 * _OWN_PORTS
_LAST_PORT = _FIRST_PORT + _OWN_PORTS - 1
_PORTS = itertools.cycle(range(_FIRST_PORT, _LAST_PORT + 1))
_SOCKET_PATH_MAX = 107  # bytes; a limit of the kernel
_FOLDERS = ("config", "logs", "gcodes", "comms", "database", "misc", "tmp")
_TEMPLATES = Path(__file__).parent / "templates"


class VirtualPrinter:
    """One printer. Start it from a thread that outlives it: see `ChildProcess`."""

    def __init__(
        self, name: str, data_path: Path, port: int, sections: str = ""
    ) -> None:
        """`sections` is text that moonraker.conf ends with; $name in it is `name`."""
        self.name = name
        self.data_path = data_path.resolve()
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.client = MoonrakerClient(port)
        self._sections = sections
        self._comms = self.data_path / "comms"
        self._processes: dict[ProcessName, ChildProcess] = {}
        _check_socket_path(self._comms / "moonraker.sock")

    def start(self) -> None:
        """Start every process that does not run; returns before it is ready."""
        if not self._processes:
            self._prepare()
        for name, process in self._processes.items():
            if process.running:
                continue
            if name == "mcu":
                (self._comms / "mcu").unlink(missing_ok=True)
            process.start()
            if name == "mcu":
                self._wait_for_pty()

    def wait_ready(
        self, timeout: float = 180.0, settle: float = SETTLE_SECONDS
    ) -> None:
        """Wait until prints can start; raises VirtualPrinterError saying why not."""
        deadline = time.monotonic() + timeout
        while (state := self._state()) != "ready":
            self._check_alive()
            if state in ("error", "shutdown"):
                message = self.client.get("/printer/info")["state_message"]
                raise VirtualPrinterError(f"{self.name} is in {state}: {message}")
            if time.monotonic() > deadline:
                raise VirtualPrinterError(
                    f"{self.name} is not ready after {timeout:g} s (state: {state}); "
                    f"see {self.data_path / 'logs'}"
                )
            time.sleep(_POLL_SECONDS)
        time.sleep(settle)

    def recover(self, timeout: float = 180.0) -> None:
        """Restart the firmware, as a person would, until the printer is ready."""
        deadline = time.monotonic() + timeout
        next_try = 0.0
        while (state := self._state()) != "ready":
            now = time.monotonic()
            if now > deadline:
                raise VirtualPrinterError(
                    f"{self.name} is still in {state} after {timeout:g} s of restarts"
                )
            # A board that has just come back may miss the first attempt.
            if state in ("shutdown", "error") and now >= next_try:
                with contextlib.suppress(RefusedError):  # Klipper is just restarting
                    self.client.post("/printer/firmware_restart")
                next_try = now + _RESTART_SECONDS
            time.sleep(_POLL_SECONDS)
        time.sleep(SETTLE_SECONDS)

    def stop(self) -> None:
        """End all processes and reap them."""
        self.terminate()
        for process in self._processes.values():
            process.wait()

    def terminate(self) -> None:
        """Ask all processes to end, without waiting: `stop` does that."""
        for process in reversed(self._processes.values()):
            process.terminate()

    def kill(self, name: ProcessName) -> None:
        """End one process with SIGKILL; `start` starts it again."""
        self._processes[name].kill()

    def pid(self, name: ProcessName) -> int | None:
        """Process id; None: it does not run."""
        return self._processes[name].pid if self._processes else None

    def dead(self) -> dict[ProcessName, str]:
        """Processes that were started and ended, and how."""
        return {
            name: process.exit_text
            for name, process in self._processes.items()
            if not process.running
        }

    def fault(self, fault: Fault) -> None:
        """Let something go wrong with the printer, or be well again."""
        self._processes["mcu"].signal(fault.value)

    def server_info(self) -> dict[str, Any]:
        """Moonraker's own status: klippy_state, failed_components, warnings."""
        info: dict[str, Any] = self.client.get("/server/info")
        return info

    def _prepare(self) -> None:
        for folder in _FOLDERS:
            (self.data_path / folder).mkdir(parents=True, exist_ok=True)
        (self.data_path / "misc" / "usb.ids").touch()  # else Moonraker downloads it
        shutil.rmtree(self.data_path / "tmp")
        (self.data_path / "tmp").mkdir()
        values = {
            "serial": self._comms / "mcu",
            "gcodes": self.data_path / "gcodes",
            "port": self.port,
            "klippy_socket": self._comms / "klippy.sock",
            "sections": string.Template(self._sections).safe_substitute(name=self.name),
        }
        for name in ("printer.cfg", "moonraker.conf"):
            text = (_TEMPLATES / name).read_text()
            filled = string.Template(text).substitute(values)
            (self.data_path / "config" / name).write_text(filled)
        self._processes = {
            name: ChildProcess(
                command, self.data_path / "logs" / f"{name}.out", self.data_path
            )
            for name, command in self._commands().items()
        }

    def _commands(self) -> dict[ProcessName, list[str]]:
        return {
            "mcu": [
                sys.executable,
                "-m",
                "moonraker_netqueue.virtual_printer",
                "mcu",
                str(self._comms / "mcu"),
            ],
            "klippy": [
                *klippy_command(),
                str(self.data_path / "config" / "printer.cfg"),
                *("-a", str(self._comms / "klippy.sock")),
                *("-I", str(self._comms / "klippy.tty")),
                *("-l", str(self.data_path / "logs" / "klippy.log")),
            ],
            "moonraker": [*moonraker_command(), "-d", str(self.data_path)],
        }

    def _wait_for_pty(self) -> None:
        """Klipper sleeps for 5 s when it does not find its serial port."""
        deadline = time.monotonic() + _PTY_SECONDS
        while not (self._comms / "mcu").exists():
            self._check_alive("mcu")
            if time.monotonic() > deadline:
                raise VirtualPrinterError(
                    f"{self.name}: the pretend micro-controller opened no pty within "
                    f"{_PTY_SECONDS:g} s; see {self.data_path / 'logs' / 'mcu.out'}"
                )
            time.sleep(0.01)

    def _state(self) -> str:
        try:
            return str(self.server_info()["klippy_state"])
        except NoAnswerError:
            return "no answer"

    def _check_alive(self, *names: ProcessName) -> None:
        for name, end in self.dead().items():
            if not names or name in names:
                log = self.data_path / "logs" / f"{name}.out"
                raise VirtualPrinterError(f"{self.name}: {name} {end}; see {log}")


class VirtualFarm:
    """Several virtual printers below one folder, on loopback ports of their own."""

    def __init__(
        self, directory: Path, ports: Sequence[int], sections: str = ""
    ) -> None:
        self.printers = tuple(
            VirtualPrinter(f"printer{k}", directory / f"printer{k}", port, sections)
            for k, port in enumerate(ports, start=1)
        )

    def __enter__(self) -> VirtualFarm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def printer(self, name: str) -> VirtualPrinter:
        """The printer of that name."""
        for printer in self.printers:
            if printer.name == name:
                return printer
        names = ", ".join(printer.name for printer in self.printers)
        raise VirtualPrinterError(f"no printer is named '{name}'; there are: {names}")

    def start(self) -> None:
        """Start all, after making sure that their ports are free."""
        for printer in self.printers:
            check_port(printer.port)
        for printer in self.printers:
            printer.start()

    def wait_ready(
        self,
        timeout: float = 180.0,
        on_ready: Callable[[VirtualPrinter], object] = lambda _: None,
    ) -> None:
        """Wait for all; `on_ready` hears of each."""
        deadline = time.monotonic() + timeout
        for printer in self.printers:
            printer.wait_ready(max(1.0, deadline - time.monotonic()), settle=0)
            on_ready(printer)
        time.sleep(SETTLE_SECONDS)

    def stop(self) -> None:
        """End all processes and reap them."""
        for printer in self.printers:
            printer.terminate()
        for printer in self.printers:
            printer.stop()


def check_port(port: int) -> None:
    """Raise VirtualPrinterError where Moonraker could not listen on `port`."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise VirtualPrinterError(
                f"port {port} cannot be used: {error}; stop what listens there or "
                "choose other ports with --base-port"
            ) from error


@contextlib.contextmanager
def free_ports(count: int) -> Iterator[list[int]]:
    """Ports that nobody listens on, reserved for the length of the block.

    Raises VirtualPrinterError where this process has no more of them.
    """
    with contextlib.ExitStack() as stack:
        found: list[int] = []
        for _ in range(_OWN_PORTS):
            if len(found) == count:
                break
            probe = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", next(_PORTS)))
                found.append(probe.getsockname()[1])
        if len(found) < count:
            raise VirtualPrinterError(
                f"{count} ports are wanted, but of {_FIRST_PORT} to {_LAST_PORT} too "
                "many are taken: end what listens there"
            )
        yield found


def _check_socket_path(path: Path) -> None:
    size = len(bytes(path))
    if size > _SOCKET_PATH_MAX:
        raise VirtualPrinterError(
            f"{path} is too long for a socket ({size} bytes, at most "
            f"{_SOCKET_PATH_MAX}): choose a shorter folder with --dir"
        )
