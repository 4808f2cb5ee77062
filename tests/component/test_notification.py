"""notify_netqueue_changed over a real Moonraker's websocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from moonraker_netqueue.virtual_printer.moonraker_client import (
    NoAnswerError,
    RefusedError,
)
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.conftest import start_farm

pytestmark = pytest.mark.timeout(300)

SECTION = """\
[netqueue]
bind: 127.0.0.1
discovery: False
"""


_PAGES = 30  # open at once


@pytest.fixture(scope="module")
def printer(printers_folder: Path) -> Iterator[VirtualPrinter]:
    with start_farm(printers_folder, 1, SECTION) as farm:
        (printer,) = farm.printers
        printer.client.upload("part.gcode", b"G28\n")
        yield printer


async def call(printer: VirtualPrinter, path: str, **arguments: Any) -> Any:
    """POST, off the loop."""
    path = f"/server/netqueue/{path}"
    return await asyncio.to_thread(printer.client.post, path, arguments)


async def next_change(connection: WebSocketClientConnection) -> dict[str, Any]:
    """The next notification of ours; others are passed over."""
    while True:
        text = await connection.read_message()
        assert text is not None
        message = json.loads(text)
        if message.get("method") == "notify_netqueue_changed":
            change: dict[str, Any] = message["params"][0]
            return change


async def is_done(request: Awaitable[Any]) -> bool:
    """Whether a request was served; one that comes too early is refused."""
    try:
        await request
    except (RefusedError, NoAnswerError):
        return False
    return True


async def paused(printer: VirtualPrinter) -> None:
    """Pause the queue as soon as it is up: its jobs then stay as they are."""
    while not await is_done(call(printer, "pause")):  # noqa: ASYNC110 - no Event there
        await asyncio.sleep(0.2)


async def closed(connection: WebSocketClientConnection) -> None:
    """Close it and wait until the other side has: else its socket stays open."""
    connection.close()
    while await connection.read_message() is not None:
        pass


async def hear_of_a_job(printer: VirtualPrinter) -> None:
    await paused(printer)
    url = f"ws://127.0.0.1:{printer.client.port}/websocket"
    connection = await websocket_connect(url)
    first = await call(printer, "job", filename="part.gcode")
    heard: list[dict[str, Any]] = []

    async def hear(word: str, value: str) -> None:
        while not any(
            change["key"] == first["job_id"] and change["value"][word] == value
            for note in heard
            for change in note["changes"]
            if change["topic"] == "job"
        ):
            heard.append(await next_change(connection))

    await hear("name", "part.gcode")
    await call(printer, "job", job_id=first["job_id"], note="hello")
    await hear("note", "hello")
    await closed(connection)
    revisions = [note["revision"] for note in heard]
    assert revisions == list(range(revisions[0], revisions[0] + len(heard)))
    assert {note["queue"] for note in heard} == {"default"}


async def hear_on_many_pages(printer: VirtualPrinter) -> None:
    await paused(printer)
    url = f"ws://127.0.0.1:{printer.client.port}/websocket"
    pages = [await websocket_connect(url) for _ in range(_PAGES)]
    added = await call(printer, "job", filename="part.gcode")
    for page in pages:
        keys: set[str] = set()
        while added["job_id"] not in keys:
            keys |= {change["key"] for change in (await next_change(page))["changes"]}
    for page in pages:
        await closed(page)


def test_a_job_is_told_of_and_revisions_have_no_gap(printer: VirtualPrinter) -> None:
    """A client that counts revisions knows whether it has missed something."""
    asyncio.run(hear_of_a_job(printer))


def test_many_open_pages_exhaust_nothing(printer: VirtualPrinter) -> None:
    """Each hears of a job that is added while all are open (lesson 24)."""
    asyncio.run(hear_on_many_pages(printer))
