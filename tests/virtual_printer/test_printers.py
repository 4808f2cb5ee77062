"""Virtual printers behave like real ones, from start to fault to stop."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from moonraker_netqueue.virtual_printer.faults import Fault
from moonraker_netqueue.virtual_printer.printers import (
    ProcessName,
    VirtualFarm,
    VirtualPrinter,
    check_port,
)

StartPrinters = Callable[..., VirtualFarm]
PROCESSES: tuple[ProcessName, ...] = ("moonraker", "klippy", "mcu")
_LIMIT_SECONDS = 90.0


def wait_until(condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


def print_state(printer: VirtualPrinter) -> str:
    return str(printer.client.query("print_stats")["state"])


def klippy_state(printer: VirtualPrinter) -> str:
    return str(printer.server_info()["klippy_state"])


def start_print(printer: VirtualPrinter, name: str, gcode: str) -> None:
    printer.client.upload(name, gcode.encode())
    printer.client.post("/printer/print/start", {"filename": name})


def test_a_print_homes_heats_and_is_recorded_by_klipper(
    shared_printer: VirtualPrinter,
) -> None:
    """A file prints to its end; the history and klippy.log both show it once."""
    gcode = "RECORD TEXT=homed-begin\nG28\nM109 S60\nM400\nRECORD TEXT=homed-end\n"
    start_print(shared_printer, "sub dir/homed.gcode", gcode)
    wait_until(lambda: print_state(shared_printer) == "complete", "the print's end")
    position = shared_printer.client.query("toolhead")
    assert position["homed_axes"] == "xyz"
    assert position["position"][:3] == pytest.approx([0, 0, 0], abs=0.02)
    log = (shared_printer.data_path / "logs" / "klippy.log").read_text()
    assert log.count("record: homed-begin\n") == 1
    assert log.count("record: homed-end\n") == 1
    jobs = shared_printer.client.get("/server/history/list")["jobs"]
    found = [job["status"] for job in jobs if job["filename"] == "sub dir/homed.gcode"]
    assert found == ["completed"]


def test_an_upload_arrives_byte_for_byte(shared_printer: VirtualPrinter) -> None:
    """What is downloaded is what was uploaded."""
    content = b"; \x00\xff\r\n--boundary\r\nG28"
    shared_printer.client.upload("deep/er/bytes.gcode", content)
    assert shared_printer.client.download("deep/er/bytes.gcode") == content


def test_missing_filament_pauses_a_print(shared_printer: VirtualPrinter) -> None:
    """The runout switch pauses; with filament back the print goes on to its end."""
    start_print(shared_printer, "runout.gcode", "G4 P500\n" * 12 + "M400\n")
    wait_until(lambda: print_state(shared_printer) == "printing", "printing")
    shared_printer.fault(Fault.FILAMENT_OUT)
    wait_until(lambda: print_state(shared_printer) == "paused", "a pause by runout")
    wait_until(  # print_stats is early: a resume before this is ignored by Klipper
        lambda: shared_printer.client.query("pause_resume")["is_paused"], "PAUSE done"
    )
    shared_printer.fault(Fault.FILAMENT_IN)
    wait_until(
        lambda: shared_printer.client.query("filament_switch_sensor runout")[
            "filament_detected"
        ],
        "filament seen again",
    )
    shared_printer.client.post("/printer/print/resume")
    wait_until(lambda: print_state(shared_printer) == "complete", "the print's end")


def test_a_firmware_shutdown_is_seen_and_recovered(
    shared_printer: VirtualPrinter,
) -> None:
    """The fault shuts Klipper down; a firmware restart makes it ready."""
    shared_printer.fault(Fault.FIRMWARE_SHUTDOWN)
    wait_until(lambda: klippy_state(shared_printer) == "shutdown", "a shutdown")
    with pytest.raises(VirtualPrinterError, match=r"printer1 is in shutdown: .*fault"):
        shared_printer.wait_ready()
    shared_printer.recover()


def test_a_cold_heater_shuts_klipper_down(shared_printer: VirtualPrinter) -> None:
    """Heaters that stop heating are noticed by Klipper's own check."""
    shared_printer.client.script("M109 S150")
    shared_printer.fault(Fault.HEATERS_COLD)
    wait_until(lambda: klippy_state(shared_printer) == "shutdown", "a shutdown")
    shared_printer.fault(Fault.HEATERS_WELL)
    shared_printer.recover()
    shared_printer.client.script("M109 S60\nM104 S0")


def test_a_silent_board_loses_communication(shared_printer: VirtualPrinter) -> None:
    """A board that stops answering is a shutdown; it talks again and recovers."""
    shared_printer.fault(Fault.SILENT)
    wait_until(lambda: klippy_state(shared_printer) == "shutdown", "a shutdown")
    shared_printer.fault(Fault.TALKING)
    shared_printer.recover()


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_process_is_named_and_started_again(
    shared_printer: VirtualPrinter, name: ProcessName
) -> None:
    """Killing one process leaves the others, and `start` starts just that one."""
    pids = {process: shared_printer.pid(process) for process in PROCESSES}
    shared_printer.kill(name)
    assert shared_printer.dead() == {name: "was killed by SIGKILL"}
    with pytest.raises(VirtualPrinterError, match=f"printer1: {name} was killed"):
        shared_printer._check_alive()
    if name == "mcu":
        wait_until(lambda: klippy_state(shared_printer) == "shutdown", "a shutdown")
    shared_printer.start()
    if name == "mcu":
        shared_printer.recover()
    shared_printer.wait_ready()
    changed = {
        process for process in pids if shared_printer.pid(process) != pids[process]
    }
    assert changed == {name}


def test_stop_leaves_no_process(start_printers: StartPrinters) -> None:
    """After `stop`, even of a stopped board, no process of the printer exists."""
    farm = start_printers(1)
    (printer,) = farm.printers
    pids = [printer.pid(name) for name in PROCESSES]
    printer.fault(Fault.SILENT)
    farm.stop()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    check_port(printer.port)


def test_a_port_in_use_is_found_before_anything_starts(tmp_path: Path) -> None:
    """The error names the port and the remedy; no folder is made."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        farm = VirtualFarm(tmp_path / "f", [port])
        with pytest.raises(VirtualPrinterError, match=rf"port {port} .*--base-port"):
            farm.start()
    assert not (tmp_path / "f").exists()


def test_a_folder_too_deep_for_a_socket_is_refused(tmp_path: Path) -> None:
    """A path that the kernel would cut is named together with the remedy."""
    with pytest.raises(VirtualPrinterError, match=r"too long for a socket .*--dir"):
        VirtualPrinter("printer1", tmp_path / ("x" * 108), 7125)


def test_an_unknown_printer_is_named(tmp_path: Path) -> None:
    """The error lists the printers there are."""
    farm = VirtualFarm(tmp_path, [7125, 7126])
    with pytest.raises(VirtualPrinterError, match="'x'; there are: printer1, printer2"):
        farm.printer("x")
