"""Sets of numbers as stretches: what they say is what sets say."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.model.gaps import (
    Gap,
    complement,
    meet,
    union,
    within,
    without,
)

LAST = 40
SETS = st.sets(st.integers(1, LAST))


def gaps(numbers: set[int]) -> tuple[Gap, ...]:
    return union(*(Gap(number, number) for number in numbers))


def numbers(gaps: tuple[Gap, ...]) -> set[int]:
    """What they hold; they must be in order and apart."""
    for one, following in pairwise(gaps):
        assert one.last + 1 < following.first
    return {n for gap in gaps for n in range(gap.first, gap.last + 1)}


@given(SETS, SETS)
def test_what_is_in_both_or_in_any(one: set[int], other: set[int]) -> None:
    """Of two sets."""
    assert numbers(meet(gaps(one), gaps(other))) == one & other
    assert numbers(union(*gaps(one), *gaps(other))) == one | other


@given(SETS, st.integers(1, LAST), st.integers(0, LAST))
def test_what_is_left_without_a_stretch(one: set[int], first: int, more: int) -> None:
    """The rest, and whether a number is in it."""
    left = without(gaps(one), Gap(first, first + more))
    expected = one - set(range(first, first + more + 1))
    assert numbers(left) == expected
    assert {n for n in range(LAST + 2) if within(n, left)} == expected


@given(SETS)
def test_what_is_missing(one: set[int]) -> None:
    """Up to a last number."""
    assert numbers(complement(one, LAST)) == set(range(1, LAST + 1)) - one
