"""Earlier versions of the program, as they were: see testdata/versions."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import tarfile
import tempfile
from pathlib import Path
from types import ModuleType

FIRST = "0.1.0"
FUTURE = "9.0.0"  # today's program, but that it knows one schema more
_KEPT = Path(__file__).parent.parent / "testdata" / "versions"
_TODAY = Path(__file__).parent.parent / "moonraker_netqueue"
_folders = tempfile.TemporaryDirectory(prefix="netqueue-versions-")


@functools.cache
def unpacked(version: str) -> Path:
    """A folder with that version's package: the working directory to run it from."""
    folder = Path(_folders.name) / version
    with tarfile.open(_KEPT / f"{version}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


@functools.cache
def _package(version: str) -> str:
    """That version beside today's in this process: its name as a package."""
    name = f"netqueue_{version.replace('.', '_')}"
    folder = _TODAY if version == FUTURE else unpacked(version) / "moonraker_netqueue"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    if version == FUTURE:
        vars(importlib.import_module(f"{name}.version"))["__version__"] = FUTURE
        vars(importlib.import_module(f"{name}.model.schema"))["SCHEMA"] += 1
    return name


def module(version: str, name: str) -> ModuleType:
    """A module of that version, such as "replica.replica"."""
    return importlib.import_module(f"{_package(version)}.{name}")
