"""PySyncObj as a private module: pinned, never pickling, nothing patched for others."""

from __future__ import annotations

import pickle

import pysyncobj.pickle
import pysyncobj.syncobj
import pytest
from pysyncobj import version

from moonraker_netqueue.replica import library as loaded
from moonraker_netqueue.replica.errors import LibraryMismatch
from tests.replica.chaos import Chaos
from tests.replica.simulation import Cluster, simulate
from tests.replica.test_faults import three_voters


def test_another_version_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Private names are used: any other version is an error that names the pin."""
    monkeypatch.setattr(version, "VERSION", "0.3.18")
    with pytest.raises(LibraryMismatch, match=r"pip install pysyncobj==0\.3\.17"):
        loaded._load()


def test_the_module_of_others_is_not_patched() -> None:
    """Another program part that uses PySyncObj gets the library as it is."""
    stock = pysyncobj.syncobj
    assert stock is not loaded.library
    assert stock.pickle is pysyncobj.pickle
    assert stock.PIPE_NOTIFIER_ENABLED
    assert stock.createJournal.__module__ == "pysyncobj.journal"


def test_nothing_is_unpickled_in_a_groups_whole_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Founding, joining, elections, crashes and restarts: no byte is (un)pickled."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("pickle was used")

    for module in (pickle, pysyncobj.pickle):
        for name in ("load", "loads", "dump", "dumps"):
            monkeypatch.setattr(module, name, refuse)

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        chaos = Chaos(cluster, hosts)
        await chaos.rage(30)
        await chaos.calm()

    simulate(scenario, 3)


def test_a_path_of_the_library_that_pickles_raises() -> None:
    """Whatever path were left would be an error, not a hole."""
    with pytest.raises(AssertionError, match=r"pickle\.loads"):
        loaded.library.pickle.loads(b"")
