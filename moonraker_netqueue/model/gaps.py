"""Sets of whole numbers as stretches, in order and apart from each other."""

from __future__ import annotations

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


def meet(one: tuple[Gap, ...], other: tuple[Gap, ...]) -> tuple[Gap, ...]:
    """What is in both."""
    return tuple(
        Gap(max(a.first, b.first), min(a.last, b.last))
        for a in one
        for b in other
        if max(a.first, b.first) <= min(a.last, b.last)
    )


def without(gaps: tuple[Gap, ...], taken: Gap) -> tuple[Gap, ...]:
    """What is in `gaps` and not in `taken`."""
    left: list[Gap] = []
    for gap in gaps:
        if gap.last < taken.first or gap.first > taken.last:
            left.append(gap)
            continue
        if gap.first < taken.first:
            left.append(Gap(gap.first, taken.first - 1))
        if gap.last > taken.last:
            left.append(Gap(taken.last + 1, gap.last))
    return tuple(left)


def within(number: int, gaps: tuple[Gap, ...]) -> bool:
    """Whether a number is in one of them."""
    return any(gap.first <= number <= gap.last for gap in gaps)
