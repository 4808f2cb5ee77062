"""What the endpoints work on: this host, its queues, its files, its printer."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from ..model.job import Job
from ..peers.errors import LinkError
from ..peers.link import Link
from ..ports import Clock, Links, Message, Random
from ..printer.agent import Agent
from ..printer.explanation import IdleWhy
from ..printer.klipper_module import KlipperModule
from .arguments import Arguments
from .errors import ApiError
from .host_files import HostFiles
from .queue import ServedQueue

_Row = TypeVar("_Row")
_OWNER_TIMEOUT = 5.0  # seconds; longer than a link needs to be found dead
_REPLAY, _REPLAY_LOOK = 3.0, 0.02  # seconds
_JOB_IDS = uuid.UUID("7a1c1f0e-53a7-4c0e-9b0b-0d5f4c1c3f55")  # drawn once
_LEAST_ERROR, _LAST_ERROR, _ERROR_MAX = 400, 599, 1000  # HTTP; characters
OWNER_METHOD = "owner"  # link request that carries a call to a printer's own host


class HostLinks(Links, Protocol):
    """The links of this host, and where each reaches its peer."""

    def find_link(self, host_id: str) -> Link | None:
        """The link to a host; None: there is none."""


class Host:
    """This host: where the endpoints find what they speak of."""

    def __init__(
        self,
        *,
        name: str,
        notices: Mapping[str, tuple[str, ...]],
        queues: Mapping[str, ServedQueue],
        links: HostLinks,
        files: HostFiles,
        agent: Agent,
        klipper: KlipperModule,
        cameras: Callable[[], Iterable[Mapping[str, Any]]],
        clock: Clock,
        random: Random,
    ) -> None:
        self.name = name
        self.notices = notices  # by subject: what is not about a served queue
        self.queues = queues
        self.links = links
        self.files = files
        self.agent = agent
        self.klipper = klipper
        self.cameras = cameras  # as Moonraker lists them
        self._clock = clock
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

    async def caught_up(self) -> None:
        """After a start: let the queues' logs be read again first, a moment at most.

        Else a client would see jobs that are long gone, and miss those of today.
        """
        deadline = self._clock.monotonic() + _REPLAY
        while any(queue.replica.replaying for queue in tuple(self.queues.values())):
            if self._clock.monotonic() >= deadline:
                return
            await self._clock.sleep(_REPLAY_LOOK)

    async def job(self, queue: ServedQueue, job_id: str) -> Job:
        """A job; answers 404 if there is none, 503 where that cannot be known now.

        After a start the end of the log counts only once a leader has confirmed it.
        """
        deadline = self._clock.monotonic() + _REPLAY
        while job_id not in queue.state.jobs and not _up_to_date(queue):
            if self._clock.monotonic() >= deadline:
                raise ApiError(
                    503,
                    f"this host knows no job {job_id[:64]!r} yet, and no leader of"
                    f" queue {queue.name} to ask: try again, or at another host",
                )
            await self._clock.sleep(_REPLAY_LOOK)
        return queue.job(job_id)

    async def in_slices(
        self, rows: Iterable[_Row], size: int
    ) -> AsyncIterator[list[_Row]]:
        """Parts of a long list. After each one Moonraker's loop does other things."""
        source = iter(rows)
        while part := list(itertools.islice(source, size)):
            yield part
            await self._clock.sleep(0)

    def new_id(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(bytes=self._random.token(16), version=4))

    def new_token(self, digits: int) -> str:
        """Random hex digits."""
        return self._random.token((digits + 1) // 2).hex()[:digits]

    def job_id(self, queue: ServedQueue, client_id: str) -> str:
        """The id of a new job. A client's id of its own always makes the same one."""
        if not client_id:
            return self.new_id()
        return str(uuid.uuid5(_JOB_IDS, f"{queue.name} {client_id}"))

    def reaches(self, queue: ServedQueue, host: str) -> bool:
        """Whether a host of the queue is this one, or has a live link."""
        return host == self.host_id or host in self.links.connected(queue.name)

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
            name = queue.host_name(owner)
            raise ApiError(
                503, f"printer {name!r} alone may do that, and it is offline: {error}"
            ) from error
        return _owners_answer(answer, queue.host_name(owner))

    async def why_waiting(self, queue: ServedQueue) -> dict[str, str]:
        """Why each waiting job of a queue waits, by job id."""
        return dict((await self.agent.explain(queue.name)).jobs)

    async def why_idle(self, queue: ServedQueue) -> dict[str, IdleWhy]:
        """Why each idle printer of a queue has no work, by host id."""
        return dict((await self.agent.explain(queue.name)).idle)


def _owners_answer(answer: Message, name: str) -> dict[str, Any]:
    """What another host answered, as an answer to a client; raises ApiError."""
    result, status, error = map(answer.get, ("result", "status", "error"))
    if type(status) is int and _LEAST_ERROR <= status <= _LAST_ERROR:
        raise ApiError(status, str(error)[:_ERROR_MAX])
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise ApiError(502, f"printer {name!r} gave an answer that is none")
    return result


def _up_to_date(queue: ServedQueue) -> bool:
    """Whether what is not in the state is not in the queue."""
    return queue.replica.status().ready and not queue.replica.replaying
