"""Simulated links, lives and computers: what the real ones promise, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.peers.errors import LinkGone, RequestRefused, RequestTimedOut
from moonraker_netqueue.ports import Clock, Message
from moonraker_netqueue.sim.computer import Computer, World
from moonraker_netqueue.sim.virtual_time import VirtualLoop, play

_QUEUES = ("one", "two")


class Ear:
    """Notes what it hears, and answers."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def on_peer_connected(self, peer: str) -> None:
        self.heard.append(f"+{peer}")

    def on_peer_disconnected(self, peer: str) -> None:
        self.heard.append(f"-{peer}")

    def on_message(self, peer: str, message: Message) -> None:
        self.heard.append(dict(message))

    async def on_request(self, peer: str, method: str, params: Message) -> Message:
        if method == "refuse":
            raise NetqueueError("not today")
        if method == "wait":
            await asyncio.sleep(60)
        return {"from": peer, "got": params["x"]}


class Desk:
    """Two computers with an ear each, for queue `one`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.world = World(1, loop)
        self.a, self.b = (Computer(self.world, name) for name in "ab")
        self.ears: dict[str, Ear] = {}
        self.clocks: dict[str, Clock] = {}
        for computer in (self.a, self.b):
            self.start(computer)

    def start(self, computer: Computer) -> None:
        _, machine = computer.begin()
        self.clocks[computer.id] = machine.clock
        ear = self.ears[computer.id] = Ear()
        computer.links.subscribe("one", ear)


def on_desk(test: Callable[[Desk], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test in virtual time."""

    def run() -> None:
        async def whole(loop: VirtualLoop) -> None:
            desk = Desk(loop)
            await test(desk)
            for computer in (desk.a, desk.b):
                if computer.life is not None:
                    computer.kill()
            await asyncio.sleep(0.1)

        play(whole, VirtualLoop())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@on_desk
async def test_messages_arrive_in_order_and_later(desk: Desk) -> None:
    """However their delays are drawn."""
    for number in range(50):
        assert desk.a.links.send("one", "b", {"n": number})
    assert desk.ears["b"].heard == ["+a"]
    await asyncio.sleep(0.1)
    assert desk.ears["b"].heard == ["+a", *({"n": n} for n in range(50))]


@on_desk
async def test_a_cut_loses_what_is_under_way(desk: Desk) -> None:
    """Both ends hear of it; nothing passes before the next link, nor is repeated."""
    desk.a.links.send("one", "b", {"n": 1})
    desk.world.net.cut.add(frozenset("ab"))
    desk.world.net.refresh()
    assert not desk.a.links.send("one", "b", {"n": 2})
    assert desk.a.links.connected("one") == ()
    desk.world.net.cut.clear()
    desk.world.net.refresh()
    desk.a.links.send("one", "b", {"n": 3})
    await asyncio.sleep(0.1)
    assert desk.ears["b"].heard == ["+a", "-a", "+a", {"n": 3}]
    assert desk.ears["a"].heard == ["+b", "-b", "+b"]


@on_desk
async def test_each_queue_has_links_of_its_own(desk: Desk) -> None:
    """A host that does not serve a queue gets nothing of it (R13)."""
    ear = Ear()
    desk.a.links.subscribe("two", ear)
    assert not desk.a.links.send("two", "b", {})
    with pytest.raises(LinkGone):
        await desk.a.links.request("two", "b", "x", {}, 1)
    other = Ear()
    desk.b.links.subscribe("two", other)
    assert ear.heard == ["+b"]
    desk.a.links.send("two", "b", {"n": 1})
    await asyncio.sleep(0.1)
    assert other.heard == ["+a", {"n": 1}]
    assert desk.ears["b"].heard == ["+a"]
    desk.b.links.unsubscribe("two")
    assert ear.heard == ["+b", "-b"]


@on_desk
async def test_requests_are_answered_refused_or_time_out(desk: Desk) -> None:
    """As over a real link."""
    links = desk.a.links
    assert await links.request("one", "b", "ask", {"x": 1}, 1) == {
        "from": "a",
        "got": 1,
    }
    with pytest.raises(RequestRefused, match="not today"):
        await links.request("one", "b", "refuse", {}, 1)
    with pytest.raises(RequestTimedOut):
        await links.request("one", "b", "wait", {"x": 1}, 1)
    desk.b.kill()
    with pytest.raises(LinkGone):
        await links.request("one", "b", "ask", {"x": 1}, 1)


@on_desk
async def test_contents_are_fetched_by_ranges(desk: Desk) -> None:
    """Only those that the queue speaks of."""

    class Contents:
        def content_path(self, queue: str, sha256: str) -> Path | None:
            return Path("/c") if (queue, sha256) == ("one", "known") else None

    async def read(path: Path, start: int, stop: int) -> bytes:
        return f"{path}".encode() + b"0123456789"[start:stop]

    desk.b.links.serve(Contents(), read)
    assert await desk.a.links.fetch("one", "b", "known", 2, 4) == b"/c23"
    with pytest.raises(RequestRefused):
        await desk.a.links.fetch("one", "b", "other", 2, 4)


@on_desk
async def test_nothing_of_a_killed_process_runs_on(desk: Desk) -> None:
    """Tasks, timers, and answers to it."""
    ran: list[str] = []

    async def task() -> None:
        await asyncio.sleep(1)
        ran.append("task")

    async def parent() -> None:
        child = asyncio.ensure_future(task())
        desk.clocks["a"].call_later(1, ran.append, "timer")
        await child

    assert desk.a.life is not None
    desk.a.life.spawn(parent())
    desk.b.links.send("one", "a", {"n": 1})
    await asyncio.sleep(0)
    desk.a.kill()
    await asyncio.sleep(2)
    assert ran == []
    assert desk.ears["a"].heard == ["+b"]
    desk.start(desk.a)
    assert desk.ears["b"].heard == ["+a", "-a", "+a"]


@on_desk
async def test_a_kill_takes_what_had_not_reached_the_disk(desk: Desk) -> None:
    """And nobody hears of what just had."""
    done: list[int] = []
    heard: list[int] = []
    _, machine = desk.a.begin()

    async def write(number: int) -> None:
        await machine.worker.run(done.append, number)
        heard.append(number)

    assert desk.a.life is not None
    desk.a.delays = (0.1, 0.1)
    for number in range(4):
        desk.a.life.spawn(write(number))
        await asyncio.sleep(0.04)
    desk.a.kill()
    await asyncio.sleep(1)
    assert (heard, done) == ([0, 1], [0, 1, 2])


def test_a_world_in_which_nothing_is_left_to_happen_ends() -> None:
    """It does not hang for ever."""

    async def whole(_loop: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="nothing will ever happen"):
        play(whole, VirtualLoop())
