"""`netqueue`: the command line beside the dashboards."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence

_NEEDED = ("click", "rich")  # not on every printer: the component does without


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"error: netqueue's command line needs {' and '.join(missing)}; install it"
            f" with: {sys.executable} -m pip install {' '.join(_NEEDED)}",
            file=sys.stderr,
        )
        return 1
    from .command import run

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
