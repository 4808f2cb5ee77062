"""Real printers, each on a machine of its own with a wire that can be cut."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from moonraker_netqueue.virtual_printer.evidence import gather
from moonraker_netqueue.virtual_printer.moonraker_client import MoonrakerClient
from moonraker_netqueue.virtual_printer.printers import (
    ProcessName,
    VirtualFarm,
    VirtualPrinter,
)
from moonraker_netqueue.virtual_printer.processes import ChildProcess
from tests.component.test_component import ROOT, wait
from tests.failures.namespaces import Namespace
from tests.failures.switch import Switch

PORT = 7125
_DISK = 16 << 20  # bytes of a fragile machine's disk
_DAMAGE = 512  # bytes
_FEW, _VOTERS = 3, 5  # hosts that all vote; most voters there are
_SECTION = """\
[netqueue]
name: $name
queues: workshop
admission: open
clear_bed: macro
"""


class InsideClient(MoonrakerClient):
    """Asks a Moonraker on its own machine: no cut wire is in the way."""

    def __init__(self, namespace: Namespace, patience: float = 60.0) -> None:
        super().__init__(PORT, timeout=patience)
        self._namespace = namespace

    def _exchange(
        self, method: str, path: str, body: bytes | None, kind: str
    ) -> tuple[int, bytes]:
        with self._namespace.inside():
            return super()._exchange(method, path, body, kind)


class Machine(VirtualPrinter):
    """A printer in a namespace."""

    def __init__(
        self, name: str, data_path: Path, namespace: Namespace, options: str = ""
    ) -> None:
        """`options` are more lines of its section [netqueue]."""
        super().__init__(name, data_path, PORT, _SECTION + options)
        self.namespace = namespace
        self.client = InsideClient(namespace)

    @property
    def folder(self) -> Path:
        """Where the component keeps its data."""
        return self.data_path / "netqueue"

    @property
    def journal(self) -> Path:
        """Its replica of the queue."""
        return self.folder / "queues" / "workshop" / "group.db"

    def start(self) -> None:
        with self.namespace.inside():
            super().start()

    def status(self) -> dict[str, Any]:
        """Its view of the queue."""
        found: dict[str, Any] = self.client.get(f"{ROOT}/status")["queues"]["workshop"]
        return found

    def cut_power(self) -> None:
        """All its processes die at once."""
        for name in ("moonraker", "klippy", "mcu"):
            self.kill(name)


class FragileMachine(Machine):
    """One whose component has a small disk of its own, and whose clock can jump.

    `open_disk` comes before `start`, and `close_disk` after `stop`.
    """

    def __init__(
        self, name: str, data_path: Path, namespace: Namespace, options: str = ""
    ) -> None:
        super().__init__(name, data_path, namespace, options)
        self._clock = data_path.with_suffix(".clock")
        self.set_clock(0)

    def open_disk(self) -> None:
        self.folder.mkdir(parents=True)
        size = f"size={_DISK}"
        _run("mount", "-t", "tmpfs", "-o", size, "none", str(self.folder))

    def close_disk(self) -> None:
        _run("umount", "--lazy", str(self.folder))

    def _commands(self) -> dict[ProcessName, list[str]]:
        """Klipper's clock stays: it would name a second log as an earlier one, and
        what was printed is counted in its logs."""
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
        commands = super()._commands()
        faked = [
            "env",
            f"LD_PRELOAD={library}",
            f"FAKETIME_TIMESTAMP_FILE={self._clock}",
            "FAKETIME_CACHE_DURATION=1",  # seconds: without, each look is a read
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        ]
        return commands | {"moonraker": [*faked, *commands["moonraker"]]}

    def set_clock(self, seconds: int) -> None:
        """Its wall clock is so much ahead of ours from now on."""
        self._clock.write_text(f"{seconds:+d}")

    def fill_disk(self) -> None:
        with (
            self._filling.open("wb", buffering=0) as file,
            contextlib.suppress(OSError),
        ):
            while file.write(bytes(1 << 16)):
                pass

    def empty_disk(self) -> None:
        """Undo `fill_disk`."""
        self._filling.unlink()

    @property
    def _filling(self) -> Path:
        return self.folder / "filling"

    def remount(self, how: str) -> None:
        """Make its disk read-only ("ro") or writable ("rw"), Moonraker being dead."""
        _run("mount", "-o", f"remount,{how}", str(self.folder))


class Witness(ChildProcess):
    """`netqueue witness` in a namespace: a vote without a printer."""

    def __init__(self, folder: Path, namespace: Namespace) -> None:
        folder.mkdir(parents=True)
        program = [sys.executable, "-m", "moonraker_netqueue.cli", "witness"]
        where = ["--name", "witness", "--data", str(folder / "data")]
        command = [*program, "workshop", *where, "--admission", "open"]
        super().__init__(command, folder / "witness.out", folder)
        self.namespace = namespace

    def start(self) -> None:
        with self.namespace.inside():
            super().start()


class Farm(VirtualFarm):
    """Printers that share queue `workshop`, and the switch between them."""

    def __init__(
        self,
        printers: Sequence[Machine],
        switch: Switch,
        witnesses: Sequence[Witness] = (),
    ) -> None:
        self.printers: tuple[Machine, ...] = tuple(printers)
        self.witnesses = tuple(witnesses)
        self.switch = switch
        self._ids: dict[Machine, str] = {}
        self.began = time.time()
        self.wanted: dict[str, int] = {}  # copies by mark
        self.again: Counter[str] = Counter()  # begun once more, as a person said

    def __enter__(self) -> Farm:
        return self

    def start(self) -> None:
        for witness in self.witnesses:
            witness.start()
        for printer in self.printers:
            printer.start()

    def stop(self) -> None:
        super().stop()
        for witness in self.witnesses:
            witness.kill()

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

    def leader_and_other(self) -> tuple[Machine, Machine]:
        """A printer that leads, or else the first one; and another one."""
        leaders = {printer.status()["leader"] for printer in self.printers}
        first = next((p for p in self.printers if self.id(p) in leaders), None)
        found = first or self.printers[0]
        return found, self.others(found)[0]

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
        wait(self.equal)

    def equal(self) -> bool:
        """Whether all printers show the same jobs, done to the same part."""
        views = [
            [
                (job["job_id"], job["state"], [i["done"] for i in job["items"]])
                for job in self.jobs(printer)
            ]
            for printer in self.printers
        ]
        return all(view == views[0] for view in views)

    @property
    def _voters(self) -> int:
        """How many hosts vote: an odd number, but two of two."""
        hosts = len(self.printers) + len(self.witnesses)
        return hosts if hosts <= _FEW else min(hosts - 1 + hosts % 2, _VOTERS)

    def settled(self) -> bool:
        """Whether all are one group with a quorum and nobody missing."""
        statuses = [printer.status() for printer in self.printers]
        return all(
            status["quorum"]
            and status["group"] == statuses[0]["group"]
            and sum(member["voter"] for member in status["members"]) == self._voters
            and not status["missing"]
            for status in statuses
        )


@contextmanager
def farm_of(
    folder: Path, count: int, *, fragile: int = 0, witnesses: int = 0, options: str = ""
) -> Iterator[Farm]:
    """`count` printers that share the queue, ready; the last ones are fragile.

    Wires of witnesses come after those of the printers.
    """
    with ExitStack() as closing:
        namespaces = [
            Namespace(f"10.77.0.{number + 1}") for number in range(count + witnesses)
        ]
        for namespace in namespaces:
            closing.callback(namespace.close)
        switch = closing.enter_context(Switch([n.wire for n in namespaces]))
        directory = Path(tempfile.mkdtemp(dir=folder))
        printers: list[Machine] = []
        for number, namespace in enumerate(namespaces[:count], start=1):
            name = f"printer{number}"
            if number > count - fragile:
                weak = FragileMachine(name, directory / name, namespace, options)
                weak.open_disk()
                closing.callback(weak.close_disk)
                printers.append(weak)
            else:
                machine = Machine(name, directory / name, namespace, options)
                printers.append(machine)
        others = [
            Witness(directory / f"witness{number}", namespace)
            for number, namespace in enumerate(namespaces[count:], start=1)
        ]
        farm = closing.enter_context(Farm(printers, switch, others))
        farm.start()
        farm.wait_ready(180)
        wait(farm.settled, 180)
        yield farm


def damage(journal: Path) -> Path:
    """Overwrite some of the middle of what a dead host wrote; the file that has it.

    After a kill that is SQLite's log beside the file, after an orderly end the file.
    """
    log = journal.with_name(f"{journal.name}-wal")
    path = max((one for one in (journal, log) if one.exists()), key=_size)
    with path.open("r+b") as file:
        file.seek(_size(path) // 2)
        file.write(b"\xff" * _DAMAGE)
    return path


def _size(path: Path) -> int:
    return path.stat().st_size


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
