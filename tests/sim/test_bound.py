"""No schedule is shorter than the bound: neither the best of all nor a played one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.feasibility import needs_change, refusal
from moonraker_netqueue.scheduler.hours import operator_wait
from moonraker_netqueue.scheduler.problem import CLEARING, JobClass, Printer, Problem
from moonraker_netqueue.scheduler.strategies import known_strategies, strategy_named
from moonraker_netqueue.sim.bound import BoundUnknown, least_makespan, least_mean_flow
from moonraker_netqueue.sim.farm import play
from moonraker_netqueue.sim.measures import measure
from moonraker_netqueue.sim.workload import START, Workload, batch, stream


def _one_printer(minutes: int, copies: int, *, self_clearing: bool) -> Workload:
    printer = Printer("a", model="m", self_clearing=self_clearing)
    lot = JobClass("lot", START * 60, copies=copies, durations=(("m", minutes),))
    return Workload(1, (printer,), (lot,), failures=0.0)


def test_each_long_print_takes_a_night_of_a_bed_that_a_person_clears() -> None:
    """Three prints of 700 minutes: the third night begins at 18:00 of the third day."""
    assert least_makespan(_one_printer(700, 3, self_clearing=False)) == 2 * 1440 + 600
    assert least_makespan(_one_printer(700, 3, self_clearing=True)) == 2100


def test_short_prints_fill_the_day_and_one_goes_into_the_night() -> None:
    """Of 12 prints of an hour nine fit into the day, one into the night."""
    # By day: 11 (60 + 5) <= 600 + t + 5 + 5 with one night before; so t = 105.
    assert least_makespan(_one_printer(60, 12, self_clearing=False)) == 1440 + 105


def test_without_hours_the_work_counts_and_the_last_bed_does_not() -> None:
    """Two prints and one clearing."""
    workload = replace(_one_printer(700, 2, self_clearing=False), operator=())
    assert least_makespan(workload) == 1405


def test_other_hours_are_refused() -> None:
    """Its rows know one opening."""
    workload = _one_printer(60, 1, self_clearing=False)
    other = replace(workload.operator[0], start=540)
    with pytest.raises(BoundUnknown):
        least_makespan(replace(workload, operator=(other,)))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), copies=st.integers(2, 5), nights=st.booleans())
def test_it_is_at_most_the_optimum(seed: int, copies: int, *, nights: bool) -> None:
    """Of all ways to share out and order a batch, with its nights and changes."""
    workload = batch(seed, 2, copies)
    if not nights:
        workload = replace(workload, operator=())
    assert least_makespan(workload) <= min(_makespans(workload))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(known_strategies())))
def test_no_simulated_schedule_is_shorter(seed: int, name: str) -> None:
    """Whatever the strategy."""
    workload = batch(seed, 4, 40)
    found = measure(workload, play(workload, strategy_named(name)))
    assert found.makespan >= least_makespan(workload)


def test_a_lot_alone_takes_the_first_copies_that_any_printer_ends() -> None:
    """60 min on one printer, 90 on one that clears itself: 60, 90, 125, 180, 190."""
    workload = _one_printer(60, 5, self_clearing=False)
    slow = Printer("b", model="slow", self_clearing=True)
    lot = replace(workload.lots[0], durations=(("m", 60), ("slow", 90)))
    both = replace(workload, printers=(*workload.printers, slow), lots=(lot,))
    assert least_mean_flow(both) == (60 + 90 + 125 + 180 + 190) / 5


def test_a_lot_alone_waits_for_the_morning_too() -> None:
    """The first ends at 19:40, the second starts at 08:05."""
    workload = _one_printer(700, 2, self_clearing=False)
    assert least_mean_flow(workload) == (700 + 1440 + 5 + 700) / 2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(known_strategies())))
def test_no_simulated_flow_is_below(seed: int, name: str) -> None:
    """Also in a stream, where a farm is idle at times."""
    workload = stream(seed, 4, 40, span=20_000)
    found = measure(workload, play(workload, strategy_named(name)))
    assert found.mean_flow >= least_mean_flow(workload)


def _makespans(workload: Workload) -> Iterator[int]:
    copies = [lot for lot in workload.lots for _ in range(lot.copies)]
    for owners in product(workload.printers, repeat=len(copies)):
        pairs = list(zip(owners, copies, strict=True))
        if any(refusal(Problem(START * 60), *pair) for pair in pairs):
            continue
        yield max(
            min(
                _duration(workload, printer, order)
                for order in permutations([lot for who, lot in pairs if who is printer])
            )
            for printer in workload.printers
        )


def _duration(workload: Workload, printer: Printer, order: tuple[JobClass, ...]) -> int:
    """Minutes until the last print ends; each starts as early as it can."""
    free, end = START, START
    for lot in order:
        if needs_change(printer, lot):
            free += operator_wait(workload.operator, free) + 15
            printer = replace(printer, loaded=lot.materials)
        end = free + (lot.duration(printer.model) or 0)
        free = end
        if not printer.self_clearing:
            free += operator_wait(workload.operator, end) + CLEARING
    return end - START
