"""A dialog on dashboards and printer screens for each host that asks to be let in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from ..peers.desk import Waiting
from ..ports import Clock
from .queue import ServedQueue

_LOOK_SECONDS = 2.0
_ID = 12  # digits of a host id that a command names


class AdmissionPrompts:
    """Shows one dialog at a time, once each; the buttons need Klipper's module.

    `send` shows a line of G-code output, which Mainsail, Fluidd and KlipperScreen read.
    """

    def __init__(
        self,
        queues: Mapping[str, ServedQueue],
        has_module: Callable[[], Awaitable[bool]],
        send: Callable[[str], object],
        clock: Clock,
    ) -> None:
        self._queues = queues
        self._has_module = has_module
        self._send = send
        self._clock = clock
        self._shown: set[tuple[str, str, str]] = set()
        self._open: tuple[str, str, str] | None = None
        self._task = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Show no more."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _watch(self) -> None:
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            asking = {
                (one.queue, one.host_id, one.code): one
                for queue in tuple(self._queues.values())
                if not queue.desk.takes_first(queue.name)
                for one in queue.desk.waiting(queue.name)
                if one.asks
            }
            self._shown &= asking.keys()  # who comes back later is shown anew
            if self._open is not None and self._open not in asking:
                self._open = None
                self._send("// action:prompt_end")
            new = next((key for key in asking if key not in self._shown), None)
            if self._open is None and new is not None and await self._has_module():
                self._open = new
                self._shown.add(new)
                for line in prompt(asking[new]):
                    self._send(f"// action:prompt_{line}")


def prompt(one: Waiting) -> tuple[str, ...]:
    """The lines of a dialog."""
    target = f"HOST={one.host_id[:_ID]} QUEUE={one.queue}"
    name = one.name.replace("|", " ")  # which ends a text there
    return (
        f"begin Let {name} into queue {one.queue}?",
        f"text It must show the same code: {one.code}",
        f"footer_button Let in|NETQUEUE_ADMIT {target}|primary",
        f"footer_button Refuse|NETQUEUE_REFUSE {target}|error",
        "show",
    )
