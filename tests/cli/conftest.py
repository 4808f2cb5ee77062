"""Printers that `netqueue` is tested at; they run while the tests of this folder do."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, free_ports
from moonraker_netqueue.virtual_printer.shared_queue import sections
from tests.cli.desks import Desk, empty, shares, until


@pytest.fixture(scope="package")
def farms(printers_folder: Path) -> Iterator[tuple[VirtualFarm, VirtualFarm]]:
    """Two printers that share a queue, and one with a queue of its own."""
    folder = Path(tempfile.mkdtemp(dir=printers_folder))
    name = f"cli-{os.getpid()}"
    with free_ports(3) as ports:
        shop = VirtualFarm(folder / "s", ports[:2], sections(name))
        alone = VirtualFarm(folder / "a", ports[2:], sections(f"{name}-b"))
    with ExitStack() as stack:
        for farm in (shop, alone):
            stack.enter_context(farm)
            farm.start()
        for farm in (shop, alone):
            farm.wait_ready()
            until(partial(shares, farm))
        yield shop, alone


@pytest.fixture
def desk(
    farms: tuple[VirtualFarm, VirtualFarm],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Iterator[Desk]:
    """At a printer of the shared queue, which is paused and empty."""
    desk = Desk(farms[0].printers[0], capsys, tmp_path)
    desk.done("pause")
    yield desk
    empty(desk)


@pytest.fixture
def apart(farms: tuple[VirtualFarm, VirtualFarm], desk: Desk) -> Iterator[Desk]:
    """At the printer that stands alone, whose queue is empty."""
    other = desk.at(farms[1].printers[0])
    other.done("pause")
    yield other
    empty(other)
