"""Who asks: it goes with the request, into the command, and into no other request."""

from __future__ import annotations

import asyncio

import pytest

from moonraker_netqueue.api.asking import asked_by, origin
from moonraker_netqueue.model.command import (
    NOBODY,
    ORIGIN_MAX,
    Command,
    CommandId,
    Origin,
    QueuePause,
    decode,
    encode,
)
from moonraker_netqueue.model.errors import CommandInvalid

ID = CommandId("h" * 64, 1, 1)


async def _asks(user: str, turn: asyncio.Event) -> Origin:
    with asked_by(user, "192.0.2.1"):
        await turn.wait()
        return origin()


@pytest.mark.asyncio
async def test_requests_at_the_same_time_keep_their_own_origin() -> None:
    """Each in its own task, as Moonraker handles them."""
    turn = asyncio.Event()
    tasks = [asyncio.create_task(_asks(user, turn)) for user in ("anna", "bert")]
    await asyncio.sleep(0)
    turn.set()
    found = await asyncio.gather(*tasks)
    assert found == [Origin("anna", "192.0.2.1"), Origin("bert", "192.0.2.1")]
    assert origin() == NOBODY


def test_an_origin_that_is_too_long_is_cut_where_it_comes_in() -> None:
    """And refused where another host sends it."""
    with asked_by("x" * 500, "y" * 500):
        command = Command(ID, 1.0, QueuePause(True), origin=origin())
    assert decode(encode(command)).origin == Origin("x" * ORIGIN_MAX, "y" * ORIGIN_MAX)
    long = Command(ID, 1.0, QueuePause(True), origin=Origin("x" * (ORIGIN_MAX + 1)))
    with pytest.raises(CommandInvalid, match="origin"):
        encode(long)


def test_a_command_without_an_origin_is_read() -> None:
    """As the journals have it from before there was one."""
    text = encode(Command(ID, 1.0, QueuePause(True)))
    before = text.replace('"origin":{"address":"","user":""},', "")
    assert before != text
    assert decode(before).origin == NOBODY
