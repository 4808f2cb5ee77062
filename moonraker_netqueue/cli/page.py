"""What a command shows: lines and tables, without a word on how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .text import clean


@dataclass(frozen=True)
class Line:
    """One line; `style` colours it in a terminal."""

    text: str
    style: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean(self.text))


@dataclass(frozen=True)
class Column:
    """A column. On a narrow screen the `lead` ones form the first line of a row."""

    title: str
    lead: bool = False
    numeric: bool = False
    whole: bool = False  # is not broken into lines, such as an id


@dataclass(frozen=True)
class Table:
    """Rows of texts; `empty` is shown where there are none."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "nothing"

    @classmethod
    def of(
        cls,
        columns: Sequence[Column],
        rows: Sequence[Sequence[object]],
        empty: str = "nothing",
    ) -> Table:
        """A table of cells of any kind; columns without any text are left out."""
        texts = [["" if c is None else clean(c) for c in row] for row in rows]
        used = [
            index
            for index in range(len(columns))
            if not rows or any(row[index] for row in texts)
        ]
        return cls(
            tuple(columns[index] for index in used),
            tuple(tuple(row[index] for index in used) for row in texts),
            clean(empty),
        )


Part = Line | Table
Page = list[Part]
