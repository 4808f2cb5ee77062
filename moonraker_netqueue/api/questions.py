"""What this printer needs a person to answer, one question at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import NetqueueError
from ..model.print import UNSTARTED, Print, PrintState
from ..model.printer import PrinterState
from ..peers.desk import Waiting
from ..scheduler.feasibility import covers
from .host import Host
from .queue import ServedQueue
from .undecided import choices
from .views import print_view

_LOADS = ("material", "colour")  # reasons that other material takes away


@dataclass(frozen=True)
class Button:
    """An answer, and the G-code that gives it."""

    label: str
    gcode: str
    style: str  # primary, secondary, info, warning or error


@dataclass(frozen=True)
class Question:
    """What a person is asked. An equal one is the same question, asked already."""

    title: str
    lines: tuple[str, ...]
    buttons: tuple[Button, ...]


class Questions:
    """Finds what to ask at this host's printer; the most urgent comes first."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def first(self) -> Question | None:
        """The question of now; None: there is nothing to ask."""
        for queue, print_ in self._lost():
            return _of_lost(queue, print_)
        for newcomer in self._newcomers():
            return _of_newcomer(newcomer)
        view = self._host.agent.view()
        if view["state"] == PrinterState.BED_OCCUPIED.value:
            return _of_bed(view)
        if view["state"] == PrinterState.READY.value and view["accept"]:
            return await self._of_material(view)
        return None

    def _lost(self) -> Iterator[tuple[ServedQueue, Print]]:
        for queue in self._host.queues.values():
            for print_ in queue.state.prints_of_host(self._host.host_id):
                if print_.state is PrintState.LOST:
                    yield queue, print_

    def _newcomers(self) -> Iterator[Waiting]:
        """Who asks here to be let in, where that is not left to others."""
        for queue in self._host.queues.values():
            if queue.desk.asks_here(queue.name):
                yield from (w for w in queue.desk.waiting(queue.name) if w.asks)

    async def _of_material(self, view: Mapping[str, Any]) -> Question | None:
        """Whether other material is loaded, if that alone keeps the printer idle."""
        for queue in self._host.queues.values():
            if (asked := self._of_reserved(queue, view)) is not None:
                return asked
        for queue in self._host.queues.values():
            try:
                why = await self._host.why_idle(queue)
            except NetqueueError:
                continue  # no plan now: the next look asks again
            here = why.get(self._host.host_id)
            if here is None or here.code not in _LOADS:
                continue
            for job_id in here.job_ids:
                job = queue.state.jobs.get(job_id)
                wanted = _first_wanted(job.items if job else ())
                if job is not None and wanted:
                    return _of_load(job.wishes.name, wanted, view["materials_ready"])
        return None

    def _of_reserved(
        self, queue: ServedQueue, view: Mapping[str, Any]
    ) -> Question | None:
        """What to load for a copy that this printer has taken already."""
        loaded = tuple(view["materials_ready"])
        silent = not (loaded or view["materials"])
        prints = queue.state.prints_of_host(self._host.host_id)
        for print_ in sorted(prints, key=lambda one: one.sequence):
            job = queue.state.jobs.get(print_.job_id)
            if print_.state not in UNSTARTED or job is None:
                continue
            spec = job.items[print_.item].spec
            told = not (silent and "materials" in spec.from_file)
            if told and not covers(loaded, spec.materials):
                return _of_load(job.wishes.name, spec.materials, loaded)
        return None


def _first_wanted(items: Any) -> tuple[str, ...]:
    return next((i.spec.materials for i in items if i.spec.materials), ())


def _of_lost(queue: ServedQueue, print_: Print) -> Question:
    view = print_view(queue.state, print_)
    risks = choices(print_)
    decide = f"NETQUEUE_DECIDE QUEUE={queue.name} PRINT={print_.print_id} ACTION="
    return Question(
        f"How did {view['file'] or view['job']} end?",
        (
            "This printer lost sight of the print. Look whether the part was made.",
            f"Print it again: {risks['retry']}.",
            f"It was made: {risks['mark_done']}.",
        ),
        (
            Button("Print it again", f"{decide}retry", "warning"),
            Button("It was made", f"{decide}mark_done", "primary"),
        ),
    )


def _of_newcomer(one: Waiting) -> Question:
    # All of the id: of a part, somebody could find a key by the time of the click.
    target = f"HOST={one.host_id} QUEUE={one.queue}"
    either = ("It asks the same there: one yes is enough.",) if one.either else ()
    return Question(
        f"Let {one.name} into queue {one.queue}?",
        (f"It must show the same code: {one.code}", *either),
        (
            Button("Let in", f"NETQUEUE_ADMIT {target}", "primary"),
            Button("Refuse", f"NETQUEUE_REFUSE {target}", "error"),
        ),
    )


def _of_bed(view: Mapping[str, Any]) -> Question:
    return Question(
        "Is the bed clear?",
        (str(view["bed_reason"]), "The next print starts when the bed is clear."),
        (Button("I cleared it", "NETQUEUE_BED_CLEAR BY=screen", "primary"),),
    )


def _of_load(job: str, wanted: tuple[str, ...], loaded: Any) -> Question:
    material = ", ".join(wanted)
    now = ", ".join(loaded) or "nothing"
    return Question(
        f"Load {material}?",
        (f"{job} waits for {material}. Loaded now: {now}.",),
        (
            Button(
                f"{material} is loaded",
                f'NETQUEUE_MATERIAL READY="{",".join(wanted)}"',
                "primary",
            ),
        ),
    )
