"""The printers of all queues of a host, as a plan sees them. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from ..model.print import UNSTARTED, Print, PrintState
from ..model.printer import ClearBed, PrinterState
from ..model.printer import Printer as QueuePrinter
from ..model.printer import Volume as QueueVolume
from ..model.queue_state import QueueState
from ..scheduler.feasibility import PLANNED_STATES
from ..scheduler.hours import OperatorPeriod
from ..scheduler.problem import UNKNOWN_DURATION, FormFactor, Printer, Volume
from .durations import Durations
from .manner import operator_periods, with_used
from .naming import unique

_IDLE, _PRINTING = PLANNED_STATES
_OUT_OF_REACH = "out of reach"
_OVERDUE = "not taking its work"
_VIEWER = "a viewer of the queue"
_WORDS = {
    PrinterState.READY: _IDLE,
    PrinterState.BED_OCCUPIED: _IDLE,
    PrinterState.BUSY: _PRINTING,
    PrinterState.FETCHING: _PRINTING,
    PrinterState.PRINTING: _PRINTING,
    PrinterState.FINISHING: _PRINTING,
    PrinterState.OFFLINE: "offline",
    PrinterState.NEEDS_ATTENTION: "in need of attention",
}
_BED_UNCLEAR = frozenset({PrinterState.BED_OCCUPIED, PrinterState.NEEDS_ATTENTION})


@dataclass(frozen=True)
class Fleet:
    """Printers by the name that people know them by."""

    printers: Mapping[str, Printer]
    hosts: Mapping[str, str]  # host id by name
    names: Mapping[str, str]  # name by host id
    models: frozenset[str]


def fleet_of(
    states: Mapping[str, QueueState],
    up: Mapping[str, frozenset[str]],
    overdue: Collection[str],
    now: int,
    durations: Durations,
    by_hand: Mapping[str, list[int]],
) -> Fleet:
    """The printers of the queues `states`; `up` has, per queue, the hosts there.

    `overdue` are hosts not to count on now. `by_hand` has, per host, the Unix minutes
    at which a person did something there.
    """
    served: dict[str, list[str]] = {}
    entries: dict[str, QueuePrinter] = {}
    for queue, state in states.items():
        for host, entry in state.printers.items():
            queues = served.setdefault(host, [])
            if host not in state.viewers:
                queues.append(queue)
            entries.setdefault(host, entry)
    printers: dict[str, Printer] = {}
    hosts: dict[str, str] = {}
    for host, entry in sorted(entries.items()):
        name = unique(entry.profile.name, host, printers)
        busy = _minutes_left(host, entry, states, now, durations)
        hours = operator_periods(entry.profile.hours, now)
        hours = with_used(hours, now, by_hand.get(host, ()))
        printer = _printer(name, entry, tuple(served[host]), busy, hours)
        if not served[host]:
            printer = replace(printer, state=_VIEWER, busy_minutes=0)
        elif not any(host in up[queue] for queue in served[host]):
            printer = replace(printer, state=_OUT_OF_REACH, busy_minutes=0)
        elif host in overdue and not busy:
            printer = replace(printer, state=_OVERDUE, busy_minutes=0)
        printers[name], hosts[name] = printer, host
    return Fleet(
        printers=printers,
        hosts=hosts,
        names={host: name for name, host in hosts.items()},
        models=frozenset(printer.model for printer in printers.values()),
    )


def _printer(
    name: str,
    entry: QueuePrinter,
    queues: tuple[str, ...],
    busy: int,
    hours: tuple[OperatorPeriod, ...],
) -> Printer:
    profile = entry.profile
    return Printer(
        name=name,
        model=profile.model,
        materials=profile.materials,
        loaded=profile.materials_ready,
        self_clearing=profile.clear_bed is not ClearBed.MANUAL,
        volume=_volume(profile.volume),
        nozzle=profile.nozzle,
        manual_effort_cost=profile.manual_effort_cost,
        grams_left=profile.grams_left,
        spool_grams=profile.spool_grams,
        queues=queues,
        tags=profile.tags,
        state=_PRINTING if busy else _WORDS[profile.state],
        busy_minutes=busy,
        bed_clear=profile.state not in _BED_UNCLEAR,
        quarantined=entry.quarantined,
        switched_off=not profile.accept,
        operator=hours,
    )


def _volume(volume: QueueVolume | None) -> Volume | None:
    if volume is None:
        return None
    circular = volume.form_factor == FormFactor.CIRCULAR.value
    shape = FormFactor.CIRCULAR if circular else FormFactor.RECTANGULAR
    return Volume(volume.width, volume.depth, volume.height, shape)


def _minutes_left(
    host: str,
    entry: QueuePrinter,
    states: Mapping[str, QueueState],
    now: int,
    durations: Durations,
) -> int:
    """Minutes until the printer is idle, after all that it has reserved."""
    model = entry.profile.model
    held = [
        (print_.state in UNSTARTED, _minutes(state, print_, model, durations))
        for state in states.values()
        for print_ in state.prints_of_host(host)
        if print_.state is not PrintState.LOST and print_.job_id in state.jobs
    ]
    reserved = sum(minutes for unstarted, minutes in held if unstarted)
    started = max((minutes for unstarted, minutes in held if not unstarted), default=0)
    works = _WORDS[entry.profile.state] == _PRINTING
    if not works:
        return reserved + started
    idle_at = entry.profile.idle_at
    if idle_at is not None:
        return reserved + max(1, math.ceil((idle_at - now) / 60))
    if entry.profile.state is PrinterState.FINISHING:
        return reserved + 1
    return reserved + (started or UNKNOWN_DURATION)


def _minutes(state: QueueState, print_: Print, model: str, durations: Durations) -> int:
    spec = state.jobs[print_.job_id].items[print_.item].spec
    file = next((f for f in spec.files if f.sha256 == print_.sha256), None)
    return durations.minutes(spec, file, model)
