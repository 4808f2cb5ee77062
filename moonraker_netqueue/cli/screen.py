"""Draws pages: coloured tables in a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from .page import Line, Page, Part, Table

_NARROW = 60  # columns of a screen below which rows become blocks
STYLES = {
    "waiting": "yellow",
    "held": "yellow",
    "reserved": "cyan",
    "fetching": "cyan",
    "printing": "cyan",
    "finishing": "cyan",
    "ready": "green",
    "done": "green",
    "failed": "red",
    "lost": "bold red",
    "offline": "red",
    "needs_attention": "red",
    "bed_occupied": "yellow",
    "released": "dim",
}


class Screen:
    """Standard output, or what a test looks at."""

    def __init__(self, file: IO[str] | None = None) -> None:
        self.console = Console(
            file=file, highlight=False, markup=False, emoji=False, soft_wrap=False
        )

    @property
    def is_terminal(self) -> bool:
        return self.console.is_terminal

    def show(self, page: Page) -> None:
        """Draw a page."""
        if self.is_terminal:
            self.console.print(drawn(page, self.console.width))
            return
        for line in plain(page):
            self.console.file.write(f"{line}\n")
        self.console.file.flush()


def plain(page: Page) -> Iterator[str]:
    """Lines without colours, as wide as they are: for files and other programs."""
    for part in page:
        if isinstance(part, Line):
            yield part.text
        elif not part.rows:
            yield part.empty
        else:
            yield from _aligned(part)


def _aligned(table: Table) -> Iterator[str]:
    rows = [tuple(column.title for column in table.columns), *table.rows]
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            _padded(text, width, column.numeric)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        ]
        yield "  ".join(cells).rstrip()


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def drawn(page: Page, width: int) -> Group:
    """A page for a terminal of `width` columns."""
    return Group(*(_drawn(part, width) for part in page))


def _drawn(part: Part, width: int) -> RenderableType:
    if isinstance(part, Line):
        text = part.text.lstrip(" ")
        return _indented(Text(text, part.style), len(part.text) - len(text))
    if not part.rows:
        return Text(part.empty, "dim")
    if width < _NARROW:
        return Group(*_blocks(part))
    return _table(part)


def _table(table: Table) -> RichTable:
    drawn_table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in table.columns:
        drawn_table.add_column(
            Text(column.title, "dim"),
            justify="right" if column.numeric else "left",
            no_wrap=column.whole,
            overflow="fold",
        )
    for row in table.rows:
        drawn_table.add_row(*(_cell(text) for text in row))
    return drawn_table


def _blocks(table: Table) -> Iterable[RenderableType]:
    """Each row as a line and, indented, what else is known of it."""
    for row in table.rows:
        cells = [
            (column, text)
            for column, text in zip(table.columns, row, strict=True)
            if text
        ]
        yield Text("  ").join(_cell(text) for column, text in cells if column.lead)
        for column, text in cells:
            if not column.lead:
                named = Text.assemble((f"{column.title}: ", "dim"), _cell(text))
                yield _indented(named, 2)


def _indented(text: Text, columns: int) -> RenderableType:
    """A text whose further lines begin where its first one does."""
    return Padding(text, (0, 0, 0, columns), expand=False) if columns else text


def _cell(text: str) -> Text:
    return Text(text, STYLES.get(text, ""))
