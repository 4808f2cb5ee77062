"""What the audit log tells of admissions, whatever becomes of the group."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.api.asking import asked_by
from moonraker_netqueue.api.audit import AuditLog
from moonraker_netqueue.api.member_notes import MemberNotes
from moonraker_netqueue.model.command import QueuePause
from moonraker_netqueue.peers.desk import Desk
from moonraker_netqueue.peers.record import Word
from moonraker_netqueue.replica.status import Role
from tests.replica.simulation import QUEUE, Cluster, SimHost, simulate
from tests.replica.test_meeting import A, B, C, heal, two_groups

OTHER = "d" * 64


class _Desk:
    """All that is asked of a desk."""

    say: Callable[[str, str, Word, bool], Coroutine[Any, Any, None]]

    def __init__(self, mode: AdmissionMode) -> None:
        self._mode = mode

    def attach(self, _queue: str, listener: Any, _viewers: Callable[[], Any]) -> None:
        self.say = listener

    def mode(self, _queue: str) -> AdmissionMode:
        return self._mode


class Office:
    """A host's audit log, and where people speak of its members."""

    def __init__(
        self, host: SimHost, mode: AdmissionMode = AdmissionMode.APPROVE
    ) -> None:
        self.host = host
        self.desk = _Desk(mode)
        self.open()

    def open(self) -> None:
        """As at each start of the host."""
        replica = self.host.replica
        self.audit = AuditLog(lambda: replica.state)
        replica.add_command_listener(self.audit.on_command)
        MemberNotes(QUEUE, replica, cast(Desk, self.desk))

    async def say(self, word: Word, name: str, user: str = "") -> None:
        """A person does, or without one an open queue."""
        assert self.host.life is not None
        with asked_by(user, "192.0.2.7" if user else ""):
            await self.host.life.spawn(self.desk.say(OTHER, name, word, not user))

    def told(self) -> list[tuple[str, str, float]]:
        """What, by whom and when; oldest first."""
        return [
            (event["what"], event["who"], event["at"])
            for event in reversed(self.audit.newest_first(99, None))
            if " host " in event["what"]
        ]

    def words(self) -> list[str]:
        return [what for what, _, _ in self.told()]


@pytest.mark.parametrize("yields", [A, B])
def test_a_word_goes_with_its_host_to_another_group(yields: str) -> None:
    """With its own time and person, once, and for all to read; over a restart, too."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        offices = {A: Office(a), B: Office(b)}
        stays = b if yields == A else a
        await stays.submit("job-0001")
        office = offices[yields]
        await office.say(Word.ADMIT, "mk4", "anna")
        await cluster.until(lambda: office.words() == ["let in host 'mk4'"])
        before = office.told()
        await cluster.run_for(30)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B))
        await cluster.until(lambda: all(o.told() == before for o in offices.values()))
        office.host.kill()
        await office.host.start()
        office.open()
        await cluster.until(lambda: cluster.agreed(A, B))
        await office.say(Word.FORGET, "mk4", "anna")
        words = ["let in host 'mk4'", "forgot host 'mk4'"]
        await cluster.until(lambda: all(o.words() == words for o in offices.values()))
        assert offices[A].told()[0] == offices[B].told()[0] == before[0]

    simulate(scenario)


def test_a_word_of_before_a_restart_goes_along() -> None:
    """What the log on the disk holds is known at the next start, and when it was."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        there, office = Office(b), Office(a)
        await b.submit("job-0001")
        await office.say(Word.ADMIT, "mk4", "anna")
        await cluster.until(lambda: office.words() == ["let in host 'mk4'"])
        before = office.told()
        a.kill()
        await a.start()
        office.open()
        await cluster.until(lambda: a.status.role is Role.LEADER)
        await cluster.until(lambda: office.told() == before)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B) and there.told() == before)

    simulate(scenario)


def test_the_host_that_leads_notes_whom_an_open_queue_let_in() -> None:
    """Once, though each host of the queue lets the newcomer in; nobody is named."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await cluster.start(A, B, C)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        offices = [Office(host, AdmissionMode.OPEN) for host in hosts]
        for office in offices:
            await office.say(Word.ADMIT, "mk4")
        for office in offices:
            await cluster.until(lambda: office.words() == ["let in host 'mk4'"])  # noqa: B023
        await hosts[0].give(QueuePause(True))
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert {office.told()[0][1] for office in offices} == {""}
        assert {tuple(office.words()) for office in offices} == {("let in host 'mk4'",)}

    simulate(scenario)


def test_a_host_that_founds_its_group_notes_whom_it_let_in_before() -> None:
    """An open queue lets in at once; the group comes seconds later."""

    async def scenario(cluster: Cluster) -> None:
        (a,) = await cluster.start(A)
        office = Office(a, AdmissionMode.OPEN)
        assert a.status.leader is None
        await office.say(Word.ADMIT, "mk4")
        await cluster.until(lambda: office.words() == ["let in host 'mk4'"])

    simulate(scenario)


def test_open_groups_that_meet_are_told_of_by_the_one_that_stays() -> None:
    """Each word of those that go over would be one more line for each pair of hosts."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        offices = [Office(host, AdmissionMode.OPEN) for host in (a, b)]
        await a.submit("job-0001")
        await offices[0].say(Word.ADMIT, "b")
        await offices[1].say(Word.ADMIT, "a")
        await cluster.until(lambda: offices[1].words() == ["let in host 'a'"])
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B))
        await b.give(QueuePause(True))
        await cluster.until(
            lambda: all(office.words() == ["let in host 'b'"] for office in offices)
        )

    simulate(scenario)
