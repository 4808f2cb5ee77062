"""Makes room on this host: contents leave it where others keep what is needed (R17).

What no job speaks of goes first, what was used longest ago before the rest. Of what a
job needs two other hosts that are on keep a copy, and one of them reads its own again
before this one is deleted. All queues of this host count.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from ..errors import NetqueueError
from ..model.command import ContentDropped, ContentEvict, ContentHeld
from ..model.content import Content, FileRef
from ..model.errors import Rule
from ..model.printer_rules import HOLDERS_MIN
from ..names import is_sha256
from ..ports import Clock, Links, Message
from ..replica.replica import Replica
from ..replica.submission import SubmitState
from ..tasks import stop
from .errors import ContentMissing, ContentNeeded, FilesError
from .store import ContentStore

_LOGGER = logging.getLogger(__name__)
VERIFY_METHOD = "verify"  # link request: read a content again, is it good?
_VERIFY_SECONDS = 120.0  # a slow card reads a large file for long
_RETRY = 300.0  # seconds between tries while there is too much
_SOON = 10.0  # seconds, while a queue has no majority: as after a start
_MIB = 1 << 20


class Eviction:
    """Deletes contents of this host. Called on the loop."""

    def __init__(
        self,
        store: ContentStore,
        replicas: Callable[[], Mapping[str, Replica]],
        links: Links,
        clock: Clock,
        budget: int,
        show: Callable[[str | None], object],
        left_behind: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`budget`: bytes that contents may take. `show(text)` tells people what is in
        the way; None: nothing any more. `left_behind`: queues of this disk of which
        nobody knows what they need."""
        self._store = store
        self._replicas = replicas
        self._links = links
        self._clock = clock
        self._budget = budget
        self._show = show
        self._left_behind = left_behind
        self.spares: Callable[[str], bool] = lambda _sha256: False  # besides prints
        self._one_at_a_time = asyncio.Lock()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        store.make_room = self.make_room
        store.on_kept = self._news.set

    def start(self) -> None:
        """Keep to the budget from now on."""
        self._news.set()
        self._task = asyncio.get_running_loop().create_task(self._keep_to_budget())

    async def close(self) -> None:
        """Delete nothing any more."""
        if self._task is not None:
            await stop(self._task)

    async def answer(self, queue: str, _peer: str, params: Message) -> Message:
        """A member asks whether the copy here is good; a bad one is owned up to.

        Raises ContentMissing for what is no content of that queue (R13).
        """
        sha256 = params.get("sha256")
        replica = self._replicas().get(queue)
        if not is_sha256(sha256) or replica is None:
            raise ContentMissing("a content is named by its SHA-256")
        if replica.state.held_by(self._links.host_id, sha256) is None:
            raise ContentMissing(f"this host has no such content for queue {queue}")
        good = await self._store.is_good(sha256)
        if not good:
            for replica in self._replicas().values():
                if replica.state.held_by(self._links.host_id, sha256) is not None:
                    await replica.submit(ContentDropped(sha256))
        return {"good": good}

    async def make_room(self, needed: int) -> bool:
        """Delete contents of `needed` bytes in all, if that many can go."""
        freed = 0
        for sha256 in self._candidates():
            if freed >= needed:
                break
            size = self._store.entries()[sha256].size
            freed += size if await self._try(sha256) else 0
        return freed >= needed

    async def evict(self, sha256: str) -> tuple[str, ...]:
        """Delete a content here; returns the queues that it was registered in.

        Raises ContentNeeded or another NetqueueError, and then it is still here.
        """
        async with self._one_at_a_time:
            released: list[tuple[Replica, Content | None]] = []
            try:
                self._require_unneeded(sha256)
                for replica in tuple(self._replicas().values()):
                    if not replica.status().ready:
                        raise _no_majority(replica)
                    held = replica.state.held_by(self._links.host_id, sha256)
                    released.append((replica, held))
                    await self._release(replica, sha256)
                self._require_unneeded(sha256)
                for replica, _ in released:
                    if replica.state.referenced(sha256):
                        await self._require_good_copy(replica, sha256)
                self._require_unneeded(sha256)  # it may have been reserved meanwhile
            except NetqueueError:
                for replica, held in released:
                    content = held or replica.state.contents.get(sha256)
                    if content is not None:
                        await self._take_back(replica, content)
                raise
            await self._store.drop(sha256)
            return tuple(replica.queue for replica, held in released if held)

    async def _try(self, sha256: str) -> bool:
        try:
            await self.evict(sha256)
        except NetqueueError as error:
            _LOGGER.info("content %s stays: %s", sha256[:8], error)
            return False
        return True

    # What may go.

    def _candidates(self) -> list[str]:
        """What nobody speaks of first; in each part what was used longest ago."""
        replicas = tuple(self._replicas().values())
        used = [(replica, replica.state.all_referenced()) for replica in replicas]
        mine = {
            print_.sha256
            for replica in replicas
            for print_ in replica.state.prints_of_host(self._links.host_id)
        }
        unused, needed = [], []
        for sha256 in self._store.entries():
            where = [replica for replica, contents in used if sha256 in contents]
            if not where:
                unused.append(sha256)
            elif sha256 not in mine and all(
                len(self._live_holders(replica, sha256)) >= HOLDERS_MIN
                for replica in where
            ):
                needed.append(sha256)
        return unused + needed

    def _require_unneeded(self, sha256: str) -> None:
        for replica in self._replicas().values():
            mine = replica.state.prints_of_host(self._links.host_id)
            if any(print_.sha256 == sha256 for print_ in mine):
                raise ContentNeeded(f"a print of queue {replica.queue} needs it here")
        behind = self._left_behind()
        if behind and not any(
            replica.state.referenced(sha256) for replica in self._replicas().values()
        ):
            raise ContentNeeded(
                f"queue {', '.join(behind)}, which this host serves no more, may need"
                " it: serve it again, or leave it"
            )
        if self._store.is_coming(sha256) or self.spares(sha256):
            raise ContentNeeded("it was added a moment ago: a job for it may come")

    def _live_holders(self, replica: Replica, sha256: str) -> list[str]:
        """Other holders that are on."""
        content = replica.state.contents.get(sha256)
        holders = content.holders if content is not None else ()
        return sorted(set(holders) & set(self._links.connected(replica.queue)))

    # The steps.

    async def _release(self, replica: Replica, sha256: str) -> None:
        """Commit that this host is no holder any more.

        Also of what it does not seem to hold: its log may not be read again yet after
        a start, or a job of its own may be on its way. After this it knows.
        """
        live = tuple(sorted(self._links.connected(replica.queue)))
        needed = replica.state.referenced(sha256)
        body = ContentEvict(sha256, live) if needed else ContentDropped(sha256)
        outcome = await replica.submit(body)
        if outcome.state is SubmitState.PENDING:
            raise _no_majority(replica)
        if outcome.rule not in (None, Rule.NOT_FOUND):  # not registered: not needed
            raise ContentNeeded(outcome.reason)
        if replica.state.outcome(outcome.command_id) is None:
            raise ContentNeeded(f"this host lags behind queue {replica.queue}")
        if not needed and replica.state.referenced(sha256):
            raise ContentNeeded(f"a job of queue {replica.queue} needs it by now")

    async def _require_good_copy(self, replica: Replica, sha256: str) -> None:
        """Let a host that keeps it read it again."""
        params = {"sha256": sha256}
        for host in self._live_holders(replica, sha256):
            try:
                answer = await self._links.request(
                    replica.queue, host, VERIFY_METHOD, params, _VERIFY_SECONDS
                )
            except NetqueueError as error:
                _LOGGER.info("host %.8s does not verify: %s", host, error)
                continue
            if answer.get("good") is True:
                return
        raise ContentNeeded("no other host could show that its copy is good")

    async def _take_back(self, replica: Replica, content: Content) -> None:
        """This host has the bytes still: it says so behind what it said before."""
        file = FileRef(content.key, content.sha256, content.size, content.name)
        try:
            await replica.submit(ContentHeld(file))
        except NetqueueError as error:
            _LOGGER.warning("content %s is held, not told: %s", file.sha256[:8], error)

    # The budget.

    async def _keep_to_budget(self) -> None:
        while True:
            self._news.clear()
            over = self._over()
            if over > 0:
                try:
                    await self.make_room(over)
                except FilesError as error:
                    _LOGGER.warning("contents cannot be deleted: %s", error)
            over = self._over()
            ready = all(one.status().ready for one in self._replicas().values())
            if ready or over <= 0:
                self._show(self._too_much(over) if over > 0 else None)
            try:
                seconds = _RETRY if ready else _SOON
                await self._clock.wait_for(self._news.wait(), seconds)
            except TimeoutError:
                continue

    def _over(self) -> int:
        sizes = (entry.size for entry in self._store.entries().values())
        return sum(sizes) - self._budget

    def _too_much(self, over: int) -> str:
        return (
            f"the files of jobs take {(self._budget + over) // _MIB} MiB, option"
            f" disk_budget allows {self._budget // _MIB}: a file that is needed goes"
            f" here only if {HOLDERS_MIN} other hosts that are on have it. Switch other"
            " hosts on, remove jobs, or raise disk_budget"
        )


def _no_majority(replica: Replica) -> ContentNeeded:
    return ContentNeeded(f"queue {replica.queue} has no majority to agree now")
