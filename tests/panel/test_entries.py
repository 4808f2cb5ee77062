"""Ways to the page from dashboards: made once, removable, nothing is overwritten."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer.dashboard_entries import Entries
from moonraker_netqueue.api.routes import PANEL
from moonraker_netqueue.border.sidebar import with_entry, without_entry
from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from tests.component.test_component import ROOT, exchange, wait
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)

SECTION = """\
[netqueue]
queues: lab
bind: 127.0.0.1
discovery: False
"""
OWN = {"title": "Shop", "href": "https://example.org", "position": 80}


def test_the_sidebar_keeps_what_is_there() -> None:
    made = with_entry(json.dumps([OWN, "odd"]).encode())
    items = json.loads(made)
    assert items[:2] == [OWN, "odd"]
    assert items[2]["href"] == PANEL
    assert with_entry(made) == made
    kept = without_entry(made, b"[]")
    assert kept is not None
    assert json.loads(kept) == [OWN, "odd"]


@pytest.mark.parametrize("before", [None, b"[]", b'[ {"title":"x"},\r\n"odd" ]'])
def test_the_sidebar_gets_its_old_bytes_back(before: bytes | None) -> None:
    assert without_entry(with_entry(before), before) == before


def test_an_entry_that_a_person_changed_stays() -> None:
    (made,) = json.loads(with_entry(None))
    theirs = json.dumps([{**made, "title": "Farm"}]).encode()
    assert with_entry(theirs) == theirs
    assert without_entry(theirs, None) == theirs


@pytest.mark.parametrize("text", [b"{}", b'"text"', b"null", b'{"title": "x"}'])
def test_a_file_of_another_shape_is_left_alone(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"navi\.json"):
        with_entry(text)
    with pytest.raises(ValueError, match=r"navi\.json"):
        without_entry(text, None)


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


def uninstall(printer: VirtualPrinter, *options: str) -> str:
    """What the installer's part for the dashboards says."""
    script = Path(__file__).parents[2] / "installer" / "dashboard_entries.py"
    command = [sys.executable, "-S", str(script), str(printer.data_path), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_uninstalling_removes_them_from_a_real_moonraker(
    farm: VirtualFarm, running: bool
) -> None:
    """With what else is there left as it is; and a new install makes them again."""
    (printer,) = farm.printers
    sidebar = printer.data_path / "config" / ".theme" / "navi.json"
    wait(lambda: news(printer) == [PANEL])
    camera = {"name": "Window", "service": "iframe", "stream_url": "/window"}
    printer.client.post("/server/webcams/item", camera)
    if not running:
        printer.kill("moonraker")

    told = uninstall(printer, "--show")
    assert told.count("remove the ") == 3
    assert sidebar.exists()
    assert uninstall(printer) == told.replace("remove ", "removed ")
    assert uninstall(printer) == uninstall(printer, "--show") == ""
    assert not sidebar.parent.exists()

    path = printer.data_path / "config" / "moonraker.conf"
    installed = path.read_text()
    path.write_text(installed.replace(SECTION, ""))
    if running:
        printer.client.post("/server/restart")
    else:
        printer.start()
    printer.wait_ready()
    wait(lambda: "netqueue" not in printer.client.get("/server/info")["components"])
    assert cards(printer) == ["/window"]
    assert news(printer) == []

    path.write_text(installed)
    printer.client.post("/server/restart")
    printer.wait_ready()
    wait(lambda: news(printer) == [PANEL])
    assert sorted(cards(printer)) == [f"{PANEL}?embed=1", "/window"]
    assert sidebar.exists()


def test_uninstalling_keeps_what_a_person_changed(tmp_path: Path) -> None:
    """Also the word of a person that one of them is not wanted."""
    sidebar = tmp_path / "config" / ".theme" / "navi.json"
    sidebar.parent.mkdir(parents=True)
    theirs = with_entry(None).replace(b"Print queue", b"Farm")
    sidebar.write_bytes(theirs)
    record = tmp_path / "netqueue" / "entries.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"sidebar": PANEL, "card": "gone"}))
    entries = Entries(tmp_path)
    assert entries.found() == entries.remove() == []
    assert sidebar.read_bytes() == theirs
    assert json.loads(record.read_bytes()) == {"sidebar": PANEL, "card": "gone"}
