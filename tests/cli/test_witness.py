"""`netqueue witness`, beside hosts in other processes, on loopback."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys

import pytest

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
