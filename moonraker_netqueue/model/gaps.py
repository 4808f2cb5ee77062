"""Sets of whole numbers as stretches, in order and apart from each other.

There may be thousands of them while another group hands in what it knows, so nothing
here looks at each for each other one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Gap:
    """All numbers from `first` to `last`."""

    first: int
    last: int


def complement(numbers: Iterable[int], last: int) -> tuple[Gap, ...]:
    """What of 1 to `last` is not among `numbers`."""
    gaps, at = [], 1
    for number in sorted(numbers):
        if at <= number - 1:
            gaps.append(Gap(at, min(number - 1, last)))
        at = max(at, number + 1)
    if at <= last:
        gaps.append(Gap(at, last))
    return tuple(gaps)


def union(*gaps: Gap) -> tuple[Gap, ...]:
    """What is in any of them."""
    joined: list[Gap] = []
    for gap in sorted(gaps):
        if joined and gap.first <= joined[-1].last + 1:
            joined[-1] = Gap(joined[-1].first, max(joined[-1].last, gap.last))
        else:
            joined.append(gap)
    return tuple(joined)


def meet(one: tuple[Gap, ...], other: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """What is in both."""
    both: list[Gap] = []
    mine = its = 0
    while mine < len(one) and its < len(other):
        a, b = one[mine], other[its]
        first, last = max(a.first, b.first), min(a.last, b.last)
        if first <= last:
            both.append(Gap(first, last))
        if a.last < b.last:
            mine += 1
        else:
            its += 1
    return tuple(both)


def without(gaps: tuple[Gap, ...], taken: Gap) -> tuple[Gap, ...]:
    """What is in `gaps` and not in `taken`."""
    start = bisect_left(gaps, taken.first, key=_last)
    end = bisect_right(gaps, taken.last, key=_first)
    touched = gaps[start:end]
    if not touched:
        return gaps
    left: list[Gap] = []
    if touched[0].first < taken.first:
        left.append(Gap(touched[0].first, taken.first - 1))
    if touched[-1].last > taken.last:
        left.append(Gap(taken.last + 1, touched[-1].last))
    return (*gaps[:start], *left, *gaps[end:])


def within(number: int, gaps: tuple[Gap, ...]) -> bool:
    """Whether a number is in one of them."""
    at = bisect_left(gaps, number, key=_last)
    return at < len(gaps) and gaps[at].first <= number


def _first(gap: Gap) -> int:
    return gap.first


def _last(gap: Gap) -> int:
    return gap.last
