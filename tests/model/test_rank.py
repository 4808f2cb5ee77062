"""Fractional ranks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.model.rank import between, is_rank, spread

ranks = st.text("01azi", min_size=1, max_size=12).filter(is_rank)


@given(st.one_of(st.none(), ranks), st.one_of(st.none(), ranks))
def test_between_lies_between(one: str | None, other: str | None) -> None:
    """Whatever two ranks, one lies between, or it is said that none can."""
    if one is not None and other is not None and one >= other:
        with pytest.raises(ValueError, match="no rank lies between"):
            between(one, other)
        return
    rank = between(one, other)
    assert is_rank(rank)
    assert one is None or one < rank
    assert other is None or rank < other


@pytest.mark.parametrize("count", [0, 1, 2, 17, 18, 35, 36, 647, 648, 2_000])
def test_spread_is_in_order_short_and_has_room(count: int) -> None:
    """Fresh ranks: at most three digits for a full queue, and room everywhere."""
    fresh = spread(count)
    assert len(fresh) == count
    assert all(is_rank(rank) and len(rank) <= 3 for rank in fresh)
    assert fresh == sorted(set(fresh))
    around = [None, *fresh, None]
    for low, high in itertools.pairwise(around):
        assert len(between(low, high)) <= 4


@pytest.mark.parametrize("text", ["", "0", "a0", "A", "a b", "é"])
def test_what_is_no_rank(text: str) -> None:
    """Other digits, or a zero at the end, below which nothing fits."""
    assert not is_rank(text)
