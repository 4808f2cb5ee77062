"""What a test leaves behind fails it: tried on tests that leak."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_HEADER = """\
import asyncio, pytest, socket, threading, time
kept = []
"""
_LEAKS = {
    "socket": ("def test_it():\n    kept.append(socket.socket())\n", "socket:"),
    "file": ("def test_it():\n    kept.append(open('/dev/null'))\n", "/dev/null"),
    "thread": (
        """\
def test_it():
    t = threading.Thread(target=time.sleep, args=(99,), daemon=True, name="x")
    t.start()
""",
        "thread x",
    ),
    "task": (
        """\
@pytest.mark.asyncio
async def test_it():
    kept.append(asyncio.create_task(asyncio.sleep(99), name="forgotten"))
""",
        "left running: .*forgotten",
    ),
}
_NO_GRACE = "\n_GRACE_SECONDS = 0.1\n"  # these leaks do not end by themselves
_CLEAN = """
@pytest.mark.asyncio
async def test_it():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    task = asyncio.create_task(asyncio.to_thread(time.sleep, 0))
    await task
    server.close()
    await server.wait_closed()
"""


def run(
    folder: Path, code: str, settings_here: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run one test file under this project's conftest.py and settings.

    `settings_here` comes after what that conftest.py says.
    """
    text = (_HERE / "conftest.py").read_text()
    (folder / "conftest.py").write_text(text + settings_here)
    (folder / "test_leaky.py").write_text(_HEADER + code)
    settings = ["-c", str(_HERE.parent / "pyproject.toml"), "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *settings]
    return subprocess.run(
        [*command, str(folder)], check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("kind", _LEAKS)
def test_a_leak_fails_and_is_named(tmp_path: Path, kind: str) -> None:
    """The test itself passes; what it leaves behind is the error."""
    code, named = _LEAKS[kind]
    result = run(tmp_path, code, _NO_GRACE)
    assert result.returncode == 1, result.stdout
    pattern = "left behind: .*" + named if kind != "task" else named
    assert re.search(pattern, result.stdout), result.stdout


def test_a_clean_test_passes(tmp_path: Path) -> None:
    """A loop, a server, a task and a worker thread that end are no leak."""
    result = run(tmp_path, _CLEAN)
    assert result.returncode == 0, result.stdout
