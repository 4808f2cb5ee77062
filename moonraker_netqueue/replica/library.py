"""PySyncObj as a private module: the one other programs import stays untouched.

What the library takes from its module (clock, randomness, poller, journal, pickle)
is replaced in our own copy of that module. Clock and randomness are those of the
node whose call runs, see `ports_of`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from ..ports import Clock, Random
from .errors import LibraryMismatch

LIBRARY_VERSION = "0.3.17"  # private names are used: exactly this one


class _Ports:
    """Stands for the module's `monotonicTime` and `random` while a node calls."""

    def __init__(self) -> None:
        self.stack: list[tuple[Clock, Random]] = []

    def monotonic(self) -> float:
        return self.stack[-1][0].monotonic()

    def random(self) -> float:
        return self.stack[-1][1].random()


class _NoPoller:
    """Messages come over our links: there is nothing to poll."""

    def poll(self, timeout: float) -> None:
        return


class _NoPickle:
    """Stands for pysyncobj.pickle: nothing is ever pickled or unpickled (R2)."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"PySyncObj wanted pickle.{name}: no path may lead there")


class _NoSerializer:
    """Stands for PySyncObj's: our leader offers its snapshot in a message (R3)."""

    def __init__(self, *arguments: object) -> None:
        return

    def getTransmissionData(self, node: object) -> None:  # noqa: N802  its name there
        return

    def cancelTransmisstion(self, node: object) -> None:  # noqa: N802  its name there
        return


_ports = _Ports()


@contextlib.contextmanager
def ports_of(clock: Clock, random: Random) -> Iterator[None]:
    """Every call into the library happens inside: it reads these ports."""
    _ports.stack.append((clock, random))
    try:
        yield
    finally:
        _ports.stack.pop()


def _load() -> Any:
    from pysyncobj import version

    if version.VERSION != LIBRARY_VERSION:
        raise LibraryMismatch(
            f"PySyncObj {version.VERSION} is installed, this program uses inner parts"
            f" of {LIBRARY_VERSION}: pip install pysyncobj=={LIBRARY_VERSION}"
        )
    found = importlib.util.find_spec("pysyncobj.syncobj")
    if found is None or found.origin is None:
        raise LibraryMismatch(
            "PySyncObj has no module syncobj.py:"
            f" pip install pysyncobj=={LIBRARY_VERSION}"
        )
    spec = importlib.util.spec_from_file_location(
        "pysyncobj.syncobj_of_netqueue", found.origin
    )
    if spec is None or spec.loader is None:
        raise LibraryMismatch(f"{found.origin} cannot be loaded: reinstall PySyncObj")
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.monotonicTime = _ports.monotonic
    module.random = _ports
    module.createPoller = lambda _kind: _NoPoller()
    module.createJournal = lambda journal: journal
    module.PIPE_NOTIFIER_ENABLED = False
    module.pickle = _NoPickle()
    module.Serializer = _NoSerializer
    return module


library: Any = _load()
