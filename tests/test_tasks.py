"""Work that is stopped leaves nothing behind: no task, no error that nobody saw."""

from __future__ import annotations

import asyncio
import logging

import pytest

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.tasks import stop


async def _fails_instead(error: Exception) -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise error from None


@pytest.mark.parametrize(
    ("error", "level", "said"),
    [
        (NetqueueError("no disk"), logging.INFO, "stopped: no disk"),
        (ValueError("a bug"), logging.ERROR, "failed as it was stopped"),
    ],
)
def test_what_fails_instead_of_ending_is_said(
    caplog: pytest.LogCaptureFixture, error: Exception, level: int, said: str
) -> None:
    """asyncio said it else, as "never retrieved", whenever garbage was collected."""
    caplog.set_level(logging.INFO)

    async def scenario() -> None:
        task = asyncio.create_task(_fails_instead(error))
        await asyncio.sleep(0)
        await stop(task)
        assert task.done()

    asyncio.run(scenario())
    (told,) = caplog.records
    assert (told.levelno, told.getMessage()) == (level, said)


def test_what_was_over_before_is_left_to_who_waits_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its error is that of the one who awaits it."""

    async def scenario() -> None:
        task = asyncio.create_task(_fails_instead(NetqueueError("early")))
        await asyncio.sleep(0)
        await stop(task)
        caplog.clear()
        await stop(task)
        await stop()

    caplog.set_level(logging.INFO)
    asyncio.run(scenario())
    assert not caplog.records
