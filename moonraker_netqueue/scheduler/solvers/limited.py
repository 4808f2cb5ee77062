"""The canonical plan where an operator can do only so much by hand, in integers.

Such a row breaks total unimodularity. It is given a price instead (Lagrange): each
choice by hand costs so much more that the transportation problem keeps to the limit. At
the best price there is a bound that no plan undercuts; where the plan at that price
does not reach it, the search branches on whether a row's choice is by hand, the best
bound first.

Costs are first made unique: cost x base + the plan's place in dictionary order. So the
one optimum is the canonical one, and every host expands the same nodes. Beyond a
counted amount of work they all fall back on the same plan, good but not proven.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from .canonical import Optimum, canonical
from .tableau import Tableau, Vector
from .transport import solve_pure

WORK_MAX = 120_000  # feasible pairs, of each transportation problem solved
_SEARCHED_MAX = WORK_MAX // 10  # pairs; with more, the root alone takes the time
_PRICES_MAX = 16  # tried of one limit in one node; a few are enough
_PRICES_MIN = 3  # without them the fallback would be a poor one

_Fixed = Mapping[int, bool]
"""Rows that are decided: whether they choose by hand."""

_Costs = list[list[tuple[int, int]]]
"""By row: column and cost."""


@dataclass(frozen=True)
class Limited:
    """A plan within the limits; `proven`: the canonical optimum, else a good one."""

    optimum: Optimum
    proven: bool


def limited(model: Tableau, work: int = WORK_MAX) -> Limited:
    """The canonical plan of a model with limits."""
    relaxed = canonical(model.relaxed, solve_pure(model.relaxed))
    if model.keeps_limits(relaxed.vector):
        return Limited(relaxed, proven=True)
    search = _Search(model, work)
    vector = search.run()
    if vector is not None:
        return Limited(Optimum(vector, None), proven=True)
    return Limited(Optimum(search.fallback(), None), proven=False)


@dataclass(frozen=True)
class _Priced:
    """The cheapest plan at some prices; `cost` and `used` (by limit) without them."""

    vector: Vector
    cost: int
    used: tuple[int, ...]
    possible: bool

    def at(self, prices: list[int]) -> int:
        """Its cost at other prices."""
        paid = zip(prices, self.used, strict=True)
        return self.cost + sum(price * used for price, used in paid)


@dataclass(order=True)
class _Node:
    """Plans with the same fixed rows, none of which costs less than `bound`.

    `vector` costs just that, if `branch` is None; else `branch` is a row to decide.
    """

    bound: int
    number: int
    fixed: _Fixed = field(compare=False)
    vector: Vector = field(compare=False)
    branch: int | None = field(compare=False)


class _Search:
    """Branch and bound over the rows that may choose by hand."""

    def __init__(self, model: Tableau, work: int) -> None:
        self._limits = model.limits
        self._manual = model.manual
        self._idle = model.idle
        self._capacity = model.capacity
        self._limits_of: list[list[int]] = [[] for _ in model.costs]
        for number, limit in enumerate(model.limits):
            for row in limit.rows:
                self._limits_of[row].append(number)
        kept = [self._worth_keeping(model, row) for row in range(self._rows)]
        self._pairs = sum(map(len, kept))
        self._work_left = work
        self._in_time = self._pairs <= min(work, _SEARCHED_MAX)
        # Prices are rounded down: over all rows that loses less than 1 in `scale`.
        self._scale = self._rows + 1
        self._costs = [
            [(column, cost * self._scale) for column, cost in row]
            for row in (_unique(kept) if self._in_time else kept)
        ]
        values = [cost for row in self._costs for _, cost in row]
        self._spread = max(values) - min(values) + 1
        self._nodes = 0
        self._nearest: list[
            _Priced
        ] = []  # plans of the root, nearest to the best price

    @property
    def _rows(self) -> int:
        return len(self._limits_of)

    def run(self) -> Vector | None:
        """The cheapest plan; None if that takes too much work."""
        root = self._node({})
        if root is None or not self._in_time:
            return None
        nodes = [root]
        while self._work_left > 0:
            node = heapq.heappop(nodes)
            if node.branch is None:
                return node.vector
            for choice in (False, True):
                child = self._node({**node.fixed, node.branch: choice})
                if child is not None:
                    heapq.heappush(nodes, child)
        return None

    def fallback(self) -> Vector:
        """Rows that choose by hand at the higher price may, as far as limits allow."""
        left = [limit.most for limit in self._limits]
        fixed = {row: False for limit in self._limits for row in limit.rows}
        for plan in self._nearest:
            for row in [row for row in fixed if self._by_hand(plan.vector, row)]:
                if all(left[number] for number in self._limits_of[row]):
                    del fixed[row]
                    for number in self._limits_of[row]:
                        left[number] -= 1
        return self._solve(fixed, [0] * len(left)).vector

    def _node(self, fixed: _Fixed) -> _Node | None:
        """Bound the plans with these rows fixed; None: there is none."""
        for limit in self._limits:
            if sum(fixed.get(row, False) for row in limit.rows) > limit.most:
                return None
        prices = [0] * len(self._limits)
        plan = self._solve(fixed, prices)
        if not plan.possible:
            return None
        low = high = plan
        for number, limit in enumerate(self._limits):
            if plan.used[number] > limit.most:
                plan, low, high = self._raise_price(fixed, prices, number, plan)
        self._nearest = self._nearest or [high, low]
        left = [
            limit.most - used
            for limit, used in zip(self._limits, plan.used, strict=True)
        ]
        worth = sum(price * rest for price, rest in zip(prices, left, strict=True))
        reached = not worth and all(rest >= 0 for rest in left)
        branch = None if reached else self._undecided(fixed, low, high)
        bound = -((worth - plan.cost) // self._scale)  # rounded up
        self._nodes += 1
        return _Node(bound, self._nodes, fixed, plan.vector, branch)

    def _raise_price(
        self, fixed: _Fixed, prices: list[int], number: int, low: _Priced
    ) -> tuple[_Priced, _Priced, _Priced]:
        """Set the price of a limit to the best: plan, last one above, last one within.

        The next price to try is where the plans on both sides cost the same.
        """
        most = self._limits[number].most
        prices[number] = self._spread + sum(prices)
        plan = high = self._solve(fixed, prices)
        for tried in range(_PRICES_MAX):
            late = self._work_left <= 0 and tried >= _PRICES_MIN
            if late or plan.used[number] == most:
                break
            prices[number] = 0
            dearer = high.at(prices) - low.at(prices)
            prices[number] = dearer // (low.used[number] - high.used[number])
            plan = self._solve(fixed, prices)
            if plan.at(prices) == min(low.at(prices), high.at(prices)):
                break
            if plan.used[number] > most:
                low = plan
            else:
                high = plan
        return plan, low, high

    def _solve(self, fixed: _Fixed, prices: list[int]) -> _Priced:
        self._work_left -= self._pairs
        never = self._spread * (self._rows + 1) * (2 + 4 * len(prices))
        costs = []
        for row, choices in enumerate(self._costs):
            by_hand = fixed.get(row)
            extra = sum(prices[number] for number in self._limits_of[row])
            priced = [
                (column, cost + extra if column in self._manual[row] else cost)
                for column, cost in choices
                if by_hand is None or (column in self._manual[row]) == by_hand
            ]
            costs.append((*priced, (self._idle, never)) if by_hand else tuple(priced))
        vector = solve_pure(Tableau(tuple(costs), self._capacity))
        paid = [dict(row).get(c) for row, c in zip(self._costs, vector, strict=True)]
        return _Priced(
            vector=vector,
            cost=sum(cost for cost in paid if cost is not None),
            used=tuple(
                sum(self._by_hand(vector, row) for row in limit.rows)
                for limit in self._limits
            ),
            possible=all(
                self._by_hand(vector, row) for row, by_hand in fixed.items() if by_hand
            ),
        )

    def _undecided(self, fixed: _Fixed, low: _Priced, high: _Priced) -> int:
        """The first row that the plans on both sides of the price decide otherwise."""
        rows = (row for row in range(self._rows) if row not in fixed)
        return next(
            row
            for row in rows
            if self._by_hand(low.vector, row) != self._by_hand(high.vector, row)
        )

    def _by_hand(self, vector: Vector, row: int) -> bool:
        return vector[row] in self._manual[row]

    def _worth_keeping(self, model: Tableau, row: int) -> list[tuple[int, int]]:
        """The columns among which some optimum chooses.

        Of each kind the cheapest with room for all rows: one of them is always free.
        """
        manual = model.manual[row] if self._limits_of[row] else frozenset[int]()
        kept: list[tuple[int, int]] = []
        for kind in (False, True):
            room = 0
            cheapest = sorted(
                (cost, column)
                for column, cost in model.costs[row]
                if (column in manual) == kind
            )
            for cost, column in cheapest:
                kept.append((column, cost))
                room += model.capacity[column]
                if room >= self._rows:
                    break
        return sorted(kept)


def _unique(costs: _Costs) -> _Costs:
    """Costs of which no two plans have the same sum: dictionary order breaks ties."""
    base = 1
    place_values: list[int] = []
    for row in reversed(costs):
        place_values.append(base)
        base *= len(row)
    return [
        [
            (column, cost * base + place * value)
            for place, (column, cost) in enumerate(row)
        ]
        for row, value in zip(costs, reversed(place_values), strict=True)
    ]
