"""`netqueue`: the command line beside the dashboards."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import NetqueueError
from ..virtual_printer.demo_control import ask_restart
from ..virtual_printer.installation import DEMO_FOLDER


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="netqueue")
    groups = parser.add_subparsers(dest="group", required=True)
    demo = groups.add_parser("demo", help="a demo started by './install.sh demo'")
    verbs = demo.add_subparsers(dest="verb", required=True)
    restart = verbs.add_parser("restart", help="start a printer that died again")
    restart.add_argument("name", help="such as printer2")
    restart.add_argument("--dir", type=Path, default=DEMO_FOLDER, help="its folder")
    options = parser.parse_args(arguments)
    try:
        ask_restart(options.dir.resolve(), options.name)
    except NetqueueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.name} is ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
