"""The queues of this host: those of moonraker.conf, and those that people add."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from .api.queue import ServedQueue
from .printer.agent import Agent
from .printer.queue_port import QueuePort
from .replica.replica import Replica
from .served_queues import ServedQueues

Open = Callable[[str, AsyncExitStack], Awaitable[ServedQueue]]
Hook = Callable[[ServedQueue, AsyncExitStack], object]
Announce = Callable[[tuple[str, ...]], Awaitable[None]]


class HostQueues:
    """Opens and closes queues, each with the parts that hang on it.

    `queues` is one mapping for everybody: what is opened later is in it, too.
    """

    def __init__(
        self,
        configured: tuple[str, ...],
        file: ServedQueues,
        open_queue: Open,
        port_of: Callable[[ServedQueue], QueuePort],
    ) -> None:
        self.configured = configured
        self.queues: dict[str, ServedQueue] = {}
        self._file = file
        self._open_queue = open_queue
        self._port_of = port_of
        self._stacks: dict[str, AsyncExitStack] = {}
        self._hooks: list[Hook] = []
        self._changing = asyncio.Lock()
        self._agent: Agent | None = None
        self._announce: Announce | None = None

    def ports(self) -> dict[str, QueuePort]:
        """The queues as the agent sees them."""
        return {name: self._port_of(queue) for name, queue in self.queues.items()}

    def replicas(self) -> dict[str, Replica]:
        """Their replicas, by name."""
        return {name: queue.replica for name, queue in self.queues.items()}

    async def load(self) -> None:
        """Open all of them; raises NetqueueError."""
        for name in dict.fromkeys((*self.configured, *await self._file.load())):
            await self._open(name)

    def attach(self, hook: Hook) -> None:
        """Call `hook(queue, closing)` for every queue, now and when one is opened."""
        self._hooks.append(hook)
        for name, queue in self.queues.items():
            hook(queue, self._stacks[name])

    def connect(self, agent: Agent, announce: Announce) -> None:
        """Who is to know of a change: the agent, and other hosts by `announce`."""
        self._agent, self._announce = agent, announce

    async def close(self) -> None:
        """Close all, the last one first."""
        for name in reversed(tuple(self.queues)):
            await self._close(name)

    # Serving, for the API.

    async def begin(self, name: str) -> None:
        """Serve a queue from now on, also after a restart."""
        async with self._changing:
            if name in self.queues:
                return
            await self._file.save([*self._added(), name])
            await self._open(name)
            if self._agent is not None and self._announce is not None:
                self._agent.serve(name, self._port_of(self.queues[name]))
                await self._announce(tuple(self.queues))

    async def end(self, name: str) -> None:
        """Serve it no more; raises NotThisPrint while a print of it is here."""
        async with self._changing:
            if name not in self.queues:
                return
            if self._agent is not None and self._announce is not None:
                await self._agent.leave(name)
                await self._file.save(set(self._added()) - {name})
                await self._close(name)
                await self._announce(tuple(self.queues))

    def _added(self) -> list[str]:
        return [name for name in self.queues if name not in self.configured]

    async def _open(self, name: str) -> None:
        async with AsyncExitStack() as closing:
            queue = await self._open_queue(name, closing)
            for hook in self._hooks:
                hook(queue, closing)
            self.queues[name] = queue
            self._stacks[name] = closing.pop_all()

    async def _close(self, name: str) -> None:
        del self.queues[name]
        await self._stacks.pop(name).aclose()
