"""`netqueue watch` as a person meets it: in a terminal, and through a restart."""

from __future__ import annotations

import itertools
import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm
from tests.cli.desks import GCODE, Desk, shares, until

pytestmark = pytest.mark.timeout(300)


class Watching:
    """`netqueue watch` in a process of its own."""

    def __init__(self, desk: Desk, *options: str) -> None:
        self._screen = desk.folder / f"watch{len(options)}"
        command = [sys.executable, "-m", "moonraker_netqueue.cli", "watch", *options]
        with self._screen.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--url", desk.printer.url], stdout=output, stderr=output
            )

    @property
    def text(self) -> str:
        return self._screen.read_text()

    def until(self, words: str) -> None:
        until(lambda: words in self.text)

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(90)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def test_watch_in_a_terminal_draws_in_its_place(desk: Desk) -> None:
    """On a phone's 40 columns; Ctrl-C ends it and gives the cursor back."""
    job_id = desk.add("seen.gcode", GCODE, "--name", "seen")
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "moonraker_netqueue.cli", "watch"]
    process = subprocess.Popen(
        [*command, "--url", desk.printer.url],
        stdin=its,
        stdout=its,
        stderr=its,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "40", "LINES": "24"},
    )
    os.close(its)
    try:
        drawn = read_until(ours, b"0/1")
        assert job_id[:8].encode() in drawn
        desk.done("edit", job_id, "--count", "2")
        read_until(ours, b"0/2")
        process.send_signal(signal.SIGINT)
        assert b"Traceback" not in read_until(ours, b"\x1b[?25h")
        assert process.wait(90) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def read_until(terminal: int, words: bytes) -> bytes:
    """What a terminal has been sent, up to some words."""
    seen, deadline = b"", time.monotonic() + 90
    while words not in seen and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65536)
    assert words in seen
    return seen


def test_watch_follows_comes_back_and_pending_is_told(
    desk: Desk, farms: tuple[VirtualFarm, VirtualFarm]
) -> None:
    """Through the death and the return of the Moonraker that it watches."""
    first, second = farms[0].printers
    with ExitStack() as stack:
        watching = [Watching(desk), Watching(desk, "--json")]
        for one in watching:
            stack.callback(one.close)
        watching[0].until("printer2: ")
        job_id = desk.add("seen.gcode", GCODE, "--name", "seen")
        watching[0].until(f"seen ({job_id[:8]}): 0/1 done")
        notes = itertools.count()

        def is_told(what: str) -> bool:
            """It may have begun to listen only now: then of the next change."""
            desk.done("edit", job_id, "--note", f"note {next(notes)}")
            return what in watching[1].text

        until(partial(is_told, '"topic": "job"'))
        first.kill("moonraker")
        watching[0].until("the host is away")
        watching[1].until('{"error": ')
        kept = desk.at(second).type("resume", "--json")
        assert (kept.code, kept.json["pending"]) == (4, True)
        kept = desk.at(second).type("pause")
        assert (kept.code, kept.out) == (4, "")
        assert "kept" in kept.err
        first.start()
        until(partial(shares, farms[0]))
        watching[0].until("the host is back")
        until(lambda: "seen" in desk.order())  # its log is read again
        desk.done("edit", job_id, "--name", "again")
        watching[0].until(f"again ({job_id[:8]})")
        until(partial(is_told, '"again"'))
        assert [one.interrupt() for one in watching] == [0, 0]
        assert "Traceback" not in watching[0].text + watching[1].text
        assert watching[1].text.count('{"error": ') >= 1
    until(lambda: desk.done("status", "--json").json["queues"])
    desk.done("pause")
