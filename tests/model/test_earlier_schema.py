"""What the last version wrote, byte for byte, is read by this one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from moonraker_netqueue.model.command import JobAdd, decode, encode
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.model.schema import BASE
from moonraker_netqueue.model.settings import QueueSettings
from moonraker_netqueue.replica import snapshot
from tests.model.talk import ANNA

_WRITTEN = Path(__file__).parent / "schema_1"


def _commands() -> list[str]:
    return (_WRITTEN / "commands.txt").read_text(encoding="ascii").splitlines()


def test_its_commands_and_its_snapshot_make_one_state() -> None:
    """A host that replays its log, and one that starts from the snapshot, agree."""
    state = QueueState()
    for index, text in enumerate(_commands(), 1):
        state.apply(decode(text), index)
    loaded = snapshot.read((_WRITTEN / "snapshot.txt").read_text(encoding="ascii"))
    assert loaded.snapshot.index == len(_commands())
    assert loaded.state.canonical() == state.canonical()
    assert state.settings == QueueSettings()
    assert state.printers[ANNA].profile.nozzle == 0.4
    assert state.jobs["job-0001"].wishes.name == "b"
    assert state.totals.prints_done == 1


def test_a_command_that_waited_in_an_outbox_is_still_the_same() -> None:
    """Its host was updated before a leader answered: it goes on in this version's form,
    and says so, lest a host of the last version passes it over."""
    (added,) = [c for c in map(decode, _commands()) if isinstance(c.body, JobAdd)]
    assert isinstance(added.body, JobAdd)
    assert (added.schema, added.body.items[0].estimate_s) == (1, 600)
    assert decode(encode(added)) == replace(added, schema=BASE)
