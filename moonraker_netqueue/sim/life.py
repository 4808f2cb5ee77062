"""One run of a host's process: what it started ends with it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

_T = TypeVar("_T")

_current: contextvars.ContextVar[Life | None] = contextvars.ContextVar(
    "life", default=None
)


class Life:
    """Tasks and callbacks that began in it never run again once it has ended."""

    def __init__(self, host_id: str, loop: asyncio.AbstractEventLoop) -> None:
        self.host_id = host_id
        self.loop = loop
        self.alive = True
        self._stalled_until = 0.0
        self._late: list[Callable[[], object]] = []
        # In order of their start: that in which they are cancelled repeats, too.
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._context = contextvars.copy_context()
        self._context.run(_current.set, self)

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call into the host as its own loop would."""
        self.run(partial(self._context.copy().run, function, *args))

    def run(self, call: Callable[[], object]) -> None:
        """Make a call while it lives; in a stall, at the end of it and in order."""
        if self.alive and self.loop.time() < self._stalled_until:
            self._late.append(call)
        elif self.alive:
            call()

    def stall(self, seconds: float) -> None:
        """Its loop stands: messages and timers come late."""
        self._stalled_until = self.loop.time() + seconds
        self.loop.call_later(seconds, self._catch_up)

    def _catch_up(self) -> None:
        late, self._late = self._late, []
        for call in late:
            self.run(call)

    def spawn(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Start a task of this life."""
        return self._context.copy().run(self.loop.create_task, work)

    def end(self) -> None:
        """At once, as by kill -9."""
        self.alive = False
        for task in tuple(self._tasks):
            task.cancel()

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """The task was started by this life."""
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        if not self.alive:
            task.cancel()


def make_task(
    loop: asyncio.AbstractEventLoop, work: Any, **options: Any
) -> asyncio.Task[Any]:
    """A task factory: tasks belong to the life that they are started in."""
    task = asyncio.Task(work, loop=loop, **options)
    life = _current.get()
    if life is not None:
        life.adopt(task)
    return task
