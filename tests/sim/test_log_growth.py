"""What a farm writes: by the print, never by the minute (SD cards wear out)."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest

from moonraker_netqueue.replica.database import Database
from moonraker_netqueue.replica.journal import Journal
from moonraker_netqueue.sim.scenario import read_scenario
from moonraker_netqueue.sim.scenario_run import ScenarioRun
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

pytestmark = pytest.mark.timeout(600)  # seconds of a busy machine

BYTES_AN_ENTRY = 1000  # on average
ENTRIES_A_PRINT = 12  # of every host's log, for each print of any printer
TRANSACTIONS_A_PRINT = 40  # of all files of one host, for each print of its own farm
_MINUTES = 30
_FARM = f"""
queues:
  - namespace: bench
    members: [anton, berta, carla]
    jobs:
      - name: part
        items: [{{name: half, count: COUNT, materials: [PLA], minutes: {_MINUTES}}}]
printers:
  anton: {{materialsReady: [PLA], selfClearing: true}}
  berta: {{materialsReady: [PLA], selfClearing: true}}
  carla: {{materialsReady: [PLA], selfClearing: true}}
person: {{reaction: 0, clearing: 1, changing: 2}}
"""


class _Written(NamedTuple):
    at: float  # virtual seconds
    file: str


class _Appended(NamedTuple):
    at: float  # virtual seconds
    size: int  # bytes


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[_Written]:
    """The transactions of all hosts."""
    write, seen = Database._write, list[_Written]()

    def watched(database: Database, batch: Any) -> None:
        seen.append(_Written(asyncio.get_running_loop().time(), database.path.name))
        write(database, batch)

    monkeypatch.setattr(Database, "_write", watched)
    return seen


@pytest.fixture
def appended(monkeypatch: pytest.MonkeyPatch) -> list[_Appended]:
    """The entries that were added to all logs."""
    add, seen = Journal.add, list[_Appended]()

    def watched(journal: Journal, command: bytes, idx: int, term: int) -> None:
        seen.append(_Appended(asyncio.get_running_loop().time(), len(command)))
        add(journal, command, idx, term)

    monkeypatch.setattr(Journal, "add", watched)
    return seen


def test_a_print_costs_a_few_entries_however_long_it_takes(
    written: list[_Written], appended: list[_Appended]
) -> None:
    """While all three print nothing at all is written by any of them, until a print
    takes clearly longer or shorter than was told."""

    _print_all(3)
    begun, length = min(one.at for one in written), 60 * _MINUTES
    assert max(one.at for one in written) > begun + length
    middle = [w for w in written if begun + 400 < w.at < begun + 0.7 * length]
    assert middle == []
    entries = len(appended) / 3  # of each host
    assert entries <= 20 + 3 * ENTRIES_A_PRINT  # founding, joining, settings, the job
    assert len(written) / 3 <= 40 + 3 * TRANSACTIONS_A_PRINT
    assert sum(one.size for one in appended) / len(appended) < BYTES_AN_ENTRY


def test_an_hour_of_printing_costs_no_more_than_its_prints(
    written: list[_Written], appended: list[_Appended]
) -> None:
    """However long the farm prints, each host writes so many bytes an hour at most."""
    hours = 2
    prints = hours * 3 * 60 // _MINUTES
    _print_all(prints)
    first = min(one.at for one in written) + 600  # what founding and joining cost
    for hour in range(hours - 1):
        start, end = first + 3600 * hour, first + 3600 * (hour + 1)
        sizes = [one.size for one in appended if start <= one.at < end]
        commits = [one for one in written if start <= one.at < end]
        ended = 3 * 60 / _MINUTES
        assert 0 < len(sizes) / 3 <= ended * ENTRIES_A_PRINT
        assert sum(sizes) / 3 <= ended * ENTRIES_A_PRINT * BYTES_AN_ENTRY
        assert len(commits) / 3 <= ended * TRANSACTIONS_A_PRINT


def _print_all(copies: int) -> None:
    async def whole(loop: VirtualLoop) -> None:
        farm = _FARM.replace("COUNT", str(copies))
        run = ScenarioRun(read_scenario(farm, "farm.yaml"), loop, 1)
        await run.run(24.0)
        assert run.done

    play(whole, VirtualLoop())
