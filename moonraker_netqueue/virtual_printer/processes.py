"""A child process that is started, watched, killed and reaped by its owner only."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import VirtualPrinterError

_TERM_SECONDS = 5.0


class ChildProcess:
    """One command; the kernel kills it when the thread that started it ends.

    What it started itself ends with it: Moonraker's reader of g-code files spins for
    ever when its folder is gone before it has begun.
    """

    def __init__(self, command: Sequence[str], log: Path, directory: Path) -> None:
        self._command = command
        self._log = log
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._poll() is None

    @property
    def exit_text(self) -> str:
        """How it ended, for a person."""
        code = self._poll()
        if code is None:
            return "still runs"
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def start(self) -> None:
        """Start the command; does nothing while it runs."""
        if self.running:
            return
        # A TMPDIR each: Moonraker names an upload by the whole second, so two that
        # share /tmp exchange files uploaded at the same time.
        environment = os.environ | {"TMPDIR": str(self._directory / "tmp")}
        command = ["setpriv", "--pdeathsig", "KILL", "--", *self._command]
        with self._log.open("ab") as log:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own commands
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._directory,
                    env=environment,
                    start_new_session=True,  # Ctrl-C is for the demo to handle;
                    # and what it starts is one group with it
                )
            except FileNotFoundError as error:
                raise VirtualPrinterError(
                    "program 'setpriv' is missing: install the package util-linux"
                ) from error

    def signal(self, number: int) -> None:
        """Send a signal; raises VirtualPrinterError when the process is gone."""
        if self._process is None or not self.running:
            raise VirtualPrinterError(
                f"cannot signal {self._command[0]}: it {self.exit_text}; start it first"
            )
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it with SIGKILL and reap it; does nothing when it is gone."""
        if self._process is not None and self.running:
            self._process.kill()
            self._process.wait()
            _end_group(self._process.pid)

    def terminate(self) -> None:
        """Ask it to end and do not wait."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGCONT)  # it may be stopped by a fault
            self._process.terminate()

    def wait(self) -> None:
        """Reap it after `terminate`; one that lingers is killed."""
        if self._process is None or not self.running:
            return
        try:
            self._process.wait(_TERM_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        else:
            _end_group(self._process.pid)

    def _poll(self) -> int | None:
        """Its exit code, or None; what it started goes when its end is first seen."""
        if self._process is None:
            return None
        seen = self._process.returncode is not None
        code = self._process.poll()
        if code is not None and not seen:
            _end_group(self._process.pid)
        return code


def _end_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it left nothing behind
        os.killpg(leader, signal.SIGKILL)
