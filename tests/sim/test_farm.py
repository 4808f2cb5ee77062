"""The simulated workshop, on farms small enough to do by hand, and by its rules."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.hours import DAY, operator_wait
from moonraker_netqueue.scheduler.problem import CLEARING, JobClass, Printer
from moonraker_netqueue.scheduler.strategies import known_strategies, strategy_named
from moonraker_netqueue.sim.farm import FarmPrint, FarmStuck, play
from moonraker_netqueue.sim.measures import Measures, measure
from moonraker_netqueue.sim.workload import DAYTIME, START, Workload, batch, stream

_FIFO = strategy_named("fifo")
_BY_HAND = Printer("a", model="m", loaded=("PLA",), materials=("PLA", "PETG"))
_BY_ITSELF = replace(_BY_HAND, name="b", loaded=("PETG",), self_clearing=True)


def _lot(
    name: str, material: str, minutes: int, copies: int = 1, comes: int = 0
) -> JobClass:
    """A lot that comes so many minutes after the start."""
    return JobClass(
        name,
        added=(START + comes) * 60,
        copies=copies,
        materials=(material,),
        durations=(("m", minutes),),
    )


def _workload(printers: tuple[Printer, ...], *lots: JobClass) -> Workload:
    return Workload(seed=1, printers=printers, lots=lots, failures=0.0)


def _print(
    printer: str, lot: str, times: tuple[int, int], *, change: bool, visits: int
) -> FarmPrint:
    start, end = times
    return FarmPrint(
        printer,
        lot,
        START + start,
        START + end,
        change=change,
        failed=False,
        visits=visits,
    )


def test_two_printers_a_change_in_the_evening_and_one_that_waits_for_the_morning() -> (
    None
):
    """One printer clears its bed itself and goes on, the other waits for a person."""
    workload = _workload(
        (_BY_HAND, _BY_ITSELF),
        _lot("long", "PLA", 590),
        _lot("petg", "PETG", 100, copies=2),
        _lot("swap", "PETG", 60, copies=2, comes=598),  # 17:58
        _lot("night", "PLA", 30, comes=720),
    )
    prints = play(workload, _FIFO)
    assert prints == (
        _print("b", "petg", (0, 100), change=False, visits=0),
        _print("b", "petg", (100, 200), change=False, visits=0),
        _print("a", "long", (0, 590), change=False, visits=1),
        _print("b", "swap", (598, 658), change=False, visits=0),
        # Loaded until 18:13; its bed is cleared at 08:00.
        _print("a", "swap", (598, 673), change=True, visits=2),
        _print("b", "night", (DAY, DAY + 45), change=True, visits=1),
    )


def test_its_measures() -> None:
    """Flow from arrival to end, wait from arrival to start; late copies are counted."""
    short = replace(_lot("short", "PLA", 60, copies=2), due=(START + 90) * 60)
    workload = _workload((_BY_HAND,), short)
    assert measure(workload, play(workload, _FIFO)) == Measures(
        makespan=125,
        mean_flow=92.5,
        p95_flow=60,
        longest_wait=65,
        changes=0,
        visits=2,
        late=1,
        due=2,
        utilisation=0.96,
    )


def test_the_one_who_clears_also_loads() -> None:
    """A change right after the clearing is no visit of its own."""
    workload = _workload((_BY_HAND,), _lot("a", "PLA", 60), _lot("b", "PETG", 60))
    prints = play(workload, _FIFO)
    assert [(p.start - START, p.end - START) for p in prints] == [(0, 60), (65, 140)]
    assert [p.visits for p in prints] == [1, 1]


def test_one_person_for_two_printers() -> None:
    """The second bed is cleared after the first."""
    other = replace(_BY_HAND, name="b")
    workload = _workload((_BY_HAND, other), _lot("a", "PLA", 60, copies=4))
    alone = play(replace(workload, operators=1), _FIFO)
    assert [p.start - START for p in alone] == [0, 0, 65, 70]
    assert [p.start - START for p in play(workload, _FIFO)] == [0, 0, 65, 65]


def test_who_is_busy_until_closing_comes_back_in_the_morning() -> None:
    """The second bed is reached at 18:03, when nobody is there any more."""
    other = replace(_BY_HAND, name="b")
    workload = _workload((_BY_HAND, other), _lot("a", "PLA", 598, copies=4))
    prints = play(replace(workload, operators=1), _FIFO)
    assert [p.start - START for p in prints] == [0, 0, 603, DAY + CLEARING]


def test_what_fits_no_printer_is_said() -> None:
    """The run ends and names what is left."""
    with pytest.raises(FarmStuck, match="'abs': 1"):
        play(_workload((_BY_HAND,), _lot("abs", "ABS", 60)), _FIFO)


@pytest.mark.parametrize("name", sorted(known_strategies()))
@pytest.mark.parametrize("whole", [False, True])
def test_the_same_seed_is_the_same_story(name: str, *, whole: bool) -> None:
    """Nothing depends on the order of sets or on the run."""
    strategy = strategy_named(name)
    first = play(batch(21, 4, 30), strategy, whole=whole)
    assert play(batch(21, 4, 30), strategy, whole=whole) == first
    assert play(batch(22, 4, 30), strategy, whole=whole) != first


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    name=st.sampled_from(sorted(known_strategies())),
    whole=st.booleans(),
    comes=st.sampled_from([0, 5000]),
    operators=st.sampled_from([None, 1]),
)
def test_the_rules_of_the_workshop(
    seed: int, name: str, *, whole: bool, comes: int, operators: int | None
) -> None:
    """Every copy is made; no printer does two things; people come when they are there.

    Failures are those of the lot, whoever prints it.
    """
    drawn = stream(seed, 4, 40, comes) if comes else batch(seed, 4, 40)
    workload = replace(drawn, failures=0.2, operators=operators)
    prints = play(workload, strategy_named(name), whole=whole)
    made = Counter(p.lot for p in prints if not p.failed)
    assert made == {lot.name: lot.copies for lot in workload.lots}
    for lot in workload.lots:
        tries = [p for p in prints if p.lot == lot.name]
        assert all(p.start * 60 >= lot.added for p in tries)
        shares = [workload.failing_share(lot.name, n) for n in range(len(tries))]
        assert sum(p.failed for p in tries) == len(tries) - shares.count(None)
    for printer in workload.printers:
        _check_printer(printer, [p for p in prints if p.printer == printer.name])


def _check_printer(printer: Printer, prints: list[FarmPrint]) -> None:
    for before, after in pairwise(prints):
        free = before.end
        if before.failed or not printer.self_clearing:
            free += operator_wait((DAYTIME,), free) + CLEARING
        assert after.start >= free
    for each in prints:
        assert not (each.change and operator_wait((DAYTIME,), each.start))
