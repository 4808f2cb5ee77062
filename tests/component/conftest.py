"""A printer that slicers and programs upload to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import (
    VirtualPrinter,
)
from tests.component.slicer import jobs
from tests.component.test_component import ROOT, exchange, serves, wait
from tests.conftest import start_farm

SECTION = """\
[netqueue]
queues: workshop, spare
bind: 127.0.0.1
discovery: False
"""


@pytest.fixture(scope="module")
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A printer of two paused queues."""
    with start_farm(printers_folder, 1, SECTION) as farm:
        (printer,) = farm.printers
        wait(partial(serves, printer))
        for queue in ("workshop", "spare"):
            printer.client.post(f"{ROOT}/pause", {"queue": queue})
        yield printer
        assert "Traceback" not in (printer.data_path / "logs/moonraker.log").read_text()


@pytest.fixture
def gcodes(printer: VirtualPrinter) -> Path:
    """The folder of files; the queues are empty."""
    for queue in ("workshop", "spare"):
        for job in jobs(printer, queue):
            body = {"queue": queue, "job_id": job["job_id"]}
            assert exchange(printer, "DELETE", f"{ROOT}/job", body)[0] == 200
    return printer.data_path / "gcodes"
