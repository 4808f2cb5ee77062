"""Chromium in front of real printers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm
from tests.conftest import start_farm
from tests.panel.workshop import empty, section, wait_shared

_ROOT = Path(__file__).resolve().parents[2]
_FLOWS = Path(__file__).parent / "flows"
Play = Callable[[str], None]


@pytest.fixture(scope="module")
def workshop(printers_folder: Path) -> Iterator[VirtualFarm]:
    """Three printers that share a queue, which a person clears the beds of."""
    with start_farm(printers_folder, 3, section(printers_folder)) as farm:
        wait_shared(farm)
        yield farm
        for printer in farm.printers:
            log = printer.data_path / "logs" / "moonraker.log"
            assert "Traceback" not in log.read_text()


@pytest.fixture
def play(workshop: VirtualFarm) -> Play:
    """`play(flow)` runs tests/panel/flows/<flow>.js against the workshop.

    The queue holds no job that waits. With PANEL_PICTURES=<folder> flows write their
    pictures there.
    """
    empty(workshop.printers[0])
    return partial(play_at, workshop)


def play_at(farm: VirtualFarm, flow: str, variant: str = "") -> None:
    """Run a flow, or a variant of it, against a farm; fails with what it told."""
    by_name = {printer.name: printer for printer in farm.printers}
    config = {
        "urls": [printer.url for printer in farm.printers],
        "variant": variant,
        "pictures": os.environ.get("PANEL_PICTURES", ""),
    }
    with subprocess.Popen(
        ["node", str(_FLOWS / f"{flow}.js"), json.dumps(config)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            if line.startswith("ask: "):
                act, name = line.split()[1:]
                if act == "kill":
                    by_name[name].kill("moonraker")
                else:
                    by_name[name].start()
                process.stdin.write("done\n")
                process.stdin.flush()
            else:
                told.append(line)
    assert process.returncode == 0, "".join(told)
