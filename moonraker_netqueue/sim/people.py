"""The people of a workshop in trouble: what they ask for, and what they decide."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ..errors import NetqueueError
from ..model.command import (
    Body,
    Decision,
    JobEdit,
    JobMove,
    JobRemove,
    Place,
    PrintDecide,
    QueuePause,
)
from ..model.job import Job
from ..model.print import Print, PrintState
from ..model.printer import PrinterState
from ..printer.printer_port import KlippyState
from ..replica.errors import RecoverRefused
from ..replica.recovery import Outlook
from ..replica.submission import SubmitOutcome, SubmitState
from .account import Asked, Fate
from .host import WholeHost, job_id_of
from .shop import QUEUE, Shop, wanted

_T = TypeVar("_T")

_LOOK = 2.0  # seconds between rounds of who clears the beds
_COUNT_MAX = 3  # copies of a job
_NAME = "eva"
_NEEDY = frozenset({PrinterState.BED_OCCUPIED, PrinterState.NEEDS_ATTENTION})

Act = Callable[[WholeHost], None]


class People:
    """Each seed's people have some habits, not all; the careless take risks."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._account = shop.account
        self._careless = self._draw() < 0.3
        self._went_on: dict[str, dict[str, int]] = {}  # group -> copies open then
        others: list[tuple[Act, int]] = [
            (self._edit, 2),
            (self._raise_count, 2),
            (self._move, 1),
            (self._remove, 1),
            (self._pause, 1),
            (self._cancel, 2),
            (self._switch_printer, 1),
            (self._stop_klipper, 1),
            (self._decide, 3),
            (self._recover, 4),
        ]
        chosen = [(act, weight) for act, weight in others if self._draw() < 0.7]
        chosen.append((self._add, 5))
        self.acts: list[Act] = [act for act, weight in chosen for _ in range(weight)]

    async def tidy(self) -> None:
        """For ever: take parts off, and say so at the printer."""
        while True:
            await asyncio.sleep(_LOOK * (0.5 + self._draw()))
            for host in self._shop.alive:
                agent, printer = host.agent, host.printer
                if agent is None or printer.seen.mark.active:
                    continue
                if PrinterState(agent.view()["state"]) in _NEEDY:
                    printer.on_bed = ""
                    self._shop.spawn(self._say_clear(host))

    async def _say_clear(self, host: WholeHost) -> None:
        agent = host.agent
        if agent is not None:
            try:
                await host.within(agent.bed_clear(_NAME))
            except NetqueueError as error:
                self._shop.tell(f"{_NAME} at {host.name}: {error}")

    # Jobs.

    def add(self, host: WholeHost, name: str, count: int) -> None:
        """Upload a file at a host and add a job for it."""
        job_id = job_id_of(wanted(name, count))
        asked = self._account.jobs.setdefault(name, Asked(name, job_id, count))
        self._shop.tell(f"{_NAME} adds {name} x {count} at {host.name}")
        self._shop.spawn(self._add_job(host, asked, count))

    def _add(self, host: WholeHost) -> None:
        name = f"job-{len(self._account.jobs) + 1:02}"
        self.add(host, name, 1 + int(self._draw() * _COUNT_MAX))

    async def _add_job(self, host: WholeHost, asked: Asked, count: int) -> None:
        if host.state(QUEUE) is None:
            return
        try:
            answer = await host.add(wanted(asked.name, count))
        except (NetqueueError, OSError) as error:
            self._shop.tell(f"{asked.name} is not taken at {host.name}: {error}")
            return
        self._note(host, asked.name, answer)
        if answer.state is SubmitState.ACCEPTED:
            asked.accepted = True

    def _edit(self, host: WholeHost) -> None:
        if job := self._some_job(host):
            note = f"note {self._draw():.3f}"
            wishes = replace(job.wishes, note=note)
            self.give(host, "notes something", JobEdit(job.job_id, wishes=wishes))

    def _raise_count(self, host: WholeHost) -> None:
        if (job := self._some_job(host)) and job.completed is None:
            (item,) = job.items
            count = item.spec.count + int(self._draw() * 3) - 1
            asked = self._account.jobs[job.wishes.name]
            asked.count = max(asked.count, count)
            items = (replace(item.spec, count=max(1, count)),)
            what = f"wants {max(1, count)} of {job.wishes.name}"
            self.give(host, what, JobEdit(job.job_id, items=items))

    def _move(self, host: WholeHost) -> None:
        if job := self._some_job(host):
            body = JobMove(job.job_id, Place.FRONT)
            self.give(host, f"moves {job.wishes.name}", body)

    def _remove(self, host: WholeHost) -> None:
        if job := self._some_job(host):
            self._account.jobs[job.wishes.name].removed = True
            self.give(host, f"removes {job.wishes.name}", JobRemove(job.job_id))

    def _pause(self, host: WholeHost) -> None:
        state = host.state(QUEUE)
        if state is not None:
            what = "lets the queue go on" if state.paused else "pauses the queue"
            self.give(host, what, QueuePause(not state.paused))

    def _some_job(self, host: WholeHost) -> Job | None:
        state = host.state(QUEUE)
        return self._one_of(state.ordered_jobs()) if state and state.jobs else None

    # Printers.

    def _cancel(self, host: WholeHost) -> None:
        state, agent = host.state(QUEUE), host.agent
        mine = state.prints_of_host(host.id) if state is not None else []
        if agent is not None and mine:
            print_id = self._one_of(mine).print_id
            self._shop.tell(f"{_NAME} cancels {print_id[:8]} at {host.name}")
            self.ask(host, lambda: host.within(agent.cancel(print_id, _NAME)))

    def _switch_printer(self, host: WholeHost) -> None:
        agent = host.agent
        if agent is not None:
            accept = not agent.view()["accept"]
            self._shop.tell(f"{_NAME} switches {host.name} {'on' if accept else 'off'}")
            self.ask(host, lambda: host.within(agent.change({"accept": accept})))

    def _stop_klipper(self, host: WholeHost) -> None:
        if host.printer.seen.klippy is KlippyState.READY and host.life is not None:
            self._shop.tell(f"Klipper of {host.name} shuts down")
            host.printer.shut_down("MCU 'mcu' shutdown: Timer too close")
        elif host.name not in self._shop.off:
            host.printer.restart()

    # Decisions.

    def _decide(self, host: WholeHost) -> None:
        state = host.state(QUEUE)
        if state is None:
            return
        doubtful = [
            print_
            for print_ in state.prints.values()
            if print_.state is PrintState.LOST
            or (self._careless and print_.host not in self._reached(host))
        ]
        if doubtful:
            print_ = self._one_of(sorted(doubtful, key=lambda p: p.print_id))
            guess = self._one_of([Decision.RETRY, Decision.MARK_DONE])
            self.decide(host, print_, guess if self._careless else None)

    def decide(self, host: WholeHost, print_: Print, word: Decision | None) -> None:
        """Decide about a print: as somebody says, or as it really went."""
        state = host.state(QUEUE)
        job = None if state is None else state.jobs.get(print_.job_id)
        if job is None:
            return
        truth = self._account.truth(print_.print_id)
        if truth is Fate.RUNNING and word is None:
            return  # who looks sees that it goes on
        right = Decision.MARK_DONE if truth is Fate.MADE else Decision.RETRY
        decision, name = word or right, job.wishes.name
        here = print_.host in self._reached(host)
        lost = print_.state is PrintState.LOST
        thrown = print_.host in {gone.id for gone in self._shop.gone}
        back = self._account.decide(name, print_.print_id, decision, lost or thrown)
        body = PrintDecide(print_.print_id, decision, _NAME, absent=not here)
        what = f"decides {decision.value} of {print_.print_id[:8]} ({name})"
        self.give(host, what, body, back)

    def _reached(self, host: WholeHost) -> tuple[str, ...]:
        return (host.id, *host.links.connected(QUEUE))

    def _recover(self, host: WholeHost) -> None:
        replica = host.replicas.get(QUEUE)
        if replica is None:
            return
        try:
            shown = replica.outlook()
        except RecoverRefused:
            return
        if self._careless or not shown.majority_missing:
            self.recover(host, shown)

    def recover(self, host: WholeHost, shown: Outlook) -> None:
        """Let the queue go on without who is missing, and note what that risks."""
        shop, replica = self._shop, host.replicas[QUEUE]
        missing = ", ".join(sorted(shop.name(host_id) for host_id in shown.missing))
        shop.tell(f"{_NAME} at {host.name} goes on without {missing}")
        copies, earlier = self._open_at(host), self._went_on.get(shown.group)
        if earlier is not None:
            self._account.risk(earlier)
        elif shown.majority_missing or shop.restored:
            self._account.risk(copies)
        # A third side may make what either of the two that went on before knew.
        self._went_on[shown.group] = {
            name: max(count, (earlier or {}).get(name, 0))
            for name, count in copies.items()
        }
        self.ask(host, lambda: host.within(replica.recover(_NAME, shown.group)))

    def _open_at(self, host: WholeHost) -> dict[str, int]:
        """Copies of each job that are open, or that this host takes to be: what the
        missing made since they were cut off it does not know, and its page says so."""
        copies, state = self._account.open_copies(), host.state(QUEUE)
        if state is None:
            return copies
        shown = {
            job.wishes.name: sum(
                state.waiting(job, item) for item in range(len(job.items))
            )
            for job in state.ordered_jobs()
        }
        return {name: max(count, shown.get(name, 0)) for name, count in copies.items()}

    # How they ask.

    def give(
        self,
        host: WholeHost,
        what: str,
        body: Body,
        refused: Callable[[], object] = lambda: None,
    ) -> None:
        """Give a command at a host; `refused()` if it will never be carried out."""
        self._shop.tell(f"{_NAME} at {host.name} {what}")

        async def give() -> None:
            if host.state(QUEUE) is None:
                refused()
                return
            try:
                answer = await host.give(QUEUE, body)
            except NetqueueError as error:
                self._shop.tell(f"that fails at {host.name}: {error}")
                return
            self._note(host, what, answer)
            if answer.state is SubmitState.REJECTED:
                refused()

        self._shop.spawn(give())

    def _note(self, host: WholeHost, what: str, answer: SubmitOutcome) -> None:
        reason = f": {answer.reason}" if answer.reason else ""
        self._shop.tell(f"{answer.state.value} at {host.name}: {what}{reason}")
        replica = host.replicas.get(QUEUE)
        if answer.state is SubmitState.ACCEPTED and replica is not None:
            group = replica.status().group
            self._shop.invariants.note_accepted(group, answer.command_id)

    def ask(self, host: WholeHost, act: Callable[[], Awaitable[object]]) -> None:
        """Ask something of a host, and tell if it refuses."""

        async def ask() -> None:
            try:
                await act()
            except NetqueueError as error:
                self._shop.tell(f"refused at {host.name}: {error}")

        self._shop.spawn(ask())

    def _draw(self) -> float:
        return self._shop.random.random()

    def _one_of(self, things: Sequence[_T]) -> _T:
        return things[int(self._draw() * len(things))]
