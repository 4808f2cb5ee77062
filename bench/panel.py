"""How fast the page is: until it can be used, and until it shows another host's change.

`.venv/bin/python -m bench.panel` at the root of the checkout, after `./install.sh
prepare`: it needs node and Chromium. Two virtual printers with 1000 jobs; 98 more
printers are put into the answers on their way to the browser.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from pathlib import Path

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, free_ports
from moonraker_netqueue.virtual_printer.shared_queue import (
    queue_of,
    sections,
    unshared_reason,
)

_JOBS = 1000
_LOOKS, _CHANGES = 10, 200
_SCRIPT = Path(__file__).with_name("panel.js")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="netqueue-panel-") as name:
        folder = Path(name)
        with free_ports(2) as ports:
            farm = VirtualFarm(folder, ports, sections(queue_of(folder)))
        try:
            farm.start()
            farm.wait_ready(60)
            _fill(farm)
            config = {
                "urls": [printer.url for printer in farm.printers],
                "looks": _LOOKS,
                "changes": _CHANGES,
            }
            subprocess.run(["node", str(_SCRIPT), json.dumps(config)], check=True)
        finally:
            farm.stop()


def _fill(farm: VirtualFarm) -> None:
    client = farm.printers[0].client
    while unshared_reason(farm) is not None:
        time.sleep(0.2)
    client.upload("part.gcode", b"G28\nG4 P500\n")
    client.post("/server/netqueue/pause")
    for number in range(_JOBS):
        job = {"filename": "part.gcode", "name": f"job {number}", "count": 3}
        client.post("/server/netqueue/job", job)


if __name__ == "__main__":
    main()
