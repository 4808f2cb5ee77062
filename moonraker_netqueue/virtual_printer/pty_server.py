"""Serves a pretend micro-controller on a pseudo-terminal until told to stop."""

from __future__ import annotations

import os
import select
import signal
import time
import tty
from pathlib import Path

from .faults import HANDLED, Fault
from .micro_controller import MicroController

_READ_SIZE = 4096
_FAULTS = {fault.value: fault for fault in HANDLED}
_STOPS = (signal.SIGTERM, signal.SIGINT)


def serve(link: Path) -> None:
    """Serve at `link`, made a symbolic link to the pty, until SIGTERM or SIGINT.

    Signals of `faults.Fault` make the printer fail.
    """
    master, slave = os.openpty()  # slave stays open, so that master sees no hang-up
    tty.setraw(slave)
    os.set_blocking(master, False)
    signals = _signal_pipe()
    _point(link, os.ttyname(slave))
    try:
        _run(MicroController(time.monotonic), master, signals)
    finally:
        link.unlink(missing_ok=True)


def _signal_pipe() -> int:
    """A descriptor that yields the number of each signal that arrives."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (*_FAULTS, *_STOPS):
        signal.signal(number, lambda *_: None)
    return reader


def _point(link: Path, target: str) -> None:
    """Make `link` appear in one step: Klipper may be looking for it."""
    new = link.with_name(link.name + ".new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _run(controller: MicroController, master: int, signals: int) -> None:
    while True:
        writable = [master] if controller.output else []
        ready, clear, _ = select.select(
            [master, signals], writable, [], controller.seconds_until_due()
        )
        if signals in ready:
            numbers = os.read(signals, _READ_SIZE)
            if any(stop in numbers for stop in _STOPS):
                return
            _apply_faults(controller, numbers)
        if master in ready:
            controller.receive(os.read(master, _READ_SIZE))
        controller.run_due()
        if clear and controller.output:
            del controller.output[: os.write(master, controller.output)]


def _apply_faults(controller: MicroController, numbers: bytes) -> None:
    for number in numbers:
        fault: Fault | None = _FAULTS.get(number)
        if fault is not None:
            controller.fault(fault)
