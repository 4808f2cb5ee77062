"""The person of a simulated workshop: clears beds, loads material, decides."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..errors import NetqueueError
from ..model.command import Decision, PrintDecide
from ..model.print import UNSTARTED
from ..model.printer import PrinterState
from ..replica.submission import SubmitState
from ..scheduler.hours import Diary, OperatorPeriod
from .computer import World
from .host import WholeHost
from .ledger import Ledger, can_print
from .scenario import Habits
from .story import Story

_LOOK = 10.0  # seconds between looks around
_GLANCE = 30.0  # seconds for a bed that turns out to be empty
_NAME = "operator"
_NEEDY = frozenset({PrinterState.BED_OCCUPIED, PrinterState.NEEDS_ATTENTION})


class _Kind(enum.Enum):
    BED = "bed"
    MATERIAL = "material"
    LOST = "lost"  # a print whose end nobody saw


@dataclass(frozen=True)
class _Chore:
    """Something to do at a printer; the same one as long as nobody has done it."""

    host: WholeHost
    kind: _Kind
    queue: str = ""
    print_id: str = ""


class Person:
    """Goes from printer to printer, one chore at a time, while it is at work."""

    def __init__(
        self,
        world: World,
        hosts: Iterable[WholeHost],
        habits: Habits,
        periods: tuple[OperatorPeriod, ...],
        ledger: Ledger,
        story: Story,
    ) -> None:
        self.cleared = self.changed = self.decided = 0
        self._world = world
        self._hosts = tuple(hosts)
        self._habits = habits
        self._diary = Diary(periods, int(world.wall()) // 60)
        self._ledger = ledger
        self._story = story
        self._noticed: dict[_Chore, float] = {}

    async def work(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(_LOOK)
            if not self._is_at_work():
                self._noticed.clear()
                continue
            now = self._world.wall()
            chores = list(self._chores())
            self._noticed = {c: self._noticed.get(c, now) for c in chores}
            due = now - 60 * self._habits.reaction
            for chore in chores:
                if self._noticed[chore] <= due and self._is_at_work():
                    await self._do(chore)

    def _is_at_work(self) -> bool:
        return self._diary.wait(self._minute) == 0

    @property
    def _minute(self) -> int:
        return int(self._world.wall()) // 60

    def _chores(self) -> Iterator[_Chore]:
        for host in self._hosts:
            for queue, replica in host.replicas.items():
                for lost in replica.state.lost_prints():
                    if lost.host == host.id:
                        yield _Chore(host, _Kind.LOST, queue, lost.print_id)
            shown = self._shown(host)
            if shown in _NEEDY:
                yield _Chore(host, _Kind.BED)
            elif shown is PrinterState.READY and self._to_load(host):
                yield _Chore(host, _Kind.MATERIAL)

    def _to_load(self, host: WholeHost) -> tuple[str, ...]:
        """The materials of what is reserved there, where they are not loaded."""
        for queue, replica in host.replicas.items():
            state = replica.state
            for print_ in state.prints_of_host(host.id):
                if print_.state in UNSTARTED:
                    name = state.contents[print_.sha256].name
                    item = self._ledger.copies(f"{queue}/{name}").item
                    if not can_print(host.loaded, item):
                        return item.materials
        return ()

    def _shown(self, host: WholeHost) -> PrinterState | None:
        """The state that the printer's own screen shows, also if it is cut off."""
        return None if host.agent is None else PrinterState(host.agent.view()["state"])

    async def _do(self, chore: _Chore) -> None:
        host = chore.host
        try:
            if chore.kind is _Kind.BED:
                await self._clear(host)
            elif chore.kind is _Kind.MATERIAL:
                await self._change(host)
            else:
                await self._decide(host, chore.queue, chore.print_id)
        except NetqueueError as error:
            self._story.tell(f"{_NAME} at {host.name}: {error}", "dim")

    async def _clear(self, host: WholeHost) -> None:
        full = bool(host.printer.on_bed)
        await asyncio.sleep(60.0 * self._habits.clearing if full else _GLANCE)
        agent = host.agent
        if agent is None or host.printer.seen.mark.active:
            return  # its host went off meanwhile
        host.printer.on_bed = ""
        await host.within(agent.bed_clear(_NAME))
        if full:
            self.cleared += 1
            self._diary.book(self._minute)
        self._story.tell(
            f"{_NAME} {'clears' if full else 'looks at'} the bed of {host.name}"
        )

    async def _change(self, host: WholeHost) -> None:
        """Load what is missing, and say what is loaded: then it prints."""
        materials = self._to_load(host)
        await asyncio.sleep(60.0 * self._habits.changing)
        agent = host.agent
        if agent is None or host.printer.seen.mark.active:
            return  # its host went off meanwhile, or it prints something else
        host.loaded = materials
        self.changed += 1
        self._diary.book(self._minute)
        self._story.tell(f"{_NAME} loads {', '.join(materials)} at {host.name}")
        await host.within(agent.change({"materials_ready": materials}))

    async def _decide(self, host: WholeHost, queue: str, print_id: str) -> None:
        """Nobody saw how it ended: what is on the bed is no good, make it again."""
        await asyncio.sleep(_GLANCE)
        state = host.state(queue)
        lost = None if state is None else state.prints.get(print_id)
        if state is None or lost is None:
            return
        copies = self._ledger.copies(f"{queue}/{state.contents[lost.sha256].name}")
        copies.given_up += 1
        decision = PrintDecide(print_id, Decision.RETRY, _NAME)
        answer = await host.give(queue, decision)
        if answer.state is SubmitState.REJECTED:
            copies.given_up -= 1
            return
        self.decided += 1
        self._story.tell(f"{_NAME} at {host.name}: {copies.name} is printed again")
