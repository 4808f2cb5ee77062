"""Who looks after everything once nothing breaks any more, and tells the truth."""

from __future__ import annotations

from ..errors import NetqueueError
from ..model.command import JobEdit, QueuePause
from ..model.print import PrintState
from ..model.queue_state import QueueState
from ..printer.printer_port import KlippyState
from ..replica.errors import RecoverRefused
from ..replica.phase import Phase
from .host import WholeHost
from .people import People
from .shop import QUEUE, Shop

_STANDS = 10.0  # seconds that a host has no leader until somebody asks it why
_AGAIN = 10.0  # seconds until the same thing is done once more
_PATIENCE = 45.0  # seconds that the missing are waited for


class Caretaker:
    """Does what each host's page would ask a person for."""

    def __init__(self, shop: Shop, people: People) -> None:
        self._shop = shop
        self._people = people
        self._from = shop.seconds
        self._standing: dict[str, float] = {}  # host -> since when
        self._done: dict[str, float] = {}  # what, and when

    def round(self) -> None:
        """One look at every host."""
        for host in self._shop.here:
            if host.life is None:
                self._shop.start(host)
            elif host.agent is not None:
                self._look_after(host)

    def _look_after(self, host: WholeHost) -> None:
        agent = host.agent
        if agent is None:
            return
        if host.printer.seen.klippy is not KlippyState.READY:
            host.printer.restart()
        if not agent.view()["accept"] and self._is_due(f"switch on {host.name}"):
            accept = {"accept": True}
            self._people.ask(host, lambda: host.within(agent.change(accept)))
        status = host.replicas[QUEUE].status()
        if status.ready:
            self._standing.pop(host.name, None)
            if status.leader == host.id:
                self._put_right(host, host.replicas[QUEUE].state)
            return
        since = self._standing.setdefault(host.name, self._shop.seconds)
        if self._shop.seconds - since > _STANDS and self._is_due(f"help {host.name}"):
            self._shop.spawn(self._help(host))

    async def _help(self, host: WholeHost) -> None:
        """It stands still: do what it says."""
        replica = host.replicas[QUEUE]
        status = replica.status()
        self._shop.tell(
            f"{host.name} stands still: {status.phase.value},"
            f" {status.error or '; '.join(status.notices)}"
        )
        try:
            await host.within(replica.rejoin())
        except NetqueueError:
            if host.replicas.get(QUEUE) is not replica:
                return
            if replica.status().phase is Phase.FAILED:
                self._shop.kill(host)  # and it is started again
            elif self._shop.seconds - self._from > _PATIENCE:
                self._go_on(host)
        else:
            self._shop.tell(f"eva at {host.name} lets it join again")

    def _go_on(self, host: WholeHost) -> None:
        try:
            shown = host.replicas[QUEUE].outlook()
        except RecoverRefused:
            return
        self._people.recover(host, shown)

    def _put_right(self, host: WholeHost, state: QueueState) -> None:
        if state.paused and self._is_due("go on"):
            self._people.give(host, "lets the queue go on", QueuePause(False))
        here = {one.id for one in self._shop.here}
        for print_ in sorted(state.prints.values(), key=lambda p: p.print_id):
            stuck = print_.state is PrintState.LOST or print_.host not in here
            if stuck and self._is_due(print_.print_id):
                self._people.decide(host, print_, None)
        for job in state.ordered_jobs():
            if job.completed is not None:
                continue
            name = job.wishes.name
            if job.quarantined(0) and self._is_due(f"retry {name}"):
                retry = JobEdit(job.job_id, retry=True)
                self._people.give(host, f"forgives {name}", retry)
            file = job.items[0].spec.files[0]
            held = here.intersection(state.contents[file.sha256].holders)
            if not held and self._is_due(f"upload {name}"):
                self._people.add(host, name, job.items[0].spec.count)

    def _is_due(self, what: str) -> bool:
        now = self._shop.seconds
        if now - self._done.get(what, -_AGAIN) < _AGAIN:
            return False
        self._done[what] = now
        return True
