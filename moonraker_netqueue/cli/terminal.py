"""A program in a terminal: lines typed, lines shown, an orderly end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from ..names import is_queue_name, queue_name_remedy
from .text import clean

_STDIN = 0


def say(text: str) -> None:
    """Show a line, with the time; names in it may be another host's."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {clean(text)}\n")
    sys.stdout.flush()


def say_warning(text: str | None) -> None:
    """Show what is wrong with the network; None: nothing any more."""
    say("the network is back" if text is None else f"warning: {text}")


def check_namespace(parser: argparse.ArgumentParser, name: str) -> None:
    """End the program unless a queue can be called that."""
    if not is_queue_name(name):
        parser.error(queue_name_remedy(name))


def complain(text: str) -> None:
    """Say why the program ends."""
    sys.stderr.write(f"error: {text}\n")


def stop_on_signal() -> asyncio.Event:
    """An event that Ctrl-C or SIGTERM sets; a second Ctrl-C ends the program."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def on_signal() -> None:
        loop.remove_signal_handler(signal.SIGINT)  # the next one acts as ever
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    return stop


def read_lines(on_line: Callable[[str], object], stop: asyncio.Event) -> None:
    """Call `on_line` on the loop with each line that is typed.

    The end of the input sets `stop` in a terminal (Ctrl-D), elsewhere nothing.
    """
    loop = asyncio.get_running_loop()

    def tell(call: Callable[..., object], *args: str) -> bool:
        try:
            loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop ended
            return False
        return True

    def read() -> None:
        # Not sys.stdin: its lock, held by a thread that waits, breaks Python's end.
        rest = b""
        while data := os.read(_STDIN, 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if not tell(on_line, line.decode("utf-8", "replace").strip()):
                    return
        if os.isatty(_STDIN):
            tell(stop.set)

    threading.Thread(target=read, daemon=True).start()


def quiet_logs() -> None:
    """What matters is shown; of the log only errors are."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s", stream=sys.stderr)
