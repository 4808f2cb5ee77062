"""Pure-Python solver: minimum-cost flow by successive shortest paths, in integers.

Printers enter one at a time. A newcomer takes the cheapest column or, where that is
full, pushes a printer on to another column, along the shortest path to one with room
(Dijkstra over columns with prices that keep every reduced cost at zero or more).
"""

from __future__ import annotations

from collections.abc import Callable

from .tableau import Tableau, Vector


def solve_pure(tableau: Tableau) -> Vector:
    """An optimal plan; the idle column makes every tableau feasible."""
    flow = _Flow(tableau)
    for row in range(len(tableau.costs)):
        flow.add(row)
    return tuple(flow.column_of)


class _Flow:
    """An optimal flow of the rows added so far."""

    def __init__(self, tableau: Tableau) -> None:
        self.column_of: list[int] = []
        self._tableau = tableau
        self._rows_in: list[list[int]] = [[] for _ in tableau.capacity]
        self._price = [0] * len(tableau.capacity)

    def add(self, row: int) -> None:
        """Send one more unit, from `row` to whichever column has room."""
        self.column_of.append(-1)  # nowhere yet
        search = _Search(self._tableau, self._price, self._has_room)
        search.relax(row, 0, from_cost=0)
        column = search.next_column()
        while not self._has_room(column):
            for other in self._rows_in[column]:
                search.relax(
                    other,
                    search.distance[column],
                    from_cost=self._reduced(other, column),
                )
            column = search.next_column()
        self._raise_prices(search, search.distance[column])
        self._push(search, row, column)

    def _has_room(self, column: int) -> bool:
        return len(self._rows_in[column]) < self._tableau.capacity[column]

    def _reduced(self, row: int, column: int) -> int:
        return self._tableau.by_column[row][column] - self._price[column]

    def _raise_prices(self, search: _Search, length: int) -> None:
        """Make the columns nearer than the path's end dearer, so that paths stay."""
        for column in search.done:
            self._price[column] += search.distance[column] - length

    def _push(self, search: _Search, row: int, column: int) -> None:
        """Walk the path back: each row on it moves to the column it reached."""
        while True:
            mover = search.via[column]
            left = self.column_of[mover]
            self.column_of[mover] = column
            self._rows_in[column].append(mover)
            if mover == row:
                return
            self._rows_in[left].remove(mover)
            column = left


class _Search:
    """Dijkstra's labels over columns, for one unit."""

    def __init__(
        self, tableau: Tableau, price: list[int], has_room: Callable[[int], bool]
    ) -> None:
        self._has_room = has_room
        self.distance: dict[int, int] = {}
        self.via: dict[int, int] = {}  # the row that reaches a column
        self.done: list[int] = []
        self._tableau = tableau
        self._price = price
        self._open: set[int] = set()

    def relax(self, row: int, base: int, *, from_cost: int) -> None:
        """Reach columns by moving `row`, whose present reduced cost is known."""
        base -= from_cost
        for column, cost in self._tableau.costs[row]:
            reach = base + cost - self._price[column]
            if column not in self.distance or reach < self.distance[column]:
                self.distance[column] = reach
                self.via[column] = row
                self._open.add(column)

    def next_column(self) -> int:
        """Close the nearest open column; among equals one with room ends the search."""
        room, distance = self._has_room, self.distance
        column = min(
            self._open, key=lambda each: (distance[each], not room(each), each)
        )
        self._open.remove(column)
        self.done.append(column)
        return column
