"""Real printers, each on a machine of its own with a wire that can be cut."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from moonraker_netqueue.virtual_printer.evidence import gather
from moonraker_netqueue.virtual_printer.moonraker_client import MoonrakerClient
from moonraker_netqueue.virtual_printer.printers import VirtualFarm, VirtualPrinter
from tests.component.test_component import ROOT, wait
from tests.failures.namespaces import Namespace
from tests.failures.switch import Switch

PORT = 7125
_SECTION = """\
[netqueue]
name: $name
queues: workshop
admission: open
clear_bed: macro
"""


class _InsideClient(MoonrakerClient):
    """Asks a Moonraker on its own machine: no cut wire is in the way."""

    def __init__(self, namespace: Namespace) -> None:
        super().__init__(PORT, timeout=20)
        self._namespace = namespace

    def _exchange(
        self, method: str, path: str, body: bytes | None, kind: str
    ) -> tuple[int, bytes]:
        with self._namespace.inside():
            return super()._exchange(method, path, body, kind)


class Machine(VirtualPrinter):
    """A printer in a namespace."""

    def __init__(
        self,
        name: str,
        data_path: Path,
        namespace: Namespace,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(name, data_path, PORT, _SECTION)
        self.namespace = namespace
        self.client = _InsideClient(namespace)
        self._environment = dict(environment)

    @property
    def folder(self) -> Path:
        """Where the component keeps its data."""
        return self.data_path / "netqueue"

    def start(self) -> None:
        before = dict(os.environ)
        os.environ.update(self._environment)
        try:
            with self.namespace.inside():
                super().start()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def status(self) -> dict[str, Any]:
        """Its view of the queue."""
        found: dict[str, Any] = self.client.get(f"{ROOT}/status")["queues"]["workshop"]
        return found

    def cut_power(self) -> None:
        """All its processes die at once."""
        for name in ("moonraker", "klippy", "mcu"):
            self.kill(name)


class Farm(VirtualFarm):
    """Printers that share queue `workshop`, and the switch between them."""

    def __init__(self, printers: Sequence[Machine], switch: Switch) -> None:
        self.printers: tuple[Machine, ...] = tuple(printers)
        self.switch = switch
        self._ids: dict[Machine, str] = {}
        self.began = time.time()
        self.wanted: dict[str, int] = {}  # copies by mark
        self.again: Counter[str] = Counter()  # begun once more, as a person said

    def __enter__(self) -> Farm:
        return self

    def start(self) -> None:
        for printer in self.printers:
            printer.start()

    def index(self, printer: Machine) -> int:
        """The number of its wire."""
        return self.printers.index(printer)

    def others(self, printer: Machine) -> list[Machine]:
        return [other for other in self.printers if other is not printer]

    def id(self, printer: Machine) -> str:
        """The host id of a printer, also while it does not answer."""
        if printer not in self._ids:
            self._ids[printer] = str(printer.client.get(f"{ROOT}/status")["host_id"])
        return self._ids[printer]

    def leader(self) -> Machine:
        """Who leads, once all agree."""
        found: Machine = wait(self._agreed_leader)
        return found

    def _agreed_leader(self) -> Machine | None:
        leaders = {printer.status()["leader"] for printer in self.printers}
        found = [printer for printer in self.printers if {self.id(printer)} == leaders]
        return found[0] if found else None

    def add(self, at: Machine, count: int, seconds: int = 2) -> str:
        """Add a job of copies that Klipper's log tells from all others; its mark."""
        mark, text = self.sample(count, seconds)
        self.submit(at, mark, text, count)
        return mark

    def sample(self, count: int, seconds: int) -> tuple[str, bytes]:
        """A file that is to be printed `count` times: its mark and its text."""
        mark = secrets.token_hex(6)
        dwell = "G4 P1000\n" * seconds
        text = f"RECORD TEXT=begin-{mark}\nG28\n{dwell}RECORD TEXT=end-{mark}\n"
        self.wanted[mark] = count
        return mark, text.encode()

    def submit(self, at: Machine, mark: str, text: bytes, count: int) -> dict[str, Any]:
        """Upload a sample to a printer and add its job there; the answer."""
        at.client.upload(f"{mark}.gcode", text)
        job = {"filename": f"{mark}.gcode", "count": count, "command_id": f"add-{mark}"}
        answer: dict[str, Any] = at.client.post(f"{ROOT}/job", job)
        return answer

    def knows(self, job_id: str) -> bool:
        """Whether every printer knows a job."""
        return all(
            any(job["job_id"] == job_id for job in self.jobs(printer))
            for printer in self.printers
        )

    def begun(self, mark: str) -> int:
        """How often a print of it began, by Klipper's own logs."""
        return sum(one.begun[mark] for one in gather(self, self.began))

    def done(self, printer: Machine, mark: str) -> int:
        """How many copies are done, as a printer knows."""
        jobs = {job["name"]: job for job in self.jobs(printer)}
        job = jobs.get(f"{mark}.gcode")
        return 0 if job is None else int(job["items"][0]["done"])

    def printed(self, *marks: str) -> bool:
        """Whether all copies of these are done, in the eyes of every printer."""
        return all(
            self.done(printer, mark) == self.wanted[mark]
            for printer in self.printers
            for mark in marks
        )

    def jobs(self, printer: Machine) -> list[dict[str, Any]]:
        """The queue as a printer shows it."""
        found: list[dict[str, Any]] = printer.client.get(f"{ROOT}/jobs")["jobs"]
        return found

    def check(self) -> None:
        """Every copy began once, or again as a person said; all tell the same story."""
        for mark, count in self.wanted.items():
            expected = count + self.again[mark]
            assert self.begun(mark) == expected, f"{mark}: not {expected} times"
        wait(self._equal)

    def _equal(self) -> bool:
        views = [
            [
                (job["job_id"], job["state"], [i["done"] for i in job["items"]])
                for job in self.jobs(printer)
            ]
            for printer in self.printers
        ]
        return all(view == views[0] for view in views)

    def settled(self) -> bool:
        """Whether all are one group with a quorum and nobody missing."""
        statuses = [printer.status() for printer in self.printers]
        return all(
            status["quorum"]
            and status["group"] == statuses[0]["group"]
            and sum(member["voter"] for member in status["members"])
            == len(self.printers)
            and not status["missing"]
            for status in statuses
        )


@contextmanager
def farm_of(
    folder: Path,
    count: int,
    environment: Mapping[str, str] | None = None,
    disk: int = 0,
) -> Iterator[Farm]:
    """`count` printers that share the queue, ready.

    The last one's processes get `environment`, and if `disk` is given, its component
    has a disk of so many bytes for itself.
    """
    with ExitStack() as closing:
        namespaces = [Namespace(f"10.77.0.{number}") for number in range(1, count + 1)]
        for namespace in namespaces:
            closing.callback(namespace.close)
        switch = closing.enter_context(Switch([n.wire for n in namespaces]))
        directory = Path(tempfile.mkdtemp(dir=folder))
        printers = [
            Machine(name := f"printer{number}", directory / name, namespace, {})
            for number, namespace in enumerate(namespaces[:-1], start=1)
        ]
        name = f"printer{count}"
        last = Machine(name, directory / name, namespaces[-1], environment or {})
        printers.append(last)
        if disk:
            closing.enter_context(_disk_of_its_own(last.folder, disk))
        farm = closing.enter_context(Farm(printers, switch))
        farm.start()
        farm.wait_ready(90)
        wait(farm.settled, 60)
        yield farm


@contextmanager
def _disk_of_its_own(folder: Path, size: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder))
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def remount(folder: Path, how: str) -> None:
    """Make a disk of `farm_of` read-only ("ro") or writable ("rw")."""
    _run("mount", "-o", f"remount,{how}", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
