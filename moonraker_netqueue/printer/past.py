"""What recent prints cost people and owners: work by hand, and time of printers. Pure.

From committed prints only: those that live, and the last ones that ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..model.job import ItemSpec, Job
from ..model.print import Print, PrintState
from ..model.printer import ClearBed
from ..model.queue_state import QueueState
from .durations import Durations

_USED = frozenset({PrintState.DONE, PrintState.FAILED})


@dataclass(frozen=True)
class _Started:
    state: QueueState
    print_: Print
    at: int  # Unix minute
    job: Job | None

    @property
    def spec(self) -> ItemSpec | None:
        if self.job is None or self.print_.item >= len(self.job.items):
            return None
        return self.job.items[self.print_.item].spec


def done_by_hand(states: Iterable[QueueState]) -> dict[str, list[int]]:
    """Unix minutes at which a person did something at a printer, by host id.

    A start on a bed that is cleared by hand is one; another if the print before it
    was made of other material.
    """
    done: dict[str, list[int]] = {}
    before: dict[str, tuple[str, ...]] = {}
    for started in sorted(_started(states), key=lambda one: one.at):
        host = started.print_.host
        minutes = done.setdefault(host, [])
        printer = started.state.printers.get(host)
        if printer is not None and printer.profile.clear_bed is ClearBed.MANUAL:
            minutes.append(started.at)
        materials = started.spec.materials if started.spec else ()
        if materials and before.get(host, materials) != materials:
            minutes.append(started.at)
        before[host] = materials or before.get(host, ())
    return done


def used_minutes(
    states: Iterable[QueueState], durations: Durations
) -> Mapping[str, int]:
    """Minutes of printers that each owner's prints took or will take, by owner.

    Owners whose jobs are in the queues are named, if with 0.
    """
    queues = list(states)
    used = {job.wishes.owner: 0 for state in queues for job in state.jobs.values()}
    for started in _started(queues):
        if started.job is not None:
            used[started.job.wishes.owner] += _minutes(started, durations)
    return used


def _started(states: Iterable[QueueState]) -> Iterator[_Started]:
    for state in states:
        for print_ in (*state.prints.values(), *state.finished):
            if print_.started is not None:
                job = state.jobs.get(print_.job_id)
                yield _Started(state, print_, int(print_.started) // 60, job)


def _minutes(started: _Started, durations: Durations) -> int:
    print_ = started.print_
    if print_.ended is not None and print_.started is not None:
        took = int(print_.ended - print_.started) // 60
        return max(0, took) if print_.state in _USED else 0
    printer, spec = started.state.printers.get(print_.host), started.spec
    if printer is None or spec is None:
        return 0
    file = next((f for f in spec.files if f.sha256 == print_.sha256), None)
    return durations.minutes(spec, file, printer.profile.model)
