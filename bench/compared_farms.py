"""Three virtual printers that share a queue, and one without the component."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, free_ports
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason


@contextmanager
def sharing_and_alone(queue: str) -> Iterator[tuple[VirtualFarm, VirtualFarm]]:
    """Both farms at the same time, ready, and the first one in one group."""
    with (
        tempfile.TemporaryDirectory(prefix=f"{queue}-") as name,
        free_ports(4) as ports,
    ):
        folder = Path(name)
        sharing = VirtualFarm(folder / "s", ports[:3], sections(queue))
        alone = VirtualFarm(folder / "a", ports[3:])
    with sharing, alone:
        sharing.start()
        alone.start()
        sharing.wait_ready()
        alone.wait_ready()
        while unshared_reason(sharing) is not None:
            time.sleep(0.5)
        yield sharing, alone
