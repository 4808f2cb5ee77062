"""The demo's queue as its printers' Moonrakers report it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import VirtualPrinterError
from .moonraker_client import MoonrakerClient, NoAnswerError, RefusedError
from .printers import VirtualFarm, VirtualPrinter

_SECTIONS = """\
[netqueue]
name: $name
queues: {queue}
discovery_interface: 127.0.0.1
admission: open
clear_bed: macro
"""
_STARTING = 503  # also of a component that failed, which says so in a warning
_ASKING = (NoAnswerError, RefusedError)
_STATES_WORTH_A_LINE = ("offline", "needs_attention", "bed_occupied")


def queue_of(directory: Path) -> str:
    """The queue of the demo in a folder: two demos on one machine stay apart."""
    return f"demo-{zlib.crc32(str(directory).encode()):08x}"


def sections(queue: str) -> str:
    """The part of moonraker.conf that makes a printer serve `queue`."""
    return _SECTIONS.format(queue=queue)


def unshared_reason(farm: VirtualFarm) -> str | None:
    """Why the printers do not all share the queue yet; None: they do.

    Raises VirtualPrinterError where they never will.
    """
    try:
        statuses = {printer.name: _status(printer) for printer in farm.printers}
    except NoAnswerError as error:
        return str(error)
    hosts = {status["host_id"] for status in statuses.values()}
    groups: dict[str, list[str]] = {}
    for name, status in statuses.items():
        (queue,) = status["queues"].values()
        groups.setdefault(queue["group"], []).append(name)
        if not queue["quorum"]:
            return f"{name} reaches no majority (it is {queue['role']})"
        if missing := hosts - {member["host_id"] for member in queue["members"]}:
            return f"{name} does not know {len(missing)} of the members"
    if len(groups) > 1:
        apart = " | ".join(", ".join(names) for names in groups.values())
        return f"these do not form one group yet: {apart}"
    return None


def _status(printer: VirtualPrinter) -> dict[str, Any]:
    try:
        status: dict[str, Any] = printer.client.get("/server/netqueue/status")
    except RefusedError as error:
        warnings = [
            text
            for text in printer.server_info()["warnings"]
            if "netqueue" in text and not text.startswith("Unparsed")
        ]
        if error.status == _STARTING and not warnings:
            raise NoAnswerError(str(error)) from error
        raise _load_failure(printer, warnings) from error
    return status


def _load_failure(
    printer: VirtualPrinter, warnings: Sequence[str]
) -> VirtualPrinterError:
    """Moonraker is ready but our part of it is not: it will not get better."""
    log = printer.data_path / "logs" / "moonraker.log"
    return VirtualPrinterError(
        f"{printer.name}: Moonraker did not load netqueue: "
        + "; ".join((*warnings, f"see {log}"))
    )


def jobs(client: MoonrakerClient) -> list[dict[str, Any]]:
    """The jobs of the queue, in order."""
    found: list[dict[str, Any]] = client.get("/server/netqueue/jobs")["jobs"]
    return found


class QueueWatch:
    """Tells what changed in the queue since it last looked."""

    def __init__(self, farm: VirtualFarm) -> None:
        self._farm = farm
        self._printing: dict[str, str] = {}  # print id -> "printer2: plate.gcode"
        self._states: dict[str, str] = {}  # printer -> state

    def changes(self) -> list[str]:
        """A line per change; nothing while no printer answers."""
        for printer in self._farm.printers:
            if printer.pid("moonraker") is None:
                continue
            try:
                return list(self._look(printer.client))
            except _ASKING:
                continue  # it is starting or ending: another one knows as much
        return []

    def _look(self, client: MoonrakerClient) -> Iterator[str]:
        printers = client.get("/server/netqueue/printers")["printers"]
        for printer in printers:
            name, state = printer["name"], printer["state"]
            if self._states.get(name) != state and state in _STATES_WORTH_A_LINE:
                yield f"{name} is {state}: {printer['reason'] or printer['why']}"
            self._states[name] = state
        printing = {
            print_["print_id"]: (printer["name"], print_)
            for printer in printers
            for print_ in printer["prints"]
            if print_["state"] == "printing"
        }
        for print_id in self._printing.keys() - printing.keys():
            yield f"{self._printing.pop(print_id)} {self._ending(client, print_id)}"
        new = printing.keys() - self._printing.keys()
        counts = _counts(client) if new else {}
        for print_id in sorted(new, key=lambda print_id: printing[print_id][0]):
            name, print_ = printing[print_id]
            self._printing[print_id] = f"{name}: {print_['file']}"
            count = counts.get((print_["job_id"], print_["item"]), "job removed")
            yield f"{name} prints {print_['file']} ({count})"

    def _ending(self, client: MoonrakerClient, print_id: str) -> str:
        try:
            answer = client.get("/server/netqueue/print", print_id=print_id)
        except RefusedError:
            return "is no longer in the queue"
        return f"is {answer['print']['state']}"


def _counts(client: MoonrakerClient) -> dict[tuple[str, int], str]:
    """How far each item of each job is, in words."""
    return {
        (job["job_id"], index): f"{item['done']} of {item['count']} done"
        for job in jobs(client)
        for index, item in enumerate(job["items"])
    }
