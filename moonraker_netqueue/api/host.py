"""What the endpoints work on: this host, its queues, its files, its printer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..files.errors import ContentMissing, FilesError
from ..files.store import ContentStore
from ..model.content import FileRef
from ..peers.errors import LinkError
from ..ports import Links, Message, Random
from ..printer.agent import Agent
from ..printer.klipper_module import KlipperModule
from .arguments import Arguments
from .errors import ApiError
from .queue import ServedQueue

_OWNER_TIMEOUT = 5.0  # seconds; longer than a link needs to be found dead
OWNER_METHOD = "owner"  # link request that carries a call to a printer's own host


class Host:
    """This host: where the endpoints find what they speak of."""

    def __init__(
        self,
        *,
        name: str,
        queues: Mapping[str, ServedQueue],
        links: Links,
        store: ContentStore,
        agent: Agent,
        klipper: KlipperModule,
        gcodes: Path,
        estimate: Callable[[str], int | None],
        random: Random,
    ) -> None:
        self.name = name
        self.queues = queues
        self.links = links
        self.agent = agent
        self.klipper = klipper
        self.estimate = estimate  # seconds a file of this host takes, if known
        self._store = store
        self._gcodes = gcodes
        self._random = random

    @property
    def host_id(self) -> str:
        return self.links.host_id

    def queue(self, arguments: Arguments) -> ServedQueue:
        """The queue a request is about; it may be left out where there is one."""
        name = arguments.optional_text("queue")
        if name is None:
            if len(self.queues) == 1:
                return next(iter(self.queues.values()))
            raise ApiError(
                400, f"argument 'queue' is missing: one of {', '.join(self.queues)}"
            )
        if name not in self.queues:
            known = ", ".join(self.queues)
            raise ApiError(
                404, f"this host does not serve queue {name[:64]!r}, but {known}"
            )
        return self.queues[name]

    def new_id(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(bytes=self._random.token(16), version=4))

    def reaches(self, queue: ServedQueue, host: str) -> bool:
        """Whether a host of the queue is this one, or has a live link."""
        return host == self.host_id or host in self.links.connected(queue.name)

    async def take_in(self, filename: str) -> FileRef:
        """Hash a file of the gcodes root and keep its content; answers 400 or 404."""
        relative = PurePosixPath(filename)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise ApiError(
                400, f"argument 'filename': {filename[:255]!r} is not inside gcodes"
            )
        try:
            return await self._store.add(self._gcodes / relative)
        except ContentMissing as error:
            raise ApiError(404, str(error)) from error
        except FilesError as error:
            raise ApiError(400, str(error)) from error

    async def ask_owner(
        self, queue: ServedQueue, owner: str, endpoint: str, arguments: Arguments
    ) -> dict[str, Any]:
        """Pass a call on to the host of the printer that it is about."""
        params: Message = {"endpoint": endpoint, "arguments": arguments.plain()}
        try:
            answer = await self.links.request(
                queue.name, owner, OWNER_METHOD, params, _OWNER_TIMEOUT
            )
        except LinkError as error:
            printer = queue.state.printers.get(owner)
            name = printer.profile.name if printer else owner[:8]
            raise ApiError(
                503, f"printer {name!r} alone may do that, and it is offline: {error}"
            ) from error
        if "error" in answer:
            raise ApiError(int(answer["status"]), str(answer["error"]))
        return dict(answer["result"])

    async def why_waiting(self, queue: ServedQueue) -> dict[str, str]:
        """Why each waiting job of a queue waits, by job id."""
        return dict((await self.agent.explain(queue.name)).jobs)

    async def why_idle(self, queue: ServedQueue) -> dict[str, str]:
        """Why each idle printer of a queue has no work, by host id."""
        return dict((await self.agent.explain(queue.name)).printers)
