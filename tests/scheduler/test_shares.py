"""Shares of owners, as credit in the score."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.shares import owner_credits

_OWNERS = st.sampled_from(["anna", "ben", "carl", "dora"])


@pytest.mark.parametrize(
    ("shares", "used", "credit"),
    [
        ({}, {}, {}),
        ({}, {"anna": 0, "ben": 0}, {"anna": 0, "ben": 0}),
        ({}, {"anna": 50, "ben": 50}, {"anna": 0, "ben": 0}),
        ({}, {"anna": 100, "ben": 0}, {"anna": -6000, "ben": 6000}),
        ({}, {"anna": 75, "ben": 25}, {"anna": -3000, "ben": 3000}),
        ({"anna": 3}, {"anna": 75, "ben": 25}, {"anna": 0, "ben": 0}),
        (
            {"anna": 2, "ben": 1},
            {"anna": 800, "ben": 100},
            {"anna": -2000, "ben": 4000},
        ),
        ({"anna": 1, "carl": 2}, {"anna": 5}, {"anna": -6000, "carl": 6000}),
        ({}, {"anna": 10, "": 1000}, {"anna": 0}),
    ],
)
def test_credit(
    shares: dict[str, int], used: dict[str, int], credit: dict[str, int]
) -> None:
    """60 minutes for nothing of one's share, none for all of it, down to -60."""
    assert dict(owner_credits(shares, used)) == credit


@given(
    st.dictionaries(_OWNERS, st.integers(1, 1000)),
    st.dictionaries(_OWNERS, st.integers(0, 10**6)),
    st.integers(0, 10**5),
)
def test_credit_is_the_formula_rounded_up(
    shares: dict[str, int], used: dict[str, int], most: int
) -> None:
    """most x clip((share - used share) / share, -1, 1), whole numbers in order."""
    found = owner_credits(shares, used, most)
    assert list(found) == sorted(found)
    owners = {*shares, *used}
    all_shares = sum(shares.get(owner, 1) for owner in owners)
    all_used = sum(used.values())
    for owner, credit in found:
        if not all_used:
            assert credit == 0
            continue
        share = Fraction(shares.get(owner, 1), all_shares)
        exact = most * (share - Fraction(used.get(owner, 0), all_used)) / share
        clipped = max(Fraction(-most), min(Fraction(most), exact))
        assert 0 <= credit - clipped < 1
