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
Show = Callable[[tuple[str, ...]], object]
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
        show: Show,
    ) -> None:
        """`show(texts)` tells people of queues that are left behind; empty: of none."""
        self.configured = configured
        self.queues: dict[str, ServedQueue] = {}
        self._file = file
        self._open_queue = open_queue
        self._port_of = port_of
        self._show = show
        self._left: set[str] = set()  # after a person was asked
        self._found: set[str] = set()  # with a folder here
        self._damage = ""  # why it is not known which of them were left
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
        """Open all of them; raises NetqueueError or OSError."""
        kept = await self._file.load()
        self._found = set(kept.found)
        for name in dict.fromkeys((*self.configured, *kept.added)):
            await self._open(name)
        self._left = set(kept.left) - set(self.queues)
        if kept.aside is not None:
            self._damage = (
                "the list of queues that people made this host serve was damaged and"
                f" is kept as {kept.aside}"
            )
        if self._left != set(kept.left):  # who takes it out again is told again
            await self._file.save(self._added(), self._left)
        self._tell()

    @property
    def left_behind(self) -> tuple[str, ...]:
        """Queues on this disk that it does not serve, and that nobody left.

        What of them is on no other disk nobody was told.
        """
        return tuple(sorted(self._found - self._left - set(self.queues)))

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
            left = self._left - {name}
            await self._file.save({*self._added(), name}, left)
            self._left = left
            await self._open(name)
            self._found.add(name)
            self._tell()
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
                left = self._left | {name}
                await self._file.save(self._added() - {name}, left)
                self._left = left
                await self._close(name)
                await self._announce(tuple(self.queues))

    def _added(self) -> set[str]:
        return set(self.queues) - set(self.configured)

    def _tell(self) -> None:
        texts = [self._damage] if self._damage else []
        if behind := self.left_behind:
            texts.append(
                f"on this disk, but served no more: {', '.join(behind)}."
                f" {self._file.folders} keeps their jobs, perhaps some that no other"
                " host has, and this host's vote, without which others may accept"
                " nothing. To have one back, name it in option 'queues' of [netqueue]"
                " and restart Moonraker, or POST /server/netqueue/queues with"
                " queue=NAME. To leave it for good, then DELETE /server/netqueue/queues"
                " with queue=NAME: that says what would be lost. Until then no file is"
                " deleted here that one of them may need"
            )
        self._show(tuple(texts))

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
