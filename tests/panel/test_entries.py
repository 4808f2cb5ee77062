"""Ways to the page from dashboards: made once, removable, nothing is overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.panel_border import PANEL
from moonraker_netqueue.panel_entries import with_item, without_item
from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from tests.component.test_component import exchange
from tests.conftest import start_farm
from tests.panel.workshop import ROOT, wait

pytestmark = pytest.mark.timeout(120)

SECTION = """\
[netqueue]
queues: lab
bind: 127.0.0.1
discovery: False
"""
OWN = {"title": "Shop", "href": "https://example.org", "position": 80}


def test_the_sidebar_keeps_what_is_there() -> None:
    made = with_item([OWN, "odd"])
    assert made[:2] == [OWN, "odd"]
    assert made[2]["href"] == PANEL
    assert with_item(made) == made
    assert without_item(made) == [OWN, "odd"]


def test_an_entry_that_a_person_changed_stays() -> None:
    (made,) = with_item([])
    theirs = {**made, "title": "Farm"}
    assert with_item([theirs]) == [theirs]
    assert without_item([theirs]) == [theirs]


@pytest.mark.parametrize("items", [{}, "text", None, {"title": "x"}])
def test_a_file_of_another_shape_is_left_alone(items: Any) -> None:
    with pytest.raises(ValueError, match=r"navi\.json"):
        with_item(items)


@pytest.fixture
def farm(printers_folder: Path) -> Iterator[VirtualFarm]:
    with start_farm(printers_folder, 1, SECTION) as farm:
        yield farm


def cards(printer: VirtualPrinter) -> list[str]:
    cameras = printer.client.get("/server/webcams/list")["webcams"]
    return [camera["stream_url"] for camera in cameras if camera["service"] == "iframe"]


def news(printer: VirtualPrinter) -> list[str]:
    entries = printer.client.get("/server/announcements/list")["entries"]
    return [entry["url"] for entry in entries if entry["feed"] == "netqueue"]


def restart(printer: VirtualPrinter, entries: str | None) -> None:
    """Start Moonraker again, with `entries` as the option."""
    path = printer.data_path / "config" / "moonraker.conf"
    lines = path.read_text().splitlines()
    lines = [line for line in lines if not line.startswith("entries:")]
    if entries is not None:
        lines.insert(lines.index("[netqueue]") + 1, f"entries: {entries}")
    path.write_text("\n".join(lines) + "\n")
    printer.client.post("/server/restart")
    printer.wait_ready()
    wait(lambda: "lab" in printer.client.get(f"{ROOT}/status")["queues"])


def test_entries_come_once_and_go_on_demand(farm: VirtualFarm) -> None:
    (printer,) = farm.printers
    sidebar = printer.data_path / "config" / ".theme" / "navi.json"
    wait(sidebar.exists)
    wait(lambda: cards(printer) == [f"{PANEL}?embed=1"])
    wait(lambda: news(printer) == [PANEL])

    sidebar.write_text(json.dumps([OWN, *json.loads(sidebar.read_text())]))
    (camera,) = printer.client.get("/server/webcams/list")["webcams"]
    answer = exchange(printer, "DELETE", "/server/webcams/item", {"uid": camera["uid"]})
    assert answer[0] == 200
    restart(printer, None)
    assert cards(printer) == []  # a person removed it: it does not come back

    restart(printer, "announcement")
    wait(lambda: json.loads(sidebar.read_text()) == [OWN])
    assert news(printer) == [PANEL]
    restart(printer, "none")
    wait(lambda: news(printer) == [])
