"""How long do callbacks hold Moonraker's loop? Thread CPU time, ours against all.

    .venv/bin/python bench/loop_hold.py

Runs the demo's check with a probe in each Moonraker and prints the longest callbacks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_LIMIT = 10.0  # milliseconds


def main() -> int:
    """Run the check and print a table; 1 if a callback of ours takes too long."""
    with tempfile.TemporaryDirectory(prefix="netqueue-loop-") as folder:
        environment = {
            **os.environ,
            "NETQUEUE_LOOP_PROBE": folder,
            "PYTHONPATH": str(_HERE / "loop_probe"),
        }
        command = [sys.executable, "-m", "moonraker_netqueue.virtual_printer", "demo"]
        options = ["--check", "--dir", f"{folder}/demo", "--base-port", "7425"]
        done = subprocess.run([*command, *options], env=environment, check=False)
        reports = [json.loads(p.read_text()) for p in Path(folder).glob("*.json")]
    if done.returncode or not reports:
        print("the demo's check failed: nothing was measured", file=sys.stderr)
        return 2
    return _print(reports)


def _print(reports: list[dict[str, Any]]) -> int:
    worst = 0.0
    for report in reports:
        seconds, names = report["longest_of_ours"]
        worst = max(worst, seconds * 1000)
        long = report["long"]
        ours = [entry for entry in long if entry[1]]
        others = [entry[0] * 1000 for entry in long if not entry[1]]
        print(
            f"{report['callbacks']} callbacks, {report['ours']} of ours; longest of"
            f" ours {seconds * 1000:.1f} ms, of Moonraker's"
            f" {max(others, default=0.0):.1f} ms ({len(others)} above {_LIMIT:g})"
        )
        print(f"  {' > '.join(n.rpartition('/')[2] for n in names)}")
        for entry in ours:
            place = " > ".join(name.rpartition("/")[2] for name in entry[2])
            print(f"  too long: {entry[0] * 1000:.1f} ms in {place}")
    return 1 if worst > _LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
