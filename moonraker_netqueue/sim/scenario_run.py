"""Plays a scenario: hosts, printers, a person, and what happens to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

from ..errors import NetqueueError
from ..model.command import QueueSet
from ..model.queue_state import QueueState
from ..printer.printer_port import StatsState
from ..replica.submission import SubmitState
from .computer import World
from .host import HostGone, WholeHost
from .leaders import Leaders
from .ledger import Copies, Ledger, PromiseBroken
from .left import why_left
from .person import Person
from .printer import Course
from .randomness import SimRandom
from .scenario import Happening, Scenario, WantedJob, What, weekly
from .story import Story, Told
from .virtual_time import FIRST_MOMENT, VirtualLoop

_APART = 0.5  # seconds between the starts of two hosts
_LOOK = 1.0  # seconds between looks at whether all is well, and done
_RETRY = 5.0  # seconds until a job that no host took is given again
_RESTART = 5.0  # seconds until systemd starts what crashed
_REAL = (0.95, 1.1)  # how long a print takes, times what its slicer said
_FAILS_AT = (0.05, 0.95)  # of its time
_LAST_WORDS = 0.1  # seconds for what was cancelled to end


class ScenarioRun:
    """One run; the same seed gives the same story."""

    def __init__(
        self,
        scenario: Scenario,
        loop: VirtualLoop,
        seed: int,
        listener: Callable[[Told], object] = lambda _told: None,
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self._world = world = World(seed, loop, scenario.now - FIRST_MOMENT)
        self.hosts = {
            name: WholeHost(world, name, settings, scenario.queues_of(name))
            for name, settings in scenario.printers.items()
        }
        self.off: set[str] = set()  # printers without power
        self.cut: set[str] = set()  # printers whose network cable is out
        offset = scenario.operator[0].utc_offset if scenario.operator else 0
        self.story = Story(world.wall, offset, listener)
        self.ledger = Ledger(scenario.jobs)
        self.person = Person(
            world,
            self.hosts.values(),
            scenario.person,
            scenario.operator,
            self.ledger,
            self.story,
        )
        self._leaders = Leaders(self.hosts.values(), scenario.members, self.story)
        self.printing: Counter[str] = Counter()  # seconds by printer
        self.left: list[tuple[Copies, str]] = []  # what is not done at the end, and why
        self._broken: PromiseBroken | None = None
        for host in self.hosts.values():
            self._watch(host)

    @property
    def seconds(self) -> float:
        """Simulated seconds since the start."""
        return self._world.wall() - self.scenario.now

    @property
    def done(self) -> bool:
        """Whether the queues know that every copy is made."""
        return all(copies.done for copies in self.ledger.all())

    def state(self, queue: str) -> QueueState:
        """A queue as that host sees it which has applied most of it."""
        best, furthest = QueueState(), (-1, -1)
        for host in self.hosts.values():
            if queue in host.replicas:
                status = host.replicas[queue].status()
                if (status.generation, status.applied_index) > furthest:
                    furthest = (status.generation, status.applied_index)
                    best = host.replicas[queue].state
        return best

    async def run(self, hours: float) -> None:
        """Until all is done, or for so long; raises PromiseBroken."""
        tasks = [asyncio.ensure_future(work) for work in self._work()]
        try:
            while not self.done and self.seconds < 3600 * hours:
                await asyncio.sleep(_LOOK)
                self._look(tasks)
            self.left = [
                (copies, await self._why_left(copies))
                for copies in self.ledger.all()
                if not copies.done
            ]
        finally:
            await self._end(tasks)

    async def _why_left(self, copies: Copies) -> str:
        state = self.state(copies.job.queue)
        return await why_left(copies, state, self.hosts, self.off, self.seconds)

    def _work(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What goes on beside each other."""
        yield self._switch_on()
        yield self.person.work()
        for queue in self.scenario.members:
            yield self._add_jobs(queue)
        for event in self.scenario.events:
            yield self._happen(event)

    def _look(self, tasks: list[asyncio.Task[None]]) -> None:
        """See that all is well; what went wrong anywhere is raised here."""
        for task in tasks:
            if task.done():
                task.result()
        self._leaders.look()
        for queue in self.scenario.members:
            self.ledger.check(queue, self.state(queue))
        if self._broken is not None:
            raise self._broken

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        for host in self.hosts.values():
            host.printer.stop()
            if host.life is not None:
                host.kill()
        await asyncio.sleep(_LAST_WORDS)
        for host in self.hosts.values():
            host.disk.close()

    # The printers.

    def _watch(self, host: WholeHost) -> None:
        host.printer.course_of = partial(self._course, host)
        host.printer.on_begin = partial(self._began, host)
        host.printer.on_end = partial(self._ended, host)

    def _course(self, host: WholeHost, file: str) -> Course:
        """How the next print of a file goes: drawn for each copy, whoever makes it."""
        copies = self.ledger.copies(file)
        item = copies.item
        draw = SimRandom((self.seed, copies.job.queue, copies.name, copies.starts))
        seconds = 60 * item.minutes * draw.between(*_REAL)
        if draw.random() < self.scenario.failures:
            at = draw.between(*_FAILS_AT)
            return Course(seconds * at, StatsState.ERROR, "it came off the bed")
        return Course(seconds)

    def _began(self, host: WholeHost, file: str) -> None:
        try:
            copies = self.ledger.begin(
                host.name, file, host.printer.on_bed, host.loaded
            )
        except PromiseBroken as error:
            # Raised here it would look like a printer's refusal.
            self._broken = self._broken or error
            return
        number = copies.made + copies.running
        text = f"{host.name} prints {copies.name} ({number} of {copies.item.count})"
        self.story.tell(text)

    def _ended(self, host: WholeHost, file: str, how: StatsState) -> None:
        copies = self.ledger.end(host.name, file, how)
        self.printing[host.name] += round(host.printer.seen.mark.total_duration)
        if how is StatsState.COMPLETE:
            made = f"{copies.made} of {copies.item.count} made"
            self.story.tell(f"{host.name} has printed {copies.name}: {made}", "green")
        else:
            why = host.printer.seen.stats_message or "it broke off"
            self.story.tell(f"{host.name} spoils {copies.name}: {why}", "red")

    # What people do, and what happens.

    async def _switch_on(self) -> None:
        for host in self.hosts.values():
            if host.name not in self.off and host.life is None:
                await self._start(host)
            await asyncio.sleep(_APART)

    async def _start(self, host: WholeHost) -> None:
        with contextlib.suppress(HostGone):  # something happened to it at once
            await host.start()

    async def _add_jobs(self, queue: str) -> None:
        """Give each job, when its time has come, to the first host that takes it."""
        while not await self._set_up(queue):  # noqa: ASYNC110  people try again
            await asyncio.sleep(_RETRY)
        jobs = (job for job in self.scenario.jobs if job.queue == queue)
        for job in sorted(jobs, key=lambda job: job.at):
            await asyncio.sleep(max(0.0, 60.0 * job.at - self.seconds))
            while not await self._add(job):  # noqa: ASYNC110  people try again
                await asyncio.sleep(_RETRY)

    async def _set_up(self, queue: str) -> bool:
        """Say by which strategy its printers work, and when the person is there."""
        manner = QueueSet(
            strategy=self.scenario.strategies[queue],
            operator=tuple(map(weekly, self.scenario.operator)),
        )
        for member in self.scenario.members[queue]:
            host = self.hosts[member]
            if host.ready(queue):
                with contextlib.suppress(NetqueueError):
                    await host.give(queue, manner)
                    return True
        return False

    async def _add(self, job: WantedJob) -> bool:
        for member in self.scenario.members[job.queue]:
            if await self._give(self.hosts[member], job):
                return True
        return False

    async def _give(self, host: WholeHost, job: WantedJob) -> bool:
        if not host.ready(job.queue):
            return False
        try:
            answer = await host.add(job)
        except NetqueueError:
            return False  # it went off, or it is not ready: the next one
        copies = sum(item.count for item in job.items)
        text = (
            f"{job.name} is added to queue {job.queue} at {host.name}: {copies} copies"
        )
        if answer.state is SubmitState.PENDING:
            text += "; kept there until a majority answers"
        if answer.reason:
            text += f"; refused: {answer.reason}"
        self.story.tell(text)
        return True

    async def _happen(self, event: Happening) -> None:
        await asyncio.sleep(max(0.0, 60.0 * event.at - self.seconds))
        host = self.hosts[event.printer]
        act = {
            What.OFF: self._switch_off,
            What.ON: self._switch_on_again,
            What.STOP: self._shut_down,
            What.CRASH: self._crash,
            What.CUT: self._cut,
            What.MEND: self._mend,
        }[event.what]
        await act(host)

    async def _switch_off(self, host: WholeHost) -> None:
        if host.name not in self.off:
            self.story.tell(f"{host.name} loses its power", "red")
            self.off.add(host.name)
            host.lose_power()

    async def _switch_on_again(self, host: WholeHost) -> None:
        if host.name in self.off:
            self.story.tell(f"{host.name} is switched on again", "cyan")
            self.off.discard(host.name)
            host.printer.restart()
            await self._start(host)

    async def _shut_down(self, host: WholeHost) -> None:
        if host.life is not None:
            self.story.tell(f"{host.name} is shut down in order", "yellow")
            await host.close()
            self.off.add(host.name)
            host.lose_power()

    async def _crash(self, host: WholeHost) -> None:
        if host.life is not None:
            self.story.tell(f"{host.name}: Moonraker crashes", "red")
            host.kill()
            await asyncio.sleep(_RESTART)
            if host.life is None and host.name not in self.off:
                await self._start(host)
                self.story.tell(f"{host.name}: Moonraker is back", "cyan")

    async def _cut(self, host: WholeHost) -> None:
        if host.name not in self.cut:
            self.story.tell(f"{host.name} loses its network", "red")
            self.cut.add(host.name)
            self._lay_cables()

    async def _mend(self, host: WholeHost) -> None:
        if host.name in self.cut:
            self.story.tell(f"{host.name} has its network again", "cyan")
            self.cut.discard(host.name)
            self._lay_cables()

    def _lay_cables(self) -> None:
        self._world.net.cut = {
            frozenset((host.id, other.id))
            for host in self.hosts.values()
            for other in self.hosts.values()
            if host.name in self.cut and other is not host
        }
        self._world.net.refresh()
