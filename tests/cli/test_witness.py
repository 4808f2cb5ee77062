"""`netqueue witness`, beside hosts in other processes, on loopback."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from moonraker_netqueue.admission_mode import AdmissionMode, AdmissionSettings
from moonraker_netqueue.api.audit import AuditLog
from moonraker_netqueue.headless import (
    FolderInUse,
    Place,
    headless_host,
    own_folder,
)
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.identity import load_or_create
from moonraker_netqueue.replica.status import Role
from tests.cli.terminals import Desk, desk, ports_of

__all__ = ["desk"]


def test_with_a_witness_two_hosts_survive_a_power_cut_of_one(desk: Desk) -> None:
    """Killed, not stopped: the other and the witness are two of three voters."""
    ports = ports_of(3)
    one, two = desk.host(ports[0]), desk.host(ports[1])
    two.until("group")
    data = str(desk.folder / "witness")
    where = ["--listen", f"localhost:{ports[2]}", "--data", data, "--name", "nas"]
    where += ["--admission", "open"]
    witness = desk.run("cli", "witness", desk.queue, *where)
    witness.until(rf"{desk.queue}: group \w+: (?!.*without)(?=.*nas)(.*localhost){{2}}")
    one.type("before")
    two.until(r"\+ 1\. before")
    one.kill()
    witness.until("1 of 3 voters missing$")
    two.type("after")
    two.until(r"\+ 2\. after")
    assert witness.interrupt() == 0
    assert witness.text.endswith("nas left\n")
    again = desk.run("cli", "witness", desk.queue, *where)
    again.until("group")


@pytest.mark.asyncio
async def test_a_host_without_a_printer_notes_whom_it_let_in(tmp_path: Path) -> None:
    """In the log of the queue, for the page of each printer."""
    queue, (port, other) = f"witness-{os.getpid()}", ports_of(2)
    everybody = AdmissionSettings(AdmissionMode.OPEN)

    def place(name: str, port: int, *peers: tuple[str, int]) -> Place:
        bind = "127.0.0.1"
        return Place(name, tmp_path / name, bind, port, peers, admission=everybody)

    first, second = place("nas", port), place("pi", other, ("127.0.0.1", port))
    async with headless_host([queue], first, lambda _text: None) as nas:
        audit = AuditLog(lambda: nas.replicas[queue].state)
        nas.replicas[queue].add_command_listener(audit.on_command)
        while nas.replicas[queue].status().role is not Role.LEADER:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        async with headless_host([queue], second, lambda _text: None):
            while not (told := audit.newest_first(1, None)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    assert told[0]["what"] == "let in host 'pi'"


def test_a_folder_is_of_one_machine_and_of_one_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: a copied one begins with a new key, which again one program has."""
    folder, told, seen = tmp_path / "data", list[str](), set[str]()
    for machine in ("first", "copy"):
        marks = frozenset({f"serial {machine}"})
        monkeypatch.setattr("moonraker_netqueue.headless.machine_marks", lambda: marks)  # noqa: B023
        for _ in range(2):  # also when it starts again
            with own_folder(folder, told.append):
                seen.add(load_or_create(folder, MachineDisk()).host_id)
                with pytest.raises(FolderInUse), own_folder(folder, told.append):
                    pass
        assert len(told) == len(seen) - 1
    assert len(seen) == 2
    assert (tmp_path / "data-of-another-machine-1" / "identity.pem").exists()
    assert "data-of-another-machine-1" in told[0]
    (folder / "queues").mkdir()
    (folder / "identity.pem").unlink()
    with own_folder(folder, told.append):
        assert "of-another-key-1" in told[1]


def test_the_unit_runs_the_same_command(desk: Desk) -> None:
    """What systemd would start, started; it ends in order as systemd stops it."""
    (port,) = ports_of(1)
    data = desk.folder / "100% sure"
    where = ("--listen", f"localhost:{port}", "--data", str(data))
    command = [sys.executable, "-m", "moonraker_netqueue.cli", "witness", desk.queue]
    shown = subprocess.run(
        [*command, *where, "--unit"], capture_output=True, text=True, check=True
    )
    unit = dict(
        line.partition("=")[::2] for line in shown.stdout.splitlines() if "=" in line
    )
    assert unit["User"]
    assert unit["ReadWritePaths"] == str(data).replace("%", "%%")
    with subprocess.Popen(
        shlex.split(unit["ExecStart"].replace("%%", "%")),
        cwd=unit["WorkingDirectory"],
        env={"PATH": os.environ["PATH"], "HOME": str(desk.folder)},
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            assert started.stdout is not None
            assert f"votes in {desk.queue}" in started.stdout.readline()
            started.send_signal(signal.SIGTERM)
            assert started.wait(30) == 0
            assert "left" in started.stdout.read()
        finally:
            started.kill()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("NS 1",), 2, "cannot name a queue"),
        (("ns1", "--listen", "localhost:70000"), 1, "write it as localhost:6700"),
        (("ns1", "--peer", ":6700"), 1, "write it as localhost:6700"),
        (("ns1", "--data", "/dev/null/x"), 1, "/dev/null"),
    ],
)
def test_bad_arguments_are_named(
    desk: Desk, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """Never a traceback."""
    terminal = desk.run("cli", "witness", *arguments)
    assert terminal.wait() == code
    assert words in terminal.text
    assert "Traceback" not in terminal.text
