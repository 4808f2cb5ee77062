"""Operator periods."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.hours import DAY, WEEK, OperatorPeriod, operator_wait

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
