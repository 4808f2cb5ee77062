"""Setting up: the component's link, and errors that say what to do."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from moonraker_netqueue.virtual_printer import installation
from moonraker_netqueue.virtual_printer.errors import VirtualPrinterError

ROOT = Path(installation.__file__).parents[2]


@pytest.fixture
def components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the components of a Moonraker of the test's own."""
    folder = tmp_path / "moonraker" / "components"
    folder.mkdir(parents=True)
    spec = ModuleSpec("moonraker", None, origin=str(folder.parent / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    return folder


def test_moonraker_gets_a_link_to_this_package(components: Path) -> None:
    """There must be one copy of the component: no files are copied."""
    command = installation.moonraker_command()
    assert command == [sys.executable, "-m", "moonraker"]
    assert (components / "netqueue").readlink() == ROOT / "moonraker_netqueue"
    installation.moonraker_command()
    assert [path.name for path in components.iterdir()] == ["netqueue"]


def test_a_link_to_elsewhere_is_replaced(components: Path, tmp_path: Path) -> None:
    """Such as one into a checkout that was moved."""
    (components / "netqueue").symlink_to(tmp_path / "gone")
    installation.moonraker_command()
    assert (components / "netqueue").resolve() == ROOT / "moonraker_netqueue"


def test_without_moonraker_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The package alone does not bring Moonraker."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(VirtualPrinterError, match=r"not installed .*install\.sh demo"):
        installation.moonraker_command()


def test_klipper_is_not_installed_twice() -> None:
    """What is complete is left as it is."""
    (program,) = installation.klippy_command()
    before = Path(program).stat().st_mtime_ns
    installation.klippy_command()
    assert Path(program).stat().st_mtime_ns == before


def test_klipper_gets_a_link_to_our_module() -> None:
    """There must be one copy of it: no files are copied."""
    installation.klippy_command()
    (link,) = installation._ENVIRONMENT.glob("lib/*/site-packages/*/extras/netqueue.py")
    assert link.readlink() == ROOT / "klippy_extras" / "netqueue.py"


def test_half_an_installation_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its stamp an environment counts for nothing; the stamp comes last."""
    environment = tmp_path / "environment"
    (environment / "left").mkdir(parents=True)
    steps: list[str] = []
    monkeypatch.setattr(installation, "_ENVIRONMENT", environment)
    monkeypatch.setattr(installation, "_STAMP", environment / "stamp")

    def run(*command: str) -> None:
        assert not (environment / "stamp").exists()
        steps.append(command[2])
        environment.mkdir(exist_ok=True)

    monkeypatch.setattr(installation, "_run", run)
    installation.klippy_command()
    installation.klippy_command()
    assert steps == ["venv", "pip", "from klippy import chelper; chelper.get_ffi()"]
    assert not (environment / "left").exists()


def test_a_failed_step_shows_its_output() -> None:
    """The user sees what pip said."""
    code = "print('no matching distribution'); raise SystemExit(1)"
    with pytest.raises(VirtualPrinterError, match="no matching distribution\nIt needs"):
        installation._run(sys.executable, "-c", code)
