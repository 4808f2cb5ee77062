"""Requests that come over a link, when it ends before they are begun."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import cast

import pytest

from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.peers.calls import Calls
from moonraker_netqueue.peers.link import Link
from moonraker_netqueue.ports import Message

pytestmark = pytest.mark.asyncio


async def test_a_link_that_ends_at_once_leaves_no_coroutine_behind() -> None:
    """A request taken in the link's last moment was "never awaited"."""
    begun: list[str] = []

    async def result() -> Message:
        begun.append("begun")
        return {}

    calls = Calls(cast(Link, None), MachineClock())  # nothing is sent
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        calls.answer(1, result())
        await asyncio.wait(calls.close())
        gc.collect()
    assert not begun
    assert [str(one.message) for one in said] == []
