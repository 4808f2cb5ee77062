"""The queue played forward, on farms small enough to do by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import moonraker_netqueue.scheduler.forecast as forecasts
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.forecast import PlannedPrint, forecast
from moonraker_netqueue.scheduler.hours import DAY, OperatorPeriod
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import CLEARING, JobClass, Printer, Problem
from moonraker_netqueue.scheduler.scored import Scored, score
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.scheduler.strategies import known_strategies, strategy_named
from moonraker_netqueue.scheduler.strategies.strategy import Decision

_DAYTIME = OperatorPeriod(days=(0, 1, 2, 3, 4, 5, 6), start=8 * 60, duration=600)
_NINE = 9 * 60  # Unix minutes: 09:00 of the first day
_A = Printer("a", model="m", loaded=("PLA",), materials=("PLA", "PETG"))
_PLA = JobClass("pla", copies=2, materials=("PLA",), durations=(("m", 60),))
_PETG = JobClass("petg", added=1, materials=("PETG",), durations=(("m", 30),))


def _problem(printers: tuple[Printer, ...], jobs: tuple[JobClass, ...]) -> Problem:
    return Problem(_NINE * 60, printers, jobs, operator=(_DAYTIME,))


def test_one_printer_prints_one_after_the_other_with_clearing_and_change() -> None:
    """The change takes its 15 minutes, the bed 5 each time."""
    found = forecast(_problem((_A,), (_PLA, _PETG)))
    assert found.prints == (
        PlannedPrint("a", "pla", 1, _NINE, _NINE + 60, _NINE + 65, change=False),
        PlannedPrint("a", "pla", 1, _NINE + 65, _NINE + 125, _NINE + 130, change=False),
        PlannedPrint(
            "a", "petg", 1, _NINE + 130, _NINE + 175, _NINE + 180, change=True
        ),
    )
    assert found.complete
    assert found.left == ()


def test_a_bed_filled_in_the_evening_waits_for_the_morning() -> None:
    """From 18:00 to 08:00 nobody is there; a printer that clears itself goes on."""
    long = replace(_PLA, copies=3, durations=(("m", 600),))
    night = forecast(_problem((_A,), (long,)))
    morning = DAY + 8 * 60 + CLEARING
    assert [p.start for p in night.prints] == [_NINE, morning, morning + DAY]
    through = forecast(_problem((replace(_A, self_clearing=True),), (long,)))
    assert [p.start for p in through.prints] == [_NINE, _NINE + 600, _NINE + 1200]


def test_a_change_in_the_night_is_put_off_to_the_morning() -> None:
    """The printer is idle until somebody comes, and the forecast goes on then."""
    at_night = replace(_problem((_A,), (_PETG,)), now=20 * 3600)
    found = forecast(at_night)
    assert [(p.start, p.change) for p in found.prints] == [(DAY + 8 * 60, True)]


def test_what_never_prints_is_left_and_said_to_be() -> None:
    """A material that nobody has, a printer that a person switched off."""
    abs_job = JobClass("abs", copies=4, materials=("ABS",), durations=(("m", 10),))
    found = forecast(_problem((_A,), (abs_job,)))
    assert (found.prints, found.left, found.complete) == ((), (("abs", 4),), True)
    off = replace(_A, switched_off=True)
    assert forecast(_problem((off,), (_PLA,))).left == (("pla", 2),)


def test_people_who_come_in_turn_and_in_vain_end_it() -> None:
    """Each to a printer of its own, at other times: nothing ever fits."""
    other = replace(_DAYTIME, start=22 * 60)
    printers = (_A, replace(_A, name="b", operator=(other,)))
    never = replace(_PETG, materials=("ABS",))
    found = forecast(_problem(printers, (never,)))
    assert (found.prints, found.complete) == ((), True)
    nobody = replace(_problem((_A,), (_PETG,)), operator=(replace(_DAYTIME, days=()),))
    assert forecast(nobody).complete


def test_a_forecast_that_ends_early_says_so() -> None:
    """By time or by number of prints."""
    problem = _problem((_A,), (_PLA,))
    assert not forecast(problem, prints_max=1).complete
    early = forecast(problem, until=_NINE + 30)
    assert (len(early.prints), early.left, early.complete) == (1, (("pla", 1),), False)


def test_copies_kept_together_are_one_block_on_one_printer() -> None:
    """Their durations add up."""
    together = replace(_PLA, keep_together=True)
    printers = (_A, replace(_A, name="b"))
    found = forecast(_problem(printers, (together,)))
    assert [(p.copies, p.end - p.start) for p in found.prints] == [(2, 120)]


def test_a_spool_runs_low_and_is_changed() -> None:
    """Grams are counted down; the next copy needs a new spool."""
    spools = replace(_A, grams_left=60, spool_grams=1000)
    found = forecast(_problem((spools,), (replace(_PLA, grams=50),)))
    assert [p.change for p in found.prints] == [False, True]


def test_an_occupied_bed_and_a_running_print_are_waited_for() -> None:
    """Each is cleared first, by somebody who is there."""
    occupied = replace(_A, bed_clear=False)
    assert forecast(_problem((occupied,), (_PLA,))).prints[0].start == _NINE + CLEARING
    busy = replace(_A, state="printing", busy_minutes=90)
    assert forecast(_problem((busy,), (_PLA,))).prints[0].start == _NINE + 95


def test_a_slow_strategy_decides_only_what_starts_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Hundreds of its decisions would take minutes; another stands in for it."""
    slow = strategy_named("lookahead")
    asked: list[int] = []

    def choose(scored: Scored, solver: Solver) -> Decision:
        asked.append(scored.problem.now)
        return slow.choose(scored, solver)

    counted = replace(slow, choose=choose)
    problem = replace(_problem((_A,), (_PLA, _PETG)), strategy="lookahead")
    monkeypatch.setattr(forecasts, "strategy_named", lambda _name: counted)
    found = forecast(problem)
    assert asked == [problem.now]
    assert len(found.prints) == 3


def test_of_long_queues_the_assignment_decides_later_moments() -> None:
    """Prices alone would take too long on a Raspberry Pi."""
    jobs = tuple(replace(_PLA, name=f"j{n}", added=n, copies=1) for n in range(45))
    ahead = replace(_problem((_A,), jobs), strategy="lookahead")
    usual = replace(ahead, strategy="assignment")
    first = plan(usual).assignment
    until = _NINE + 250  # four prints: over 40 jobs wait all the time
    found = forecast(ahead, first=first, until=until)
    assert len(found.prints) == 4
    assert found == forecast(usual, first=first, until=until)
    late = strategy_named("lookahead").choose_later
    assert late is not None
    few = score(_problem((_A,), jobs[:2]))
    assert late(few, Solver.PURE).tableau != few.tableau


def test_an_unknown_strategy_is_refused_with_those_there_are() -> None:
    """Not planned by another one in silence."""
    with pytest.raises(ProblemError, match=r"'best'.*assignment, fifo, greedy"):
        forecast(replace(_problem((_A,), (_PLA,)), strategy="best"))


@st.composite
def _problems(draw: st.DrawFn) -> Problem:
    printers = tuple(
        Printer(
            name,
            model=draw(st.sampled_from(["m", "n"])),
            loaded=(draw(st.sampled_from(["PLA", "PETG"])),),
            materials=("PLA", "PETG"),
            self_clearing=draw(st.booleans()),
            operator=draw(
                st.sampled_from([(), (replace(_DAYTIME, max_manual_events=2),)])
            ),
        )
        for name in draw(st.sampled_from(["a", "ab", "abc"]))
    )
    jobs = tuple(
        JobClass(
            f"j{number}",
            added=draw(st.integers(0, _NINE * 60)),
            copies=draw(st.integers(1, 4)),
            materials=(draw(st.sampled_from(["PLA", "PETG"])),),
            durations=(("m", draw(st.integers(1, 900))), ("n", 300)),
            priority=draw(st.integers(-1, 1)),
            spread=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 4)))
    )
    strategy = draw(st.sampled_from(sorted(known_strategies())))
    most = draw(st.none() | st.integers(1, 3))
    operator = (replace(_DAYTIME, max_manual_events=most, events_used=1),)
    return replace(_problem(printers, jobs), strategy=strategy, operator=operator)


@settings(max_examples=150, deadline=None)
@given(_problems())
def test_every_copy_is_printed_once_and_no_printer_prints_two_at_a_time(
    problem: Problem,
) -> None:
    """With any strategy; the first starts are the plan's own."""
    found = forecast(problem)
    assert found.complete
    assert found.left == ()
    for job in problem.jobs:
        assert sum(p.copies for p in found.prints if p.job == job.name) == job.copies
    for printer in problem.printers:
        own = [p for p in found.prints if p.printer == printer.name]
        assert all(a.ready <= b.start for a, b in itertools.pairwise(own))
    _check_operators(problem, found.prints)
    first = {p.printer: p.job for p in found.prints if p.start == problem.now // 60}
    chosen = plan(problem).assignment
    assert first == {printer: job for printer, job in chosen.items() if job}
    assert forecast(problem, first=chosen) == found


def _check_operators(problem: Problem, prints: tuple[PlannedPrint, ...]) -> None:
    """Nobody works by hand when nobody is there, nor more often than they do."""
    printers = {printer.name: printer for printer in problem.printers}
    done: dict[str, list[int]] = {}
    for each in prints:
        printer = printers[each.printer]
        minutes = done.setdefault(printer.name if printer.operator else "", [])
        minutes += [each.start] if each.change else []
        minutes += [] if printer.self_clearing else [each.ready - CLEARING]
    for who, minutes in done.items():
        (period,) = printers[who].operator if who else problem.operator
        openings = [period.opening(minute) for minute in minutes]
        assert None not in openings
        most = period.max_manual_events
        for opening in set(openings) - {None}:
            used = period.events_used if opening == _NINE - 60 else 0
            assert most is None or openings.count(opening) + used <= most


def test_the_operators_limit_moves_changes_to_the_next_day() -> None:
    """One thing a day: the change now, the clearing tomorrow, then the next print."""
    once = replace(_DAYTIME, max_manual_events=1)
    problem = _problem((_A,), (replace(_PETG, copies=2),))
    found = forecast(replace(problem, operator=(once,)))
    assert [p.start for p in found.prints] == [_NINE, _NINE - 60 + DAY + CLEARING]
    assert [p.change for p in found.prints] == [True, False]
    assert found.prints[1].ready == _NINE - 60 + 2 * DAY + CLEARING


def test_spread_copies_go_to_every_printer_before_one_gets_a_second() -> None:
    """The slow printer gets one as well, the fast one the third."""
    slow = replace(_A, name="b", model="n", self_clearing=True)
    fast = replace(_A, self_clearing=True)
    job = replace(_PLA, copies=3, spread=True, durations=(("m", 10), ("n", 35)))
    found = forecast(_problem((fast, slow), (job,)))
    assert [p.printer for p in found.prints] == ["a", "b", "a"]
    assert found.complete
