"""A workshop at random: hosts die, links break, printers print, and a person decides.

Printers obey what the agent obeys: a print starts once its start is committed, or
without a leader if its reservation stands; after a power cut it is lost.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from moonraker_netqueue.model.command import (
    Body,
    Decision,
    JobAdd,
    JobRemove,
    PrintDecide,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
)
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.print import UNSTARTED, Print, PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.replica.errors import RecoverRefused, ReplicaError
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.submission import SubmitOutcome, SubmitState
from tests.replica.simulation import FILE, Cluster, SimHost

_T = TypeVar("_T")
_WAIT = 2.0  # seconds a printer waits for an answer


class Shop:
    """Whoever works here; `accepted` and `removed` are job ids."""

    def __init__(self, cluster: Cluster, hosts: list[SimHost]) -> None:
        self._cluster = cluster
        self._hosts = hosts
        self._draw = cluster.random.random
        self._work: list[asyncio.Task[None]] = []
        self._busy: set[str] = set()  # hosts whose printer is at something
        self._on_bed: dict[str, Print] = {}  # by host; survives a power cut
        self._over: set[str] = set()  # prints whose end was told: an agent's memory
        self._telling: dict[str, list[tuple[Print, PrintState]]] = {}  # by host, kept
        self._lineage = hosts[0].status.group  # the group that may go on
        self._names = 0
        self.counts: dict[str, int] = {}
        self.removed: set[str] = set()
        self.starts: Counter[str] = Counter()  # per job
        self.made: Counter[str] = Counter()
        self.spoilt: Counter[str] = Counter()
        self.retried: Counter[str] = Counter()  # by a person
        self.declared: Counter[str] = Counter()
        self.recoveries = 0

    async def live(self, steps: int) -> None:
        """Do `steps` random things."""
        ways: list[Callable[[SimHost], Awaitable[None]]] = [
            *[self._add] * 4,
            self._remove,
            *[self._print] * 14,
            *[self._decide] * 2,
            *[self._kill] * 2,
            self._close,
            self._black_out,
            *[self._cut] * 2,
            *[self._recover] * 6,
        ]
        for _ in range(steps):
            host = self._one_of(self._hosts)
            if host.life is None:
                await self._start(host)
            else:
                await self._one_of(ways)(host)
            await self._cluster.run_for(3 * self._draw())

    async def settle(self) -> None:
        """Everything is switched on and connected; printers end what there is."""
        self._cluster.net.cut.clear()
        self._cluster.net.refresh()
        for host in self._hosts:
            if host.life is None:
                await self._start(host)
        ids = [host.id for host in self._hosts]
        await self._cluster.until(lambda: self._cluster.agreed(*ids), 120)
        await self._cluster.run_for(10)
        for _ in range(400):
            if not self._open_jobs():
                break
            for host in self._hosts:
                await self._decide(host)
                await self._print(host)
            await self._cluster.run_for(1)
        await self._cluster.until(
            lambda: (
                self._cluster.agreed(*ids)
                and not any(host.status.pending for host in self._hosts)
            ),
            120,
        )
        for work in self._work:
            work.cancel()

    def _open_jobs(self) -> list[str]:
        jobs = self._hosts[0].replica.state.jobs.values()
        return [job.job_id for job in jobs if job.completed is None]

    def _one_of(self, things: Sequence[_T]) -> _T:
        return things[int(self._draw() * len(things))]

    # The machines.

    async def _start(self, host: SimHost) -> None:
        self._cluster.net.cut = {
            pair for pair in self._cluster.net.cut if host.id not in pair
        }
        await host.start()
        for print_, end in self._telling.pop(host.id, []):  # once more
            self._spawn(self._tell(host, print_, end))
        lost = self._on_bed.pop(host.id, None)
        if lost is not None:  # nobody saw its end
            self._spawn(self._tell(host, lost, PrintState.LOST))

    async def _kill(self, host: SimHost) -> None:
        host.kill()
        self._busy.discard(host.id)

    async def _black_out(self, host: SimHost) -> None:
        """Most of the others lose power at once; a person lets this one go on."""
        for other in self._hosts:
            if other is not host and other.life is not None and self._draw() < 0.8:
                await self._kill(other)
        await self._cluster.run_for(5)
        await self._recover(host)

    async def _close(self, host: SimHost) -> None:
        await host.close()
        self._busy.discard(host.id)

    async def _cut(self, host: SimHost) -> None:
        other = self._one_of(self._hosts)
        if other is not host:
            self._cluster.net.cut ^= {frozenset((host.id, other.id))}
            self._cluster.net.refresh()

    # People.

    async def _add(self, host: SimHost) -> None:
        self._names += 1
        count = 1 + int(3 * self._draw())
        name = f"job-{self._names:04}"
        wishes = Wishes(name, max_attempts=100)
        body = JobAdd(name, wishes, (ItemSpec("part", count, (FILE,)),))
        self._spawn(self._add_job(host, name, count, body))

    async def _add_job(self, host: SimHost, name: str, count: int, body: Body) -> None:
        if await self._accepted(host, body):
            self.counts[name] = count

    async def _remove(self, host: SimHost) -> None:
        jobs = host.jobs
        if jobs:
            name = self._one_of(jobs)
            self.removed.add(name)  # whether it is accepted or comes later
            self._spawn(self._accepted(host, JobRemove(name)))

    async def _decide(self, host: SimHost) -> None:
        """About a lost print, or one of a host that is off."""
        off = {h.id for h in self._hosts if h.life is None}
        prints = [
            p
            for p in host.replica.state.prints.values()
            if p.state is PrintState.LOST or p.host in off
        ]
        if not prints or host.replica.status().leader is None:
            return
        p = self._one_of(prints)
        decision = self._one_of([Decision.RETRY, Decision.RETRY, Decision.MARK_DONE])
        # Counted before the answer: an unanswered one may still come through.
        counted = self.retried if decision is Decision.RETRY else self.declared
        counted[p.job_id] += 1
        self._spawn(
            self._accepted(host, PrintDecide(p.print_id, decision, "eva", absent=True))
        )

    async def _recover(self, host: SimHost) -> None:
        """A careful person: who is missing is off, or cannot go on alone, and nobody
        lets it go on anywhere else."""
        if host.replica.status().group != self._lineage:
            return
        try:
            shown = host.replica.outlook()
        except RecoverRefused:
            return
        off = {h.id for h in self._hosts if h.life is None}
        away = {h.id for h in self._hosts} - set(shown.following)
        if not away <= off:
            return
        assert host.life is not None
        work = host.life.spawn(host.replica.recover("eva", shown.group))
        done, _ = await asyncio.wait([work], timeout=20)
        if done and work.exception() is None:
            self.recoveries += 1
            self._lineage = work.result().group

    # Printers.

    async def _print(self, host: SimHost) -> None:
        ready = host.life is not None and host.status.phase is Phase.MEMBER
        if ready and host.id not in self._busy:
            self._busy.add(host.id)
            self._spawn(self._use_printer(host))

    async def _use_printer(self, host: SimHost) -> None:
        life = host.life
        on_bed = self._on_bed.get(host.id)
        claims = [
            p
            for p in host.replica.state.prints_of_host(host.id)
            if p.state in UNSTARTED and p.print_id not in self._over
        ]
        if on_bed is not None:
            good = self._draw() < 0.85
            del self._on_bed[host.id]
            (self.made if good else self.spoilt)[on_bed.job_id] += 1
            end = PrintState.DONE if good else PrintState.FAILED
            await self._tell(host, on_bed, end)
        elif claims:
            await self._start_print(host, claims[0])
        else:
            await self._reserve(host)
        if host.life is life:
            self._busy.discard(host.id)

    async def _start_print(self, host: SimHost, claim: Print) -> None:
        self._on_bed[host.id] = claim  # the intent: durable before the start (R9)
        life = host.life
        answer = await self._give(host, PrintStarted(claim.print_id))
        if host.life is not life:
            return  # whether it began nobody knows
        if answer is None or answer.state is SubmitState.REJECTED:
            del self._on_bed[host.id]
            await self._tell(host, claim, PrintState.RELEASED)
        else:
            self.starts[claim.job_id] += 1

    async def _reserve(self, host: SimHost) -> None:
        state = host.replica.state
        if host.id not in state.printers:
            await self._give(host, PrinterUpdate(Profile(host.id)))
            return
        if state.printers[host.id].quarantined:
            await self._give(host, PrinterUpdate(Profile(host.id), forgive=True))
        waiting = [j for j in state.ordered_jobs() if state.waiting(j, 0)]
        if waiting and host.status.leader is not None:
            self._names += 1
            job = self._one_of(waiting)
            body = PrintReserve(f"print-{self._names:04}", job.job_id, 0, FILE.sha256)
            await self._give(host, body)

    async def _tell(self, host: SimHost, p: Print, end: PrintState) -> None:
        self._over.add(p.print_id)
        life, ends = host.life, self._telling.setdefault(host.id, [])
        ends.append((p, end))
        body = PrintEnded(p.print_id, end, p.job_id, p.item, p.sha256)
        await self._give(host, body)
        if host.life is life:  # else whether the outbox has it nobody knows
            ends.remove((p, end))

    # Inside.

    async def _accepted(self, host: SimHost, body: Body) -> bool:
        answer = await self._give(host, body)
        return answer is not None and answer.state is SubmitState.ACCEPTED

    async def _give(self, host: SimHost, body: Body) -> SubmitOutcome | None:
        if host.life is None:
            return None
        try:
            return await host.give(body, _WAIT)
        except ReplicaError:
            return None

    def _spawn(self, work: Awaitable[object]) -> None:
        self._work.append(asyncio.ensure_future(work))  # type: ignore[arg-type]
