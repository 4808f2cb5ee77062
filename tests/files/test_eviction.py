"""Contents leave a host only where others keep what is needed (R17)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from moonraker_netqueue.errors import NetqueueError
from moonraker_netqueue.files.errors import ContentMissing, ContentNeeded, DiskFull
from moonraker_netqueue.files.eviction import VERIFY_METHOD, Eviction
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.model.command import (
    ContentDropped,
    ContentHeld,
    JobAdd,
    JobRemove,
    PrinterUpdate,
    PrintReserve,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.replica.status import Role
from moonraker_netqueue.sim.computer import SimClock, SimWorker
from tests.replica.mixed import FIRST, MixedHost
from tests.replica.simulation import Cluster, SimHost, simulate

_T = TypeVar("_T")

A, B, C, D = "a" * 8, "b" * 8, "c" * 8, "d" * 8
_GCODES = Path("/gcodes")
_SIZE = 100_000  # bytes of each file
_BUDGET = 4 * _SIZE


class Keeper(SimHost):
    """A host that keeps contents, and its budget."""

    store: ContentStore
    eviction: Eviction

    def __init__(self, cluster: Cluster, host_id: str) -> None:
        super().__init__(cluster, host_id)
        self.told: list[str | None] = []
        self.left_behind: tuple[str, ...] = ()

    async def start(self) -> None:
        await super().start()
        life = self.life
        assert life is not None
        clock = SimClock(self, life)
        self.store = ContentStore(_GCODES, self.disk, SimWorker(self, life))
        await life.spawn(self.store.load())
        replicas = {"bench": self.replica}
        self.eviction = Eviction(
            self.store,
            lambda: replicas,
            self.links,
            clock,
            _BUDGET,
            self.told.append,
            lambda: self.left_behind,
        )
        answer = partial(self.eviction.answer, self.replica.queue)
        self.replica.register_request(VERIFY_METHOD, answer)

    async def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Something in this host's process."""
        assert self.life is not None
        return await self.life.spawn(work)

    async def keep(self, name: str) -> FileRef:
        """Have a file, and say so."""
        path = _GCODES / f"{name}.gcode"
        with self.disk.open(path, "wb") as file:
            file.write(f"; {name}\nG28\n".encode().ljust(_SIZE, b"\n"))
        kept = await self.do(self.store.add(path))
        self.disk.remove(path)
        await self.give(ContentHeld(kept))
        return kept

    def holders(self, file: FileRef) -> tuple[str, ...]:
        content = self.replica.state.contents.get(file.sha256)
        return () if content is None else content.holders

    def spoil(self, file: FileRef) -> None:
        """Some bytes of its copy change on the disk."""
        with self.disk.open(_GCODES / ".netqueue" / file.sha256, "r+b") as opened:
            opened.write(b"; spoilt")


async def _keepers(cluster: Cluster, *ids: str) -> list[Keeper]:
    for host_id in ids:
        cluster.hosts[host_id] = Keeper(cluster, host_id)
        await cluster.hosts[host_id].start()
        await asyncio.sleep(0.2)
    await cluster.until(lambda: cluster.agreed(*ids))
    return [host for host in cluster.hosts.values() if isinstance(host, Keeper)]


async def _shared(hosts: list[Keeper], name: str = "part") -> FileRef:
    """A file that all of them have and a job needs."""
    files = [await host.keep(name) for host in hosts]
    await hosts[0].give(_job(name, files[0]))
    return files[0]


def _shrink_disk(host: Keeper, size: int) -> None:
    """Beside the reserve, only files of so many bytes in all fit on its disk."""
    disk = host.disk

    def free(path: Path) -> int:
        folders = (_GCODES, _GCODES / ".netqueue")
        files = [path for folder in folders for path in disk.list(folder)]
        return (32 << 20) + size - sum(map(disk.size, files))

    vars(disk)["free_bytes"] = free


async def _keep_for_a_job(host: Keeper, name: str) -> FileRef:
    """As the API does: what is fresh is spared until its job is there."""
    host.eviction.spares = lambda _sha256: True
    file = await host.keep(name)
    await host.give(_job(name, file))
    host.eviction.spares = lambda _sha256: False
    return file


def _job(name: str, file: FileRef) -> JobAdd:
    return JobAdd(f"job-{name}", Wishes(name), (ItemSpec("part", 5, (file,)),))


def _run(scenario: Callable[[Cluster], Coroutine[Any, Any, None]]) -> None:
    simulate(scenario)


def test_what_is_needed_goes_where_two_others_that_are_on_have_it() -> None:
    """It is committed first; then the bytes are gone here, and all know it."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        file = await _shared(hosts)
        await hosts[0].do(hosts[0].eviction.evict(file.sha256))
        assert not hosts[0].store.has(file.sha256)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert {host.holders(file) for host in hosts} == {(B, C)}
        for host in hosts[1:]:
            with pytest.raises(ContentNeeded, match="other hosts that are on have it"):
                await host.do(host.eviction.evict(file.sha256))
            assert host.store.has(file.sha256)
        assert hosts[0].holders(file) == (B, C)

    _run(scenario)


def test_a_holder_that_is_off_does_not_count() -> None:
    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        file = await _shared(hosts)
        hosts[2].kill()
        await cluster.run_for(10)
        with pytest.raises(ContentNeeded):
            await hosts[0].do(hosts[0].eviction.evict(file.sha256))
        assert hosts[0].store.has(file.sha256)
        assert hosts[0].holders(file) == (A, B, C)

    _run(scenario)


def test_all_that_evict_one_content_at_once_leave_enough() -> None:
    """On a full evening every host looks at the same moment."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C, D)
        file = await _shared(hosts)
        works = [host.do(host.eviction.evict(file.sha256)) for host in hosts]
        await asyncio.gather(*works, return_exceptions=True)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        have = tuple(host.id for host in hosts if host.store.has(file.sha256))
        assert 2 <= len(have) < 4
        assert hosts[0].holders(file) == have

    _run(scenario)


def test_a_copy_that_went_bad_is_not_the_one_that_is_relied_on() -> None:
    """Who keeps it reads it again before the bytes go here; a bad one is told."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        file = await _shared(hosts)
        for host in hosts[1:]:
            host.spoil(file)
        with pytest.raises(ContentNeeded, match="no other host could show"):
            await hosts[0].do(hosts[0].eviction.evict(file.sha256))
        assert hosts[0].store.has(file.sha256)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert hosts[0].holders(file) == (A,)

    _run(scenario)


def test_without_a_majority_nothing_goes_and_it_is_taken_back() -> None:
    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        file = await hosts[0].keep("alone")
        hosts[1].kill()
        hosts[2].kill()
        await cluster.run_for(10)
        with pytest.raises(ContentNeeded, match="no majority"):
            await hosts[0].do(hosts[0].eviction.evict(file.sha256))
        assert hosts[0].store.has(file.sha256)
        for host in hosts[1:]:
            await host.start()
        await cluster.until(lambda: not hosts[0].status.pending)
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert hosts[1].holders(file) == (A,)

    _run(scenario)


def test_what_its_own_print_needs_stays() -> None:
    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        file = await _shared(hosts)
        await hosts[0].give(PrinterUpdate(Profile("Anna")))
        await hosts[0].give(PrintReserve("print-0001", "job-part", 0, file.sha256))
        with pytest.raises(ContentNeeded, match="a print of queue bench"):
            await hosts[0].do(hosts[0].eviction.evict(file.sha256))
        assert hosts[0].holders(file) == (A, B, C)

    _run(scenario)


def test_what_a_queue_that_is_served_no_more_may_need_stays() -> None:
    """It was taken out of moonraker.conf: nobody knows what its jobs need."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        host = hosts[0]
        needed = await _shared(hosts)
        file = await host.keep("alone")
        host.left_behind = ("workshop",)
        with pytest.raises(ContentNeeded, match="queue workshop, which this host"):
            await host.do(host.eviction.evict(file.sha256))
        assert not await host.do(host.eviction.make_room(2 * _SIZE))
        assert host.store.has(file.sha256)
        assert not host.store.has(needed.sha256)  # others have it
        host.left_behind = ()
        await host.do(host.eviction.evict(file.sha256))
        assert not host.store.has(file.sha256)

    _run(scenario)


def test_a_crash_after_the_commit_leaves_bytes_that_nobody_counts_on() -> None:
    """They go when room is needed; nothing is lost meanwhile."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        file = await _shared(hosts)
        work = asyncio.ensure_future(hosts[0].do(hosts[0].eviction.evict(file.sha256)))
        await cluster.until(lambda: hosts[1].holders(file) == (B, C))
        assert hosts[0].store.has(file.sha256)
        hosts[0].lose_power()
        await asyncio.wait([work])
        await hosts[0].start()
        await cluster.until(lambda: cluster.agreed(A, B, C))
        assert hosts[0].store.has(file.sha256)
        assert hosts[0].holders(file) == (B, C)
        assert await hosts[0].do(hosts[0].eviction.make_room(_SIZE))
        assert not hosts[0].store.has(file.sha256)

    _run(scenario)


def test_above_the_budget_what_nobody_needs_goes_first_then_what_others_have() -> None:
    """In each part what was used longest ago; the rest stays, and people are told."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        host = hosts[0]
        shared = await _shared(hosts, "shared")
        alone = [await host.keep(f"alone{n}") for n in range(3)]
        for number, file in enumerate(alone):
            await host.give(_job(f"alone{number}", file))
        used, old = [await host.keep(name) for name in ("used", "old")]
        work = host.store.materialise(used.sha256, "bench", "used.gcode")
        await host.do(work)
        assert await host.do(host.eviction.make_room(_SIZE))
        assert not host.store.has(old.sha256)
        assert host.store.has(used.sha256)
        assert host.life is not None
        host.life.call(host.eviction.start)  # five files of a budget of four
        await cluster.until(lambda: host.told, 30)
        assert host.told == [None]
        assert not host.store.has(used.sha256)
        assert host.store.has(shared.sha256)
        more = await _keep_for_a_job(host, "more")
        await cluster.until(lambda: not host.store.has(shared.sha256), 400)
        assert host.told[-1] is None
        last = await _keep_for_a_job(host, "last")
        await cluster.until(lambda: host.told[-1], 400)
        assert "raise disk_budget" in str(host.told[-1])
        assert {file.sha256 for file in (*alone, more, last)} == set(
            host.store.entries()
        )

    _run(scenario)


def test_a_full_disk_makes_room_by_itself_or_says_what_to_do() -> None:
    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        host = hosts[0]
        _shrink_disk(host, int(2.5 * _SIZE))
        old = await host.keep("old")
        needed = await host.keep("needed")
        assert not host.store.has(old.sha256)
        await host.give(_job("needed", needed))
        with pytest.raises(DiskFull, match="delete files that are not needed"):
            await host.keep("more")
        assert host.store.has(needed.sha256)

    _run(scenario)


def test_beside_a_host_of_the_first_version_what_is_needed_stays() -> None:
    """That one could not read the command; what nobody needs goes all the same."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await _keepers(cluster, A, B, C)
        cluster.hosts[D] = MixedHost(cluster, D, FIRST)
        await cluster.hosts[D].start()
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        file = await _shared(hosts)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        host = next(host for host in hosts if host.status.role is Role.FOLLOWER)
        with pytest.raises(NetqueueError, match=f"runs {FIRST}"):
            await host.do(host.eviction.evict(file.sha256))
        assert host.holders(file) == (A, B, C)
        await host.give(JobRemove("job-part"))
        await host.do(host.eviction.evict(file.sha256))
        assert not host.store.has(file.sha256)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))

    _run(scenario)


def test_what_is_just_coming_in_is_not_deleted_before_its_owner_says_so() -> None:
    """Over budget with what is needed: the newest is the only one that could go.

    Found by lives of clusters: the file was gone when its job was added.
    """

    async def scenario(cluster: Cluster) -> None:
        (host,) = await _keepers(cluster, A)
        for number in range(4):
            await _keep_for_a_job(host, f"part-{number}")
        assert host.life is not None
        fresh: set[str] = set()
        host.eviction.spares = fresh.__contains__
        host.life.call(host.eviction.start)
        path = _GCODES / "new.gcode"
        with host.disk.open(path, "wb") as file:
            file.write(b"G28\n".ljust(_SIZE, b"\n"))

        async def add() -> FileRef:
            kept = await host.store.add(path)
            assert host.store.has(kept.sha256)
            fresh.add(kept.sha256)
            return kept

        kept = await host.do(add())
        await cluster.run_for(5)
        assert host.store.has(kept.sha256)

    _run(scenario)


def test_after_a_start_nothing_goes_before_the_log_is_read_again() -> None:
    """Over budget, alone of three and not knowing its jobs: the last copy stays.

    Found by lives of clusters: with an empty state nothing seemed to be needed.
    """

    async def scenario(cluster: Cluster) -> None:
        a, b, c = await _keepers(cluster, A, B, C)
        files = [await _keep_for_a_job(a, f"part-{number}") for number in range(5)]
        await cluster.until(lambda: cluster.agreed(A, B, C))
        for host in (a, b, c):
            host.kill()
        await a.start()
        assert a.life is not None
        a.life.call(a.eviction.start)
        await cluster.run_for(30)
        assert [a.store.has(file.sha256) for file in files] == [True] * 5
        assert a.told == []
        await b.start()
        await cluster.until(lambda: any(a.told))  # now it knows: all are needed
        assert [a.store.has(file.sha256) for file in files] == [True] * 5

    _run(scenario)


def test_only_members_of_its_queue_may_have_a_copy_read_again() -> None:
    """R13: another queue's members do not even learn that it is here."""

    async def scenario(cluster: Cluster) -> None:
        (host,) = await _keepers(cluster, A)
        file = await host.keep("part")
        asked = {"sha256": file.sha256}
        assert await host.do(host.eviction.answer("bench", B, asked)) == {"good": True}
        with pytest.raises(ContentMissing):
            await host.do(host.eviction.answer("other", B, asked))
        await host.give(ContentDropped(file.sha256))  # it is in another queue still
        with pytest.raises(ContentMissing):
            await host.do(host.eviction.answer("bench", B, asked))

    _run(scenario)
