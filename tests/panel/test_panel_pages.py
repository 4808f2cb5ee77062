"""The page in a real Chromium, in front of real Moonrakers and Klippers."""

from __future__ import annotations

import http.client
import os
from functools import partial
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from tests.component.test_component import exchange, serves
from tests.component.test_component import wait as wait_started
from tests.conftest import StartPrinters
from tests.panel.conftest import Play, play_at
from tests.panel.workshop import (
    LONG,
    ROOT,
    SHORT,
    fill,
    section,
    sliced,
    wait,
    wait_shared,
)

pytestmark = pytest.mark.timeout(600)


def fetch(
    printer: VirtualPrinter, path: str, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", printer.port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.msg, response.read()
    finally:
        connection.close()


def state_of(printer: VirtualPrinter) -> str:
    return str(printer.client.get(f"{ROOT}/status")["printer"]["state"])


def test_how_the_page_is_served(workshop: VirtualFarm) -> None:
    """Never kept by browsers itself; what it loads is, for ever; all under a policy."""
    printer = workshop.printers[0]
    status, headers, page = fetch(printer, f"{ROOT}/panel")
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    assert headers["Content-Type"].startswith("text/html")
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'self'" in policy
    assert (
        fetch(printer, f"{ROOT}/panel", **{"If-None-Match": headers["Etag"]})[0] == 304
    )
    script = page.decode().split('<script type="module" src="')[1].split('"')[0]
    status, headers, plain = fetch(printer, f"{ROOT}/{script}")
    assert (status, headers["Content-Encoding"]) == (200, None)
    assert headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in headers["Cache-Control"]
    packed = fetch(printer, f"{ROOT}/{script}", **{"Accept-Encoding": "gzip"})
    assert packed[1]["Content-Encoding"] == "gzip"
    assert len(packed[2]) < len(plain)
    for path in (
        "ui/0123456789ab/main.js",
        script.replace("main.js", "index.html"),
        script.replace("main.js", "..%2fassets.py"),
        script + "x",
    ):
        assert fetch(printer, f"{ROOT}/{path}")[0] == 404


def test_a_login(workshop: VirtualFarm, play: Play) -> None:
    user = {"username": "anna", "password": "a good password"}
    workshop.printers[0].client.post("/access/user", user)
    play("login")


def _lets_nobody_in(printer: VirtualPrinter) -> bool:
    try:
        return fetch(printer, f"{ROOT}/status")[0] == http.client.UNAUTHORIZED
    except ConnectionRefusedError:  # it restarts
        return False


def test_a_login_ends(start_printers: StartPrinters, tmp_path: Path) -> None:
    """Where nobody gets in without one. What was typed stays; a token that is too old
    only is renewed unseen."""
    farm = start_printers(1, section(tmp_path))
    wait_shared(farm)
    (printer,) = farm.printers
    play_at(farm, "trusted")
    user = {"username": "anna", "password": "a good password"}
    printer.client.post("/access/user", user)
    config = printer.data_path / "config/moonraker.conf"
    config.write_text(config.read_text().replace("logins: False", "logins: True"))
    printer.kill("moonraker")
    printer.start()
    wait(partial(_lets_nobody_in, printer))
    play_at(farm, "relogin")


def test_in_a_dashboard(workshop: VirtualFarm, play: Play) -> None:
    play("embed")


def test_jobs(workshop: VirtualFarm, play: Play) -> None:
    play("jobs")


def test_by_touch_and_by_keys(workshop: VirtualFarm, play: Play) -> None:
    play("phone")


def test_printers(workshop: VirtualFarm, play: Play) -> None:
    client = workshop.printers[0].client
    client.upload("quick.gcode", sliced(SHORT, 60, "PLA", (66, 165, 245)))
    client.post(f"{ROOT}/job", {"filename": "quick.gcode", "count": 2})
    for printer in workshop.printers[:2]:
        camera = {
            "name": "bed",
            "stream_url": "/",
            "snapshot_url": "http://localhost/shot",
        }
        printer.client.post("/server/webcams/item", camera)
    play("printers")
    for printer in workshop.printers[:2]:
        exchange(printer, "DELETE", "/server/webcams/item", {"name": "bed"})


def test_who_may_only_look(workshop: VirtualFarm, play: Play) -> None:
    play("viewer")


def test_material_is_asked_for(start_printers: StartPrinters, tmp_path: Path) -> None:
    """Of a printer that must not be asked twice, on its screen and on every page."""
    sections = section(tmp_path) + "materials: PLA, PETG\nmaterials_ready: PLA\n"
    farm = start_printers(2, sections)
    wait_shared(farm)
    client = farm.printers[0].client
    client.upload("petg.gcode", sliced(SHORT, 60, "PETG", (102, 187, 106)))
    client.post(f"{ROOT}/job", {"filename": "petg.gcode", "count": 2})
    for printer in farm.printers:
        printer.client.post(f"{ROOT}/bed_clear", {"by": "anna"})
    play_at(farm, "material")


def test_looks(workshop: VirtualFarm, play: Play) -> None:
    fill(workshop)
    play("looks")


def test_a_crowd_and_nobody(workshop: VirtualFarm) -> None:
    """A hundred printers, made of those of the test before; and an empty queue."""
    play_at(workshop, "crowd")


def test_what_lighthouse_says(workshop: VirtualFarm) -> None:
    """Accessibility 100, with the jobs of the test before.

    LIGHTHOUSE=all looks at all views, on a laptop and a phone.
    """
    play_at(workshop, "lighthouse", os.environ.get("LIGHTHOUSE", "some"))


def test_hosts_that_die_and_return(workshop: VirtualFarm, play: Play) -> None:
    second = workshop.printers[1]
    if state_of(second) != "printing":
        second.client.upload("long.gcode", sliced(LONG, 1000, "PLA", (66, 165, 245)))
        second.client.post(f"{ROOT}/job", {"filename": "long.gcode"})
        second.client.post(f"{ROOT}/bed_clear", {"by": "anna"})
        wait(lambda: state_of(second) == "printing")
    play("hosts")


def test_newcomers_are_let_in(start_printers: StartPrinters, tmp_path: Path) -> None:
    """Asked on page and screen of one that is in the queue; one answer ends both."""
    sections = section(tmp_path).replace("admission: open\n", "")
    play_at(start_printers(4, sections), "approve")


def _holds(printer: VirtualPrinter, states: list[str]) -> bool:
    rows = printer.client.get(f"{ROOT}/printers")["printers"]
    (own,) = (row for row in rows if row["name"] == printer.name)
    return sorted(one["state"] for one in own["prints"]) == states


def test_a_host_goes_for_good(start_printers: StartPrinters, tmp_path: Path) -> None:
    """What only it has, or has in hand, is named first; got here, ended gently, or
    lost only when a person says so."""
    farm = start_printers(3, section(tmp_path))
    wait_shared(farm)
    printer = farm.printers[0]
    printer.client.upload("hand.gcode", sliced(LONG, 1000, "PLA", (66, 165, 245)))
    printer.client.post(f"{ROOT}/job", {"filename": "hand.gcode", "count": 9})
    for number, printer in enumerate(farm.printers[1:], 2):
        name = f"only{number}.gcode"
        printer.client.upload(name, sliced(SHORT, 60 * number, "PLA", (66, 165, 245)))
        job = {"filename": name, "tags": ["nobody has it"]}
        printer.client.post(f"{ROOT}/job", job)
        printer.client.post(f"{ROOT}/bed_clear", {"by": "anna"})
        wait(partial(_holds, printer, ["printing", "reserved"]))
    printer = farm.printers[0]
    printer.client.post(f"{ROOT}/queues", {"queue": "spare"})
    wait(lambda: printer.client.get(f"{ROOT}/status")["queues"]["spare"]["quorum"])
    printer.client.post(f"{ROOT}/pause", {"queue": "spare"})
    printer.client.upload("spare.gcode", sliced(SHORT, 60, "PLA", (66, 165, 245)))
    printer.client.post(f"{ROOT}/job", {"queue": "spare", "filename": "spare.gcode"})
    play_at(farm, "forget")


def test_markup_in_names_is_text(start_printers: StartPrinters, tmp_path: Path) -> None:
    """In those of printers, queues, jobs, people, spools; no script of theirs runs."""
    evil = "<img src=x onerror=window.ran=1>"
    farm = start_printers(1, section(tmp_path).replace("$name", evil))
    (printer,) = farm.printers
    client = printer.client
    wait_started(partial(serves, printer), 120)
    (queue,) = client.get(f"{ROOT}/status")["queues"]
    client.post(f"{ROOT}/queues", {"queue": queue, "title": f"{evil} title"})
    name = f"{evil}.gcode"
    client.upload("part.gcode", sliced(SHORT, 60, f"{evil}PLA"[:60], (66, 165, 245)))
    client.post(f"{ROOT}/job", {"filename": "part.gcode", "name": name, "owner": evil})
    client.post(f"{ROOT}/bed_clear", {"by": evil})
    wait(lambda: client.get(f"{ROOT}/history")["prints"], 120)
    job = {"filename": "part.gcode", "name": name, "note": f"a note {evil}"}
    more = {"owner": evil, "tags": [evil], "materials": [evil], "count": 3}
    client.post(f"{ROOT}/job", {**job, **more})
    play_at(farm, "markup")
