"""Rules about the sources themselves: who may reach the machine, and how large."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import moonraker_netqueue

PACKAGE = Path(moonraker_netqueue.__file__).parent
ROOTS = {
    "component.py",
    "assembly.py",
    "machine.py",
    "hardware.py",
    "headless.py",
    "lan_print_queue.py",
    "cli",
    "virtual_printer",
    "sim",
}
MODULES = {"time", "random", "secrets", "subprocess", "threading", "tempfile"}
CALLS = {
    "open",
    "input",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.fsync",
    "os.open",
    "os.replace",
    "os.urandom",
    "sqlite3.connect",
    "asyncio.sleep",
    "asyncio.wait_for",
    "asyncio.to_thread",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
}
METHODS = {"run_in_thread", "run_in_executor", "call_later", "call_at"}
LONGEST = 400  # lines


def _modules() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE)
        if relative.parts[0] not in ROOTS and path.name != "__main__.py":
            yield path


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def breaches(source: str) -> list[str]:
    """Where a source reaches the machine past the ports."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            if (node.module or "").split(".")[0] in MODULES:
                found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = _dotted(node.func)
            receiver, _, method = name.rpartition(".")
            if name in CALLS or (
                method in METHODS and not receiver.lower().endswith("clock")
            ):
                found.append(f"{name} in line {node.lineno}")
    return found


@pytest.mark.parametrize(
    "path", tuple(_modules()), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_reaches_the_machine_through_ports_only(path: Path) -> None:
    """Below the composition roots nothing reads a clock, draws or opens by itself."""
    assert breaches(path.read_text()) == []


def test_the_check_finds_breaches() -> None:
    """The check above can fail: each of these is one."""
    source = (
        "import time\nfrom random import random\nopen('x')\nasyncio.sleep(1)\n"
        "loop.call_later(1, f)\nself._clock.call_later(1, f)\n"
    )
    assert len(breaches(source)) == 5


@pytest.mark.parametrize(
    "path",
    sorted(PACKAGE.rglob("*.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_files_stay_readable(path: Path) -> None:
    """A file that needs more lines holds more than one idea."""
    assert len(path.read_text().splitlines()) <= LONGEST


def test_the_package_is_light_to_import() -> None:
    """Moonraker imports the component at its start: nothing heavy comes along."""
    code = (
        "import sys, moonraker_netqueue, moonraker_netqueue.component;"
        "heavy = {'cryptography', 'msgpack', 'pulp', 'pysyncobj', 'zeroconf', 'yaml'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def absolute_imports(source: str) -> list[str]:
    """Imports of the package by its own name, wherever they stand."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.append(str(node.module))
        elif isinstance(node, ast.Call) and _dotted(node.func).endswith(
            ("import_module", "__import__")
        ):
            found += [
                str(a.value) for a in node.args[:1] if isinstance(a, ast.Constant)
            ]
    return [name for name in found if name.split(".")[0] == PACKAGE.name]


@pytest.mark.parametrize(
    "path",
    sorted(PACKAGE.rglob("*.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_imports_inside_the_package_are_relative(path: Path) -> None:
    """Moonraker knows it as moonraker.components.netqueue: there is one copy only.

    tests/install/mainsailos.bats looks at what a real Moonraker has loaded.
    """
    assert absolute_imports(path.read_text()) == []


def test_the_check_finds_absolute_imports() -> None:
    """The check above can fail: each of the first lines is one."""
    source = (
        "import moonraker_netqueue.model\nfrom moonraker_netqueue import config\n"
        "importlib.import_module('moonraker_netqueue.api')\n"
        "from .model import job\nimport_module('.assembly', __package__)\n"
    )
    assert len(absolute_imports(source)) == 3


def test_installer_files_stay_readable() -> None:
    """As those of the package; it is read by people who wonder what it will do."""
    for path in (PACKAGE.parent / "installer").iterdir():
        if path.is_file():
            assert len(path.read_text().splitlines()) <= LONGEST, path


def test_test_files_have_names_of_their_own() -> None:
    """pytest imports test files by their bare names: two alike stop the whole run."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
