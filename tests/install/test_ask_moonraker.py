"""What install.sh asks a real Moonraker with a real Klipper."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from installer.ask_moonraker import (
    Moonraker,
    configured_port,
    is_loaded,
    restart_server,
    restart_service,
    state,
)
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter, free_ports

pytestmark = pytest.mark.timeout(300)

LONG = b"G28\n" + b"G4 P250\n" * 400


@pytest.fixture(scope="module")
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A ready printer without our component."""
    with free_ports(1) as ports:
        port = ports[0]
    folder = Path(tempfile.mkdtemp(dir=printers_folder))
    printer = VirtualPrinter("printer1", folder, port)
    printer.start()
    try:
        printer.wait_ready()
        printer.client.upload("long.gcode", LONG)
        yield printer
    finally:
        printer.stop()


def asked(printer: VirtualPrinter, *, by_http: bool = False) -> Moonraker:
    """The questioner, through the Unix socket or as if there were none."""
    config = printer.data_path / "config" / "moonraker.conf"
    return Moonraker(
        Path("/nowhere") if by_http else printer.data_path.resolve(), config
    )


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it is true, or half a minute."""
    deadline = time.monotonic() + 90.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("by_http", [False, True], ids=["socket", "http"])
def test_a_print_and_a_pause_are_busy(printer: VirtualPrinter, by_http: bool) -> None:
    """From its start to its end, however Moonraker is asked."""
    moonraker = asked(printer, by_http=by_http)
    assert state(moonraker) == "idle"
    printer.client.post("/printer/print/start", {"filename": "long.gcode"})
    wait_for(lambda: state(moonraker) == "busy printing long.gcode")
    printer.client.post("/printer/print/pause")
    wait_for(lambda: state(moonraker) == "busy paused long.gcode")
    printer.client.post("/printer/print/cancel")
    wait_for(lambda: state(moonraker) == "idle")


def test_without_a_service_it_begins_anew_in_its_process(
    printer: VirtualPrinter,
) -> None:
    """No service is claimed to restart; the other way is seen to begin."""
    moonraker = asked(printer)
    assert not is_loaded(moonraker)
    process = printer.pid("moonraker")
    assert not restart_service(moonraker)
    assert restart_server(moonraker)
    printer.wait_ready()
    assert printer.pid("moonraker") == process


def test_without_klipper_nothing_prints(printer: VirtualPrinter) -> None:
    """A Moonraker alone may be restarted, and one that is gone is not asked."""
    printer.kill("klippy")
    wait_for(lambda: state(asked(printer)) == "idle")
    printer.kill("moonraker")
    assert state(asked(printer)) == "not-running"
    assert state(asked(printer, by_http=True)) == "not-running"
    printer.start()
    printer.wait_ready()


def test_a_stranger_on_the_port_is_not_taken_for_idle(tmp_path: Path) -> None:
    """Something that is no Moonraker: nothing can be told."""
    config = tmp_path / "moonraker.conf"
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as stranger:
        config.write_text(f"[server]\nport: {stranger.server_port}\n")
        thread = threading.Thread(target=stranger.handle_request)
        thread.start()
        found = state(Moonraker(tmp_path, config))
        thread.join()
    assert found.startswith("unknown port")


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("[server]\nhost: 0.0.0.0\nport: 7130\n[x]\nport: 1\n", 7130),
        ("[server]\nport = 7131 # comment\n", 7131),
        ("[server]\nssl_port: 7130\n", 7125),
        ("[mqtt]\nport: 1\n", 7125),
    ],
)
def test_the_port_is_that_of_the_server_section(
    tmp_path: Path, text: str, port: int
) -> None:
    """No other section's; 7125 where none is written."""
    config = tmp_path / "moonraker.conf"
    config.write_text(text)
    assert configured_port(config) == port
