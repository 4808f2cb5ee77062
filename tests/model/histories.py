"""Random histories of one queue that went on apart in several groups, from a seed.

As in life: a host is in one group at a time, so each speaks in one branch only, and ids
of jobs and prints are never given twice.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from typing import NamedTuple

from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentDropped,
    ContentHeld,
    Decision,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    Place,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintFetching,
    PrintReserve,
    PrintStarted,
    QueuePause,
    QueueSet,
    decode,
    encode,
)
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.founding import Founding
from moonraker_netqueue.model.job import ItemSpec, Requirements, Wishes
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.queue_state import QueueState
from tests.model.talk import HOSTS, file

_TOLD = (
    PrintState.DONE,
    PrintState.DONE,
    PrintState.FAILED,
    PrintState.LOST,
    PrintState.RELEASED,
)


class Branches(NamedTuple):
    """The state where they part, and an early and a late one of each branch."""

    trunk: QueueState
    ends: tuple[tuple[QueueState, QueueState], ...]


def branches(seed: int, trunk_steps: int = 25, steps: int = 12) -> Branches:
    """A trunk in which all hosts speak, then a branch for each of them."""
    chance = random.Random(seed)  # noqa: S311  a test
    trunk = QueueState()
    speakers = {host: _Speaker(host, chance) for host in HOSTS}
    for speaker in speakers.values():
        speaker.say(trunk, PrinterUpdate(Profile("printer")))
        speaker.say(trunk, ContentHeld(file("1")))
    for _ in range(chance.randrange(trunk_steps)):
        chance.choice(list(speakers.values())).speak(trunk)
    ends = []
    for speaker in speakers.values():
        early = trunk.copied()
        for _ in range(chance.randrange(steps)):
            speaker.speak(early)
        late = early.copied()
        for _ in range(chance.randrange(steps)):
            speaker.speak(late)
        if chance.random() < 0.5:
            late.foundings = (_founding(speaker, chance.randrange(2, 4)),)
        ends.append((early, late))
    return Branches(trunk, tuple(ends))


def _founding(speaker: _Speaker, generation: int) -> Founding:
    """A person in front of it let the queue go on there."""
    group = f"group-{speaker.host[:4]}"
    return Founding(group, generation, "eva", 5.0, (speaker.host,), ())


def hear(state: QueueState, command: Command) -> None:
    """Apply a command as a replica does."""
    with contextlib.suppress(Rejected):
        state.apply(decode(encode(command)), 0)


class _Speaker:
    """One host: its printer, and the people in front of it."""

    def __init__(self, host: str, chance: random.Random) -> None:
        self.host = host
        self._chance = chance
        self._sequence = 0

    def speak(self, state: QueueState) -> None:
        """Say something that may fit."""
        ways: list[Callable[[QueueState], Body | None]] = [
            self._add,
            self._edit,
            self._edit,
            self._remove,
            self._queue,
            self._content,
            *[self._reserve] * 4,
            *[self._print] * 6,
            self._late,
            self._decide,
        ]
        body = self._chance.choice(ways)(state)
        if body is not None:
            self.say(state, body)

    def say(self, state: QueueState, body: Body) -> None:
        # An outbox that another group answered for a while leaves gaps here.
        self._sequence += self._chance.choice([1, 1, 1, 1, 2, 40])
        command_id = CommandId(self.host, 1, self._sequence)
        client = f"click-{self._sequence:03}" if self._chance.random() < 0.1 else ""
        at = self._chance.choice([0.0, 1.5, 1e9])
        hear(state, Command(command_id, at, body, client))

    def _job(self, state: QueueState) -> str:
        return self._chance.choice(sorted(state.jobs) or ["job-0001"])

    def _name(self, what: str) -> str:
        return f"{what}-{self.host[0]}-{self._sequence:04}"

    def _specs(self) -> tuple[ItemSpec, ...]:
        letter = self._chance.choice("112")
        count = self._chance.choice([1, 2, 3, 10_000])
        spec = ItemSpec("part", count, (file(letter),))
        return (spec,) * self._chance.choice([1, 1, 2])

    def _add(self, state: QueueState) -> Body:
        front = self._chance.random() < 0.3
        return JobAdd(self._name("job"), Wishes("a"), self._specs(), front=front)

    def _edit(self, state: QueueState) -> Body:
        chance, job_id = self._chance, self._job(state)
        bodies: list[Body] = [
            JobEdit(job_id, wishes=Wishes(chance.choice("abc"))),
            JobEdit(job_id, requires=Requirements((chance.choice("xy"),))),
            JobEdit(job_id, items=self._specs()),
            JobEdit(job_id, items=self._specs()),
            JobEdit(job_id, retry=True),
            JobMove(job_id, chance.choice([Place.FRONT, Place.BACK])),
            JobMove(job_id, Place.BEFORE, self._job(state)),
        ]
        return chance.choice(bodies)

    def _remove(self, state: QueueState) -> Body:
        return JobRemove(self._job(state))

    def _queue(self, state: QueueState) -> Body:
        chance = self._chance
        profile = Profile("printer", reason=chance.choice("ab"))
        bodies: list[Body] = [
            QueuePause(chance.random() < 0.3),
            QueueSet(title=chance.choice("abc")),
            QueueSet(shares={chance.choice("ab"): chance.choice([1, 2, None])}),
            PrinterUpdate(profile, forgive=True),
            PrinterUpdate(profile),
        ]
        return chance.choice(bodies)

    def _content(self, state: QueueState) -> Body:
        letter = self._chance.choice("12")
        bodies: list[Body] = [ContentHeld(file(letter)), ContentDropped(letter * 64)]
        return self._chance.choice(bodies)

    def _reserve(self, state: QueueState) -> Body | None:
        job = state.jobs.get(self._job(state))
        if job is None:
            return None
        item = self._chance.randrange(len(job.items))
        sha256 = job.items[item].spec.files[0].sha256
        return PrintReserve(self._name("print"), job.job_id, item, sha256)

    def _print(self, state: QueueState) -> Body | None:
        prints = state.prints_of_host(self.host)
        if not prints:
            return None
        p = self._chance.choice(prints)
        told = self._chance.choice(_TOLD)
        bodies: list[Body] = [
            PrintFetching(p.print_id),
            PrintStarted(p.print_id),
            PrintEnded(p.print_id, told, p.job_id, p.item, p.sha256),
        ]
        return self._chance.choice(bodies)

    def _late(self, state: QueueState) -> Body | None:
        """The end of a print that was decided meanwhile, or told before."""
        prints = [p for p in state.finished if p.host == self.host]
        if not prints:
            return None
        p, told = self._chance.choice(prints), self._chance.choice(_TOLD)
        return PrintEnded(p.print_id, told, p.job_id, p.item, p.sha256)

    def _decide(self, state: QueueState) -> Body | None:
        if not state.prints:
            return None
        print_id = self._chance.choice(sorted(state.prints))
        return PrintDecide(print_id, self._chance.choice(list(Decision)), "eva", True)
