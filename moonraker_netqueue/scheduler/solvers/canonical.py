"""The one plan among equally good ones that every host agrees on.

Works on columns: moving a row from its column to another is an edge, and a sink node
joins the columns with room to those with load, so that every change between two plans
is a set of cycles. No negative cycle: the plan is optimal. Shortest distances are then
prices, and the cycles that cost nothing lead to all other optimal plans.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ..errors import SolverError
from .tableau import Tableau, Vector

_Edges = dict[int, dict[int, int]]
_NO_ROW = -1  # an edge to or from the sink moves none


@dataclass(frozen=True)
class Optimum:
    """The canonical plan, and the price of each column: the cost of one unit less.

    A price is 0 where a column has units left over, else 0 or below. A plan that
    limits have changed has no prices.
    """

    vector: Vector
    prices: tuple[int, ...] | None


def canonical(tableau: Tableau, vector: Vector) -> Optimum:
    """The lexicographically smallest optimal plan, from any optimal one.

    Limits do not count here: see limited.py. Raises SolverError if `vector` is not a
    feasible plan of least cost.
    """
    tableau.objective(vector)
    # The sink's own distance stays 0: a cheaper way to it would close a negative cycle.
    prices = tuple(_distances(_residual_edges(tableau, vector))[:-1])
    smallest = _Smallest(tableau, vector, prices)
    for row in range(len(vector)):
        smallest.settle(row)
    return Optimum(tuple(smallest.column_of), prices)


def _residual_edges(tableau: Tableau, vector: Vector) -> _Edges:
    """edges[a][b]: the least cost of moving one row from column a to column b."""
    sink = len(tableau.capacity)
    edges: _Edges = {node: {} for node in range(sink + 1)}
    load = [0] * sink
    for row, here in zip(tableau.by_column, vector, strict=True):
        load[here] += 1
        leaving = edges[here]
        left = row[here]
        for there, cost in row.items():
            if there != here:
                leaving[there] = min(cost - left, leaving.get(there, cost - left))
    for column, room in enumerate(tableau.capacity):
        if load[column] < room:
            edges[column][sink] = 0
        if load[column]:
            edges[sink][column] = 0
    return edges


def _distances(edges: _Edges) -> list[int]:
    """Greatest distances of 0 or less that no edge undercuts (Bellman-Ford)."""
    distance = [0] * len(edges)
    for _ in range(len(edges)):
        changed = False
        for start, leaving in edges.items():
            base = distance[start]
            for end, cost in leaving.items():
                if base + cost < distance[end]:
                    distance[end] = base + cost
                    changed = True
        if not changed:
            return distance
    raise SolverError("a plan is not the optimum; solve it again with the pure solver")


class _Smallest:
    """Moves along cycles that cost nothing, one row after the other for good."""

    def __init__(self, tableau: Tableau, vector: Vector, prices: Vector) -> None:
        self.column_of = list(vector)
        self._capacity = tableau.capacity
        self._prices = prices
        self._sink = len(prices)
        self._load = [vector.count(column) for column in range(self._sink)]
        self._tight = [_tight_columns(row, prices) for row in tableau.costs]
        self._rows_tight_to: list[list[int]] = [[] for _ in prices]
        for row, columns in enumerate(self._tight):
            for column in columns:
                self._rows_tight_to[column].append(row)

    def settle(self, row: int) -> None:
        """Give `row` its first column of any optimal plan that keeps earlier rows."""
        home = self.column_of[row]
        wanted = [column for column in self._tight[row] if column < home]
        if not wanted:
            return
        onward = self._ways_to(home, row)
        column = next((column for column in wanted if column in onward), home)
        if column != home:
            self._turn(row, column, onward)

    def _ways_to(self, home: int, settled: int) -> dict[int, tuple[int, int]]:
        """For each node with a free way to `home`: its next node and the row to move.

        Rows up to `settled` stay where they are.
        """
        onward: dict[int, tuple[int, int]] = {}
        queue = deque([home])
        while queue:
            node = queue.popleft()
            for before, row in self._edges_into(node, settled):
                if before not in onward and before != home:
                    onward[before] = (node, row)
                    queue.append(before)
        return onward

    def _edges_into(self, node: int, settled: int) -> list[tuple[int, int]]:
        if node == self._sink:
            return [
                (column, _NO_ROW)
                for column, room in enumerate(self._capacity)
                if self._load[column] < room  # and so its price is 0
            ]
        edges = [
            (self.column_of[row], row)
            for row in self._rows_tight_to[node]
            if row > settled
        ]
        if self._load[node] and self._prices[node] == 0:
            edges.append((self._sink, _NO_ROW))
        return edges

    def _turn(self, row: int, column: int, onward: dict[int, tuple[int, int]]) -> None:
        home = self.column_of[row]
        self._move(row, column)
        node = column
        while node != home:
            node, mover = onward[node]
            if mover != _NO_ROW:
                self._move(mover, node)

    def _move(self, row: int, column: int) -> None:
        self._load[self.column_of[row]] -= 1
        self._load[column] += 1
        self.column_of[row] = column


def _tight_columns(row: tuple[tuple[int, int], ...], prices: Vector) -> list[int]:
    """The columns that are equally good for a row at these prices, in order."""
    best = min(cost - prices[column] for column, cost in row)
    return [column for column, cost in row if cost - prices[column] == best]
