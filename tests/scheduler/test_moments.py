"""The fast scoring of forecasts is the scoring itself, at any moment."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.hours import (
    DAY,
    WEEK,
    OperatorPeriod,
    minute_of_week,
    operator_wait,
    week_of_waits,
)
from moonraker_netqueue.scheduler.moments import Moments
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem, Weights
from moonraker_netqueue.scheduler.scored import score

_MATERIALS = ("PLA:black", "PLA:red", "PETG:black")
_PERIODS = st.lists(
    st.builds(
        OperatorPeriod,
        days=st.lists(st.integers(0, 6), max_size=3).map(tuple),
        start=st.integers(0, DAY - 1),
        duration=st.integers(1, WEEK + 5),
        utc_offset=st.integers(-720, 840),
    ),
    max_size=3,
).map(tuple)
_some = st.sampled_from


def _printer(name: str) -> st.SearchStrategy[Printer]:
    return st.builds(
        Printer,
        name=st.just(name),
        model=_some(["m", "n"]),
        materials=st.lists(_some(_MATERIALS), max_size=2).map(tuple),
        loaded=_some(_MATERIALS).map(lambda word: (word,)),
        self_clearing=st.booleans(),
        nozzle=_some([None, 0.4, 0.6]),
        grams_left=_some([None, 40.0]),
        spool_grams=_some([None, 60.0, 1000.0]),
        quarantined=st.booleans(),
        switched_off=st.booleans(),
    )


def _job(name: str) -> st.SearchStrategy[JobClass]:
    return st.builds(
        JobClass,
        name=st.just(name),
        added=st.integers(0, 10 * DAY * 60),
        copies=st.integers(1, 3),
        materials=st.lists(_some([*_MATERIALS, "PLA"]), max_size=1).map(tuple),
        durations=_some(
            [(("m", 60),), (("", 300),), (("m", 90), ("n", 45)), (("n", 700),)]
        ),
        nozzle=_some([None, 0.4]),
        grams=_some([0.0, 50.0]),
        due=st.none() | st.integers(0, 20 * DAY * 60),
        keep_together=st.booleans(),
        held=st.booleans(),
        failed_on=_some([(), ("a",)]),
    )


_problems = st.builds(
    Problem,
    now=st.integers(8 * DAY, 12 * DAY).map(lambda minute: minute * 60 + 17),
    printers=st.tuples(_printer("a"), _printer("b"), _printer("c")),
    jobs=st.tuples(_job("i"), _job("j"), _job("k"), _job("l")),
    weights=st.builds(Weights, dead=st.integers(0, 50), max_wait=st.just(9 * DAY)),
    operator=_PERIODS,
)


@settings(max_examples=200, deadline=None)
@given(
    _problems,
    st.lists(
        st.tuples(
            st.integers(0, 2 * WEEK),
            st.sets(st.integers(0, 3)),
            st.lists(st.integers(0, 30), min_size=3, max_size=3),
            _some(_MATERIALS),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_at_every_moment_mask_and_costs_are_those_of_score(
    problem: Problem, moments: list[tuple[int, set[int], list[int], str]]
) -> None:
    """Jobs vanish, printers become busy and get other materials, time goes on."""
    kept = Moments(problem)
    for later, alive, busy, material in sorted(moments):
        then = replace(
            problem,
            now=problem.now + later * 60,
            jobs=tuple(problem.jobs[index] for index in sorted(alive)),
            printers=tuple(
                replace(printer, busy_minutes=minutes, loaded=(material,))
                for printer, minutes in zip(problem.printers, busy, strict=True)
            ),
        )
        assert kept.score(then) == score(then)


@given(_PERIODS, st.integers(0, 10**8))
def test_the_week_of_waits_holds_each_wait(
    periods: tuple[OperatorPeriod, ...], minute: int
) -> None:
    """Whatever the day, the offset and the length of a period."""
    assert week_of_waits(periods)[minute_of_week(minute)] == operator_wait(
        periods, minute
    )
