"""Keeps Klipper's status object `printer.netqueue` in step with the queues."""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import NetqueueError
from ..model.event import Event
from ..model.printer import PrinterState
from ..ports import Clock
from ..printer.klipper_module import KlipperModule
from ..tasks import stop
from ..version import __version__
from .host import Host
from .queue import ServedQueue
from .views import counts_view

_LOOK_SECONDS = 1.0  # between looks, and so between updates
_BEAT_SECONDS = 5.0  # between words to a module that has heard it all
_COUNTS = ("paused", "jobs", "waiting", "printing")
_SEEN = ("state", "reason", "accept", "materials_ready", "bed_state")


class KlipperStatus:
    """Tells the module what has changed, at most once a second."""

    def __init__(self, host: Host, module: KlipperModule, clock: Clock) -> None:
        self._host = host
        self._module = module
        self._clock = clock
        self._changed = True  # something of a queue, since it was counted
        self._queues: dict[str, dict[str, Any]] = {}
        self._seen: tuple[Any, ...] = ()  # of the printer, when `_why` was asked for
        self._why = ""
        self._told: tuple[int, dict[str, Any]] | None = None
        self._told_at = 0.0
        self._task = asyncio.create_task(self._watch())

    def on_events(self, _events: tuple[Event, ...]) -> None:
        """Something of a queue has changed."""
        self._changed = True

    async def close(self) -> None:
        """Tell no more."""
        await stop(self._task)

    async def _watch(self) -> None:
        while True:
            await self._tell()
            await self._clock.sleep(_LOOK_SECONDS)

    async def _tell(self) -> None:
        session = self._module.session
        if self._module.absent:
            return
        status = await self._status()
        news = self._told != (session, status)
        now = self._clock.monotonic()
        if not news and now - self._told_at < _BEAT_SECONDS:
            return
        if await self._module.tell(**({"status": status} if news else {})):
            self._told, self._told_at = (session, status), now
        else:
            self._told = None

    async def _status(self) -> dict[str, Any]:
        view = self._host.agent.view()
        if self._changed:
            self._queues = {name: _counts(q) for name, q in self._host.queues.items()}
        seen = tuple(view[word] for word in _SEEN)
        if self._changed or seen != self._seen:
            self._changed, self._seen = False, seen
            self._why = await self._reason(view)
        queues, print_ = self._queues, view["print"]
        return {
            "version": __version__,
            "name": self._host.name,
            "queues": queues,
            "paused": all(queue["paused"] for queue in queues.values()),
            **{
                word: sum(queue[word] for queue in queues.values())
                for word in _COUNTS[1:]
            },
            "state": view["state"],
            "bed": view["bed_state"],
            "accept": view["accept"],
            "materials_ready": list(view["materials_ready"]),
            "job": self._job(print_) if print_ else "",
            "why": self._why,
        }

    async def _reason(self, view: dict[str, Any]) -> str:
        """Why this printer prints nothing, where there is something to print."""
        if view["state"] != PrinterState.READY.value or not view["accept"]:
            return str(view["reason"])
        for name, counts in self._queues.items():
            if counts["waiting"]:
                try:
                    why = await self._host.why_idle(self._host.queues[name])
                except NetqueueError as error:
                    return str(error)
                here = why.get(self._host.host_id)
                return "" if here is None else here.text
        return ""

    def _job(self, print_: dict[str, Any]) -> str:
        queue = self._host.queues.get(print_["queue"])
        job = queue.state.jobs.get(print_["job_id"]) if queue else None
        return job.wishes.name if job else str(print_["filename"])


def _counts(queue: ServedQueue) -> dict[str, Any]:
    counts = counts_view(queue.state)
    return {word: counts[word] for word in _COUNTS}
