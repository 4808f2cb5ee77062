"""`./install.sh demo`, from start to stop, with the real component."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.moonraker_client import MoonrakerClient
from moonraker_netqueue.virtual_printer.printers import free_ports
from moonraker_netqueue.virtual_printer.shared_queue import queue_of

_COMMAND = [sys.executable, "-m", "moonraker_netqueue.virtual_printer", "demo"]
_NETQUEUE = [sys.executable, "-m", "moonraker_netqueue.cli"]


def ports_in_a_row() -> int:
    """The first of three free ports in a row."""
    while True:
        with free_ports(3) as ports:
            if ports[-1] - ports[0] == len(ports) - 1:
                return ports[0]


@pytest.fixture
def base_port() -> int:
    """See `ports_in_a_row`."""
    return ports_in_a_row()


@pytest.fixture
def demo(printers_folder: Path, base_port: int) -> Iterator[subprocess.Popen[str]]:
    """A demo of two printers; its folder is `printers_folder`/demo."""
    options = ["--printers", "2", "--base-port", str(base_port)]
    folder = ["--dir", str(printers_folder / "demo")]
    with subprocess.Popen(
        [*_COMMAND, *options, *folder], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def read_until(demo: subprocess.Popen[str], text: str) -> str:
    """The line with `text`; fails at the end of the output."""
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if text in line:
            return line
    raise AssertionError(f"'{text}' did not come:\n" + "".join(lines))


def facts(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    return found


@pytest.mark.timeout(600)
def test_a_killed_moonraker_is_told_restarted_and_all_stop_in_the_end(
    demo: subprocess.Popen[str], printers_folder: Path, base_port: int
) -> None:
    """demo.json holds the pids, before and after; SIGTERM leaves no process."""
    folder = printers_folder / "demo"
    read_until(demo, "press Ctrl-C to stop")
    before = facts(folder)
    assert before["queue"] == queue_of(folder)
    first, second = before["printers"]
    assert first == {
        "name": "printer1",
        "url": f"http://127.0.0.1:{base_port}",
        "moonraker_pid": first["moonraker_pid"],
        "klippy_pid": first["klippy_pid"],
        "data_path": str(folder / "printer1"),
    }
    os.kill(second["moonraker_pid"], signal.SIGKILL)
    read_until(demo, "printer2: moonraker was killed by SIGKILL; the others go on")
    restart = [*_NETQUEUE, "demo", "restart", "printer2", "--dir", str(folder)]
    subprocess.run(restart, check=True, stdout=subprocess.DEVNULL)
    after = facts(folder)
    assert after["printers"][0] == first
    assert after["printers"][1]["moonraker_pid"] != second["moonraker_pid"]
    assert after["printers"][1]["klippy_pid"] == second["klippy_pid"]
    demo.terminate()
    read_until(demo, "stopping the printers")
    assert demo.wait() == 0
    assert not (folder / "demo.json").exists()
    pids = [
        p[key] for p in after["printers"] for key in ("moonraker_pid", "klippy_pid")
    ]
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.timeout(600)
def test_a_demo_stopped_by_ctrl_c_goes_on_from_its_folder(
    printers_folder: Path, base_port: int
) -> None:
    """At other ports: the same group, its jobs in order, and new ones are taken."""
    folder = printers_folder / "demo"
    group, names = None, ["first.gcode"]
    for _ in range(2):
        options = ["--printers", "2", "--base-port", str(base_port)]
        with subprocess.Popen(
            [*_COMMAND, *options, "--dir", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
        ) as demo:
            try:
                read_until(demo, "press Ctrl-C to stop")
                client = MoonrakerClient(base_port + 1)
                queues = client.get("/server/netqueue/status")["queues"]
                now = queues[queue_of(folder)]["group"]
                assert group in (None, now)
                group = now
                if len(names) == 1:  # so that nothing is printed away
                    client.post("/server/netqueue/pause")
                client.upload(names[-1], b"G28\n")
                client.post("/server/netqueue/job", {"filename": names[-1]})
                jobs = client.get("/server/netqueue/jobs")["jobs"]
                assert [job["name"] for job in jobs] == names
            finally:
                demo.send_signal(signal.SIGINT)
            read_until(demo, "stopping the printers")
            assert demo.wait() == 0
        names.append("second.gcode")
        base_port = ports_in_a_row()


@pytest.mark.timeout(600)
def test_check_prints_every_copy_exactly_once(
    printers_folder: Path, base_port: int
) -> None:
    """Nine copies and two namesakes, on three printers, through a kill -9."""
    options = ["--check", "--base-port", str(base_port)]
    folder = ["--dir", str(printers_folder / "check")]
    result = subprocess.run(
        [*_COMMAND, *options, *folder], check=False, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "check: all is well" in result.stdout
