"""The clearing macro in a real Klipper: it clears the bed, or it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.faults import Fault
from moonraker_netqueue.virtual_printer.moonraker_client import RefusedError
from moonraker_netqueue.virtual_printer.printers import (
    VirtualPrinter,
)
from tests.component.klipper import (
    answer,
    own,
    read_config,
    restart_with,
    seen,
    shows,
    wait,
)
from tests.component.test_component import ROOT
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)

SECTION = """\
[netqueue]
queues: lab
clear_bed: macro
clear_macro: FROM_MOONRAKER_CONF
clear_timeout: 60
bind: 127.0.0.1
discovery: False
"""
OPTIONS = "clear_macro: CLEAR\nclear_timeout: 3\n"
# What CLEAR does is said anew by each test. A macro's template is evaluated before its
# first line runs: what fails later has to be in another one. To home all axes would
# take nearly as long as CLEAR may.
MACROS = """
[gcode_macro FROM_MOONRAKER_CONF]
gcode:
    RECORD TEXT=ours

[gcode_macro CLEAR]
variable_how: "good"
gcode:
    _{how}

[gcode_macro _GOOD]
gcode:
    G28 X
    RECORD TEXT=good

[gcode_macro _STUCK]
gcode:
    NETQUEUE_BED_CLEAR
    _FAIL

[gcode_macro _FAIL]
gcode:
    {action_raise_error("the part sticks")}

[gcode_macro _SLOW]
gcode:
    G4 P6000
    RECORD TEXT=slow
    NETQUEUE_BED_CLEAR

[gcode_macro _FAR]
gcode:
    G28 X
    G1 X999
"""


@pytest.fixture(scope="module")
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A printer whose bed a macro clears."""
    with start_farm(printers_folder, 1, SECTION) as farm:
        (printer,) = farm.printers
        printer.client.upload("part.gcode", b"G4 P600\nM400\n")
        printer.client.upload("long.gcode", b"G28\n" + b"G4 P250\n" * 200)
        _configure(printer, OPTIONS, MACROS)
        wait(lambda: printer.client.get(f"{ROOT}/status")["queues"]["lab"]["quorum"])
        shows(printer, connected=True)
        yield printer


def _records(printer: VirtualPrinter, text: str) -> int:
    """How often Klipper itself has come to a RECORD."""
    log = (printer.data_path / "logs" / "klippy.log").read_text()
    return log.count(f"record: {text}\n")


def _configure(printer: VirtualPrinter, options: str, macros: str = "") -> None:
    """Let printer.cfg say how the bed is cleared."""
    head, _, tail = read_config(printer).partition("[netqueue]\n")
    rest = tail.removeprefix(OPTIONS)
    restart_with(printer, f"{head}[netqueue]\n{options}{rest}{macros}")
    shows(printer, connected=True)


def _how(printer: VirtualPrinter, how: str) -> None:
    """Let the macro do this from now on."""
    printer.client.script(
        f"SET_GCODE_VARIABLE MACRO=CLEAR VARIABLE=how VALUE='\"{how}\"'"
    )


def _add(printer: VirtualPrinter) -> str:
    arguments = {"filename": "part.gcode"}
    return str(printer.client.post(f"{ROOT}/job", arguments)["job_id"])


def _job(printer: VirtualPrinter, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = printer.client.get(f"{ROOT}/job", job_id=job_id)["job"]
    return found


def _remove(printer: VirtualPrinter, job_id: str) -> None:
    """Let it be printed no more, and the bed be clear."""
    printer.client.post(f"{ROOT}/job", {"job_id": job_id, "hold": True})
    assert answer(printer, "NETQUEUE_BED_CLEAR BY=anna").endswith("says anna")
    shows(printer, bed="clear", state="ready")


def _cleared_by_hand(printer: VirtualPrinter) -> None:
    """Print what needs no macro, so that the next one does."""
    printer.client.post(f"{ROOT}/bed_clear")
    _done(printer, _add(printer))


def _done(printer: VirtualPrinter, job_id: str) -> None:
    wait(lambda: _job(printer, job_id)["state"] == "done")


def _fails(printer: VirtualPrinter, how: str, words: str) -> None:
    """A job waits, since the macro has not cleared the bed."""
    _how(printer, how)
    _cleared_by_hand(printer)
    job_id = _add(printer)
    wait(lambda: own(printer)["state"] == "needs_attention")
    reason = own(printer)["reason"]
    assert words in reason
    assert "macro CLEAR did not clear the bed" in reason
    status = shows(printer, bed="clearing_failed", state="needs_attention")
    assert status["why"] == reason
    wait(lambda: not seen(printer)["clearing"])
    time.sleep(2.0)  # it would start now, if the bed counted as clear
    assert _job(printer, job_id)["items"][0]["done"] == 0
    assert own(printer)["bed_state"] == "clearing_failed"
    _remove(printer, job_id)


def test_a_macro_that_ends_well_has_cleared_the_bed(printer: VirtualPrinter) -> None:
    """It runs before the print; printer.cfg goes before moonraker.conf."""
    before = _records(printer, "good")
    _how(printer, "good")
    _cleared_by_hand(printer)
    _done(printer, _add(printer))
    assert _records(printer, "good") == before + 1
    shows(printer, bed="macro_due", clear_macro="CLEAR", clear_timeout=3)


def test_a_macro_that_raises_an_error_has_not(printer: VirtualPrinter) -> None:
    """Not even if it has said before that the bed is clear."""
    _fails(printer, "stuck", "the part sticks")


def test_a_macro_whose_move_fails_has_not(printer: VirtualPrinter) -> None:
    """Klipper's own reason is told."""
    _fails(printer, "far", "out of range")


def test_a_macro_that_exceeds_its_timeout_has_not(printer: VirtualPrinter) -> None:
    """Not even when it comes to its end, and says that the bed is clear."""
    before = _records(printer, "slow")
    _fails(printer, "slow", "it did not end within 3 s")
    assert _records(printer, "slow") == before + 1


def test_a_shutdown_in_the_macro_means_that_it_has_not(
    printer: VirtualPrinter,
) -> None:
    """Restarted, Klipper does not run it again by itself."""
    _how(printer, "slow")
    _cleared_by_hand(printer)
    before = _records(printer, "slow")
    job_id = _add(printer)
    wait(lambda: seen(printer)["clearing"])
    printer.fault(Fault.FIRMWARE_SHUTDOWN)
    wait(lambda: own(printer)["klippy"] == "shutdown")
    printer.recover()
    shows(printer, connected=True, bed="clearing_failed")
    time.sleep(4.0)
    assert "macro CLEAR did not clear the bed" in own(printer)["reason"]
    assert _records(printer, "slow") == before
    _remove(printer, job_id)


def test_a_macro_is_never_run_late_or_into_a_print(printer: VirtualPrinter) -> None:
    """Whose turn comes after its time, and while somebody prints, it does not run."""
    client = printer.client
    before = _records(printer, "ours")
    clear = {"macro": "FROM_MOONRAKER_CONF", "timeout": 1}
    hold = threading.Thread(
        target=client.script, args=("RECORD TEXT=hold\nG4 P6000\nM400",)
    )
    hold.start()
    try:
        wait(lambda: _records(printer, "hold") == 1)
        with pytest.raises(RefusedError, match="did not end within 1 s"):
            client.post("/printer/netqueue/clear", clear)
    finally:
        hold.join()
    client.post("/printer/print/start", {"filename": "long.gcode"})
    wait(lambda: client.query("print_stats")["state"] == "printing")
    with pytest.raises(RefusedError, match="a print is under way"):
        client.post("/printer/netqueue/clear", {**clear, "timeout": 10})
    client.post("/printer/print/cancel")
    shows(printer, bed="occupied", state="bed_occupied")
    assert _records(printer, "ours") == before


def test_without_the_module_the_macro_clears_as_well(printer: VirtualPrinter) -> None:
    """And one that is not there does not: to Klipper that is no error."""
    config = read_config(printer)
    bare = config.replace(f"[netqueue]\n{OPTIONS}", "")
    bare = bare.replace("    NETQUEUE_BED_CLEAR\n", "")
    restart_with(printer, bare)
    before = _records(printer, "ours")
    _cleared_by_hand(printer)
    _done(printer, _add(printer))
    assert _records(printer, "ours") == before + 1
    restart_with(printer, bare.replace("FROM_MOONRAKER_CONF", "ELSE"))
    job_id = _add(printer)
    wait(lambda: own(printer)["state"] == "needs_attention")
    assert "no [gcode_macro FROM_MOONRAKER_CONF]" in own(printer)["reason"]
    restart_with(printer, config)
    _remove(printer, job_id)


def test_moonraker_conf_counts_where_printer_cfg_says_nothing(
    printer: VirtualPrinter,
) -> None:
    """Its macro runs."""
    _configure(printer, "")
    before = _records(printer, "ours")
    _cleared_by_hand(printer)
    _done(printer, _add(printer))
    assert _records(printer, "ours") == before + 1
