"""Child processes: watched, ended and reaped, and never outliving their owner."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError
from moonraker_netqueue.virtual_printer.processes import ChildProcess

_SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
_OWNER = """
import sys, time
from pathlib import Path
from moonraker_netqueue.virtual_printer.processes import ChildProcess
folder = Path(sys.argv[1])
child = ChildProcess(sys.argv[2:], folder / "log", folder)
child.start()
while "up" not in (folder / "log").read_text():
    time.sleep(0.01)
print(child.pid, flush=True)
time.sleep(60)
"""
_PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep({seconds})
"""


@pytest.fixture
def child(tmp_path: Path) -> Iterator[ChildProcess]:
    process = ChildProcess(_SLEEP, tmp_path / "log", tmp_path)
    yield process
    process.kill()


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and only waits for its parent."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_ended(pid: int) -> None:
    deadline = time.monotonic() + 60
    while not ended(pid):
        assert time.monotonic() < deadline, f"process {pid} outlives its owner"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["killed", "terminated", "ended"])
def test_what_it_started_ends_with_it(tmp_path: Path, how: str) -> None:
    """Moonraker's reader of g-code files span for ever when its folder went."""
    code = _PARENT.format(seconds=0 if how == "ended" else 60)
    process = ChildProcess([sys.executable, "-c", code], tmp_path / "log", tmp_path)
    process.start()
    deadline = time.monotonic() + 60
    while not (text := (tmp_path / "log").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    if how == "killed":
        process.kill()
    elif how == "terminated":
        process.terminate()
        process.wait()
    else:
        while process.running:
            time.sleep(0.02)
    wait_ended(int(text))


def test_a_second_start_changes_nothing(child: ChildProcess) -> None:
    """`start` means: let it run."""
    child.start()
    pid = child.pid
    child.start()
    assert child.pid == pid


def test_it_can_be_started_again_after_its_end(child: ChildProcess) -> None:
    """A new process, a new pid."""
    child.start()
    pid = child.pid
    child.kill()
    assert (child.pid, child.exit_text) == (None, "was killed by SIGKILL")
    child.start()
    assert child.pid not in (None, pid)


def test_a_stopped_process_is_terminated_too(child: ChildProcess) -> None:
    """SIGTERM alone would wait behind SIGSTOP."""
    child.start()
    child.signal(signal.SIGSTOP)
    child.terminate()
    child.wait()
    assert child.exit_text == "was killed by SIGTERM"


def test_an_exit_code_is_told(tmp_path: Path) -> None:
    """So that the demo can say how a process ended."""
    process = ChildProcess(
        [sys.executable, "-c", "exit(3)"], tmp_path / "log", tmp_path
    )
    process.start()
    process.wait()
    assert process.exit_text == "ended with exit code 3"


def test_a_signal_to_what_does_not_run_is_refused(child: ChildProcess) -> None:
    """The pid may belong to somebody else by now."""
    child.start()
    child.kill()
    with pytest.raises(VirtualPrinterError, match=r"cannot signal .* was killed"):
        child.signal(signal.SIGUSR1)


def test_each_process_has_a_temporary_folder_of_its_own(tmp_path: Path) -> None:
    """Moonrakers that share one exchange files uploaded in the same second."""
    code = "import os; print(os.environ['TMPDIR'])"
    process = ChildProcess([sys.executable, "-c", code], tmp_path / "log", tmp_path)
    process.start()
    process.wait()
    assert (tmp_path / "log").read_text().strip() == str(tmp_path / "tmp")


def test_a_child_dies_with_a_killed_owner(tmp_path: Path) -> None:
    """kill -9 of the demo must not leave printers behind."""
    command = [sys.executable, "-c", _OWNER, str(tmp_path), *_SLEEP]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert not ended(pid)
        owner.kill()
    wait_ended(pid)
