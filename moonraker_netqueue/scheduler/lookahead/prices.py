"""What a minute of each kind of printer is worth, from the work that waits.

The whole queue as a fluid: each job spreads over the kinds of printers that can make
it, the more the less it costs there; a kind that then has more to do than others gets
dearer. This comes close to the duals of the plan's linear programme

    minimise    T
    subject to  sum over kinds k of y[j,k] >= n[j]            for each job j
                sum over jobs j of e[j,k] y[j,k] + b[k] <= |k| T   for each kind k

whose dual is a price for a minute of each kind (multiplicative weights: Plotkin, Shmoys
and Tardos 1995; Arora, Hazan and Kale 2012). All of it is in integers and in a fixed
number of rounds: every host gets the same prices, without a solver.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from .shop import Minutes, Shop

ONE = 1 << 16  # a price of 1: a minute of the mean printer
_ROUNDS = 30
_SHARPNESS = 4  # a kind that costs twice as much gets 1/16 of a job
_PARTS = tuple(each**_SHARPNESS for each in range((1 << 8) + 1))
_LEAST = ONE >> 10


def extra_minutes(shop: Shop, left: Sequence[int], busy: Sequence[int]) -> Minutes:
    """By kind and job: how many minutes the queue is worse off if that kind takes a
    unit rather than the kind for which it is cheapest.

    `left` are the units that wait by job, `busy` the minutes that the printers of
    each kind are taken already, in sum.
    """
    rounded = tuple(_rounded(units) for units in left)
    return _extra_minutes(shop, rounded, _rounded_busy(shop, rounded, busy))


def _rounded(units: int) -> int:
    """To two binary digits behind the first: prices live longer, and hardly differ."""
    shift = max(0, units.bit_length() - 3)
    return units >> shift << shift


def _rounded_busy(
    shop: Shop, left: Sequence[int], busy: Sequence[int]
) -> tuple[int, ...]:
    """To an eighth of the mean load, or less."""
    work = sum(
        units * min((each for each in of_job if each is not None), default=0)
        for units, of_job in zip(left, _by_job(shop), strict=True)
    )
    mean = work // (8 * max(1, sum(shop.size)))
    step = 1 << max(0, mean.bit_length() - 1)
    return tuple(
        each // (step * size) * step * size
        for each, size in zip(busy, shop.size, strict=True)
    )


def _by_job(shop: Shop) -> list[tuple[int | None, ...]]:
    return [
        tuple(kind.effective[job] for kind in shop.kinds)
        for job in range(len(shop.materials))
    ]


@functools.lru_cache(maxsize=256)
def _extra_minutes(shop: Shop, left: tuple[int, ...], busy: tuple[int, ...]) -> Minutes:
    price = _kind_prices(shop, left, busy)
    costs = [
        [None if each is None else own * each for each in kind.effective]
        for own, kind in zip(price, shop.kinds, strict=True)
    ]
    least = [
        min((cost for cost in of_job if cost is not None), default=0)
        for of_job in zip(*costs, strict=True)
    ]
    return tuple(
        tuple(
            None if cost is None else (cost - cheapest) // ONE
            for cost, cheapest in zip(row, least, strict=True)
        )
        for row in costs
    )


def _kind_prices(
    shop: Shop, left: tuple[int, ...], busy: tuple[int, ...]
) -> Sequence[int]:
    """The mean over the second half of the rounds; ONE is the mean printer's price."""
    price = [ONE] * len(shop.kinds)
    total = [0] * len(shop.kinds)
    fixed, choices = list(busy), []
    for units, of_job in zip(left, _by_job(shop), strict=True):
        able = [(k, each) for k, each in enumerate(of_job) if each is not None]
        if len(able) == 1:
            fixed[able[0][0]] += units * able[0][1]
        elif units and able:
            choices.append((units, able))
    for number in range(_ROUNDS):
        loads = _loads(shop, price, fixed, choices)
        price = _adjusted(
            shop, price, loads, slowness=4 if number < _ROUNDS // 2 else 8
        )
        if number >= _ROUNDS // 2:
            total = [sum(each) for each in zip(total, price, strict=True)]
    return [each // (_ROUNDS - _ROUNDS // 2) for each in total]


def _loads(
    shop: Shop,
    price: Sequence[int],
    fixed: Sequence[int],
    choices: Sequence[tuple[int, Sequence[tuple[int, int]]]],
) -> list[int]:
    """Minutes of work on the printers of each kind, in sum, at these prices."""
    loads, size = list(fixed), shop.size
    for units, able in choices:
        costs = [price[kind] * each for kind, each in able]
        least = min(costs) << 8
        parts = [
            size[kind] * _PARTS[least // cost]
            for (kind, _), cost in zip(able, costs, strict=True)
        ]
        whole = sum(parts)
        for (kind, each), part in zip(able, parts, strict=True):
            loads[kind] += units * each * part // whole
    return loads


def _adjusted(
    shop: Shop, price: Sequence[int], loads: Sequence[int], slowness: int
) -> list[int]:
    """Cheaper where less is to do than on the busiest kind; then scaled to ONE."""
    per_printer = [load // size for load, size in zip(loads, shop.size, strict=True)]
    most = max((1, *per_printer))
    moved = [
        each * ((slowness - 1) * most + own) // (slowness * most)
        for each, own in zip(price, per_printer, strict=True)
    ]
    scale = sum(each * size for each, size in zip(moved, shop.size, strict=True))
    printers = sum(shop.size)
    return [max(_LEAST, each * printers * ONE // max(1, scale)) for each in moved]
