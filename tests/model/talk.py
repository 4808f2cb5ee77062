"""A queue that hosts talk to, for the tests of the model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
    QueuePause,
    decode,
    encode,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.errors import Rejected, Rule
from moonraker_netqueue.model.event import Event
from moonraker_netqueue.model.job import Item, ItemSpec, Requirements, Wishes
from moonraker_netqueue.model.print import Print, PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.queue_state import QueueState

ANNA, BERT, CLARA = ("a" * 64, "b" * 64, "c" * 64)
HOSTS = (ANNA, BERT, CLARA)


def file(letter: str = "1", name: str = "part.gcode", key: str = "") -> FileRef:
    """A file whose content is told by one hex digit."""
    return FileRef(key or letter * 32, letter * 64, 1000, name)


def spec(count: int = 1, *files: FileRef, name: str = "part") -> ItemSpec:
    return ItemSpec(name, count, files or (file(),))


def restored(state: QueueState) -> QueueState:
    """The state after a snapshot: through JSON text."""
    return QueueState.from_json(json.loads(json.dumps(state.to_json())))


class Talk:
    """A queue; its commands get ids and pass through their encoded form."""

    def __init__(self) -> None:
        self.state = QueueState()
        self.index = 0
        self._sequences: dict[str, int] = {}

    @classmethod
    def with_printers(cls) -> Talk:
        """Three printers, and contents 1 to 3 held by the first."""
        talk = cls()
        for name, host in zip(("Anna", "Bert", "Clara"), HOSTS, strict=True):
            talk.say(host, PrinterUpdate(Profile(name)))
        for letter in "123":
            talk.say(ANNA, ContentHeld(file(letter)))
        return talk

    def forked(self) -> Talk:
        """The same queue in another group, from now on."""
        talk = Talk()
        talk.state, talk._sequences = self.state.copied(), dict(self._sequences)
        return talk

    def command(
        self, author: str, body: Body, client_id: str = "", at: float = 5.0
    ) -> Command:
        """The author's next command."""
        sequence = self._sequences.get(author, 0) + 1
        self._sequences[author] = sequence
        return Command(CommandId(author, 1, sequence), at, body, client_id)

    def apply(self, command: Command) -> tuple[Event, ...]:
        self.index += 1
        return self.state.apply(decode(encode(command)), self.index)

    def say(
        self, author: str, body: Body, client_id: str = "", at: float = 5.0
    ) -> tuple[Event, ...]:
        return self.apply(self.command(author, body, client_id, at))

    def refused(self, author: str, body: Body, rule: Rule) -> str:
        """Say what must be refused by `rule`, changing nothing; returns the reason."""
        before = _but_outcomes(self.state)
        with pytest.raises(Rejected) as caught:
            self.say(author, body)
        assert caught.value.rule is rule, caught.value.reason
        assert _but_outcomes(self.state) == before
        return caught.value.reason

    def add(
        self,
        job_id: str,
        *specs: ItemSpec,
        requires: Requirements | None = None,
        max_attempts: int = 3,
    ) -> str:
        wishes = Wishes(job_id, max_attempts=max_attempts)
        body = JobAdd(job_id, wishes, specs or (spec(),), requires or Requirements())
        self.say(ANNA, body)
        return job_id

    def start(self, host: str, print_id: str, job_id: str, item: int = 0) -> str:
        """Reserve and start a copy."""
        self.reserve(host, print_id, job_id, item)
        self.say(host, PrintStarted(print_id))
        return print_id

    def reserve(self, host: str, print_id: str, job_id: str, item: int = 0) -> str:
        sha256 = self.item(job_id, item).spec.files[0].sha256
        self.say(host, PrintReserve(print_id, job_id, item, sha256))
        return print_id

    def end(
        self,
        host: str,
        print_id: str,
        outcome: PrintState = PrintState.DONE,
        job_id: str = "job-0001",
        item: int = 0,
        letter: str = "1",
        reason: str = "",
    ) -> tuple[Event, ...]:
        body = PrintEnded(print_id, outcome, job_id, item, letter * 64, reason)
        return self.say(host, body)

    def print_one(self, host: str, print_id: str, job_id: str) -> None:
        self.end(host, self.start(host, print_id, job_id), job_id=job_id)

    def item(self, job_id: str, item: int = 0) -> Item:
        return self.state.jobs[job_id].items[item]

    def order(self) -> list[str]:
        return [job.job_id for job in self.state.ordered_jobs()]

    def finished(self, print_id: str) -> Print:
        (found,) = [p for p in self.state.finished if p.print_id == print_id]
        return found


def _but_outcomes(state: QueueState) -> dict[str, Any]:
    return {k: v for k, v in state.to_json().items() if k != "outcomes"}


def busy() -> Talk:
    """A queue with something of everything."""
    talk = Talk.with_printers()
    talk.add("job-0001", spec(9))
    talk.print_one(ANNA, "print-01", "job-0001")
    talk.reserve(BERT, "print-02", "job-0001")
    talk.say(ANNA, QueuePause(False), "click-001")
    return talk
