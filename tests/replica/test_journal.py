"""The log on a real SQLite file: order, truncation, and what is never loaded."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from moonraker_netqueue.machine import MachineDisk, ThreadWorker
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.model.schema import BASE, SCHEMA
from moonraker_netqueue.replica import journal as journal_module
from moonraker_netqueue.replica import snapshot
from moonraker_netqueue.replica.database import Database, Operation
from moonraker_netqueue.replica.entry import Kind, pack
from moonraker_netqueue.replica.errors import (
    DatabaseFailed,
    JournalDamaged,
    SnapshotTooNew,
)
from moonraker_netqueue.replica.journal import Journal


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[ThreadWorker]:
    worker = ThreadWorker()
    yield worker
    worker.close()


async def _open(path: Path, worker: ThreadWorker) -> Journal:
    journal = Journal(Database(path, worker, MachineDisk()))
    await journal.open()
    return journal


async def _fill(journal: Journal, *terms: int) -> None:
    for index, term in enumerate(terms, start=journal.last_index + 1):
        journal.add(pack(Kind.COMMAND, f"entry {index} of {term}"), index, term)
    await journal.database.wait_durable(journal.database.position)


@pytest.mark.asyncio
async def test_a_log_comes_back_as_it_was(tmp_path: Path, worker: ThreadWorker) -> None:
    """Entries, term, vote, configuration and commit index."""
    journal = await _open(tmp_path / "group.db", worker)
    await _fill(journal, 0, 1, 1)
    journal.add(pack(Kind.ADD, "a" * 8), 4, 2)
    journal.setCurrentTerm(3, "b" * 8)
    journal.setRaftCommitIndex(3)
    journal.onOneSecondTimer()
    before = journal[:]
    await journal.database.close()

    again = await _open(tmp_path / "group.db", worker)
    assert again[:] == before
    assert (again.getCurrentTerm(), again.getVotedForNodeId()) == (3, "b" * 8)
    assert again.voters() == {"a" * 8}
    assert again.getRaftCommitIndex() == 3
    assert again.durable_index == again.last_index == 4
    await again.database.close()


@pytest.mark.asyncio
async def test_truncate_and_append_of_one_turn_are_one_transaction(
    tmp_path: Path, worker: ThreadWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is durable never counts what was cut off, and both are there at once."""
    journal = await _open(tmp_path / "group.db", worker)
    await _fill(journal, 0, 1, 1, 1)
    batches: list[int] = []
    write = journal.database._write

    def spy(batch: Sequence[Operation]) -> None:
        batches.append(len(batch))
        write(batch)

    monkeypatch.setattr(journal.database, "_write", spy)
    journal.deleteEntriesFrom(2)
    assert journal.durable_index == 2
    await _fill(journal, 2)
    assert batches == [2]
    assert journal.durable_index == 3
    await journal.database.close()
    again = await _open(tmp_path / "group.db", worker)
    assert [entry.term for entry in again[:]] == [0, 1, 2]
    await again.database.close()


@pytest.mark.asyncio
async def test_a_truncation_takes_back_what_is_on_its_way_to_the_disk(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """An entry cut off before its write ended is not durable when it ends."""
    journal = await _open(tmp_path / "group.db", worker)
    await _fill(journal, 0, 1)
    journal.add(pack(Kind.NOOP), 3, 1)
    first = journal.database.position
    journal.deleteEntriesFrom(2)
    journal.add(pack(Kind.ADD, "a" * 8), 3, 2)
    journal.deleteEntriesFrom(2)
    assert journal.voters() == frozenset()
    await journal.database.wait_durable(first)
    assert journal.durable_index == 2
    await journal.database.close()


@pytest.mark.asyncio
async def test_a_commit_index_beyond_the_log_is_clamped(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """It is a hint; the log decides."""
    journal = await _open(tmp_path / "group.db", worker)
    await _fill(journal, 0, 1)
    journal.set_meta(commit_index=99)
    await journal.database.close()
    again = await _open(tmp_path / "group.db", worker)
    assert again.getRaftCommitIndex() == 2
    await again.database.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE log SET data = x'0061' WHERE position = 2",
        "UPDATE log SET term = 7 WHERE position = 2",
        "UPDATE log SET position = 9 WHERE position = 3",
        "DELETE FROM log WHERE position = 2",
        "DELETE FROM log WHERE position = 1",
        "UPDATE log SET term = 'x' WHERE position = 2",
        "UPDATE log SET data = 7 WHERE position = 2",
        "UPDATE meta SET value = '[8, null]' WHERE name = 'vote'",
        "UPDATE meta SET name = 'group' WHERE name = 'vote'",
    ],
)
@pytest.mark.asyncio
async def test_damage_is_detected_never_loaded(
    tmp_path: Path, worker: ThreadWorker, damage: str
) -> None:
    """The error names the file and the remedy; the file stays as it is."""
    path = tmp_path / "group.db"
    journal = await _open(path, worker)
    await _fill(journal, 0, 1, 1)
    journal.setCurrentTerm(2, None)
    await journal.database.close()
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="is damaged") as caught:
            await _open(path, worker)
        assert str(path) in str(caught.value)


async def _with_snapshot(path: Path, worker: ThreadWorker) -> Journal:
    """Six entries, the first four of them in a snapshot, three of those gone."""
    journal = await _open(path, worker)
    journal.add(pack(Kind.ADD, "a" * 8), 1, 0)
    await _fill(journal, 1, 1, 2, 2, 3)
    taken, text = snapshot.write(QueueState(), 4, 2, journal.seats_at(4), (1, 0))
    journal.compact(taken, text)
    await journal.database.wait_durable(journal.database.position)
    return journal


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "KEPT_ENTRIES", 0)


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.asyncio
async def test_a_compacted_log_comes_back_as_it_was(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """Entries by their index, the seats of the snapshot, a commit index not below."""
    path = tmp_path / "group.db"
    journal = await _with_snapshot(path, worker)
    await journal.database.close()
    again = await _open(path, worker)
    assert (again.first_index, again.last_index, again.snapshot_index) == (4, 6, 4)
    assert again.voters() == {"a" * 8}
    assert again.getRaftCommitIndex() == 4
    assert again.durable_index == 6
    for here in (journal, again):
        assert here.entry(3) is None
        assert here.entry(5) == here[1]
    again.deleteEntriesFrom(1)
    assert again.last_index == 4
    await _fill(again, 4)
    await again.database.close()
    last = await _open(path, worker)
    assert [(entry.index, entry.term) for entry in last[:]] == [(4, 2), (5, 4)]
    await last.database.close()


@pytest.mark.usefixtures("nothing_kept")
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshot SET text = replace(text, '4', '5')",
        "UPDATE snapshot SET digest = '" + "0" * 64 + "'",
        "DELETE FROM snapshot",
        "DELETE FROM log WHERE position = 4",
        "DELETE FROM log WHERE position = 5",
        "DELETE FROM log",
    ],
)
@pytest.mark.asyncio
async def test_a_damaged_snapshot_is_never_loaded(
    tmp_path: Path, worker: ThreadWorker, damage: str
) -> None:
    """It is a damaged journal: so is a log that does not join it."""
    path = tmp_path / "group.db"
    journal = await _with_snapshot(path, worker)
    await journal.database.close()
    connection = sqlite3.connect(path)
    connection.executescript(damage)
    connection.close()
    with pytest.raises(JournalDamaged, match="is damaged"):
        await _open(path, worker)


@pytest.mark.asyncio
async def test_a_snapshot_of_a_newer_version_is_no_damage(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """The file stays where it is, for the version that can read it."""
    path = tmp_path / "group.db"
    journal = await _with_snapshot(path, worker)
    await journal.database.close()
    connection = sqlite3.connect(path)
    with connection:
        (text,) = connection.execute("SELECT text FROM snapshot").fetchone()
        newer = text.replace(f'"version":{BASE}', f'"version":{SCHEMA + 1}')
        assert newer != text
        values = (newer, snapshot.digest_of(newer))
        connection.execute("UPDATE snapshot SET text = ?, digest = ?", values)
    connection.close()
    with pytest.raises(SnapshotTooNew, match="update moonraker_netqueue"):
        await _open(path, worker)


@pytest.mark.asyncio
async def test_a_log_of_the_last_version_is_opened(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """It has no table for snapshots; from then on it has."""
    path = tmp_path / "group.db"
    journal = await _open(path, worker)
    await _fill(journal, 0, 1)
    await journal.database.close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE snapshot")
    connection.close()
    again = await _open(path, worker)
    assert again.last_index == 2
    taken, text = snapshot.write(QueueState(), 2, 1, {}, (0, 0))
    again.compact(taken, text)
    await again.database.close()
    last = await _open(path, worker)
    assert last.snapshot == taken
    await last.database.close()


@pytest.mark.asyncio
async def test_parts_of_a_snapshot_are_read_from_the_disk(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """Only of the one that is there; also while entries are written."""
    journal = await _with_snapshot(tmp_path / "group.db", worker)
    assert journal.snapshot is not None
    digest, size = journal.snapshot.digest, journal.snapshot.size
    journal.add(pack(Kind.NOOP), 7, 3)
    parts = [await journal.part(digest, start, 50) for start in range(0, size, 50)]
    text = "".join(part or "" for part in parts)
    assert snapshot.digest_of(text) == digest
    assert await journal.part("0" * 64, 0, 50) is None
    await journal.database.close()


@pytest.mark.asyncio
async def test_a_file_that_is_no_database_is_damaged(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """Zeros where a database was: not loaded, not overwritten."""
    path = tmp_path / "group.db"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(JournalDamaged):
        await _open(path, worker)
    assert path.read_bytes() == bytes(range(256)) * 40


@pytest.mark.asyncio
async def test_after_a_failed_write_nothing_is_taken_or_retried(
    tmp_path: Path, worker: ThreadWorker
) -> None:
    """Those who wait get the error; what follows is refused."""
    journal = await _open(tmp_path / "group.db", worker)
    failures: list[DatabaseFailed] = []
    journal.database.on_failed = failures.append
    other = sqlite3.connect(tmp_path / "group.db", timeout=0)
    connection = journal.database._connection
    assert connection is not None
    connection.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    journal.add(pack(Kind.NOOP), 1, 0)
    with pytest.raises(DatabaseFailed, match="restart Moonraker"):
        await journal.database.wait_durable(journal.database.position)
    other.rollback()
    other.close()
    assert len(failures) == 1
    assert journal.durable_index == 0
    with pytest.raises(DatabaseFailed):
        journal.add(pack(Kind.NOOP), 2, 0)
    await journal.database.close()
