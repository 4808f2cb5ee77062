"""NETQUEUE_ commands and printer.netqueue in a real Klipper with a real Moonraker."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.printers import (
    VirtualPrinter,
)
from tests.component.klipper import (
    answer,
    own,
    read_config,
    refusal,
    restart_with,
    seen,
    shows,
    wait,
    write_config,
)
from tests.component.test_component import ROOT
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)

SECTION = """\
[netqueue]
name: mk3
queues: lab, shop
bind: 127.0.0.1
discovery: False
"""
MACRO = """
[gcode_macro TELL]
gcode:
    {% set queue = printer.netqueue %}
    {action_respond_info("bed %s, %d waiting" % (queue.bed, queue.waiting))}
"""


@pytest.fixture(scope="module")
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    """A printer that serves two queues."""
    with start_farm(printers_folder, 1, SECTION) as farm:
        (printer,) = farm.printers
        printer.client.upload("part.gcode", b"G28\nG4 P500\n")
        printer.client.upload("long.gcode", b"G28\n" + b"G4 P250\n" * 200)
        restart_with(printer, read_config(printer) + MACRO)
        wait(lambda: _serves(printer))
        shows(printer, connected=True)
        yield printer


@pytest.fixture
def idle(printer: VirtualPrinter) -> VirtualPrinter:
    """The same, with paused queues."""
    for queue in ("lab", "shop"):
        printer.client.post(f"{ROOT}/pause", {"queue": queue})
    return printer


def _serves(printer: VirtualPrinter) -> bool:
    queues = printer.client.get(f"{ROOT}/status")["queues"]
    return all(queue["quorum"] for queue in queues.values())


def _jobs(printer: VirtualPrinter, queue: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = printer.client.get(f"{ROOT}/jobs", queue=queue)[
        "jobs"
    ]
    return found


def _entry(printer: VirtualPrinter) -> dict[str, Any]:
    """The printer, as every host of the queue sees it."""
    (entry,) = printer.client.get(f"{ROOT}/printers", queue="lab")["printers"]
    found: dict[str, Any] = entry
    return found


def test_a_job_is_added(idle: VirtualPrinter) -> None:
    """With count and name; the queue and the status object show it."""
    before = shows(idle, paused=True)["queues"]["shop"]
    gcode = 'NETQUEUE_ADD FILE=part.gcode COUNT=3 QUEUE=shop NAME="three parts"'
    assert answer(idle, gcode) == "// netqueue: added three parts: 3 copies"
    job = _jobs(idle, "shop")[-1]
    assert (job["name"], job["items"][0]["count"]) == ("three parts", 3)
    expected = {**before, "jobs": before["jobs"] + 1, "waiting": before["waiting"] + 3}
    wait(lambda: seen(idle)["queues"]["shop"] == expected)


@pytest.mark.parametrize(
    ("gcode", "words"),
    [
        ("NETQUEUE_ADD QUEUE=lab FILE=nope.gcode", "no file nope.gcode"),
        ("NETQUEUE_ADD QUEUE=lab FILE=../x.gcode", "FILE: '../x.gcode' is not inside"),
        ("NETQUEUE_ADD QUEUE=lab FILE=part.gcode COUNT=100001", "1 to 100000"),
        ("NETQUEUE_ADD FILE=part.gcode", "QUEUE is missing: one of lab, shop"),
        ("NETQUEUE_PAUSE QUEUE=nope", "does not serve queue 'nope', but lab, shop"),
        ("NETQUEUE_MATERIAL READY=" + "x" * 65, "64 characters"),
    ],
)
def test_what_is_wrong_is_said_on_the_console(
    idle: VirtualPrinter, gcode: str, words: str
) -> None:
    """In the command's own words; nothing is added."""
    before = len(_jobs(idle, "lab"))
    said = answer(idle, gcode)
    assert said.startswith("!! netqueue: ")
    assert words in said
    assert len(_jobs(idle, "lab")) == before


@pytest.mark.parametrize(
    ("gcode", "words"),
    [
        ("NETQUEUE_ADD", "missing FILE"),
        ("NETQUEUE_ADD FILE=part.gcode COUNT=0", "minimum of 1"),
        ("NETQUEUE_ADD FILE=part.gcode COUNT=many", "unable to parse many"),
        ("NETQUEUE_ADD FILE=part.gcode CUONT=2", "no parameter CUONT"),
    ],
)
def test_a_wrong_parameter_is_an_error_of_the_command(
    idle: VirtualPrinter, gcode: str, words: str
) -> None:
    """At once, as with Klipper's own commands."""
    assert words in refusal(idle, gcode)


def test_a_queue_is_paused_and_resumed(idle: VirtualPrinter) -> None:
    """One of them; status object and summary say so."""
    assert (
        answer(idle, "NETQUEUE_RESUME QUEUE=shop") == "// netqueue: queue shop goes on"
    )
    assert not shows(idle, paused=False)["queues"]["shop"]["paused"]
    assert answer(idle, "NETQUEUE_PAUSE QUEUE=shop") == (
        "// netqueue: queue shop is paused"
    )
    shows(idle, paused=True)
    assert idle.client.get(f"{ROOT}/status")["queues"]["shop"]["paused"]
    lines = answer(idle, "NETQUEUE_STATUS").split("\n")
    assert lines[0].startswith("// netqueue 0.")
    assert "on mk3: printer " in lines[0]
    assert any(
        line.startswith("// queue shop: ") and line.endswith(", paused")
        for line in lines
    )


def test_what_is_loaded_is_told_to_the_queues(idle: VirtualPrinter) -> None:
    """Everybody sees it; without READY it is shown."""
    said = answer(idle, "NETQUEUE_MATERIAL READY=PLA:black,PETG")
    assert said == "// netqueue: loaded: PLA:black, PETG"
    wait(lambda: _entry(idle)["materials_ready"] == ["PLA:black", "PETG"])
    shows(idle, materials_ready=["PLA:black", "PETG"])
    assert answer(idle, "NETQUEUE_MATERIAL") == said
    assert answer(idle, "NETQUEUE_MATERIAL READY=") == "// netqueue: loaded: nothing"
    wait(lambda: _entry(idle)["materials_ready"] == [])


def test_the_bed_is_clear_by_whose_word(idle: VirtualPrinter) -> None:
    """G-code says so if nobody gives a name."""
    for gcode, by in (("", "G-code"), (" BY=anna", "anna")):
        said = answer(idle, f"NETQUEUE_BED_CLEAR{gcode}")
        assert said == f"// netqueue: the bed is clear, says {by}"
        assert own(idle)["bed"]["by"] == by
    shows(idle, bed="clear", state="ready")
    assert "bed clear, " in answer(idle, "TELL")


def _dialogs(printer: VirtualPrinter) -> list[str]:
    """What screens were told of dialogs, oldest first."""
    store = printer.client.get("/server/gcode_store")["gcode_store"]
    lines = [str(row["message"]) for row in store]
    return [line for line in lines if line.startswith("// action:prompt_")]


def test_a_dialog_asks_for_the_bed_until_it_is_answered(
    idle: VirtualPrinter,
) -> None:
    """And its button is a command that Klipper knows."""
    idle.client.post(f"{ROOT}/bed_clear", {"by": "anna"})
    idle.client.upload("dialog.gcode", b"G28\nG4 P100\n")
    idle.client.post("/printer/print/start", {"filename": "dialog.gcode"})
    wait(lambda: _dialogs(idle)[-1:] == ["// action:prompt_show"])
    button = next(line for line in reversed(_dialogs(idle)) if "button" in line)
    assert button.split(" ", 2)[2].split("|")[0] == "I cleared it"
    assert "the bed is clear" in answer(idle, button.split("|")[1])
    wait(lambda: _dialogs(idle)[-1] == "// action:prompt_end")


def test_commands_work_during_a_print_and_wait_for_no_motion(
    idle: VirtualPrinter,
) -> None:
    """The answer comes while it prints; a bed with a print on it is not clear."""
    client = idle.client
    client.post("/printer/print/start", {"filename": "long.gcode"})
    shows(idle, state="busy", bed="in_use")
    try:
        said = answer(idle, "NETQUEUE_BED_CLEAR")
        assert said.startswith("!! netqueue: a print is on the bed")
        assert "added" in answer(idle, "NETQUEUE_ADD FILE=part.gcode QUEUE=lab")
        assert client.query("print_stats")["state"] == "printing"
    finally:
        client.post("/printer/print/cancel")
    shows(idle, bed="occupied")


def test_a_copy_of_the_queue_is_shown_while_it_prints(idle: VirtualPrinter) -> None:
    """Its job's name, and that something is being made."""
    client = idle.client
    client.script("NETQUEUE_BED_CLEAR")
    shows(idle, bed="clear")
    arguments = {"queue": "lab", "filename": "long.gcode", "name": "long job"}
    client.post(f"{ROOT}/job", {**arguments, "front": True})
    client.script("NETQUEUE_RESUME QUEUE=lab")
    status = shows(idle, state="printing", job="long job")
    assert status["queues"]["lab"]["printing"] == 1
    assert "it prints a copy of: long job" in answer(idle, "NETQUEUE_STATUS")
    client.script("NETQUEUE_PAUSE QUEUE=lab")
    client.post(
        f"{ROOT}/print",
        {
            "queue": "lab",
            "print_id": own(idle)["print"]["print_id"],
            "action": "cancel",
        },
    )
    status = shows(idle, job="", bed="occupied", state="bed_occupied")
    assert "long.gcode" in status["why"]


def test_klipper_without_the_module_is_served_all_the_same(
    printer: VirtualPrinter,
) -> None:
    """No warning; who asks is told; macros still reach Moonraker."""
    config = read_config(printer)
    assert printer.client.get(f"{ROOT}/status")["klipper"] == {
        "module": True,
        "message": "",
    }
    remote = (
        "\n[gcode_macro SAY_CLEAR]\ngcode:\n"
        '    {action_call_remote_method("netqueue_bed_clear", by="a macro")}\n'
    )
    restart_with(printer, config.replace("[netqueue]\n", "") + remote)
    try:
        told = wait(
            lambda: (
                (found := printer.client.get(f"{ROOT}/status"))["klipper"]["message"]
                and found["klipper"]
            )
        )
        assert not told["module"]
        assert "no section [netqueue] in printer.cfg" in told["message"]
        assert "Unknown command" in answer(printer, "NETQUEUE_STATUS")
        assert answer(printer, "SAY_CLEAR") == (
            "// netqueue: the bed is clear, says a macro"
        )
        assert own(printer)["bed"]["by"] == "a macro"
        warnings = printer.server_info()["warnings"]
        assert [text for text in warnings if "netqueue" in text] == []
    finally:
        restart_with(printer, config)
    shows(printer, connected=True, bed="clear")


def test_a_wrong_option_in_printer_cfg_is_klippers_error(
    printer: VirtualPrinter,
) -> None:
    """It names the option and what is wrong with it."""
    config = read_config(printer)
    try:
        for option, words in (
            ("clear_timeout: 86401", "'clear_timeout' in section 'netqueue' must have"),
            ("clear_macro: NOTHING", "no [gcode_macro NOTHING] in printer.cfg"),
        ):
            write_config(printer, config.replace("[netqueue]", f"[netqueue]\n{option}"))
            wait(partial(_complains, printer, words))
    finally:
        restart_with(printer, config)


def _complains(printer: VirtualPrinter, words: str) -> bool:
    return words in str(printer.client.get("/printer/info")["state_message"])


def test_without_the_component_commands_say_what_is_missing(
    shared_printer: VirtualPrinter,
) -> None:
    """Each of them; Klipper goes on, and macros see that nothing is known."""
    for command in (
        "BED_CLEAR",
        "PAUSE",
        "RESUME",
        "STATUS",
        "MATERIAL",
        "MATERIAL READY=PLA",
        "ADD FILE=part.gcode",
    ):
        said = refusal(shared_printer, f"NETQUEUE_{command}")
        assert "section [netqueue] in moonraker.conf" in said
    status = seen(shared_printer)
    assert (status["connected"], status["bed"]) == (False, "unknown")
    assert shared_printer.server_info()["klippy_state"] == "ready"


def test_moonraker_goes_and_comes_back(printer: VirtualPrinter) -> None:
    """Its silence shows; it tells everything anew."""
    shows(printer, connected=True)
    printer.kill("moonraker")
    printer.start()
    printer.wait_ready()
    wait(lambda: _serves(printer))
    said = answer(printer, "NETQUEUE_MATERIAL READY=ABS")
    assert said == "// netqueue: loaded: ABS"
    shows(printer, connected=True, materials_ready=["ABS"])
