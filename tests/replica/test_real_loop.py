"""Replicas with real SQLite, real threads and the real loop; links in memory."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from moonraker_netqueue.machine import MachineDisk, ThreadWorker, this_machine
from moonraker_netqueue.model.command import QueuePause
from moonraker_netqueue.replica import journal
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.replica import Replica
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.switchboard import Switchboard

_PATIENCE = 60.0  # seconds
_IDS = ("aaaaaaaa", "bbbbbbbb", "cccccccc")


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[ThreadWorker]:
    worker = ThreadWorker()
    yield worker
    worker.close()


def _replica(
    host: str,
    folder: Path,
    switchboard: Switchboard,
    worker: ThreadWorker,
    disk: MachineDisk | None = None,
) -> Replica:
    return Replica(
        "bench",
        host,
        folder / host,
        switchboard.links(host),
        replace(this_machine(worker), disk=disk or MachineDisk()),
        listen_seconds=0.2,
    )


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  a status has no event to wait for
        await asyncio.sleep(0.01)


async def _until_role(replica: Replica, role: Role) -> None:
    await _until(lambda: replica.status().role is role)


async def _three_voters(
    folder: Path, switchboard: Switchboard, worker: ThreadWorker
) -> list[Replica]:
    replicas = [_replica(host, folder, switchboard, worker) for host in _IDS]
    await replicas[0].start()
    await _until_role(replicas[0], Role.LEADER)
    for replica in replicas[1:]:
        await replica.start()
    await _until(lambda: all(replica.status().voters == _IDS for replica in replicas))
    return replicas


@pytest.mark.asyncio
async def test_three_hosts_on_real_disks_share_a_queue_over_a_restart(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """What one accepted all have, and have again after all were restarted."""
    switchboard = Switchboard()
    replicas = await _three_voters(tmp_path, switchboard, worker)
    for replica in replicas:
        outcome = await replica.submit(QueuePause(True))
        assert outcome.state is SubmitState.ACCEPTED
        assert replica.state.paused
    for replica in replicas:
        await replica.close()
    assert {replica.status().phase for replica in replicas} == {Phase.CLOSED}

    again = [_replica(host, tmp_path, switchboard, worker) for host in _IDS]
    for replica in again:
        await replica.start()
    await _until(lambda: all(replica.state.paused for replica in again))
    for replica in again:
        await replica.close()


@pytest.mark.asyncio
async def test_a_host_that_was_away_takes_the_queue_from_a_snapshot(
    tmp_path: Path, worker: ThreadWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written, read in parts and installed on real disks, and there after a restart."""
    monkeypatch.setattr(journal, "COMPACT_ENTRIES", 20)
    monkeypatch.setattr(journal, "KEPT_ENTRIES", 5)
    switchboard = Switchboard()
    replicas = await _three_voters(tmp_path, switchboard, worker)
    await replicas[2].close()
    for number in range(80):
        await replicas[number % 2].submit(QueuePause(number % 2 == 0))
    replicas[2] = _replica(_IDS[2], tmp_path, switchboard, worker)
    for _ in range(2):
        await replicas[2].start()
        await _until(
            lambda: (
                replicas[2].status().applied_index == replicas[0].status().last_index
            )
        )
        assert replicas[2].state.canonical() == replicas[0].state.canonical()
        await replicas[2].close()
        replicas[2] = _replica(_IDS[2], tmp_path, switchboard, worker)
    for replica in replicas[:2]:
        await replica.close()
    for host in _IDS:
        file = sqlite3.connect(tmp_path / host / "group.db")
        assert file.execute("SELECT count(*) FROM snapshot").fetchone() == (1,)
        assert file.execute("SELECT min(position) FROM log").fetchone()[0] > 40
        file.close()


async def _waits_for_the_others(folder: Path, worker: ThreadWorker) -> None:
    replica = _replica("aaaaaaaa", folder, Switchboard(), worker)
    await replica.start()
    await _until(lambda: bool(replica.status().notices))
    await asyncio.sleep(0.5)
    assert replica.status().group is None
    assert "POST /server/netqueue/rejoin" in replica.status().notices[0]
    await replica.close()


@pytest.mark.asyncio
async def test_a_damaged_journal_is_never_loaded(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """A flipped byte of an entry: the file is set aside, and the host waits."""
    switchboard = Switchboard()
    replica = _replica("aaaaaaaa", tmp_path, switchboard, worker)
    await replica.start()
    await _until_role(replica, Role.LEADER)
    await replica.close()
    path = tmp_path / "aaaaaaaa" / "group.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE log SET data = x'1062626262' WHERE position = 2")
    connection.close()

    for _ in range(2):  # alone it founds nothing, however often it starts
        await _waits_for_the_others(tmp_path, worker)
    (aside,) = (path.parent / "set-aside").glob("damaged-1.db")
    assert b"bbbb" in aside.read_bytes()


@pytest.mark.asyncio
async def test_a_folder_that_cannot_be_written_shows_in_the_status(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """The replica starts, says what is wrong, and takes no commands."""
    (tmp_path / "aaaaaaaa").write_text("a file where the folder should be")
    replica = _replica("aaaaaaaa", tmp_path, Switchboard(), worker)
    await replica.start()
    status = replica.status()
    assert status.phase is Phase.FAILED
    assert "make its folder writable" in str(status.error)
    await replica.close()


class _SlowDisk(MachineDisk):
    """Each commit waits until `gate` is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.waits = threading.Event()
        self.opened: list[bool] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        disk = self

        class _Connection(sqlite3.Connection):
            def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
                if sql == "COMMIT":
                    disk.waits.set()
                    disk.opened.append(disk.gate.wait(_PATIENCE))
                return super().execute(sql, *arguments)

        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, factory=_Connection
        )


@pytest.mark.asyncio
async def test_a_disk_that_does_not_answer_holds_nobody_but_who_waits_for_it(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """The loop goes on: it is the loop that lets this disk answer (lesson 20)."""
    disk = _SlowDisk()
    replica = _replica(_IDS[0], tmp_path, Switchboard(), worker, disk)
    await replica.start()
    await _until_role(replica, Role.LEADER)
    disk.gate.clear()
    disk.waits.clear()
    submit = asyncio.create_task(replica.submit(QueuePause(True), timeout=_PATIENCE))
    await _until(disk.waits.is_set)
    assert not submit.done()
    disk.gate.set()
    assert (await submit).state is SubmitState.ACCEPTED
    assert all(disk.opened)
    await replica.close()
