"""Virtual printers: `python -m moonraker_netqueue.virtual_printer mcu LINK`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import NetqueueError
from .pty_server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; the exit code."""
    parser = argparse.ArgumentParser(prog="virtual_printer")
    verbs = parser.add_subparsers(dest="verb", required=True)
    mcu = verbs.add_parser("mcu", help="serve a pretend micro-controller on a pty")
    mcu.add_argument("link", type=Path, help="symbolic link to make to the pty")
    options = parser.parse_args(arguments)
    try:
        serve(options.link)
    except NetqueueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
