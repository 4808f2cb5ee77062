"""A group goes on elsewhere, and something fails at the worst moment (R6, R7, R8)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    MemberSet,
    QueuePause,
    encode,
)
from moonraker_netqueue.model.member import MemberRole
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.ports import Message
from moonraker_netqueue.replica import copies
from moonraker_netqueue.replica.entry import Kind, pack
from moonraker_netqueue.replica.errors import RecoverRefused
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.recovery import Order
from moonraker_netqueue.replica.status import Role
from tests.replica.simulation import Cluster, SimHost, simulate
from tests.replica.test_generations import (
    A,
    B,
    C,
    D,
    E,
    accepted,
    farm,
    recover,
)
from tests.replica.test_meeting import cut, heal, two_groups

NEXT = Path("/data/next.db")


class _PowerCutError(OSError):
    """The plug is pulled in the middle of a call to the disk."""


class Fuse:
    """Cuts a host's power at its n-th call to the disk from now on, or in it."""

    def __init__(self, host: SimHost, calls: int) -> None:
        self._host = host
        self._left = calls
        self._delay = host.disk_delay
        self._calls = {
            name: getattr(host.disk, name) for name in ("replace", "sync_directory")
        }
        host.disk_delay = self._on_delay  # type: ignore[method-assign]
        for name in self._calls:
            setattr(host.disk, name, self._counted(name))

    @property
    def blown(self) -> bool:
        return self._left <= 0

    def remove(self) -> None:
        """No more cuts."""
        self._host.disk_delay = self._delay  # type: ignore[method-assign]
        for name, call in self._calls.items():
            setattr(self._host.disk, name, call)

    def _burn(self) -> bool:
        self._left -= 1
        if self._left != 0 or self._host.life is None:
            return False
        self._host.lose_power()
        return True

    def _on_delay(self) -> float:
        self._burn()
        return self._delay()

    def _counted(self, name: str) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            if self._burn():
                raise _PowerCutError
            self._calls[name](*arguments)

        return call


async def until_blown(
    cluster: Cluster, host: SimHost, fuse: Fuse, work: Coroutine[Any, Any, Any]
) -> None:
    """Let something happen until the host is off, or it is over."""
    act = asyncio.ensure_future(work)
    await cluster.until(lambda: fuse.blown or act.done())
    fuse.remove()
    act.cancel()
    await asyncio.wait([act])
    if host.life is not None:
        host.lose_power()
    await cluster.run_for(1)


@pytest.mark.parametrize("call", range(1, 41))
def test_a_power_cut_at_each_write_of_a_new_generation(call: int) -> None:
    """The old group is there, or the new one; the act can be done again."""

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await farm(cluster, A, B, C)
        for host in (b, c):
            host.kill()
        await cluster.run_for(5)
        fuse = Fuse(a, call)
        await until_blown(cluster, a, fuse, recover(a))
        await a.start()
        await cluster.run_for(3)
        assert a.status.phase is Phase.MEMBER
        assert len(a.jobs) == 3
        if a.status.generation == 1:
            await recover(a)
        await cluster.until(lambda: a.status.role is Role.LEADER)
        for host in (b, c):
            await host.start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert len(c.jobs) == 3
        assert a.status.generation == 2

    simulate(scenario)


@pytest.mark.parametrize("call", range(1, 41))
def test_a_power_cut_at_each_write_of_going_over(call: int) -> None:
    """The host has all and begins again, or the others have it."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        for number in range(5):
            await accepted(a, f"job-a{number:03}")
            await accepted(b, f"job-b{number:03}")
        mover = max(a, b, key=lambda host: str(host.status.group))
        await cluster.run_for(2)
        fuse = Fuse(mover, call)
        heal(cluster)
        agreed = cluster.until(lambda: cluster.agreed(A, B))
        await until_blown(cluster, mover, fuse, agreed)
        await mover.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert len(a.jobs) == 10

    simulate(scenario)


async def brought_to_one_that_dies(cluster: Cluster) -> tuple[SimHost, SimHost]:
    """A brought what it knows to B's new generation; B died before A had it back."""
    a, b = await farm(cluster, A, B)
    a.kill()
    await cluster.run_for(5)
    await recover(b)
    await cluster.until(lambda: b.status.role is Role.LEADER)
    cluster.net.filter = lambda source, _target, message: (
        source != B or message.get("t") != "raft"
    )
    await a.start()
    await cluster.until(lambda: a.status.group == b.status.group)
    await cluster.run_for(2)
    b.kill()
    cluster.net.filter = lambda *_: True
    await cluster.run_for(5)
    return a, b


@pytest.mark.parametrize("restarts", [False, True])
def test_what_was_brought_to_a_host_that_died_is_not_lost(restarts: bool) -> None:
    """The group that A joined died with B: A goes on from what it had brought."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await brought_to_one_that_dies(cluster)
        if restarts:
            a.kill()
            await a.start()
            await cluster.run_for(5)
        shown = a.replica.outlook()
        assert (shown.missing, shown.majority_missing) == ((B,), True)
        await recover(a)
        await cluster.until(lambda: a.status.role is Role.LEADER)
        assert sorted(a.jobs) == [f"job-{A}", f"job-{B}"]
        await b.start()
        await cluster.until(lambda: cluster.agreed(A, B))
        assert sorted(a.jobs) == [f"job-{A}", f"job-{B}"]

    simulate(scenario)


def test_a_host_that_has_nothing_yet_gives_what_it_brought() -> None:
    """To another one that lets the queue go on."""

    async def scenario(cluster: Cluster) -> None:
        a, _ = await brought_to_one_that_dies(cluster)
        await accepted_nothing(a)
        (c,) = await cluster.start(C)
        await cluster.until(lambda: c.status.group == a.status.group)
        await recover(c)
        await cluster.until(lambda: cluster.agreed(A, C))
        assert sorted(c.jobs) == [f"job-{A}", f"job-{B}"]

    simulate(scenario)


async def accepted_nothing(host: SimHost) -> None:
    journal = host.replica._lifecycle.journal
    assert journal is not None
    assert journal.last_index <= 1


def test_an_act_that_gives_way_leaves_nothing_to_follow() -> None:
    """B had written its new group when A asked it for a copy, and A's came to be."""

    async def scenario(cluster: Cluster) -> None:
        a, b, *others = await farm(cluster, A, B, C, D, E)
        for host in others:
            host.kill()
        cut(cluster, (A,), (B,))
        await cluster.run_for(5)
        b.delays = (0.4, 0.4)
        act = asyncio.ensure_future(recover(b))
        await cluster.until(lambda: NEXT in b.disk.files)
        heal(cluster)
        old = str(a.status.group)
        await cluster.until(lambda: a.replica._neighbours.in_group(old))
        new = await recover(a)
        with pytest.raises(RecoverRefused, match="at this moment"):
            await act
        b.delays = a.delays
        await cluster.until(lambda: cluster.agreed(A, B))
        assert b.status.group == new
        assert len(b.jobs) == 5
        await cluster.until(lambda: len(a.status.voters) == 2)
        await accepted(b, "job-after")
        assert NEXT not in b.disk.files

    simulate(scenario)


def newer(text: str) -> str:
    """The same command as a later version would write it."""
    return re.sub(r'"schema":\d+', f'"schema":{SCHEMA + 1}', text)


def test_an_older_group_refuses_what_it_does_not_know() -> None:
    """The host keeps what it has, stays in its group, and says whom to update (R23)."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        await accepted(a, "job-000a")
        await accepted(b, "job-000b")
        stay, mover = sorted((a, b), key=lambda host: str(host.status.group))
        own = stay.jobs
        request = cluster.net.request

        async def from_a_newer_one(
            queue: str,
            source: str,
            target: str,
            method: str,
            params: dict[str, Any],
            *more: Any,
        ) -> Message:
            if (source, method) == (mover.id, "submit"):
                params = {**params, "command": newer(params["command"])}
            return await request(queue, source, target, method, params, *more)

        cluster.net.request = from_a_newer_one  # type: ignore[assignment]
        old, jobs = mover.status.group, mover.jobs
        heal(cluster)
        await cluster.until(lambda: "update moonraker" in str(mover.status.notices))
        await cluster.until(lambda: mover.status.role is Role.LEADER)
        assert (mover.status.group, mover.jobs) == (old, jobs)
        assert stay.jobs == own  # else both would print it
        await accepted(mover, "job-000c")
        cluster.net.request = request  # type: ignore[method-assign]
        await cluster.until(lambda: cluster.agreed(A, B))
        assert sorted(a.jobs) == ["job-000a", "job-000b", "job-000c"]

    simulate(scenario)


def test_an_older_group_gets_nothing_of_what_it_does_not_know_whole() -> None:
    """It knows the job, not the role: with the job alone both groups would print it."""

    async def scenario(cluster: Cluster) -> None:
        (a,), (b,) = await two_groups(cluster, (A,), (B,))
        stay, mover = sorted((a, b), key=lambda host: str(host.status.group))
        await accepted(stay, "job-stays")
        await accepted(mover, "job-moves")
        await mover.give(MemberSet(C, MemberRole.VIEWER))
        send = cluster.net.send

        def as_an_older_one(
            queue: str, source: str, target: str, message: dict[str, Any]
        ) -> bool:
            if source == stay.id and message.get("t") == "hello":
                message = {**message, "speaks": 3}
            return send(queue, source, target, message)

        cluster.net.send = as_an_older_one  # type: ignore[method-assign]
        heal(cluster)
        await cluster.until(lambda: "update moonraker" in str(mover.status.notices))
        await cluster.until(lambda: mover.status.role is Role.LEADER)
        assert stay.jobs == ["job-stays"]
        cluster.net.send = send  # type: ignore[method-assign]
        await cluster.until(lambda: cluster.agreed(A, B))
        assert sorted(stay.jobs) == ["job-moves", "job-stays"]

    simulate(scenario)


def test_an_entry_of_a_newer_version_is_not_passed_over() -> None:
    """It may hold an accepted job: this host does not go on without it (R23)."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        b.kill()
        await cluster.run_for(5)
        journal = a.replica._lifecycle.journal
        assert journal is not None
        body = CommandId(B, 7, 1), 1.0, QueuePause(True)
        data = pack(Kind.COMMAND, newer(encode(Command(*body))))
        journal.add(data, journal.last_index + 1, journal[-1].term)
        with pytest.raises(RecoverRefused, match="update moonraker_netqueue"):
            await recover(a)
        await cluster.until(lambda: a.status.phase is Phase.MEMBER)
        assert a.status.generation == 1

    simulate(scenario)


def test_a_word_about_one_group_is_not_carried_out_in_another() -> None:
    """A person looked at a group that this host left before the word was heard."""

    async def scenario(cluster: Cluster) -> None:
        a, b = await farm(cluster, A, B)
        b.kill()
        await cluster.run_for(5)
        order = Order("eva", "another-group")
        a.replica._lifecycle.succession.order(order)
        with pytest.raises(RecoverRefused, match="changed meanwhile"):
            await order.done
        withdrawn = Order("eva", str(a.status.group))
        await cluster.until(lambda: a.status.phase is Phase.MEMBER)
        a.replica._lifecycle.succession.order(withdrawn)
        withdrawn.done.cancel()
        await cluster.run_for(5)
        assert a.status.generation == 1

    simulate(scenario)


def test_a_copy_that_takes_long_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over a slow link: who gives it stands still until it is there (R6)."""

    async def scenario(cluster: Cluster) -> None:
        a, b, *others = await farm(cluster, A, B, C, D, E)
        for host in others:
            host.kill()
        await cluster.run_for(5)
        pieces = 0

        async def slow(
            queue: str, source: str, target: str, method: str, *more: Any
        ) -> Message:
            nonlocal pieces
            if method == "copy_part":
                pieces += 1
                await asyncio.sleep(8)
                assert b.status.phase is Phase.YIELDING
            return await request(queue, source, target, method, *more)

        request = cluster.net.request
        cluster.net.request = slow  # type: ignore[assignment]
        monkeypatch.setattr(copies, "PART_SIZE", 1000)
        await recover_patiently(cluster, a)
        assert pieces > 2
        await cluster.until(lambda: cluster.agreed(A, B))
        assert len(b.jobs) == 5

    simulate(scenario)


async def recover_patiently(cluster: Cluster, a: SimHost) -> None:
    """The person is told that it takes long, and it goes on."""
    with pytest.raises(RecoverRefused, match="too long"):
        await recover(a)
    await cluster.until(lambda: a.status.generation == 2, 120)


@pytest.mark.parametrize("seed", range(4))
def test_what_was_brought_is_brought_on_to_a_third_group(seed: int) -> None:
    """Before the host had it back. If its own group is the higher one it goes on in a
    new one, and the third comes over."""

    async def scenario(cluster: Cluster) -> None:
        cut(cluster, (C, D), (A, B))
        c, d = await cluster.start(C, D)
        await cluster.until(lambda: cluster.agreed(C, D) and len(c.status.voters) == 2)
        await accepted(c, "job-000c")
        d.kill()
        await cluster.run_for(5)
        await recover(c)
        a, b = await brought_to_one_that_dies(cluster)
        first = brought(a)
        assert len(first) == 1
        heal(cluster)
        await cluster.run_for(10)
        if a.status.leader is None:
            await recover(a)
        await cluster.until(lambda: cluster.agreed(A, C), 120)
        assert first <= set(a.replica.state.ancestors)
        for host in (b, d):
            await host.start()
        await cluster.until(lambda: cluster.agreed(A, B, C, D), 120)
        assert sorted(a.jobs) == ["job-000c", f"job-{A}", f"job-{B}"]

    simulate(scenario, seed)


def brought(host: SimHost) -> set[str]:
    """Ids of the groups that it brought."""
    journal = host.replica._lifecycle.journal
    assert journal is not None
    return {name for name, _ in journal.meta("brought")}
