"""The fast scoring of forecasts is the scoring itself, at any moment."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.hours import (
    WEEK,
    OperatorPeriod,
    operator_wait,
    week_of_waits,
)
from moonraker_netqueue.scheduler.moments import Moments
from moonraker_netqueue.scheduler.problem import Problem
from moonraker_netqueue.scheduler.scored import score
from tests.scheduler.problems import MATERIALS, PERIODS, problems


@settings(max_examples=200, deadline=None)
@given(
    problems(ready=True),
    st.lists(
        st.tuples(
            st.integers(0, 2 * WEEK),
            st.sets(st.integers(0, 3)),
            st.lists(st.integers(0, 60), min_size=3, max_size=3),
            st.lists(st.booleans(), min_size=3, max_size=3),
            st.sampled_from(MATERIALS),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_at_every_moment_mask_and_costs_are_those_of_score(
    problem: Problem,
    moments: list[tuple[int, set[int], list[int], list[bool], str]],
) -> None:
    """Jobs vanish, printers become busy for short or long, get other materials and
    wait for somebody to clear them; time goes on."""
    kept = Moments(problem)
    for later, alive, busy, clear, material in sorted(moments, key=lambda one: one[0]):
        then = replace(
            problem,
            now=problem.now + later * 60,
            jobs=tuple(problem.jobs[index] for index in sorted(alive)),
            printers=tuple(
                replace(
                    printer,
                    busy_minutes=minutes,
                    bed_clear=is_clear,
                    loaded=(material,),
                )
                for printer, minutes, is_clear in zip(
                    problem.printers, busy, clear, strict=True
                )
            ),
        )
        assert kept.score(then) == score(then)


@given(PERIODS, st.integers(0, 10**8))
def test_the_week_of_waits_holds_each_wait(
    periods: tuple[OperatorPeriod, ...], minute: int
) -> None:
    """Whatever the day, the offset and the length of a period."""
    assert week_of_waits(periods)[minute % WEEK] == operator_wait(periods, minute)
