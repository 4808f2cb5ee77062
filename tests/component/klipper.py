"""What the tests of G-code commands do with a virtual printer."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

from moonraker_netqueue.virtual_printer.moonraker_client import (
    RefusedError,
)
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.test_component import ROOT
from tests.component.test_component import wait as wait_until

_marks = itertools.count()
wait = partial(wait_until, seconds=30.0)


def console(printer: VirtualPrinter) -> list[str]:
    """What the console of a dashboard has shown."""
    store = printer.client.get("/server/gcode_store", count=1000)["gcode_store"]
    return [entry["message"] for entry in store if entry["type"] == "response"]


def answer(printer: VirtualPrinter, gcode: str) -> str:
    """What the console shows next after a command of ours."""
    before = len(console(printer))
    printer.client.script(gcode)
    return str(wait(lambda: "\n".join(console(printer)[before:])))


def refusal(printer: VirtualPrinter, gcode: str) -> str:
    """Klipper's error at a command."""
    try:
        printer.client.script(gcode)
    except RefusedError as error:
        return str(error)
    raise AssertionError(f"{gcode} was not refused: {console(printer)[-3:]}")


def seen(printer: VirtualPrinter) -> dict[str, Any]:
    """The status object, as macros and dashboards read it."""
    return printer.client.query("netqueue")


def shows(printer: VirtualPrinter, **expected: Any) -> dict[str, Any]:
    """Wait until the status object says this; all of it."""

    def look() -> dict[str, Any] | None:
        status = seen(printer)
        return status if status.items() >= expected.items() else None

    found: dict[str, Any] = wait(look)
    return found


def own(printer: VirtualPrinter) -> dict[str, Any]:
    """The printer's own entry."""
    found: dict[str, Any] = printer.client.get(f"{ROOT}/status")["printer"]
    return found


def restart_with(printer: VirtualPrinter, config: str) -> None:
    """Restart Klipper with another printer.cfg, until it is ready."""
    mark = f"gcode_macro MARK_{next(_marks)}"
    write_config(printer, f"{config}\n[{mark}]\ngcode:\n    M400\n")
    wait(lambda: mark in printer.client.get("/printer/objects/list")["objects"])
    printer.wait_ready()


def write_config(printer: VirtualPrinter, config: str) -> None:
    """Restart Klipper with another printer.cfg."""
    (printer.data_path / "config" / "printer.cfg").write_text(config)
    printer.client.post("/printer/restart")


def read_config(printer: VirtualPrinter) -> str:
    """Its printer.cfg."""
    return (printer.data_path / "config" / "printer.cfg").read_text()
