"""Virtual printers: the demo, and the pretend micro-controller it starts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import NetqueueError
from .check import check
from .demo import Demo, Stopped, raise_on_stop
from .installation import DEMO_FOLDER, klippy_command, moonraker_command
from .pty_server import serve

_PRINTERS_MAX = 20
_PORT_MAX = 65535
_STOPPED_IN_CHECK = 130  # as a shell reports Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.verb == "mcu":
            serve(options.link)
            return 0
        if options.verb == "install":
            klippy_command()
            moonraker_command()
            return 0
        return _demo(options)
    except NetqueueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="moonraker_netqueue.virtual_printer")
    verbs = parser.add_subparsers(dest="verb", required=True)
    mcu = verbs.add_parser("mcu", help="serve a pretend micro-controller on a pty")
    mcu.add_argument("link", type=Path, help="symbolic link to make to the pty")
    verbs.add_parser("install", help="install Klipper's host; link the component")
    demo = verbs.add_parser("demo", help="virtual printers that share a queue")
    demo.add_argument("--printers", type=_count, default=3, metavar="N")
    demo.add_argument("--dir", type=Path, default=DEMO_FOLDER, help="folder for data")
    demo.add_argument("--base-port", type=_port, default=7125, metavar="P")
    demo.add_argument("--check", action="store_true", help="print samples, then stop")
    return parser


def _count(text: str) -> int:
    return _number(text, 1, _PRINTERS_MAX)


def _port(text: str) -> int:
    return _number(text, 1, _PORT_MAX - _PRINTERS_MAX)


def _number(text: str, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number {low} to {high}")
    return int(text)


def _demo(options: argparse.Namespace) -> int:
    demo = Demo(options.dir, options.printers, options.base_port, _say)
    raise_on_stop()
    try:
        with demo.running():
            if options.check:
                check(demo, _say)
                return 0
            _say("press Ctrl-C to stop")
            while True:
                demo.tick()
    except Stopped:
        return _STOPPED_IN_CHECK if options.check else 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
