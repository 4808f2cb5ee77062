"""Operator periods."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.hours import (
    DAY,
    WEEK,
    Diary,
    OperatorPeriod,
    operator_wait,
)

_MONDAY = 4 * DAY  # 1970-01-05, in Unix minutes


@pytest.mark.parametrize(
    ("minute", "wait"),
    [(479, 1), (480, 0), (1079, 0), (1080, WEEK - 600), (480 + DAY, WEEK - DAY)],
)
def test_monday_from_eight_for_ten_hours(minute: int, wait: int) -> None:
    """The first minute is inside, the minute after the last is not."""
    period = OperatorPeriod(days=(0,), start=480, duration=600)
    assert period.wait(_MONDAY + minute) == wait


def test_a_period_over_midnight_reaches_into_monday() -> None:
    """Sunday 22:00 for eight hours still holds on Monday at 05:59."""
    period = OperatorPeriod(days=(6,), start=22 * 60, duration=480)
    assert period.wait(_MONDAY + 359) == 0
    assert period.wait(_MONDAY + 360) > 0


def test_the_offset_moves_the_period_to_local_time() -> None:
    """08:00 two hours ahead of UTC is 06:00 UTC."""
    period = OperatorPeriod(days=(0,), start=480, duration=60, utc_offset=120)
    assert period.wait(_MONDAY + 359) == 1
    assert period.wait(_MONDAY + 360) == 0


def test_without_periods_somebody_is_always_there() -> None:
    """Who declares nothing is not kept from printing."""
    assert operator_wait((), 12345) == 0


@given(
    st.lists(
        st.builds(
            OperatorPeriod,
            days=st.lists(st.integers(0, 6), min_size=1).map(tuple),
            start=st.integers(0, DAY - 1),
            duration=st.integers(1, WEEK),
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 10**8),
)
def test_the_wait_ends_inside_and_no_sooner(
    periods: list[OperatorPeriod], minute: int
) -> None:
    """After the wait somebody is there; one minute before, nobody is."""
    wait = operator_wait(periods, minute)
    assert 0 <= wait < WEEK
    assert operator_wait(periods, minute + wait) == 0
    assert wait == 0 or operator_wait(periods, minute + wait - 1) == 1


_DAILY = OperatorPeriod(tuple(range(7)), 480, 600, max_manual_events=2)


def test_a_period_that_is_used_up_is_waited_out() -> None:
    """Until the next one opens, which allows as many again."""
    diary = Diary((_DAILY,), _MONDAY + 500)
    assert diary.wait(_MONDAY + 500) == 0
    diary.book(_MONDAY + 500)
    assert diary.wait(_MONDAY + 501) == 0
    diary.book(_MONDAY + 501)
    assert diary.wait(_MONDAY + 502) == DAY - 22
    assert diary.wait(_MONDAY + 480 + DAY) == 0
    assert diary.wait(_MONDAY + 400) == 80 + DAY


def test_what_is_used_counts_in_the_period_that_is_on() -> None:
    """Not in the one of the day before, nor in the next."""
    used = replace(_DAILY, events_used=2)
    assert Diary((used,), _MONDAY + 500).wait(_MONDAY + 500) == DAY - 20
    assert Diary((used,), _MONDAY + 400).wait(_MONDAY + 500) == 0
    assert used.events_left(_MONDAY + 480, _MONDAY + 500) == 0
    assert used.events_left(_MONDAY + 480 + DAY, _MONDAY + 500) == 2


def test_where_periods_overlap_both_must_have_an_event_left() -> None:
    """An event counts in each: with none in the lunch break, there is one after it."""
    lunch = OperatorPeriod((0,), 720, 60, max_manual_events=0)
    diary = Diary((_DAILY, lunch), _MONDAY)
    assert diary.wait(_MONDAY + 719) == 0
    assert diary.wait(_MONDAY + 720) == 60
    diary.book(_MONDAY + 800)
    assert [p.events_used for p in diary.periods_at(_MONDAY + 800)] == [1, 0]
    assert [p.events_used for p in diary.periods_at(_MONDAY + 800 + DAY)] == [0, 0]


def test_a_person_who_never_does_anything_is_waited_for_over_a_week() -> None:
    """The search ends."""
    never = replace(_DAILY, max_manual_events=0)
    assert Diary((never,), _MONDAY).wait(_MONDAY) > WEEK


@given(
    st.lists(
        st.builds(
            OperatorPeriod,
            days=st.lists(st.integers(0, 6), min_size=1).map(tuple),
            start=st.integers(0, DAY - 1),
            duration=st.integers(1, DAY),
            max_manual_events=st.none() | st.integers(1, 2),
            events_used=st.integers(0, 3),
        ),
        max_size=3,
    ),
    st.integers(10**4, 10**5),
    st.lists(st.integers(0, 3 * DAY), max_size=8),
)
def test_booking_after_the_wait_never_asks_too_much(
    periods: list[OperatorPeriod], now: int, requests: list[int]
) -> None:
    """Whoever is asked for help, in whatever order: no period gets over its limit."""
    diary = Diary(tuple(periods), now)
    done: list[int] = []
    for request in requests:
        minute = now + request
        minute += diary.wait(minute)
        if minute - now - request > WEEK:
            continue
        done.append(minute)
        diary.book(minute)
    for period in periods:
        openings = [period.opening(minute) for minute in done]
        for opening in {o for o in openings if o is not None}:
            if period.max_manual_events is not None:
                used = period.max_manual_events - period.events_left(opening, now)
                assert openings.count(opening) + used <= period.max_manual_events
    if periods:
        assert all(operator_wait(periods, minute) == 0 for minute in done)
